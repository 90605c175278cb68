/**
 * Where Logic Apps connect.
 * @module
 */
import { type Connection, type Endpoint, endpointText } from "../../net/connection.ts";
import { type Listener, listenTcp } from "../../net/listener.ts";
import type { TlsListener } from "../../net/tls.ts";
import type { Capabilities, CapabilitiesFault } from "../peer/capabilities.ts";
import { Peer } from "../peer/peer.ts";
import { WatchdogTimer } from "../peer/watchdog_timer.ts";
import { DISCONNECT_CAUSE } from "../wire/avp_codes.ts";
import { RESULT } from "../wire/result_codes.ts";
import { allowed } from "./admission.ts";
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

/** What a probed connection may take to show that it lives, in milliseconds. */
const PROBE_TIME = 5_000;
/** How often that is looked at. */
const PROBE_STEP = 20;

/** Share of max_connections that connections without a CER may take; beyond it the one that has been silent longest goes. */
const UNIDENTIFIED_SHARE = 0.5;

/** Listeners and the connections they accepted. */
export class AppServer {
  readonly #runtime: RelayRuntime;
  readonly #apps: Apps;
  readonly #handlers: AppServerHandlers;
  readonly #listeners: Listener[] = [];
  readonly #tlsListeners: TlsListener[] = [];
  /** All accepted connections, identified or not. */
  readonly #peers = new Set<Peer>();
  /** Those before their CER, oldest first. */
  readonly #unidentified = new Set<Peer>();

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
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot listen on ${endpointText(endpoint)}: ${reason}`, { cause: error });
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
      admit: (newcomer, capabilities) => this.#admit(newcomer, capabilities),
      opened: (opened) => {
        this.#unidentified.delete(opened);
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
        this.#unidentified.delete(closed);
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
    this.#unidentified.add(peer);
    this.#handlers.serve(connection, peer, () => relayPeer);
  }

  /** The gateway's own rules for a CER that is fine in itself. */
  #admit(
    peer: Peer,
    capabilities: Capabilities,
  ): CapabilitiesFault | undefined | Promise<CapabilitiesFault | undefined> {
    const { originHost } = capabilities;
    const { allow, tls, duplicateOriginHost } = this.#runtime.options.server;
    if (this.#runtime.draining) {
      peer.abort("this gateway is shutting down");
      return undefined;
    }
    const { connection } = peer;
    if (!allowed(allow, originHost, connection.remote.hostname)) {
      const reason = `${originHost} from ${connection.remote.hostname} is not in server.allow`;
      return { resultCode: RESULT.unknownPeer, reason };
    }
    if (connection.tls !== undefined && tls !== undefined && tls.clientCa !== "") {
      if (!connection.tls.names.includes(originHost.toLowerCase())) {
        const shown = connection.tls.names.join(", ") || "none";
        return {
          resultCode: RESULT.unknownPeer,
          reason: `Origin-Host ${originHost} is not among the names of its certificate: ${shown}`,
        };
      }
    }
    const old = this.#apps.withHost(originHost).filter((app) => app.peer.open);
    if (old.length === 0 || duplicateOriginHost === "allow") return undefined;
    switch (duplicateOriginHost) {
      case "reject":
        return duplicate(originHost);
      case "replace":
        replace(old);
        return undefined;
      case "probe":
        return probe(old).then((alive) => {
          if (alive) return duplicate(originHost);
          for (const app of old) app.peer.abort("it did not answer when another connection with its identity came");
          return undefined;
        });
    }
  }
}

function duplicate(originHost: string): CapabilitiesFault {
  return { resultCode: RESULT.electionLost, reason: `${originHost} is connected already` };
}

function replace(old: readonly RelayPeer[]): void {
  for (const app of old) {
    void app.peer.stop(DISCONNECT_CAUSE.doNotWantToTalkToYou, "another connection with its identity replaced it");
  }
}

/** Sends a DWR to each; resolves with whether one of them showed a sign of life. */
async function probe(old: readonly RelayPeer[]): Promise<boolean> {
  const before = old.map((app) => app.peer.readBytes);
  for (const app of old) if (!app.peer.watchdog.pending) app.peer.sendWatchdog();
  for (let waited = 0; waited < PROBE_TIME; waited += PROBE_STEP) {
    await new Promise((resolve) => setTimeout(resolve, PROBE_STEP));
    if (old.some((app, i) => app.peer.open && app.peer.readBytes > before[i]!)) return true;
    if (!old.some((app) => app.peer.open)) return false;
  }
  return false;
}
