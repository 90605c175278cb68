/**
 * What the parts of one relay share.
 * @module
 */
import { SYSTEM_CLOCK } from "../../net/clock.ts";
import { BlockPool } from "../../net/block.ts";
import { type Endpoint, endpointText } from "../../net/connection.ts";
import { SegmentPool } from "../../net/segment.ts";
import type { LocalIdentity } from "../peer/capabilities.ts";
import { count, Counters, type RefusalReason } from "./counters.ts";
import type { GatewayEvent, GatewayListener, MessageRecord } from "./events.ts";
import type { GatewayOptions } from "./options.ts";
import { ConnectionTable, type RelayPeer } from "./relay_peer.ts";
import { TICK } from "./transactions.ts";

/** Pools, tables, counters and options of one gateway. */
export class RelayRuntime {
  readonly blocks = new BlockPool();
  readonly segments = new SegmentPool();
  readonly connections = new ConnectionTable();
  readonly counters = new Counters();
  readonly local: LocalIdentity;
  /** No new requests are served; answers to pending ones still flow. */
  draining = false;
  /** Sees every message when set: the log of requests and answers. */
  observer: ((record: MessageRecord) => void) | undefined;
  readonly #listeners: GatewayListener[] = [];

  constructor(public options: GatewayOptions) {
    this.local = {
      originHost: options.originHost,
      originRealm: options.originRealm,
      productName: options.productName,
      vendorId: options.vendorId,
      originStateId: Math.floor(Date.now() / 1000),
      applications: options.applications,
    };
  }

  /** The current tick of every timer wheel. */
  tick(): number {
    return this.tickAt(SYSTEM_CLOCK.now());
  }

  /** The tick at `milliseconds` of the same clock. */
  tickAt(milliseconds: number): number {
    return Math.floor(milliseconds / TICK) + 1;
  }

  /** Adds a listener. */
  on(listener: GatewayListener): void {
    this.#listeners.push(listener);
  }

  /** Tells all listeners. */
  emit(event: GatewayEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Counts a message that was thrown away. */
  readonly discarded = (reason: string): void => count(this.counters.discarded, reason);

  /** Counts a connection that was not served. */
  refused(listener: Endpoint, reason: RefusalReason): void {
    count(this.counters.refused, `${endpointText(listener)} ${reason}`);
  }

  /** A connection is closed: who waits for it is gone, and its answers will find nobody. */
  gone(relayPeer: RelayPeer): void {
    this.connections.remove(relayPeer);
    this.counters.abandoned += relayPeer.inFlight;
    relayPeer.inFlight = 0;
  }
}
