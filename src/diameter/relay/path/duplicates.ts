/**
 * Answers that are kept for requests that come a second time (RFC 6733 section 3, the T flag).
 * @module
 */
import { asciiOf, findAvp } from "../../wire/avp.ts";
import { AVP } from "../../wire/avp_codes.ts";
import { FLAG, HEADER_LENGTH, OFFSET } from "../../wire/header.ts";
import type { Incoming } from "../core/incoming.ts";
import type { DuplicateCacheOptions } from "../core/policy_options.ts";
import type { Ending } from "../core/ledger.ts";
import type { Refusal } from "../core/refusal.ts";
import type { RelayPeer } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import { SLOTS, ticksFor, type TransactionTable } from "../core/transactions.ts";
import type { Refusals, WhoElse } from "./refusals.ts";

const RETRANSMITTED = FLAG.retransmitted << 24;
const END_TO_END = OFFSET.endToEnd;

/** Who asked the same again, and waits for the answer to the first. */
interface Joined {
  readonly from: number;
  readonly hopByHop: number;
  readonly receivedAt: number;
  /** The request as it came, for an answer of our own. */
  readonly request: Uint8Array<ArrayBuffer>;
}

/** A request that was sent, and its answer when that is there. */
interface Entry {
  readonly key: string;
  /** Tick of its last change. */
  at: number;
  isPending: boolean;
  answer: Uint8Array<ArrayBuffer> | undefined;
  joined: Joined[];
  /** Who took the place of the requester, which had left. */
  heir: Joined | undefined;
}

/** Keeps answers of DRAs without the E flag, the newest ones, and knows what is pending. */
export class Duplicates implements WhoElse {
  /** There is anything to look at: once it was enabled, for what is pending still. */
  isOn = false;
  /** Of the answers that are kept. */
  bytes = 0;
  #options: DuplicateCacheOptions;
  #windowTicks: number;
  readonly #runtime: RelayRuntime;
  readonly #refusals: Refusals;
  /** The one that changed longest ago comes first. */
  readonly #entries = new Map<string, Entry>();
  /** Of transactions, by slot: each slot in use was set when it was opened. */
  readonly #slots = new WeakMap<TransactionTable, (Entry | undefined)[]>();

  constructor(runtime: RelayRuntime, refusals: Refusals) {
    this.#runtime = runtime;
    this.#refusals = refusals;
    this.#options = runtime.options.routing.duplicateCache;
    this.#windowTicks = ticksFor(this.#options.window);
    this.configure();
  }

  /** Takes what may change while it runs. */
  configure(): void {
    const options = this.#options = this.#runtime.options.routing.duplicateCache;
    this.#windowTicks = ticksFor(options.window);
    if (options.enabled) {
      this.isOn = true;
      this.#runtime.meters.duplicates.declare({ result: ["hit", "joined", "miss"] });
      this.#shrink();
    } else for (const entry of this.#entries.values()) this.#remove(entry);
  }

  /** Whether a request is answered, or will be with the one that it repeats: nobody else has it. */
  take(request: Incoming): boolean {
    if ((request.word & RETRANSMITTED) === 0 || endToEndOf(request) === 0 || !this.#options.enabled) return false;
    const entry = this.#entries.get(keyOf(request));
    const { duplicates } = this.#runtime.meters;
    const isKnown = entry !== undefined && (entry.answer !== undefined || entry.isPending) &&
      request.tick - entry.at < this.#windowTicks;
    if (!isKnown) {
      duplicates.of({ result: "miss" }).value++;
      return false;
    }
    const { from } = request;
    this.#runtime.ledger.begun(from);
    if (entry.answer === undefined) {
      duplicates.of({ result: "joined" }).value++;
      const { hopByHop, receivedAt } = request;
      entry.joined.push({ from: from.key, hopByHop, receivedAt, request: request.slice() });
      return true;
    }
    duplicates.of({ result: "hit" }).value++;
    this.#answer(from, request.hopByHop, entry.answer);
    if (from.peer.out.full) request.congested = from.peer.out;
    return true;
  }

  /** A request was sent, and waits in `slot`. */
  sent(request: Incoming, table: TransactionTable, slot: number): void {
    let entry: Entry | undefined;
    if (endToEndOf(request) !== 0 && this.#options.enabled) {
      const key = keyOf(request);
      this.#remove(this.#entries.get(key));
      entry = { key, at: request.tick, isPending: true, answer: undefined, joined: [], heir: undefined };
      this.#entries.set(key, entry);
      this.#shrink();
    }
    this.#slotsOf(table)[slot] = entry;
  }

  /** It was sent again, and waits in another slot, too. */
  sentAgain(table: TransactionTable, slot: number, to: TransactionTable, next: number): void {
    this.#slotsOf(to)[next] = this.#slotsOf(table)[slot];
  }

  /**
   * The answer that ends it, as it came: others that wait for it get it, and it is kept unless it
   * has the E flag.
   */
  answered(table: TransactionTable, slot: number, bytes: Uint8Array, at: number, end: number, tick: number): void {
    const entry = this.#slotsOf(table)[slot];
    if (entry === undefined || !entry.isPending) return;
    entry.isPending = false;
    const isError = (bytes[at + OFFSET.flags]! & FLAG.error) !== 0;
    const isKept = !isError && this.#entries.get(entry.key) === entry;
    if (!isKept && entry.joined.length === 0) {
      if (this.#entries.get(entry.key) === entry) this.#remove(entry);
      return;
    }
    const answer = bytes.slice(at, end);
    if (this.#runtime.options.mode === "relay") answer[OFFSET.flags]! &= ~(FLAG.retransmitted | FLAG.reserved);
    for (const { from, hopByHop } of entry.joined) {
      const requester = this.#runtime.connections.get(from);
      if (requester !== undefined) this.#answer(requester, hopByHop, answer);
    }
    entry.joined = [];
    this.#remove(entry);
    if (!isKept) return;
    entry.answer = answer;
    entry.at = tick;
    this.#entries.set(entry.key, entry);
    this.bytes += answer.length;
    this.#shrink();
  }

  /** This node has answered it: others that wait for it are told the same. */
  refused(table: TransactionTable, slot: number, refusal: Refusal, how: Ending): void {
    const entry = this.#slotsOf(table)[slot];
    if (entry === undefined || !entry.isPending) return;
    entry.isPending = false;
    if (this.#entries.get(entry.key) === entry) this.#remove(entry);
    const { joined } = entry;
    entry.joined = [];
    for (const { from, hopByHop, request } of joined) {
      const requester = this.#runtime.connections.get(from);
      if (requester !== undefined) this.#refusals.endCopy(requester, request, hopByHop, refusal, how);
    }
  }

  /**
   * Who takes the place of a requester that has left: the first that asked the same again and is
   * still there. The transaction is its own from here on.
   */
  heir(table: TransactionTable, slot: number): RelayPeer | undefined {
    const entry = this.#slotsOf(table)[slot];
    if (entry === undefined || !entry.isPending) return undefined;
    for (let next = entry.heir ?? entry.joined.shift(); next !== undefined; next = entry.joined.shift()) {
      const requester = this.#runtime.connections.get(next.from);
      if (requester === undefined) continue;
      entry.heir = next;
      table.adopt(slot, next.from, next.hopByHop, next.receivedAt);
      return requester;
    }
    entry.heir = undefined;
    return undefined;
  }

  /** Nobody waits for it any more, and no answer will be known. */
  abandoned(table: TransactionTable, slot: number): void {
    const entry = this.#slotsOf(table)[slot];
    if (entry === undefined || !entry.isPending) return;
    entry.isPending = false;
    if (this.#entries.get(entry.key) === entry) this.#remove(entry);
  }

  /** Forgets what is older than the window. */
  turn(tick: number): void {
    for (const entry of this.#entries.values()) {
      if (tick - entry.at < this.#windowTicks) return;
      this.#remove(entry);
    }
  }

  #answer(requester: RelayPeer, hopByHop: number, answer: Uint8Array): void {
    const { out } = requester.peer;
    const { ledger, meters } = this.#runtime;
    const segment = out.reserve(answer.length);
    const to = segment.head;
    segment.bytes.set(answer, to);
    segment.view.setUint32(to + OFFSET.hopByHop, hopByHop);
    out.commit(answer.length);
    requester.messagesSent++;
    meters.toApp++;
    ledger.ended(requester, "completed");
  }

  #slotsOf(table: TransactionTable): (Entry | undefined)[] {
    let slots = this.#slots.get(table);
    if (slots === undefined) this.#slots.set(table, slots = new Array(SLOTS));
    return slots;
  }

  #shrink(): void {
    const { maxEntries, maxBytes } = this.#options;
    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= maxEntries && this.bytes <= maxBytes) return;
      this.#remove(entry);
    }
  }

  #remove(entry: Entry | undefined): void {
    if (entry === undefined) return;
    this.#entries.delete(entry.key);
    this.bytes -= entry.answer?.length ?? 0;
  }
}

function endToEndOf({ block: { view }, at }: Incoming): number {
  return view.getUint32(at + END_TO_END);
}

/** What two requests must have in common to be one. */
function keyOf(request: Incoming): string {
  const { block: { bytes }, at, end } = request;
  const origin = findAvp(bytes, AVP.originHost, at + HEADER_LENGTH, end);
  const host = origin === undefined ? "" : asciiOf(bytes, origin).toLowerCase();
  return `${endToEndOf(request)} ${request.application} ${request.command} ${host} ${request.sessionId}`;
}
