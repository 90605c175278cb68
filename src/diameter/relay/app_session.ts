/**
 * One accepted connection of a Logic App, from its CER to its end.
 * @module
 */
import type { Connection, Endpoint } from "../../net/connection.ts";
import type { Capabilities } from "../peer/capabilities.ts";
import { Peer, type PeerEnd, type PeerHandlers, type PeerOptions } from "../peer/peer.ts";
import { type WatchdogHandlers, type WatchdogOptions, WatchdogTimer } from "../peer/watchdog_timer.ts";
import type { AppAdmission } from "./app_admission.ts";
import type { Apps } from "./apps.ts";
import { RelayPeer } from "./relay_peer.ts";
import type { RelayRuntime } from "./relay_runtime.ts";

/** What all sessions of a server share. */
export interface SessionOwner {
  readonly runtime: RelayRuntime;
  readonly apps: Apps;
  readonly admission: AppAdmission;
  readonly peerOptions: PeerOptions;
  readonly watchdogOptions: () => WatchdogOptions;
  /** Its CER was accepted. */
  identified(peer: Peer): void;
  /** It is over; `app` is what it was to the relay, if it ever was. */
  ended(peer: Peer, app: RelayPeer | undefined): void;
}

/** Methods, not closures: thousands of these may be idle. */
export class AppSession implements PeerHandlers, WatchdogHandlers {
  readonly peer: Peer;
  /** Defined while the connection is open. */
  relayPeer: RelayPeer | undefined;
  readonly #watchdog: WatchdogTimer;
  readonly #listener: Endpoint;
  readonly #owner: SessionOwner;

  constructor(connection: Connection, listener: Endpoint, owner: SessionOwner) {
    this.#owner = owner;
    this.#listener = listener;
    this.#watchdog = new WatchdogTimer(owner.watchdogOptions, this);
    this.peer = new Peer(connection, owner.runtime.segments, this.#watchdog, owner.peerOptions, this);
  }

  admit(peer: Peer, capabilities: Capabilities) {
    return this.#owner.admission.admit(peer, capabilities);
  }

  opened(peer: Peer): void {
    const { runtime, apps } = this.#owner;
    this.#owner.identified(peer);
    const app = this.relayPeer = new RelayPeer(peer, peer.capabilities!, undefined, this.#listener);
    runtime.connections.add(app);
    apps.add(app);
    const applications = app.capabilities.applications.advertised;
    runtime.emit({ kind: "app_up", app: app.originHost, remote: peer.remoteText, applications });
  }

  closed(peer: Peer, { reason }: PeerEnd): void {
    this.#watchdog.stop();
    const { runtime, apps } = this.#owner;
    const app = this.relayPeer;
    this.relayPeer = undefined;
    if (app === undefined) {
      this.#owner.ended(peer, undefined);
      return runtime.emit({ kind: "app_refused", remote: peer.remoteText, reason });
    }
    apps.remove(app);
    const pending = app.inFlight;
    runtime.gone(app);
    this.#owner.ended(peer, app);
    runtime.emit({ kind: "app_down", app: app.originHost, remote: peer.remoteText, reason, pending });
  }

  discarded(reason: string): void {
    this.#owner.runtime.discarded(reason);
  }

  sendWatchdog(): void {
    this.peer.sendWatchdog();
  }

  close(reason: string): void {
    this.peer.abort(reason);
  }

  /** A Logic App has no other to fail over to. */
  failover(): void {}

  failback(): void {}
}
