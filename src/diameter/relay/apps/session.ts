/**
 * One accepted connection of a Logic App, from its CER to its end; or, when that CER is a DRA's,
 * until then.
 * @module
 */
import type { Connection, Endpoint } from "../../../net/connection.ts";
import type { Capabilities } from "../../peer/capabilities.ts";
import { Peer, type PeerHandlers, type RefusedCer } from "../../peer/peer.ts";
import type { PeerEnd } from "../../peer/peer_end.ts";
import type { PeerOptions } from "../../peer/peer_options.ts";
import { type WatchdogHandlers, type WatchdogOptions, WatchdogTimer } from "../../peer/watchdog_timer.ts";
import type { AppAdmission } from "./admission.ts";
import type { AppDirectory } from "./directory.ts";
import type { Adoption, Claimant } from "../core/adoption.ts";
import { RelayPeer, type Served } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";

/** What all sessions of a server share. */
export interface SessionOwner {
  readonly runtime: RelayRuntime;
  readonly apps: AppDirectory;
  readonly admission: AppAdmission;
  readonly adoption: Adoption;
  readonly peerOptions: () => PeerOptions;
  readonly watchdogOptions: () => WatchdogOptions;
  /** Its CER was accepted. */
  identified(peer: Peer): void;
  /** It is over, or a DRA's from now on; `app` is what it was to the relay, if it ever was. */
  ended(peer: Peer, app: RelayPeer | undefined): void;
}

/** Methods, not closures: thousands of these may be idle. */
export class AppSession implements PeerHandlers, WatchdogHandlers, Served, Claimant {
  readonly peer: Peer;
  #app: RelayPeer | undefined;
  /** Whose connection it turned out to be. */
  #movedTo: Served | undefined;
  readonly #watchdog: WatchdogTimer;
  readonly #listener: Endpoint;
  readonly #listenedAs: string;
  readonly #owner: SessionOwner;
  readonly #acceptedAt: number;
  #evicted = false;

  constructor(connection: Connection, listener: Endpoint, listenedAs: string, owner: SessionOwner) {
    this.#owner = owner;
    this.#listener = listener;
    this.#listenedAs = listenedAs;
    const { runtime } = owner;
    this.#acceptedAt = runtime.clock.now();
    this.#watchdog = new WatchdogTimer(owner.watchdogOptions, this, runtime.clock, runtime.random);
    this.peer = new Peer(connection, runtime, this.#watchdog, owner.peerOptions(), this);
  }

  get relayPeer(): RelayPeer | undefined {
    return this.#movedTo === undefined ? this.#app : this.#movedTo.relayPeer;
  }

  get longestMessage(): number {
    return this.#movedTo?.longestMessage ?? this.#owner.runtime.options.server.maxMessageSize;
  }

  servesReopening(): boolean {
    return this.#movedTo?.servesReopening() ?? false;
  }

  /** Milliseconds since it was accepted. */
  get age(): number {
    return this.#owner.runtime.clock.now() - this.#acceptedAt;
  }

  /** Ends the connection for one that is not as silent. */
  evict(): void {
    this.#evicted = true;
    this.peer.abort("it sent no CER, and max_connections are connected");
  }

  admit(peer: Peer, capabilities: Capabilities) {
    const { admission, adoption } = this.#owner;
    return adoption.judge(this) ?? admission.admit(peer, capabilities);
  }

  refusedCer(peer: Peer, { resultCode, reason: message }: RefusedCer, cer: Uint8Array): void {
    const { runtime } = this.#owner;
    const name = this.#app?.originHost ?? peer.remoteText;
    runtime.refusedMessages.note(
      { peer: name, resultCode, reason: "capabilities", message },
      cer,
      0,
      cer.length,
      runtime.tick(),
    );
  }

  movedTo(served: Served): void {
    this.#movedTo = served;
    this.#owner.ended(this.peer, undefined);
  }

  opened(peer: Peer): void {
    const { runtime, apps } = this.#owner;
    this.#owner.identified(peer);
    const app = this.#app = new RelayPeer(peer, peer.capabilities!, undefined, this.#listener, this.#listenedAs);
    runtime.connections.add(app);
    apps.add(app);
    const applications = app.capabilities.applications.advertised;
    runtime.emit({ kind: "app_up", app: app.originHost, remote: peer.remoteText, applications });
  }

  closed(peer: Peer, { reason }: PeerEnd): void {
    this.#watchdog.stop();
    const { runtime, apps } = this.#owner;
    const app = this.#app;
    this.#app = undefined;
    if (app === undefined) {
      this.#owner.ended(peer, undefined);
      return this.#refused(peer, reason);
    }
    apps.remove(app);
    const pending = app.inFlight;
    runtime.meters.appBytesIn += peer.readBytes;
    runtime.meters.appBytesOut += peer.out.writtenBytes;
    runtime.gone(app);
    this.#owner.ended(peer, app);
    runtime.emit({ kind: "app_down", app: app.originHost, remote: peer.remoteText, reason, pending });
  }

  #refused({ connection, remoteText: remote }: Peer, reason: string): void {
    const { runtime } = this.#owner;
    if (connection.leftSilently) {
      runtime.refused(this.#listener, "silent");
      return runtime.emit({ kind: "app_silent", remote });
    }
    const handshaking = connection.tls !== undefined && !connection.tls.established;
    runtime.refused(
      this.#listener,
      this.#evicted ? "unidentified" : handshaking ? "tls_handshake" : "capabilities",
    );
    runtime.emit({ kind: "app_refused", remote, reason });
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
