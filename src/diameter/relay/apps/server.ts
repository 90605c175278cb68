/**
 * Where Logic Apps connect.
 * @module
 */
import { type Connection, type Endpoint, endpointText } from "../../../net/connection.ts";
import { type ListenAddress, type Listener, listenTcp } from "../../../net/listener.ts";
import { reasonOf } from "../../../net/reason.ts";
import type { TlsAcceptOptions, TlsListener, TlsServerFiles } from "../../../net/tls_listener.ts";
import type { Peer } from "../../peer/peer.ts";
import type { PeerOptions } from "../../peer/peer_options.ts";
import { DISCONNECT_CAUSE } from "../../wire/avp_codes.ts";
import { AppAdmission } from "./admission.ts";
import { AppSession, type SessionOwner } from "./session.ts";
import type { AppDirectory } from "./directory.ts";
import { queueEnd } from "../core/budgets.ts";
import type { ServerOptions } from "../core/options.ts";
import type { Adoption } from "../core/adoption.ts";
import type { RelayPeer, Served } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";

/** What the server needs of the relay. */
export interface AppServerHandlers {
  /** Runs the stages of a new connection until it ends. */
  serve(connection: Connection, peer: Peer, served: Served): void;
  /** The connection of `app` is gone: what it owed is not coming. */
  lost(app: RelayPeer): void;
}

/**
 * Milliseconds that any connection has for its CER (and its TLS handshake), however many others
 * want its place.
 */
const GRACE = 1_000;

/** How often, and after how many milliseconds, it is tried again to listen where one was closed. */
const [TRIES, PAUSE] = [20, 10];

/** Listeners and the connections they accepted. */
export class AppServer {
  readonly #runtime: RelayRuntime;
  readonly #owner: SessionOwner;
  #peerOptions!: PeerOptions;
  /** What listeners ask for each connection. */
  readonly #accepting: TlsAcceptOptions;
  readonly #handlers: AppServerHandlers;
  /** Those that are open, by the key of what is configured. */
  readonly #listeners = new Map<string, OpenListener>();
  /** All accepted connections, identified or not. */
  readonly #peers = new Set<Peer>();
  /** Those before their CER, and before the end of their TLS handshake, oldest first. */
  readonly #unidentified = new Map<Peer, AppSession>();

  constructor(runtime: RelayRuntime, apps: AppDirectory, adoption: Adoption, handlers: AppServerHandlers) {
    this.#runtime = runtime;
    this.#handlers = handlers;
    this.#accepting = {
      get noDelay() {
        return runtime.options.server.tcpNoDelay;
      },
      get handshakeTimeout() {
        return runtime.options.server.capabilitiesTimeout;
      },
    };
    this.#owner = {
      runtime,
      apps,
      admission: new AppAdmission(runtime, apps),
      adoption,
      watchdogOptions: () => this.#watchdogOptions(),
      peerOptions: () => this.#peerOptions,
      identified: (peer) => this.#unidentified.delete(peer),
      ended: (peer, app) => {
        this.#peers.delete(peer);
        this.#unidentified.delete(peer);
        if (app !== undefined) this.#handlers.lost(app);
      },
    };
    this.configure();
  }

  /** Takes what may change while it runs: for connections to come, and for those that are there. */
  configure(): void {
    const runtime = this.#runtime;
    const { server, errorDetail } = runtime.options;
    this.#peerOptions = {
      local: runtime.local,
      role: "responder",
      capabilitiesTimeout: server.capabilitiesTimeout,
      dprTimeout: server.dprTimeout,
      sendQueueLimit: server.sendQueueLimit,
      sendQueueEnd: queueEnd(server.sendQueueLimit),
      budget: runtime.budgets.answers,
      writeTimeout: server.writeTimeout,
      mute: errorDetail === "none",
    };
    for (const peer of this.#peers) {
      peer.configure(this.#peerOptions);
      peer.watchdog.configure();
    }
  }

  #watchdogOptions() {
    const { watchdogInterval: interval, watchdogJitter: jitter } = this.#runtime.options.server;
    return { interval, jitter, reopenWatchdogs: 0 };
  }

  /** Where it listens, with the real port where 0 was asked for. */
  get addresses(): Endpoint[] {
    return Array.from(this.#listeners.values(), ({ listener }) => listener.address);
  }

  /** Accepted connections, those before their CER included. */
  get connections(): number {
    return this.#peers.size;
  }

  /**
   * Listens on every configured address; on the plain ones before it returns for the first time.
   * @throws Error that names the address and the cause; nothing is left listening then
   */
  async start(): Promise<void> {
    try {
      for (const wanted of wantedBy(this.#runtime.options.server)) {
        const opening = this.#open(wanted);
        this.#listening(wanted, opening instanceof Promise ? await opening : opening);
      }
    } catch (error) {
      this.stopListening();
      throw error;
    }
  }

  /**
   * Opens the listeners that `options` have and these have not, gives those with TLS their
   * certificates, then closes those that are wanted no more: their connections stay.
   * @throws Error that names the address and the cause; all is as it was then
   */
  async relisten(options: ServerOptions): Promise<void> {
    const wanted = wantedBy(options);
    const gone = [...this.#listeners].filter(([key]) => !wanted.some((one) => one.key === key));
    const opened: [WantedListener, Listener][] = [];
    const closed: WantedListener[] = [];
    try {
      for (const one of wanted) {
        if (this.#listeners.has(one.key)) continue;
        const inTheWay = gone.filter(([, { wanted }]) => !closed.includes(wanted) && isInTheWay(wanted, one));
        for (const [, { wanted, listener }] of inTheWay) {
          listener.close();
          closed.push(wanted);
        }
        opened.push([one, inTheWay.length === 0 ? await this.#open(one) : await this.#openSoon(one)]);
      }
      for (const one of wanted) {
        const { listener } = this.#listeners.get(one.key) ?? {};
        if (one.tls !== undefined && listener !== undefined && isTls(listener)) await this.#certify(listener, one.tls);
      }
    } catch (error) {
      for (const [, listener] of opened) listener.close();
      for (const one of closed) this.#listeners.set(one.key, { wanted: one, listener: await this.#openSoon(one) });
      throw error;
    }
    for (const [key, { listener }] of gone) {
      listener.close();
      this.#listeners.delete(key);
      this.#runtime.forgetListener(listener.address);
    }
    for (const [one, listener] of opened) this.#listening(one, listener);
  }

  async #certify(listener: TlsListener, files: TlsServerFiles): Promise<void> {
    try {
      await listener.reload(files);
    } catch (error) {
      throw cannotListen(listener.address, error);
    }
  }

  /**
   * Listens where another listener of ours has just been closed, which takes the system a moment.
   */
  async #openSoon(one: WantedListener): Promise<Listener> {
    for (let tries = 1;; tries++) {
      try {
        return await this.#open(one);
      } catch (error) {
        if (tries === TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }

  /** Listens on one address: at once on a plain one. */
  #open({ endpoint, tls }: WantedListener): Listener | Promise<Listener> {
    if (tls !== undefined) return this.#openTls(endpoint, tls);
    try {
      const listener: Listener = listenTcp(
        endpoint,
        this.#accepting,
        (connection) => this.#accept(connection, listener, endpoint),
        (error) => this.#acceptFailed(listener, error),
      );
      return listener;
    } catch (error) {
      throw cannotListen(endpoint, error);
    }
  }

  async #openTls(endpoint: Endpoint, files: TlsServerFiles): Promise<Listener> {
    try {
      // Loaded when needed: the compatibility layer under it takes 6 MB.
      const { listenTls } = await import("../../../net/tls_listener.ts");
      const listener: TlsListener = await listenTls(
        endpoint,
        files,
        this.#accepting,
        (connection) => this.#accept(connection, listener, endpoint),
        (error) => this.#acceptFailed(listener, error),
      );
      return listener;
    } catch (error) {
      throw cannotListen(endpoint, error);
    }
  }

  /**
   * Reads the certificates again, for connections to come. @throws Error when a file cannot be
   * used; what was in force stays
   */
  async reloadCertificates(): Promise<void> {
    for (const { listener } of this.#listeners.values()) if (isTls(listener)) await listener.reload();
  }

  #listening(wanted: WantedListener, listener: Listener): void {
    this.#listeners.set(wanted.key, { wanted, listener });
    this.#runtime.declareListener(listener.address);
    this.#runtime.emit({ kind: "listening", address: endpointText(listener.address) });
  }

  /** Accepts no more. */
  stopListening(): void {
    for (const { listener } of this.#listeners.values()) listener.close();
  }

  /** Takes leave of every Logic App; resolves when all connections have ended. */
  async stop(): Promise<void> {
    this.stopListening();
    await Promise.all(
      [...this.#peers].map((peer) => peer.stop(DISCONNECT_CAUSE.rebooting, "this gateway is shutting down")),
    );
  }

  #accept(connection: Connection, listener: Listener, written: Endpoint): void {
    const runtime = this.#runtime;
    if (runtime.draining) return this.#refuse(connection, listener, "draining");
    if (!this.#hasRoom()) return this.#refuse(connection, listener, "limit");
    const session = new AppSession(connection, listener.address, endpointText(written), this.#owner);
    const { peer } = session;
    this.#peers.add(peer);
    this.#unidentified.set(peer, session);
    this.#handlers.serve(connection, peer, session);
  }

  /**
   * Whether one more may be served: at the limit, in the place of the one that has owed its CER for
   * longest.
   */
  #hasRoom(): boolean {
    const { maxConnections } = this.#runtime.options.server;
    if (this.#peers.size < maxConnections) return true;
    const [oldest] = this.#unidentified.values();
    if (oldest === undefined || oldest.age < GRACE) return false;
    oldest.evict();
    return this.#peers.size < maxConnections;
  }

  #refuse(connection: Connection, listener: Listener, reason: "draining" | "limit"): void {
    connection.close();
    const runtime = this.#runtime;
    runtime.refused(listener.address, reason);
    if (reason === "draining") return;
    const remote = endpointText(connection.remote);
    const limit = runtime.options.server.maxConnections;
    runtime.emit({ kind: "app_refused", remote, reason: `server.max_connections (${limit}) are connected` });
  }

  #acceptFailed(listener: Listener, error: Error): void {
    this.#runtime.refused(listener.address, "not_accepted");
    this.#runtime.emit({
      kind: "accept_failed",
      address: endpointText(listener.address),
      reason: error.message,
    });
  }
}

/** A listener as it is configured. */
interface WantedListener {
  /** The same for what needs no other listener. */
  readonly key: string;
  readonly endpoint: ListenAddress;
  readonly tls?: TlsServerFiles;
}

/** An open one. */
interface OpenListener {
  readonly wanted: WantedListener;
  readonly listener: Listener;
}

function wantedBy({ listen, reusePort, tls }: ServerOptions): WantedListener[] {
  const known = new Map<string, number>();
  // Port 0 may be wanted several times.
  const keyOf = (kind: string, endpoint: Endpoint) => {
    const key = `${kind} ${endpointText(endpoint)}${reusePort ? " shared" : ""}`;
    const nth = (known.get(key) ?? 0) + 1;
    known.set(key, nth);
    return `${key} ${nth}`;
  };
  const at = (endpoint: Endpoint): ListenAddress => ({ ...endpoint, reusePort });
  const plain = listen.map((endpoint) => ({ endpoint: at(endpoint), key: keyOf("tcp", endpoint) }));
  if (tls === undefined) return plain;
  const { listen: endpoints, ...files } = tls;
  return [
    ...plain,
    ...endpoints.map((endpoint) => ({ endpoint: at(endpoint), tls: files, key: keyOf("tls", endpoint) })),
  ];
}

/** Whether the system may refuse to open one while the other is. */
function isInTheWay({ endpoint: open }: WantedListener, { endpoint: wanted }: WantedListener): boolean {
  if (open.port !== wanted.port || wanted.port === 0) return false;
  return open.hostname === wanted.hostname || [open, wanted].some(({ hostname }) => ANYWHERE.has(hostname));
}

const ANYWHERE = new Set(["0.0.0.0", "::"]);

function isTls(listener: Listener): listener is TlsListener {
  return "reload" in listener;
}

function cannotListen(endpoint: Endpoint, error: unknown): Error {
  return new Error(`Cannot listen on ${endpointText(endpoint)}: ${reasonOf(error)}`, { cause: error });
}
