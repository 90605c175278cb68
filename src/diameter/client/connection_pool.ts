/**
 * Several connections to one DRA.
 * @module
 */
import type { Capabilities } from "../peer/capabilities.ts";
import type { MessageInput } from "../wire/encode_message.ts";
import type { CallOptions, RequestOptions } from "./call.ts";
import { clientRuntime, ConnectionGroup } from "./connection_group.ts";
import { type ClientListener, clientListeners, type ConnectionStatistics } from "./events.ts";
import { Inbox } from "./inbox.ts";
import type { Message } from "./message.ts";
import { type ClientOptions, clientSettings, DIAMETER_PORT, OptionCheck } from "./options.ts";
import type { PeerRequest } from "./peer_request.ts";
import type { Requester } from "./requester.ts";

/** What a pool is told. */
export interface ConnectionPoolOptions extends ClientOptions {
  /** Host name or address of the DRA. */
  readonly host: string;
  /** 3868 unless given. */
  readonly port?: number;
  /** Connections; 5 unless given. */
  readonly connections?: number;
}

/** What a pool has done. Sums over its connections, since it was made. */
export interface PoolStatistics {
  /** Application messages: requests and answers, without CER, DWR and DPR and their answers. */
  readonly messagesSent: number;
  /** The same, received. */
  readonly messagesReceived: number;
  /** Bytes on the wire, everything included. */
  readonly bytesSent: number;
  /** The same, received. */
  readonly bytesReceived: number;
  /** How often a connection was opened again after it had been lost. */
  readonly reconnects: number;
  /**
   * Answers that belonged to no waiting request: late ones, second ones, and those to requests sent
   * with `send`.
   */
  readonly unmatchedAnswers: number;
  /** Requests of the DRA that were thrown away because it did not read. */
  readonly discardedRequests: number;
  /** Calls whose time ran out. */
  readonly timeouts: number;
  /** Requests that wait for their answers. */
  readonly pending: number;
  /** Calls that wait for room or for a connection. */
  readonly waiting: number;
  /** Why a connection ended, or could not be opened, last; "" when none did. */
  readonly lastError: string;
  /** Each connection. */
  readonly connections: readonly ConnectionStatistics[];
}

/** Whether a pool can be used. */
export interface PoolHealth {
  /** At least one connection is open and its watchdog is answered. */
  readonly healthy: boolean;
  /** Connections that are open and whose watchdog is answered. */
  readonly openConnections: number;
  /** All of them. */
  readonly totalConnections: number;
  /** Why it is not healthy, for a person; "" when it is. */
  readonly reason: string;
}

const DEFAULT_CONNECTIONS = 5;
const MOST_CONNECTIONS = 1_000;

/**
 * A number of connections to one DRA (RFC 6733), used in turn. Each exchanges capabilities, is
 * watched (RFC 3539), and is opened again when it is lost. Calls wait while no connection has room,
 * which is the backpressure: await them.
 *
 * @example
 * ```ts
 * import { ConnectionPool, DraSimulator } from "@diam-gw/diam-gw";
 *
 * const dra = new DraSimulator();
 * const { hostname: host, port } = dra.start();
 *
 * const pool = new ConnectionPool({ host, port, originHost: "mme.example.net", originRealm: "example.net" });
 * await pool.start();
 * const answer = await pool.request({
 *   command: "ECR",
 *   avps: {
 *     "Session-Id": "mme.example.net;1;2",
 *     "Auth-Session-State": "NO_STATE_MAINTAINED",
 *     "Origin-Host": pool.originHost,
 *     "Origin-Realm": pool.originRealm,
 *     "Destination-Realm": "core.example.net",
 *     "Terminal-Information": { "IMEI": "35209900176148" },
 *   },
 * });
 * console.log(answer.result); // { code: 2001, vendor: 0 }
 * console.log(pool.health, pool.statistics.messagesSent);
 * await pool.close();
 *
 * await dra.stop();
 * ```
 */
export class ConnectionPool implements Requester, AsyncDisposable {
  /** DiameterIdentity of this node. */
  readonly originHost: string;
  /** Its realm. */
  readonly originRealm: string;
  readonly #group: ConnectionGroup;
  readonly #inbox: Inbox;
  readonly #listeners = clientListeners();

  /**
   * Connects only when it is started.
   * @throws InvalidConfigError that tells everything that is wrong with `options`
   */
  constructor(options: ConnectionPoolOptions) {
    const { host, port = DIAMETER_PORT, connections = DEFAULT_CONNECTIONS, ...rest } = options;
    const check = new OptionCheck();
    if (typeof host !== "string" || host === "") check.problem("host", "a host name or an address", host);
    check.whole("port", port, 1, 65535);
    check.whole("connections", connections, 1, MOST_CONNECTIONS);
    const settings = clientSettings(rest, check);
    check.done();
    this.originHost = settings.originHost;
    this.originRealm = settings.originRealm;
    this.#inbox = new Inbox(settings.maxReceived);
    this.#group = new ConnectionGroup({ hostname: host, port }, clientRuntime(settings), {
      size: connections,
      onDemand: false,
      what: "pool",
      event: (event) => this.#listeners.tell(event),
      received: (request) => this.#inbox.add(request),
    });
  }

  /** `host:port` of the DRA. */
  get address(): string {
    return this.#group.address;
  }

  /**
   * What the DRA said of itself in its last CEA (RFC 6733 section 5.3.2); undefined before the
   * first.
   */
  get peer(): Capabilities | undefined {
    return this.#group.slots.find((slot) => slot.capabilities !== undefined)?.capabilities;
  }

  /** Begins to connect, and goes on until {@link close}. Resolves when one connection is open.
   *
   * @throws ConnectionFailedError, HandshakeFailedError when the first attempt of every connection
   * failed; they are tried again all the same, unless `reconnect` is false
   */
  start(): Promise<void> {
    return this.#group.start();
  }

  /**
   * Sends a message of which no answer is awaited; resolves when it is written to the connection. A
   * request gets a fresh hop-by-hop id, and an answer to it is thrown away.
   * @throws what {@link request} throws, but for the errors that concern an answer
   */
  send(message: MessageInput | Uint8Array, options?: CallOptions): Promise<void> {
    return this.#group.send(message, options);
  }

  /** A fresh End-to-End Identifier, for a request that is given as bytes (RFC 6733 section 3). */
  nextEndToEnd(): number {
    return this.#group.endToEndIds.next();
  }

  /**
   * Sends a request and resolves with its answer, whatever its Result-Code: that of the same
   * connection with the same hop-by-hop id (RFC 6733 section 6.2.1), of which end-to-end id and
   * command are checked. A fresh hop-by-hop id is used; in the answer it is the one that `message`
   * had.
   *
   * @param message names and values, or bytes, which may be changed as soon as this returns
   * @throws EncodeError, RangeError, TypeError when `message` cannot be encoded, is not one whole
   * message, or is no request
   * @throws DOMException `TimeoutError` when there is no answer in time, or the reason of
   * `options.signal`
   * @throws ConnectionClosedError when the connection is lost and `options.resend` is not set
   * @throws MalformedAnswerError when the answer cannot be one
   * @throws QueueFullError when more calls wait than may
   * @throws PoolClosedError after, or during, {@link close}
   */
  request(message: MessageInput | Uint8Array, options?: RequestOptions): Promise<Message> {
    return this.#group.request(message, options);
  }

  /**
   * Requests of the DRA, to be answered with {@link PeerRequest.answer} or
   * {@link PeerRequest.refuse}. While nobody has asked for this stream, requests are answered 3001.
   * @example
   * ```ts
   * import { ConnectionPool, DraSimulator, type PeerRequest } from "@diam-gw/diam-gw";
   *
   * // This DRA sends a Re-Auth-Request to whoever asked it something.
   * const dra = new DraSimulator({ faults: { requestEvery: 10 } });
   * const { hostname: host, port } = dra.start();
   * const names = { originHost: "pcef.example.net", originRealm: "example.net" };
   * await using pool = new ConnectionPool({ host, port, ...names });
   * await pool.start();
   * await pool.send({ command: "CCR", avps: { "Session-Id": "pcef.example.net;1;1", "Origin-Host": names.originHost } });
   *
   * async function answer(request: PeerRequest): Promise<void> {
   *   const { name, abbreviation } = request.decode();
   *   if (abbreviation !== "RAR") return await request.refuse(3001, `${name} is not for this client`);
   *   const avps = { "Session-Id": "pcef.example.net;1;1", "Result-Code": 2001, "Origin-Host": names.originHost };
   *   await request.answer({ avps });
   * }
   * for await (const request of pool.received) {
   *   await answer(request);
   *   break;
   * }
   *
   * dra.kill();
   * ```
   */
  get received(): ReadableStream<PeerRequest> {
    return this.#inbox.stream;
  }

  /** Whether it can be used. */
  get health(): PoolHealth {
    const { slots } = this.#group;
    const openConnections = slots.filter((slot) => slot.connection?.usable === true).length;
    return {
      healthy: openConnections > 0,
      openConnections,
      totalConnections: slots.length,
      reason: openConnections > 0 ? "" : this.#group.lastError?.message ?? "not connected yet",
    };
  }

  /** What it has done, as it stands. */
  get statistics(): PoolStatistics {
    const connections = this.#group.slots.map((slot) => slot.statistics());
    const sum = (pick: (one: ConnectionStatistics) => number) =>
      connections.reduce((total, one) => total + pick(one), 0);
    return {
      messagesSent: sum((one) => one.messagesSent),
      messagesReceived: sum((one) => one.messagesReceived),
      bytesSent: sum((one) => one.bytesSent),
      bytesReceived: sum((one) => one.bytesReceived),
      reconnects: sum((one) => one.reconnects),
      unmatchedAnswers: sum((one) => one.unmatchedAnswers),
      discardedRequests: this.#group.slots.reduce((total, { counters }) => total + counters.discardedRequests, 0),
      timeouts: this.#group.timeouts,
      pending: sum((one) => one.pending),
      waiting: this.#group.waiting,
      lastError: this.#group.lastError?.message ?? "",
      connections,
    };
  }

  /**
   * Tells `listener` of everything that happens to the connections; returns what ends that. What it
   * throws harms nobody: the other listeners are told of it, once, as `listener_failed`.
   */
  on(listener: ClientListener): () => void {
    return this.#listeners.add(listener);
  }

  /**
   * Takes no more calls, waits up to `drain` milliseconds (0 unless given) for pending requests,
   * takes leave of the peer with DPR and closes. What is pending then is rejected with
   * `PoolClosedError`. The Disconnect-Cause is DO_NOT_WANT_TO_TALK_TO_YOU: no more messages are
   * expected (RFC 6733 section 5.4.3).
   */
  close({ drain = 0 }: { readonly drain?: number } = {}): Promise<void> {
    this.#inbox.close();
    return this.#group.close(drain);
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
