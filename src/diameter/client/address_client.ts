/**
 * One connection to each address that something is sent to.
 * @module
 */
import { endpointText } from "../../net/connection.ts";
import type { MessageInput } from "../wire/encode_message.ts";
import { DISCONNECT_CAUSE } from "../wire/avp_codes.ts";
import { readAddress } from "./address.ts";
import type { CallOptions, RequestOptions } from "./call.ts";
import type { ClientRuntime } from "./client_connection.ts";
import { clientRuntime, ConnectionGroup } from "./connection_group.ts";
import type { ConnectionSlot, Leave } from "./connection_slot.ts";
import { PoolClosedError } from "./errors.ts";
import { type ClientListener, clientListeners, type ConnectionStatistics } from "./events.ts";
import { Inbox } from "./inbox.ts";
import type { Message } from "./message.ts";
import { type ClientOptions, clientSettings, OptionCheck } from "./options.ts";
import type { PeerRequest } from "./peer_request.ts";
import type { Requester } from "./requester.ts";

/** What a per-address client is told. */
export interface AddressClientOptions extends ClientOptions {
  /**
   * A connection that nothing was sent or received on for so long is closed, in milliseconds; 10
   * minutes unless given, 0 for never.
   */
  readonly idleTimeout?: number;
  /**
   * A connection that has been open for so long is closed when its requests are answered, in
   * milliseconds; 1 hour unless given, 0 for never.
   */
  readonly maxLifetime?: number;
  /** Calls to one address that may wait for its connection or for room; 1,000 unless given. */
  readonly maxWaiting?: number;
}

/** What a per-address client has done since it was made. */
export interface AddressClientMetrics {
  /** Connections that are open. */
  readonly activeConnections: number;
  /** Connections that were opened. */
  readonly connectionsCreated: number;
  /** Attempts to open one that failed. */
  readonly failedEstablishments: number;
  /** Attempts to open a lost one again. */
  readonly reconnectAttempts: number;
  /** Application messages: requests and answers, without CER, DWR and DPR and their answers. */
  readonly messagesSent: number;
  /** The same, received. */
  readonly messagesReceived: number;
  /** Bytes on the wire, everything included. */
  readonly bytesSent: number;
  /** The same, received. */
  readonly bytesReceived: number;
  /** Connections that have ended, whoever ended them. */
  readonly closedTotal: number;
  /** Of these, those that were idle for too long. */
  readonly closedIdle: number;
  /** Of these, those that had been open for too long. */
  readonly closedLifetime: number;
}

const IDLE_TIMEOUT = 10 * 60_000;
const MAX_LIFETIME = 60 * 60_000;
const MAX_WAITING = 1_000;
const LONGEST = 2 ** 31 - 1;

/** No need for the connection is seen (RFC 6733 section 5.4.3). */
const IDLE: Leave = { cause: DISCONNECT_CAUSE.doNotWantToTalkToYou, reason: "it was idle" };
/** The one cause that does not say that we want no connection: the next call opens another one. */
const OLD: Leave = { cause: DISCONNECT_CAUSE.rebooting, reason: "it had been open for its maximum lifetime" };

interface Entry {
  readonly group: ConnectionGroup;
  readonly slot: ConnectionSlot;
  lastCallAt: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Sends to any address, over at most one connection to each. It is opened by the first call;
 * whoever calls in the meantime waits for the same connection and gets the same error when it
 * cannot be opened. It is watched (RFC 3539), opened again when it is lost, and closed when it is
 * idle or old.
 *
 * @example
 * ```ts
 * import { AddressClient, DraSimulator } from "@diam-gw/diam-gw";
 *
 * const dra = new DraSimulator();
 * const { hostname, port } = dra.start();
 *
 * const client = new AddressClient({ originHost: "mme.example.net", originRealm: "example.net" });
 * const ecr = {
 *   command: "ECR",
 *   avps: { "Session-Id": "mme.example.net;1;2", "Terminal-Information": { "IMEI": "35209900176148" } },
 * };
 * const answer = await client.request(`${hostname}:${port}`, ecr, { timeout: 5_000 });
 * console.log(answer.decode().abbreviation, client.metrics.activeConnections); // ECA 1
 * await client.close();
 *
 * await dra.stop();
 * ```
 */
export class AddressClient implements AsyncDisposable {
  /** DiameterIdentity of this node. */
  readonly originHost: string;
  /** Its realm. */
  readonly originRealm: string;
  readonly #idleTimeout: number;
  readonly #maxLifetime: number;
  readonly #runtime: ClientRuntime;
  readonly #inbox: Inbox;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = clientListeners();
  #closedIdle = 0;
  #closedLifetime = 0;
  /** What slots that are gone have done. */
  #past = NOTHING;
  #closed = false;

  /**
   * Connects only when something is sent.
   * @throws InvalidConfigError that tells everything that is wrong with `options`
   */
  constructor(options: AddressClientOptions) {
    const { idleTimeout = IDLE_TIMEOUT, maxLifetime = MAX_LIFETIME, ...rest } = options;
    const check = new OptionCheck();
    const settings = clientSettings({ ...rest, maxWaiting: options.maxWaiting ?? MAX_WAITING }, check);
    check.whole("idleTimeout", idleTimeout, 0, LONGEST);
    check.whole("maxLifetime", maxLifetime, 0, LONGEST);
    check.done();
    this.originHost = settings.originHost;
    this.originRealm = settings.originRealm;
    this.#idleTimeout = idleTimeout;
    this.#maxLifetime = maxLifetime;
    this.#runtime = clientRuntime(settings);
    this.#inbox = new Inbox(settings.maxReceived);
  }

  /**
   * Sends a message of which no answer is awaited to `address`, `HOST:PORT` or `HOST` (port 3868);
   * resolves when it is written.
   * @throws what {@link request} throws, but for the errors that concern an answer
   */
  send(address: string, message: MessageInput | Uint8Array, options?: CallOptions): Promise<void> {
    try {
      return this.#groupOf(address).send(message, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Sends a request to `address`, `HOST:PORT` or `HOST` (port 3868), and resolves with its answer:
   * see `ConnectionPool.request`.
   *
   * @throws ConnectionFailedError, HandshakeFailedError when the connection was not open and could
   * not be opened
   * @throws DOMException `TimeoutError` when there is no answer in time, or the reason of
   * `options.signal`
   * @throws ConnectionClosedError when the connection is lost and `options.resend` is not set
   * @throws QueueFullError when more calls wait than may
   * @throws MalformedAnswerError, InvalidConfigError (of `address`), PoolClosedError, EncodeError,
   * RangeError, TypeError
   */
  request(address: string, message: MessageInput | Uint8Array, options?: RequestOptions): Promise<Message> {
    try {
      return this.#groupOf(address).request(message, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * This client with the address filled in, for `S13Client`. @throws InvalidConfigError when
   * `address` is none
   */
  to(address: string): Requester {
    const { originHost, originRealm } = this;
    readAddress(address);
    return {
      originHost,
      originRealm,
      nextEndToEnd: () => this.#runtime.endToEndIds.next(),
      request: (message, options) => this.request(address, message, options),
    };
  }

  /** Requests of the peers, of all addresses: see `ConnectionPool.received`. */
  get received(): ReadableStream<PeerRequest> {
    return this.#inbox.stream;
  }

  /** What it has done, as it stands. */
  get metrics(): AddressClientMetrics {
    const totals = [...this.#entries.values()].map(({ slot }) => totalsOf(slot)).reduce(add, this.#past);
    const activeConnections = [...this.#entries.values()].filter(({ slot }) => slot.connection?.peer.open).length;
    return { activeConnections, ...totals, closedIdle: this.#closedIdle, closedLifetime: this.#closedLifetime };
  }

  /** Its connections, by address: those that are open or being opened. */
  get connections(): readonly ConnectionStatistics[] {
    return [...this.#entries.values()].map(({ slot }) => slot.statistics());
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
   * takes leave of all peers with DPR and closes. What is pending then is rejected with
   * `PoolClosedError`. The Disconnect-Cause is DO_NOT_WANT_TO_TALK_TO_YOU: no more messages are
   * expected (RFC 6733 section 5.4.3).
   */
  async close({ drain = 0 }: { readonly drain?: number } = {}): Promise<void> {
    this.#closed = true;
    this.#inbox.close();
    await Promise.all([...this.#entries.values()].map(async (entry) => {
      await entry.group.close(drain);
      this.#drop(entry);
    }));
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #groupOf(address: string): ConnectionGroup {
    if (this.#closed) throw new PoolClosedError("client");
    // Most callers write an address as it is kept.
    let entry = this.#entries.get(address);
    if (entry === undefined) {
      const target = readAddress(address);
      const key = endpointText(target);
      entry = this.#entries.get(key);
      if (entry === undefined) this.#entries.set(key, entry = this.#create(target));
    }
    entry.lastCallAt = this.#runtime.clock.now();
    return entry.group;
  }

  #create(target: { readonly hostname: string; readonly port: number }): Entry {
    const group = new ConnectionGroup(target, this.#runtime, {
      size: 1,
      onDemand: true,
      what: "client",
      event: (event) => this.#listeners.tell(event),
      received: (request) => this.#inbox.add(request),
      opened: () => this.#look(entry),
      dormant: () => this.#drop(entry),
    });
    const entry: Entry = { group, slot: group.slots[0]!, lastCallAt: this.#runtime.clock.now(), timer: undefined };
    this.#look(entry);
    return entry;
  }

  /** Closes a connection that is idle or old, else looks again when it may have become so. */
  #look(entry: Entry): void {
    clearTimeout(entry.timer);
    if (this.#closed) return;
    const now = this.#runtime.clock.now();
    const { group, slot } = entry;
    const connection = slot.connection?.peer.open ? slot.connection : undefined;
    const quietSince = Math.max(entry.lastCallAt, connection?.lastUsedAt ?? 0);
    const isBusy = group.waiting > 0 || (connection?.pending ?? 0) > 0;
    const idleAt = this.#idleTimeout === 0 ? Infinity : (isBusy ? now : quietSince) + this.#idleTimeout;
    const oldAt = this.#maxLifetime === 0 || connection === undefined
      ? Infinity
      : connection.openedAt + this.#maxLifetime;
    const next = Math.min(idleAt, oldAt);
    if (slot.retiring || next === Infinity) return;
    if (next > now) {
      entry.timer = setTimeout(() => this.#look(entry), Math.ceil(next - now));
    } else if (connection === undefined) {
      // It cannot be opened again, and nobody has asked for it for a while.
      this.#drop(entry);
    } else if (idleAt <= now) {
      this.#closedIdle++;
      slot.retire(IDLE);
    } else {
      this.#closedLifetime++;
      slot.retire(OLD);
    }
  }

  #drop(entry: Entry): void {
    clearTimeout(entry.timer);
    const key = entry.group.address;
    if (this.#entries.get(key) !== entry) return;
    this.#entries.delete(key);
    void entry.group.close(0);
    this.#past = add(this.#past, totalsOf(entry.slot));
  }
}

type Totals = Omit<AddressClientMetrics, "activeConnections" | "closedIdle" | "closedLifetime">;

const NOTHING: Totals = {
  connectionsCreated: 0,
  failedEstablishments: 0,
  reconnectAttempts: 0,
  messagesSent: 0,
  messagesReceived: 0,
  bytesSent: 0,
  bytesReceived: 0,
  closedTotal: 0,
};

function totalsOf(slot: ConnectionSlot): Totals {
  const { messagesSent, messagesReceived, bytesSent, bytesReceived } = slot.statistics();
  return {
    connectionsCreated: slot.opened,
    failedEstablishments: slot.failures,
    reconnectAttempts: slot.reconnectAttempts,
    messagesSent,
    messagesReceived,
    bytesSent,
    bytesReceived,
    closedTotal: slot.ended,
  };
}

function add(a: Totals, b: Totals): Totals {
  const sum: Record<string, number> = {};
  for (const [name, value] of Object.entries(a)) sum[name] = value + b[name as keyof Totals];
  return sum as unknown as Totals;
}
