/**
 * One DRA of the pool: what is configured, what is known of it, and its connections.
 * @module
 */
import type { Capabilities } from "../../peer/capabilities.ts";
import type { Peer, PeerEnd } from "../../peer/peer.ts";
import { type Identity, identity } from "../../wire/identity.ts";
import { DraCounters } from "../core/counters.ts";
import { DraLink, type LinkHandlers } from "./link.ts";
import type { DraClaim } from "./claim.ts";
import type { DraOptions } from "../core/options.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import type { DraView } from "./router.ts";

/** One DRA, as the router and the statistics see it. */
export class Dra implements DraView {
  readonly counters = new DraCounters();
  readonly attempts = { ok: 0, failed: 0 };
  readonly links: readonly DraLink[];
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
  /** Smooth weighted round robin: see `DraPool`. */
  current = 0;
  /** Resolves when the connection that it opened to us is gone; undefined while there is none. Meanwhile nothing is dialled. */
  adopted: Promise<PeerEnd> | undefined;
  #turn = 0;
  /** Origin-State-Id of its last CEA that had one. */
  #stateId: number | undefined;
  readonly #runtime: RelayRuntime;

  constructor(readonly options: DraOptions, runtime: RelayRuntime, handlers: LinkHandlers) {
    this.#runtime = runtime;
    if (options.originHost !== "") this.identity = identity(options.originHost);
    this.links = Array.from(
      { length: runtime.options.draPool.connectionsPerDra },
      (_, index) => new DraLink(this, index, runtime, handlers),
    );
  }

  get name(): string {
    return this.options.name;
  }
  get priority(): number {
    return this.options.priority;
  }
  get weight(): number {
    return this.options.weight;
  }
  /** In lower case; "" when not known yet. */
  get originHost(): string {
    return this.identity?.text.toLowerCase() ?? "";
  }

  /** False while it is kept out of service. */
  get enabled(): boolean {
    return this.links.some((link) => link.running);
  }

  /** How it stands when it dials us. A connection that it is leaving counts no more: it comes back. */
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
   * Takes a connection that it opened to us, and whose CER is being judged, as its one connection: what
   * the links are dialling is given up.
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
   * A connection for one more request, round robin over the usable ones; undefined when all are full.
   * @param again the request was taken on before: see `DraLink.fullForRetries`
   * @param requester key of the connection that it came from
   */
  pickLink(again: boolean, requester: number): DraLink | undefined {
    const { links } = this;
    if (links.length === 1) {
      const link = links[0]!;
      return isUsable(link) && !(again ? link.fullForRetries : link.isFullFor(requester)) ? link : undefined;
    }
    for (let i = 0; i < links.length; i++) {
      this.#turn = (this.#turn + 1) % links.length;
      const link = links[this.#turn]!;
      if (isUsable(link) && !(again ? link.fullForRetries : link.isFullFor(requester))) return link;
    }
    return undefined;
  }

  /**
   * Its CEA, or the CER of a connection that it opened, told its identity; a change is worth an alarm: two DRAs may hide behind one address. So is a higher Origin-State-Id of the same identity:
   * it restarted, and its sessions are gone.
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

/** Open and OKAY, or the last resort; the pool has made sure that the last resort is needed. */
export function isUsable(link: DraLink): boolean {
  return link.okay || (link.reopening && link.dra.usable);
}
