/**
 * Listening for clients, and their connections.
 * @module
 */
import {
  type ConnectionEnd,
  type HeaderList,
  Http2Connection,
  type Http2Listener,
  type Http2Node,
  type Http2Options,
  type Http2Stream,
  type StreamListener,
  type ViolationKind,
} from "../http2/mod.ts";
import { type Connection, type Endpoint, endpointText } from "../net/connection.ts";
import { type Listener, listenTcp } from "../net/listener.ts";
import { reasonOf } from "../net/reason.ts";
import type { TlsListener, TlsServerFiles } from "../net/tls_listener.ts";
import type { CallOwner, OwnedCall } from "./call.ts";
import type { Calls } from "./calls.ts";
import type { GrpcConfig } from "./config/options.ts";
import type { Deadlines, Expiring } from "./deadlines.ts";
import type { GrpcEvent } from "./events.ts";
import type { Bytes, Meters } from "./meters.ts";
import { type GatewayRefusal, REFUSAL } from "./refusals.ts";

/** What the clients' side is given. */
export interface ClientsParts {
  readonly node: Http2Node;
  readonly calls: Calls;
  readonly deadlines: Deadlines;
  readonly meters: Meters;
  readonly random: () => number;
  readonly tell: (event: GrpcEvent) => void;
}

/** A client's connection as plain data. */
export interface ConnectionStatus {
  /** `host:port` of the client. */
  readonly remote: string;
  /** Whether it is encrypted. */
  readonly tls: boolean;
  /** Since it was accepted. */
  readonly ageSeconds: number;
  /** Calls that have no answer yet. */
  readonly callsInFlight: number;
  /** Requests so far. */
  readonly calls: number;
  /** Bytes from the client. */
  readonly bytesIn: number;
  /** Bytes to the client. */
  readonly bytesOut: number;
}

/** Share by which a connection's greatest age is shorter or longer (A9). */
const AGE_JITTER = 0.1;
/** ms that answers of the last moment have to leave. */
const FLUSH = 1_000;

/** All clients. */
export class Clients {
  readonly parts: ClientsParts;
  #config: GrpcConfig;
  #http2: Http2Options;
  #listeners: Listener[] = [];
  #tlsListeners: TlsListener[] = [];
  readonly #connections = new Set<ClientConnection>();
  #bytesIn = 0;
  #bytesOut = 0;
  /** Resolves the drain when the last connection is closed. */
  #empty: (() => void) | undefined;

  constructor(config: GrpcConfig, parts: ClientsParts) {
    this.parts = parts;
    this.#config = config;
    this.#http2 = http2Options(config);
  }

  /** Where it listens, with the real ports: plain ones first. */
  get addresses(): Endpoint[] {
    return [...this.#listeners, ...this.#tlsListeners].map(({ address }) => address);
  }

  /** Open connections. */
  get size(): number {
    return this.#connections.size;
  }

  get bytes(): Bytes {
    let [bytesIn, bytesOut] = [this.#bytesIn, this.#bytesOut];
    for (const { http2 } of this.#connections) {
      bytesIn += http2.bytesIn;
      bytesOut += http2.bytesOut;
    }
    return { in: bytesIn, out: bytesOut };
  }

  status(): ConnectionStatus[] {
    return [...this.#connections].map((connection) => connection.status());
  }

  get config(): GrpcConfig {
    return this.#config;
  }

  /** @throws Error when an address cannot be listened on, or a file not be used */
  async listen(): Promise<void> {
    const { listen, tls, limits } = this.#config;
    for (const endpoint of listen) {
      const listener = await bound(endpoint, () =>
        listenTcp(
          endpoint,
          { noDelay: true },
          (connection) => this.#accept(connection),
          (error) => this.#acceptFailed(endpoint, error),
        ));
      this.#listeners.push(listener);
      this.parts.tell({ kind: "grpc_listening", address: endpointText(listener.address), tls: false });
    }
    if (tls === undefined || tls.listen.length === 0) return;
    // Loaded when needed: the compatibility layer under it takes memory.
    const { listenTls } = await import("../net/tls_listener.ts");
    for (const endpoint of tls.listen) {
      const options = { noDelay: true, handshakeTimeout: limits.handshakeTimeout };
      const listener = await bound(endpoint, () =>
        listenTls(
          endpoint,
          { ...tls, protocol: "h2" },
          options,
          (connection) => this.#accept(connection),
          (error) => this.#acceptFailed(endpoint, error),
        ));
      this.#tlsListeners.push(listener);
      this.parts.tell({ kind: "grpc_listening", address: endpointText(listener.address), tls: true });
    }
  }

  /** Limits for what is to come; windows of connections that are open stay. */
  configure(config: GrpcConfig): void {
    this.#config = config;
    this.#http2 = http2Options(config);
    for (const { http2 } of this.#connections) http2.configure(this.#http2);
  }

  /** Reads the certificates again. @throws Error when one cannot be used; the old ones stay */
  async reloadCertificates(files: TlsServerFiles | undefined = this.#config.tls): Promise<void> {
    if (files === undefined) return;
    for (const listener of this.#tlsListeners) await listener.reload({ ...files, protocol: "h2" });
  }

  /** Takes no new connection. */
  closeListeners(): void {
    for (const listener of [...this.#listeners, ...this.#tlsListeners]) listener.close();
    this.#listeners = [];
    this.#tlsListeners = [];
  }

  /**
   * Takes leave of every client; calls are served to their end, for `patience` ms at most. Resolves
   * when no connection is left.
   */
  async drain(patience: number): Promise<void> {
    for (const { http2 } of [...this.#connections]) http2.shutdown();
    if (await this.#isEmptyWithin(patience)) return;
    for (const connection of this.#connections) connection.refuseAll(REFUSAL.draining);
    if (await this.#isEmptyWithin(FLUSH)) return;
    this.close();
  }

  /** Closes every connection now. */
  close(): void {
    for (const { http2 } of [...this.#connections]) http2.close();
  }

  async #isEmptyWithin(milliseconds: number): Promise<boolean> {
    if (this.#connections.size === 0) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const { clock } = this.parts.node;
    const alarm = clock.setTimeout(resolve, milliseconds);
    this.#empty = resolve;
    await promise;
    this.#empty = undefined;
    clock.clearTimeout(alarm);
    return this.#connections.size === 0;
  }

  #accept(connection: Connection): void {
    const { limits } = this.#config;
    if (this.#connections.size >= limits.maxConnections) {
      this.parts.tell({
        kind: "grpc_client_refused",
        remote: endpointText(connection.remote),
        reason: `there are ${limits.maxConnections} connections already`,
      });
      return connection.close();
    }
    const client = new ClientConnection(this, connection);
    this.#connections.add(client);
    client.start(this.#http2);
  }

  #acceptFailed(endpoint: Endpoint, error: Error): void {
    this.parts.tell({ kind: "grpc_accept_failed", address: endpointText(endpoint), reason: reasonOf(error) });
  }

  /** @internal */
  left(client: ClientConnection): void {
    this.#connections.delete(client);
    this.#bytesIn += client.http2.bytesIn;
    this.#bytesOut += client.http2.bytesOut;
    if (this.#connections.size === 0) this.#empty?.();
  }
}

/** One connection of a client. */
class ClientConnection implements Http2Listener, CallOwner, Expiring {
  http2!: Http2Connection;
  readonly remote: string;
  readonly #clients: Clients;
  readonly #connection: Connection;
  readonly #since: number;
  /**
   * In no order. No set: the tables that a set leaves behind keep calls alive that are over, until
   * the next large collection.
   */
  readonly #calls: OwnedCall[] = [];
  #count = 0;
  /** Of {@link #next}; -1 when nothing is to happen. */
  #slot = -1;
  #next: "age" | "grace" | "idle" = "idle";
  #ageAt = Infinity;
  #idleSince: number;

  constructor(clients: Clients, connection: Connection) {
    this.#clients = clients;
    this.#connection = connection;
    this.remote = endpointText(connection.remote);
    this.#since = this.#idleSince = this.#now();
  }

  start(options: Http2Options): void {
    const { config, parts } = this.#clients;
    this.http2 = Http2Connection.server(this.#connection, parts.node, options, this);
    const age = config.maxConnectionAge;
    if (age > 0) this.#ageAt = this.#since + age * (1 + AGE_JITTER * (2 * parts.random() - 1));
    this.#plan();
  }

  status(): ConnectionStatus {
    return {
      remote: this.remote,
      tls: this.#connection.tls !== undefined,
      ageSeconds: (this.#now() - this.#since) / 1000,
      callsInFlight: this.#calls.length,
      calls: this.#count,
      bytesIn: this.http2.bytesIn,
      bytesOut: this.http2.bytesOut,
    };
  }

  request(stream: Http2Stream, list: HeaderList, end: boolean): StreamListener {
    this.#count++;
    return this.#clients.parts.calls.begin(this, stream, list, end);
  }

  begun(call: OwnedCall): void {
    call.nth = this.#calls.length;
    this.#calls.push(call);
  }

  ended(call: OwnedCall): void {
    const calls = this.#calls;
    const last = calls.pop()!;
    if (last !== call) {
      last.nth = call.nth;
      calls[call.nth] = last;
    }
    if (calls.length === 0 && this.#clients.config.maxConnectionIdle > 0) this.#idleSince = this.#now();
  }

  /** Answers all calls that are in flight. */
  refuseAll(refusal: GatewayRefusal): void {
    for (const call of [...this.#calls]) call.refuse(refusal);
  }

  violation(kind: ViolationKind): void {
    const { meters, tell } = this.#clients.parts;
    meters.violations.of({ kind }).value++;
    tell({ kind: "grpc_violation", remote: this.remote, what: kind });
  }

  protocolError(): void {
    this.#clients.parts.meters.protocolErrors.of({ side: "client" }).value++;
  }

  failed(error: unknown): void {
    this.#clients.parts.tell({ kind: "grpc_internal_error", reason: stackOf(error) });
  }

  closed(_end: ConnectionEnd): void {
    if (this.#slot >= 0) this.#clients.parts.deadlines.cancel(this.#slot);
    this.#slot = -1;
    this.#clients.left(this);
  }

  /** Its age, its rest, or the grace after its age is over. */
  expired(): void {
    this.#slot = -1;
    const now = this.#now();
    if (this.#next === "grace") {
      this.refuseAll(REFUSAL.tooOld);
      return;
    }
    const idle = this.#clients.config.maxConnectionIdle;
    const isIdle = this.#next === "idle" && this.#calls.length === 0 && now - this.#idleSince >= idle;
    if (this.#next === "idle" && !isIdle) return this.#plan();
    this.http2.shutdown();
    this.#arm("grace", this.#clients.config.maxConnectionAgeGrace, now);
  }

  /** What is next: its age, or its rest. */
  #plan(): void {
    const now = this.#now();
    const idle = this.#clients.config.maxConnectionIdle;
    let idleAt = Infinity;
    if (idle > 0) idleAt = this.#calls.length > 0 ? now + idle : this.#idleSince + idle;
    if (this.#ageAt === Infinity && idleAt === Infinity) return;
    if (this.#ageAt <= idleAt) this.#arm("age", this.#ageAt - now, now);
    else this.#arm("idle", idleAt - now, now);
  }

  #arm(next: "age" | "grace" | "idle", wait: number, now: number): void {
    this.#next = next;
    this.#slot = this.#clients.parts.deadlines.arm(this, Math.max(1, wait), now);
  }

  #now(): number {
    return this.#clients.parts.node.clock.now();
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

function http2Options({ limits, keepalive }: GrpcConfig): Http2Options {
  return {
    maxConcurrentStreams: limits.maxConcurrentStreams,
    maxHeaderList: limits.maxHeaderList,
    streamWindow: limits.streamWindow,
    connectionWindow: limits.connectionWindow,
    sendQueueLimit: limits.sendQueueLimit,
    writeTimeout: limits.writeTimeout,
    handshakeTimeout: limits.handshakeTimeout,
    resets: limits.resets,
    controlFrames: limits.controlFrames,
    keepalive,
  };
}

/** What `listen` gives. @throws Error that names the address */
async function bound<L>(endpoint: Endpoint, listen: () => L | Promise<L>): Promise<L> {
  try {
    return await listen();
  } catch (error) {
    throw new Error(`Cannot listen on ${endpointText(endpoint)}: ${reasonOf(error)}`, { cause: error });
  }
}
