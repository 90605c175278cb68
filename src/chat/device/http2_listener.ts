/**
 * HTTP/2 on one port, over plain TCP or TLS.
 * @module
 */
import { Http2Connection, Http2Node } from "../../http2/mod.ts";
import { DEFAULT_OPTIONS } from "../../http2/options.ts";
import { type Connection, type Endpoint, endpointText, plainAddress } from "../../net/connection.ts";
import { type Listener, listenTcp } from "../../net/listener.ts";
import { reasonOf } from "../../net/reason.ts";
import type { TlsListener } from "../../net/tls_listener.ts";
import type { DeviceOptions, TlsPair } from "./options.ts";
import { Http2Exchange } from "./rpc/http2_exchange.ts";
import type { ExchangeTaker } from "./rpc/exchange.ts";

/** Silence on a connection before it is asked whether it is there, and how long it may think; ms. */
const KEEPALIVE = { interval: 60_000, timeout: 20_000 } as const;
const HEAD_BYTES = 16 * 1024;

/** All HTTP/2 connections of one gateway. */
export class Http2Listeners {
  readonly #node = new Http2Node();
  readonly #connections = new Set<Http2Connection>();
  readonly #listeners: (Listener | TlsListener)[] = [];
  readonly #taker: ExchangeTaker;
  readonly #options: () => DeviceOptions;
  #emptied: (() => void) | undefined;

  /** @param taker handles each request @param options asked for each connection */
  constructor(taker: ExchangeTaker, options: () => DeviceOptions) {
    this.#taker = taker;
    this.#options = options;
  }

  /** Where it listens, with the real ports. */
  get addresses(): Endpoint[] {
    return this.#listeners.map(({ address }) => address);
  }

  /** @throws Error whose message names the address and why it cannot be had */
  async listen(endpoint: Endpoint, tls: TlsPair | undefined): Promise<void> {
    const accepted = (connection: Connection) => this.#accept(connection, tls !== undefined);
    try {
      if (tls === undefined) {
        this.#listeners.push(listenTcp(endpoint, { noDelay: true }, accepted));
      } else {
        const { listenTls } = await import("../../net/tls_listener.ts");
        const options = { noDelay: true, handshakeTimeout: this.#options().helloTimeout };
        this.#listeners.push(await listenTls(endpoint, filesOf(tls), options, accepted));
      }
    } catch (error) {
      const isTaken = error instanceof Deno.errors.AddrInUse || (error as { code?: string }).code === "EADDRINUSE";
      const why = isTaken ? "the address is in use by another program" : reasonOf(error);
      throw new Error(`cannot listen for devices at ${endpointText(endpoint)}: ${why}`, { cause: error });
    }
  }

  /** Reads the certificate again, for connections to come. @throws Error; the old one stays */
  async reloadCertificate(tls: TlsPair): Promise<void> {
    for (const listener of this.#listeners) if ("reload" in listener) await listener.reload(filesOf(tls));
  }

  /** Takes no connections any more; those that are there end with their last stream. */
  close(): void {
    for (const listener of this.#listeners) listener.close();
    for (const connection of [...this.#connections]) connection.shutdown();
  }

  /** Ends all connections; resolves when they are gone. */
  async cut(): Promise<void> {
    for (const connection of [...this.#connections]) connection.close();
    if (this.#connections.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    await promise;
  }

  #accept(carrier: Connection, secure: boolean): void {
    const { maxStreams, helloTimeout } = this.#options();
    const options = {
      ...DEFAULT_OPTIONS,
      maxConcurrentStreams: maxStreams,
      maxHeaderList: HEAD_BYTES,
      handshakeTimeout: helloTimeout,
      keepalive: KEEPALIVE,
    };
    const peer = plainAddress(carrier.remote.hostname);
    const connection = Http2Connection.server(carrier, this.#node, options, {
      request: (stream, list, end) => {
        const exchange = new Http2Exchange(stream, list, end, peer, secure);
        if (list.tooLarge) exchange.answer(431, {}, "");
        else this.#taker(exchange);
        return exchange.listener;
      },
      closed: () => {
        this.#connections.delete(connection);
        if (this.#connections.size === 0) this.#emptied?.();
      },
    });
    this.#connections.add(connection);
  }
}

function filesOf({ cert, key }: TlsPair) {
  return { cert, key, clientCa: "", protocol: "h2" };
}
