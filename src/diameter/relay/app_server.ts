/**
 * Where Logic Apps connect.
 * @module
 */
import { type Connection, type Endpoint, endpointText } from "../../net/connection.ts";
import { type Listener, listenTcp } from "../../net/listener.ts";
import { reasonOf } from "../../net/reason.ts";
import type { TlsListener } from "../../net/tls.ts";
import type { Peer } from "../peer/peer.ts";
import { DISCONNECT_CAUSE } from "../wire/avp_codes.ts";
import { AppAdmission } from "./app_admission.ts";
import { AppSession, type SessionOwner } from "./app_session.ts";
import type { Apps } from "./apps.ts";
import type { RelayPeer } from "./relay_peer.ts";
import type { RelayRuntime } from "./relay_runtime.ts";

/** What the server needs of the relay. */
export interface AppServerHandlers {
  /** Runs the stages of a new connection until it ends. */
  serve(connection: Connection, peer: Peer, self: () => RelayPeer | undefined): void;
  /** The connection of `app` is gone: what it owed is not coming. */
  lost(app: RelayPeer): void;
}

/** Share of max_connections that connections without a CER may take; beyond it the one that has been silent longest goes. */
const UNIDENTIFIED_SHARE = 0.5;

/** Listeners and the connections they accepted. */
export class AppServer {
  readonly #runtime: RelayRuntime;
  readonly #owner: SessionOwner;
  readonly #handlers: AppServerHandlers;
  readonly #listeners: Listener[] = [];
  readonly #tlsListeners: TlsListener[] = [];
  /** All accepted connections, identified or not. */
  readonly #peers = new Set<Peer>();
  /** Those before their CER, oldest first. */
  readonly #unidentified = new Set<Peer>();

  constructor(runtime: RelayRuntime, apps: Apps, handlers: AppServerHandlers) {
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
      watchdogOptions: () => watchdog,
      peerOptions: {
        local: runtime.local,
        role: "responder",
        capabilitiesTimeout: server.capabilitiesTimeout,
        dprTimeout: server.dprTimeout,
        sendQueueLimit: server.sendQueueLimit,
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
        const listener = listenTcp(endpoint, tcpNoDelay, (connection) => this.#accept(connection, listener));
        this.#listening(listener);
      } catch (error) {
        this.#cannotListen(endpoint, error);
      }
    }
    for (const endpoint of tls?.listen ?? []) {
      try {
        // Loaded when needed: the compatibility layer under it takes 6 MB.
        const { listenTls } = await import("../../net/tls.ts");
        const listener = await listenTls(
          endpoint,
          tls!,
          { noDelay: tcpNoDelay, handshakeTimeout: capabilitiesTimeout },
          (connection) => this.#accept(connection, listener),
          (remote, reason) => {
            this.#runtime.discarded("tls_handshake");
            this.#runtime.emit({ kind: "app_refused", remote, reason });
          },
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
    const { server } = runtime.options;
    if (this.#peers.size >= server.maxConnections || runtime.draining) {
      connection.close();
      runtime.counters.refusedConnections++;
      runtime.discarded(runtime.draining ? "connection_draining" : "connection_limit");
      return;
    }
    if (this.#unidentified.size >= Math.max(1, Math.ceil(server.maxConnections * UNIDENTIFIED_SHARE))) {
      const [oldest] = this.#unidentified;
      runtime.discarded("connection_unidentified");
      oldest?.abort("too many connections without a CER");
    }
    const session = new AppSession(connection, listener.address, this.#owner);
    const { peer } = session;
    this.#peers.add(peer);
    this.#unidentified.add(peer);
    this.#handlers.serve(connection, peer, () => session.relayPeer);
  }
}
