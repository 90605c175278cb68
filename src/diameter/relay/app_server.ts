/**
 * Where Logic Apps connect.
 * @module
 */
import { type Connection, type Endpoint, endpointText } from "../../net/connection.ts";
import { type Listener, listenTcp } from "../../net/listener.ts";
import { reasonOf } from "../../net/reason.ts";
import type { TlsListener } from "../../net/tls_listener.ts";
import type { Peer } from "../peer/peer.ts";
import { DISCONNECT_CAUSE } from "../wire/avp_codes.ts";
import { AppAdmission } from "./app_admission.ts";
import { AppSession, type SessionOwner } from "./app_session.ts";
import type { Apps } from "./apps.ts";
import { queueEnd } from "./budgets.ts";
import type { DraAdoption } from "./dra_adoption.ts";
import type { RelayPeer, Served } from "./relay_peer.ts";
import type { RelayRuntime } from "./relay_runtime.ts";

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

/** Listeners and the connections they accepted. */
export class AppServer {
  readonly #runtime: RelayRuntime;
  readonly #owner: SessionOwner;
  readonly #handlers: AppServerHandlers;
  readonly #listeners: Listener[] = [];
  readonly #tlsListeners: TlsListener[] = [];
  /** All accepted connections, identified or not. */
  readonly #peers = new Set<Peer>();
  /** Those before their CER, and before the end of their TLS handshake, oldest first. */
  readonly #unidentified = new Map<Peer, AppSession>();

  constructor(runtime: RelayRuntime, apps: Apps, adoption: DraAdoption, handlers: AppServerHandlers) {
    this.#runtime = runtime;
    this.#handlers = handlers;
    const { server } = runtime.options;
    const watchdog = {
      interval: server.watchdogInterval,
      jitter: server.watchdogJitter,
      reopenWatchdogs: 0,
    };
    this.#owner = {
      runtime,
      apps,
      admission: new AppAdmission(runtime, apps),
      adoption,
      longestMessage: server.maxMessageSize,
      watchdogOptions: () => watchdog,
      peerOptions: {
        local: runtime.local,
        role: "responder",
        capabilitiesTimeout: server.capabilitiesTimeout,
        dprTimeout: server.dprTimeout,
        sendQueueLimit: server.sendQueueLimit,
        sendQueueEnd: queueEnd(server.sendQueueLimit),
        budget: runtime.budgets.answers,
        writeTimeout: server.writeTimeout,
        mute: runtime.options.errorDetail === "none",
      },
      identified: (peer) => this.#unidentified.delete(peer),
      ended: (peer, app) => {
        this.#peers.delete(peer);
        this.#unidentified.delete(peer);
        if (app !== undefined) this.#handlers.lost(app);
      },
    };
  }

  /** Where it listens, with the real port where 0 was asked for. */
  get addresses(): Endpoint[] {
    return this.#listeners.map((listener) => listener.address);
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
    const { listen, tls, tcpNoDelay, capabilitiesTimeout } = this.#runtime.options.server;
    for (const endpoint of listen) {
      try {
        const listener = listenTcp(
          endpoint,
          tcpNoDelay,
          (connection) => this.#accept(connection, listener),
          (error) => this.#acceptFailed(listener, error),
        );
        this.#listening(listener);
      } catch (error) {
        this.#cannotListen(endpoint, error);
      }
    }
    for (const endpoint of tls?.listen ?? []) {
      try {
        // Loaded when needed: the compatibility layer under it takes 6 MB.
        const { listenTls } = await import("../../net/tls_listener.ts");
        const listener = await listenTls(
          endpoint,
          tls!,
          { noDelay: tcpNoDelay, handshakeTimeout: capabilitiesTimeout },
          (connection) => this.#accept(connection, listener),
          (error) => this.#acceptFailed(listener, error),
        );
        this.#tlsListeners.push(listener);
        this.#listening(listener);
      } catch (error) {
        this.#cannotListen(endpoint, error);
      }
    }
  }

  /** Reads the certificates again, for connections to come. @throws Error when a file cannot be used; what was in force stays */
  async reloadCertificates(): Promise<void> {
    for (const listener of this.#tlsListeners) await listener.reload();
  }

  #listening(listener: Listener): void {
    this.#listeners.push(listener);
    this.#runtime.emit({ kind: "listening", address: endpointText(listener.address) });
  }

  #cannotListen(endpoint: Endpoint, error: unknown): never {
    this.stopListening();
    throw new Error(`Cannot listen on ${endpointText(endpoint)}: ${reasonOf(error)}`, { cause: error });
  }

  /** Accepts no more. */
  stopListening(): void {
    for (const listener of this.#listeners) listener.close();
  }

  /** Takes leave of every Logic App; resolves when all connections have ended. */
  async stop(): Promise<void> {
    this.stopListening();
    await Promise.all(
      [...this.#peers].map((peer) => peer.stop(DISCONNECT_CAUSE.rebooting, "this gateway is shutting down")),
    );
  }

  #accept(connection: Connection, listener: Listener): void {
    const runtime = this.#runtime;
    if (runtime.draining) return this.#refuse(connection, listener, "draining");
    if (!this.#hasRoom()) return this.#refuse(connection, listener, "limit");
    const session = new AppSession(connection, listener.address, this.#owner);
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
