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
import type { Patience } from "./patience.ts";
import { Http2Exchange } from "./rpc/http2_exchange.ts";
import type { ExchangeTaker } from "./rpc/exchange.ts";

/**
 * Silence on a connection before it is asked whether it is there, and how long it may think; ms.
 */
const KEEPALIVE = { interval: 60_000, timeout: 20_000 } as const;
const HEAD_BYTES = 16 * 1024;
/** How much finer than the time that a connection may idle the looks at them are. */
const FINER = 4;

/** All HTTP/2 connections of one gateway. */
export class Http2Listeners {
  readonly #node = new Http2Node();
  /**
   * Since when each has been without a stream, in ms of a monotonic clock; Infinity: it has one.
   */
  readonly #connections = new Map<Http2Connection, number>();
  readonly #listeners: (Listener | TlsListener)[] = [];
  readonly #taker: ExchangeTaker;
  readonly #options: () => DeviceOptions;
  readonly #answers: Patience;
  /** Looks at which connections are idle; runs while there are connections. */
  #looks: ReturnType<typeof setInterval> | undefined;
  #emptied: (() => void) | undefined;

  /**
   * @param taker handles each request @param options asked for each connection
   * @param answers cuts those whose end is not read
   */
  constructor(taker: ExchangeTaker, options: () => DeviceOptions, answers: Patience) {
    this.#taker = taker;
    this.#options = options;
    this.#answers = answers;
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
    for (const connection of [...this.#connections.keys()]) connection.shutdown();
  }

  /** Ends all connections; resolves when they are gone. */
  async cut(): Promise<void> {
    for (const connection of [...this.#connections.keys()]) connection.close();
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
        const exchange = new Http2Exchange(stream, list, end, peer, secure, this.#answers);
        if (list.tooLarge) exchange.answer(431, {}, "");
        else this.#taker(exchange);
        return exchange.listener;
      },
      closed: () => {
        this.#connections.delete(connection);
        if (this.#connections.size > 0) return;
        clearInterval(this.#looks);
        this.#looks = undefined;
        this.#emptied?.();
      },
    });
    this.#connections.set(connection, performance.now());
    this.#looks ??= setInterval(() => this.#look(), helloTimeout / FINER);
  }

  /** Ends those that have been idle for too long. */
  #look(): void {
    const now = performance.now();
    const { helloTimeout } = this.#options();
    for (const [connection, since] of this.#connections) {
      if (connection.streams > 0) this.#connections.set(connection, Infinity);
      else if (since === Infinity) this.#connections.set(connection, now);
      else if (now - since >= helloTimeout) connection.close();
    }
  }
}

function filesOf({ cert, key }: TlsPair) {
  return { cert, key, clientCa: "", protocol: "h2" };
}
