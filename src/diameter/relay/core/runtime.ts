/**
 * What the parts of one relay share.
 * @module
 */
import { type Clock, SYSTEM_CLOCK } from "../../../net/clock.ts";
import { BlockPool } from "../../../net/block.ts";
import { type Dial, dial as dialAddress } from "../../../net/dial.ts";
import { type Endpoint, endpointText } from "../../../net/connection.ts";
import { Listeners } from "../../../net/listeners.ts";
import { SegmentPool } from "../../../net/segment.ts";
import type { LocalIdentity } from "../../peer/capabilities.ts";
import { EndToEndIds } from "../../peer/end_to_end_ids.ts";
import type { PeerNode } from "../../peer/peer_options.ts";
import type { MalformedMessage } from "../../peer/peer_gate.ts";
import { Budgets } from "./budgets.ts";
import { Ledger } from "./ledger.ts";
import { Meters, REFUSAL_REASONS, type RefusalReason } from "./meters.ts";
import type { GatewayEvent, GatewayListener, MessageObserver } from "./events.ts";
import type { GatewayOptions } from "./options.ts";
import { ConnectionTable } from "./connection_table.ts";
import { RefusedMessages } from "./refused_messages.ts";
import type { RelayPeer } from "./relay_peer.ts";
import type { RelayTrace } from "./trace.ts";
import { TICK } from "./transactions.ts";

/** Pools, tables, counters and options of one gateway. */
export class RelayRuntime implements PeerNode {
  readonly blocks = new BlockPool();
  readonly segments: SegmentPool;
  readonly endToEndIds: EndToEndIds;
  readonly budgets: Budgets;
  readonly connections = new ConnectionTable();
  readonly meters = new Meters();
  readonly ledger = new Ledger();
  readonly refusedMessages = new RefusedMessages();
  local: LocalIdentity;
  /** No new requests are served; answers to pending ones still flow. */
  draining = false;
  /** Sees every message when set: the log of requests and answers. */
  observer: MessageObserver | undefined;
  readonly #observers = new Set<MessageObserver>();
  #options: GatewayOptions;
  readonly #listeners = new Listeners<GatewayEvent>((error) => ({
    kind: "listener_failed",
    reason: error instanceof Error ? error.stack ?? error.message : String(error),
  }));

  /**
   * @param clock what everything here that waits goes by
   * @param random as `Math.random`
   * @param dial opens the connections to DRAs
   * @throws RangeError when the options allow for more connections than can be told apart
   */
  constructor(
    options: GatewayOptions,
    readonly clock: Clock = SYSTEM_CLOCK,
    readonly random: () => number = Math.random,
    readonly dial: Dial = dialAddress,
    /** Who keeps a trace of recent transactions. */
    readonly trace?: RelayTrace,
  ) {
    this.#options = options;
    const { server, memoryLimit } = options;
    const draConnections = draConnectionsOf(options);
    if (server.maxConnections + draConnections > ConnectionTable.capacity) {
      throw new RangeError(
        `Cannot serve ${server.maxConnections} Logic Apps and ${draConnections} connections to DRAs: at most ` +
          `${ConnectionTable.capacity} connections in all`,
      );
    }
    this.endToEndIds = new EndToEndIds(Date.now(), random());
    // What is unused is kept until it was for a while: the limit is for what is used.
    this.segments = new SegmentPool(memoryLimit, Infinity);
    this.budgets = new Budgets(this.segments.budget, draConnections);
    this.local = identityOf(options, Math.floor(Date.now() / 1000));
  }

  /** The current tick of every timer wheel. */
  tick(): number {
    return this.tickAt(this.clock.now());
  }

  /** The tick at `milliseconds` of the same clock. */
  tickAt(milliseconds: number): number {
    return Math.floor(milliseconds / TICK) + 1;
  }

  /** Adds a listener, until what comes back is disposed of. */
  on(listener: GatewayListener): Disposable {
    const remove = this.#listeners.add(listener);
    return { [Symbol.dispose]: remove };
  }

  /**
   * Shows every message to `observer`, which cannot harm them, until what comes back is disposed
   * of.
   */
  observe(observer: MessageObserver): Disposable {
    const guarded = this.#listeners.guard(observer);
    this.#observers.add(guarded);
    this.#noteObservers();
    return {
      [Symbol.dispose]: () => {
        this.#observers.delete(guarded);
        this.#noteObservers();
      },
    };
  }

  #noteObservers(): void {
    const observers = this.#observers;
    this.observer = observers.size === 0 ? undefined : (record) => {
      for (const observer of observers) observer(record);
    };
  }

  /**
   * Takes other options. Only whoever starts and stops parts calls this, and passes them on.
   * @returns paths of those that stay as they are until the next start
   */
  configure(options: GatewayOptions): string[] {
    const { originHost, originRealm } = this.options;
    const later: string[] = [];
    if (options.originHost !== originHost) later.push("gateway.origin_host");
    if (options.originRealm !== originRealm) later.push("gateway.origin_realm");
    if (options.memoryLimit !== this.options.memoryLimit) later.push("gateway.memory_limit");
    this.#options = { ...options, originHost, originRealm, memoryLimit: this.options.memoryLimit };
    this.budgets.configure(draConnectionsOf(options));
    this.local = identityOf(this.#options, this.local.originStateId);
    return later;
  }

  /** What is in force. */
  get options(): GatewayOptions {
    return this.#options;
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
  readonly discarded = (reason: string): void => void this.meters.discarded.of({ reason }).value++;

  /** Notes a message that was malformed, and counts it. */
  malformed(peer: string, fault: MalformedMessage): void {
    const { bytes, at, end, resultCode, reason, message } = fault;
    this.discarded(reason);
    this.refusedMessages.note({ peer, resultCode, reason, message }, bytes, at, end, this.tick());
  }

  /** Has what is counted of a listener be there from its beginning. */
  declareListener(listener: Endpoint): void {
    this.meters.refused.declare({ listener: [endpointText(listener)], reason: REFUSAL_REASONS });
  }

  /** Forgets what was counted of a listener that is configured no more. */
  forgetListener(listener: Endpoint): void {
    this.meters.refused.forget({ listener: endpointText(listener) });
  }

  /** Counts a connection that was not served. */
  refused(listener: Endpoint, reason: RefusalReason): void {
    this.meters.refused.of({ listener: endpointText(listener), reason }).value++;
  }

  /** A connection is closed: who waits for it is gone, and its answers will find nobody. */
  gone(relayPeer: RelayPeer): void {
    this.connections.remove(relayPeer);
    this.ledger.left(relayPeer);
    if (relayPeer.traced !== undefined) this.trace?.closed(relayPeer.traced);
  }
}

function draConnectionsOf({ draPool: { dras, connectionsPerDra } }: GatewayOptions): number {
  return dras.length * connectionsPerDra;
}

function identityOf(options: GatewayOptions, originStateId: number): LocalIdentity {
  const { originHost, originRealm, productName, vendorId, applications } = options;
  return { originHost, originRealm, productName, vendorId, originStateId, applications };
}
