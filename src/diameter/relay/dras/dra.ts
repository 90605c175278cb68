/**
 * One DRA of the pool: what is configured, what is known of it, and its connections.
 * @module
 */
import type { Capabilities } from "../../peer/capabilities.ts";
import type { Peer } from "../../peer/peer.ts";
import type { PeerEnd } from "../../peer/peer_end.ts";
import { type Identity, identity } from "../../wire/identity.ts";
import { DISCONNECT_CAUSE } from "../../wire/avp_codes.ts";
import type { Breaker } from "./breaker.ts";
import { DraLink, type LinkHandlers } from "./link.ts";
import type { DraClaim } from "./claim.ts";
import { mixedText } from "../core/mixed.ts";
import { TokenBucket } from "../../../net/token_bucket.ts";
import type { DraMeters } from "../core/meters.ts";
import type { DraOptions } from "../core/options.ts";
import type { Turn, Upstream } from "../core/relay_peer.ts";
import type { Candidate } from "./balance.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import type { DraView } from "./router.ts";

/** One DRA, as the router and the statistics see it. */
export class Dra implements DraView, Upstream, Candidate<DraLink> {
  readonly meters: DraMeters;
  links: readonly DraLink[];
  /** Its identity, for comparison with octets; undefined until configured or told. */
  identity: Identity | undefined;
  /** Set by the pool when anything changes, see `DraPool.refresh`. */
  usable = false;
  held = false;
  /** It was usable before, so that its next connection is a recovery. */
  recovers = false;
  reason = "is not connected yet";
  /** Since when it is usable, by the clock of the relay; 0 when it is not. */
  usableSince = 0;
  credit = 0;
  readonly seed: number;
  /** Share of its weight that counts, set by the pool: 1 but for a while after it came back. */
  grown = 1;
  /** When it came back, by the clock of the relay. */
  backSince = -Infinity;
  /** All its connections were gone since it was usable last. */
  wasGone = false;
  /** It had room, and has got as many requests as it may in this second. */
  overRate = false;
  #rate: TokenBucket | undefined;
  /** Share within its priority: the configured one, or what somebody set meanwhile. */
  weight: number;
  /** Leaves it out when it is sick; the pool's to set. */
  breaker: Breaker | undefined;
  /** It is kept out of service until somebody says otherwise. */
  isDisabled = false;
  /**
   * Resolves when the connection that it opened to us is gone; undefined while there is none.
   * Meanwhile nothing is dialled.
   */
  adopted: Promise<PeerEnd> | undefined;
  #turn = 0;
  /** The end of its connections, while it is being taken out of service. */
  #ending: Promise<unknown> | undefined;
  /** Origin-State-Id of its last CEA that had one. */
  #stateId: number | undefined;
  readonly #runtime: RelayRuntime;
  readonly #handlers: LinkHandlers;

  constructor(public options: DraOptions, runtime: RelayRuntime, handlers: LinkHandlers) {
    this.#runtime = runtime;
    this.#handlers = handlers;
    this.meters = runtime.meters.ofDra(options.name);
    this.seed = mixedText(options.name);
    this.#setRate();
    this.weight = options.weight;
    if (options.originHost !== "") this.identity = identity(options.originHost);
    this.links = this.#newLinks(0);
  }

  get name(): string {
    return this.options.name;
  }
  get priority(): number {
    return this.options.priority;
  }
  /** In lower case; "" when not known yet. */
  get originHost(): string {
    return this.identity?.text.toLowerCase() ?? "";
  }

  /** Its weight grows after it came back. */
  get mayGrow(): boolean {
    return this.#runtime.options.draPool.slowStart.duration > 0;
  }
  get share(): number {
    return this.weight * this.grown;
  }
  get shut(): string {
    return this.breaker === undefined ? "" : this.breaker.shut;
  }

  /** False while it is kept out of service. */
  get enabled(): boolean {
    return !this.isDisabled;
  }

  /** Begins to connect, unless it is kept out of service; what is being ended ends first. */
  start(): void {
    if (this.isDisabled || this.#ending !== undefined || this.#runtime.draining) return;
    for (const link of this.links) link.start();
  }

  /** Takes it out of service with DPR (2), or puts it into service again. */
  async setEnabled(enabled: boolean): Promise<void> {
    this.isDisabled = !enabled;
    if (enabled) {
      this.start();
      // Until there is other news, what holds is that it is being connected.
      if (!this.usable) this.reason = this.links[0]?.reason ?? this.reason;
      return;
    }
    const cause = DISCONNECT_CAUSE.doNotWantToTalkToYou;
    const ending = this.#ending = Promise.all(
      this.links.map((link) => link.stop(cause, "is disabled by its operator")),
    );
    await ending;
    if (this.#ending !== ending) return;
    this.#ending = undefined;
    // Somebody may have changed their mind meanwhile.
    this.start();
  }

  /** Ends its connections with DPR, or the wait for the next attempt, and connects at once. */
  reconnect(): void {
    for (const link of this.links) link.reconnect("its operator wished it connected anew");
  }

  /** Whether connections to it, as they are, fit other options of the same name. */
  staysWith(options: DraOptions): boolean {
    const where = (o: DraOptions) => JSON.stringify([o.host, o.port, o.bind, o.tls]);
    const isIt = ["", this.options.originHost.toLowerCase(), this.originHost].includes(
      options.originHost.toLowerCase(),
    );
    return isIt && where(options) === where(this.options);
  }

  /**
   * Takes other options of the same name, see {@link staysWith}, and those of the pool; a weight
   * that was set meanwhile is forgotten.
   * @returns connections that are too many now, for the caller to end
   */
  configure(options: DraOptions): readonly DraLink[] {
    this.options = options;
    this.weight = options.weight;
    this.#setRate();
    for (const link of this.links) link.configure();
    const { connectionsPerDra } = this.#runtime.options.draPool;
    const surplus = this.links.slice(connectionsPerDra);
    this.links = [...this.links.slice(0, connectionsPerDra), ...this.#newLinks(this.links.length)];
    return surplus;
  }

  #setRate(): void {
    const { maxRequestsPerSecond: most = 0 } = this.options;
    if (most === (this.#rate?.perSecond ?? 0)) return;
    this.#rate = most === 0 ? undefined : new TokenBucket(most, most, this.#runtime.clock.now());
    this.overRate = false;
  }

  /** The connections from the `first` on that are configured and not there yet. */
  #newLinks(first: number): DraLink[] {
    const { connectionsPerDra } = this.#runtime.options.draPool;
    return Array.from(
      { length: Math.max(0, connectionsPerDra - first) },
      (_, nth) => new DraLink(this, first + nth, this.#runtime, this.#handlers),
    );
  }

  /** Bytes of all its connections, those that ended included. */
  get traffic(): { readonly bytesSent: number; readonly bytesReceived: number } {
    let { bytesSent, bytesReceived } = this.meters;
    for (const { relayPeer } of this.links) {
      bytesSent += relayPeer?.peer.out.writtenBytes ?? 0;
      bytesReceived += relayPeer?.peer.readBytes ?? 0;
    }
    return { bytesSent, bytesReceived };
  }

  /** Why a connection ended, or could not be opened, last; "" when none did. */
  get lastError(): string {
    return this.links.map((link) => link.lastError).find((error) => error !== "") ?? "";
  }

  /**
   * How it stands when it dials us. A connection that it is leaving counts no more: it comes back.
   */
  get standing(): DraClaim["standing"] {
    const { adopted, links } = this;
    if (links.some((link) => link.relayPeer !== undefined && !link.leaving)) return "open";
    // Taken, and its CEA is about to be sent.
    if (adopted !== undefined && !links[0]!.leaving) return "open";
    return links.some((link) => link.exchange !== undefined) ? "exchange" : "none";
  }

  /** Resolves when none of the exchanges that are on their way now is undecided. */
  async exchanged(): Promise<void> {
    await Promise.all(this.links.map((link) => link.exchange));
  }

  /**
   * Takes a connection that it opened to us, and whose CER is being judged, as its one connection:
   * what the links are dialling is given up.
   * @returns the link that has it
   */
  adopt(peer: Peer): DraLink {
    const link = this.links[0]!;
    const gone = Promise.withResolvers<PeerEnd>();
    const adopted = this.adopted = gone.promise;
    for (const each of this.links) each.giveWay();
    link.adopt(peer, (end) => {
      if (this.adopted === adopted) this.adopted = undefined;
      gone.resolve(end);
    });
    return link;
  }

  /** Sends a DWR over connections that wait for none. */
  askForLife(): void {
    for (const link of this.links) if (link.okay && !link.watchdog.pending) link.relayPeer!.peer.sendWatchdog();
  }

  /** Whether it advertised the application, or Relay. */
  takes(application: number): boolean {
    for (const link of this.links) {
      if (link.relayPeer?.capabilities.applications.takes(application) === true) return true;
    }
    return false;
  }

  /** Transactions that wait for it. */
  get inFlight(): number {
    let sum = 0;
    for (const link of this.links) sum += link.table.size;
    return sum;
  }

  /**
   * A connection for one more request, round robin over the usable ones; undefined when all are
   * full.
   * @param requester key of the connection that it came from
   * @param named the request names this DRA
   */
  pickLink(turn: Turn, requester: number, named = false): DraLink | undefined {
    const { breaker } = this;
    if (breaker !== undefined && !named && !breaker.admits()) return undefined;
    const link = this.#linkWithRoom(turn, requester);
    if (this.#rate === undefined) return link;
    this.overRate = link !== undefined && !this.#rate.take(this.#runtime.clock.now());
    return this.overRate ? undefined : link;
  }

  #linkWithRoom(turn: Turn, requester: number): DraLink | undefined {
    const { links } = this;
    if (links.length === 1) return hasRoom(links[0]!, turn, requester) ? links[0] : undefined;
    for (let i = 0; i < links.length; i++) {
      this.#turn = (this.#turn + 1) % links.length;
      const link = links[this.#turn]!;
      if (hasRoom(link, turn, requester)) return link;
    }
    return undefined;
  }

  /**
   * Its CEA, or the CER of a connection that it opened, told its identity; a change is worth an
   * alarm: two DRAs may hide behind one address. So is a higher Origin-State-Id of the same
   * identity: it restarted, and its sessions are gone.
   */
  identified({ originHost, originStateId }: Capabilities): void {
    const before = this.identity?.text;
    const same = before !== undefined && before.toLowerCase() === originHost.toLowerCase();
    if (before !== undefined && !same) {
      this.#runtime.emit({ kind: "dra_identity_changed", dra: this.name, from: before, to: originHost });
    }
    const from = this.#stateId;
    if (same && from !== undefined && originStateId !== undefined && originStateId > from) {
      this.#runtime.emit({ kind: "dra_restarted", dra: this.name, from, to: originStateId });
    }
    this.identity = identity(originHost);
    this.#stateId = originStateId ?? (same ? from : undefined);
  }
}

function hasRoom(link: DraLink, turn: Turn, requester: number): boolean {
  if (!isUsable(link)) return false;
  const { out } = link.relayPeer!.peer;
  return turn === "again" ? !link.room.isFullForRetries(out) : !link.room.isFullFor(requester, out);
}

/** Open and OKAY, or the last resort; the pool has made sure that the last resort is needed. */
export function isUsable(link: DraLink): boolean {
  return link.okay || (link.reopening && link.dra.usable);
}
