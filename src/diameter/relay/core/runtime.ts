/**
 * What the parts of one relay share.
 * @module
 */
import { SYSTEM_CLOCK } from "../../../net/clock.ts";
import { BlockPool } from "../../../net/block.ts";
import { type Endpoint, endpointText } from "../../../net/connection.ts";
import { Listeners } from "../../../net/listeners.ts";
import { SegmentPool } from "../../../net/segment.ts";
import type { LocalIdentity } from "../../peer/capabilities.ts";
import { Budgets } from "./budgets.ts";
import { count, Counters, type RefusalReason } from "./counters.ts";
import type { GatewayEvent, GatewayListener, MessageRecord } from "./events.ts";
import type { GatewayOptions } from "./options.ts";
import { ConnectionTable, type RelayPeer } from "./relay_peer.ts";
import { TICK } from "./transactions.ts";

/** Pools, tables, counters and options of one gateway. */
export class RelayRuntime {
  readonly blocks = new BlockPool();
  readonly segments: SegmentPool;
  readonly budgets: Budgets;
  readonly connections = new ConnectionTable();
  readonly counters = new Counters();
  readonly local: LocalIdentity;
  /** No new requests are served; answers to pending ones still flow. */
  draining = false;
  /** Sees every message when set: the log of requests and answers. */
  observer: ((record: MessageRecord) => void) | undefined;
  readonly #listeners = new Listeners<GatewayEvent>((error) => ({
    kind: "listener_failed",
    reason: error instanceof Error ? error.stack ?? error.message : String(error),
  }));

  /** @throws RangeError when the options allow for more connections than can be told apart */
  constructor(public options: GatewayOptions) {
    const { server, draPool, memoryLimit } = options;
    const draConnections = draPool.dras.length * draPool.connectionsPerDra;
    if (server.maxConnections + draConnections > ConnectionTable.capacity) {
      throw new RangeError(
        `Cannot serve ${server.maxConnections} Logic Apps and ${draConnections} connections to DRAs: at most ` +
          `${ConnectionTable.capacity} connections in all`,
      );
    }
    // What is unused is kept until it was for a while: the limit is for what is used.
    this.segments = new SegmentPool(memoryLimit, Infinity);
    this.budgets = new Budgets(this.segments.budget, draConnections);
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
    this.#listeners.add(listener);
  }

  /** Shows every message to `observer`, which cannot harm them; undefined ends it. */
  observe(observer: ((record: MessageRecord) => void) | undefined): void {
    this.observer = observer === undefined ? undefined : this.#listeners.guard(observer);
  }

  /** Tells all listeners. Comes back whatever they do. */
  emit(event: GatewayEvent): void {
    this.#listeners.tell(event);
  }

  /**
   * Something in this program went wrong where it must not: whoever runs it gets to read about it.
   */
  defect(error: unknown, request: "answered" | "lives_on"): void {
    const reason = error instanceof Error ? error.stack ?? error.message : String(error);
    this.emit({ kind: "internal_error", reason, request });
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
