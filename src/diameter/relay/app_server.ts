/**
 * Where Logic Apps connect.
 * @module
 */
import { type Connection, type Endpoint, endpointText } from "../../net/connection.ts";
import { type Listener, listenTcp } from "../../net/listener.ts";
import type { Capabilities, CapabilitiesFault } from "../peer/capabilities.ts";
import { Peer } from "../peer/peer.ts";
import { WatchdogTimer } from "../peer/watchdog_timer.ts";
import { DISCONNECT_CAUSE } from "../wire/avp_codes.ts";
import type { Apps } from "./apps.ts";
import { RelayPeer } from "./relay_peer.ts";
import type { RelayRuntime } from "./relay_runtime.ts";

/** What the server needs of the relay. */
export interface AppServerHandlers {
  /** Runs the stages of a new connection until it ends. */
  serve(connection: Connection, peer: Peer, self: () => RelayPeer | undefined): void;
  /** The connection of `app` is gone: what it owed is not coming. */
  lost(app: RelayPeer): void;
}

/** Listeners and the connections they accepted. */
export class AppServer {
  readonly #runtime: RelayRuntime;
  readonly #apps: Apps;
  readonly #handlers: AppServerHandlers;
  readonly #listeners: Listener[] = [];
  /** All accepted connections, identified or not. */
  readonly #peers = new Set<Peer>();

  constructor(runtime: RelayRuntime, apps: Apps, handlers: AppServerHandlers) {
    this.#runtime = runtime;
    this.#apps = apps;
    this.#handlers = handlers;
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
   * Listens on every configured address.
   * @throws Error that names the address and the cause; nothing is left listening then
   */
  start(): void {
    const { listen, tcpNoDelay } = this.#runtime.options.server;
    for (const endpoint of listen) {
      try {
        const listener = listenTcp(endpoint, tcpNoDelay, (connection) => this.#accept(connection, listener));
        this.#listeners.push(listener);
        this.#runtime.emit({ kind: "listening", address: endpointText(listener.address) });
      } catch (error) {
        this.stopListening();
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`Cannot listen on ${endpointText(endpoint)}: ${reason}`, { cause: error });
      }
    }
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
    let relayPeer: RelayPeer | undefined;
    const watchdog = new WatchdogTimer(
      () => ({ interval: server.watchdogInterval, jitter: server.watchdogJitter, reopenWatchdogs: 0 }),
      {
        sendWatchdog: () => peer.sendWatchdog(),
        failover: () => {},
        failback: () => {},
        close: (reason) => peer.abort(reason),
      },
    );
    const peer = new Peer(connection, runtime.segments, watchdog, {
      local: runtime.local,
      role: "responder",
      capabilitiesTimeout: server.capabilitiesTimeout,
      dprTimeout: server.dprTimeout,
      sendQueueLimit: server.sendQueueLimit,
      writeTimeout: server.writeTimeout,
    }, {
      admit: (_, capabilities) => this.#admit(capabilities),
      opened: (opened) => {
        relayPeer = new RelayPeer(opened, opened.capabilities!, undefined, endpointText(listener.address));
        runtime.connections.add(relayPeer);
        this.#apps.add(relayPeer);
        runtime.emit({
          kind: "app_up",
          app: relayPeer.originHost,
          remote: opened.remoteText,
          applications: relayPeer.capabilities.applications.list(),
        });
      },
      closed: (closed, end) => {
        this.#peers.delete(closed);
        watchdog.stop();
        const app = relayPeer;
        relayPeer = undefined;
        if (app === undefined) {
          runtime.emit({ kind: "app_refused", remote: closed.remoteText, reason: end.reason });
          return;
        }
        this.#apps.remove(app);
        const pending = app.inFlight;
        runtime.gone(app);
        this.#handlers.lost(app);
        runtime.emit({ kind: "app_down", app: app.originHost, remote: closed.remoteText, reason: end.reason, pending });
      },
      discarded: (reason) => runtime.discarded(reason),
    });
    this.#peers.add(peer);
    this.#handlers.serve(connection, peer, () => relayPeer);
  }

  /** The gateway's own rules for a CER that is fine in itself. */
  #admit(_capabilities: Capabilities): CapabilitiesFault | undefined {
    if (this.#runtime.draining) return { resultCode: 5012, reason: "this gateway is shutting down" };
    return undefined;
  }
}
