/**
 * Answers that the gateway gives itself (RFC 6733 sections 6.2 and 7.2).
 * @module
 */
import { Block } from "../../../net/block.ts";
import type { Counter } from "../../../ops/metrics/counter.ts";
import { errorAvps } from "../../wire/error_answer.ts";
import type { Incoming } from "../core/incoming.ts";
import type { Ending } from "../core/ledger.ts";
import { LastingRefusal, type Refusal } from "../core/refusal.ts";
import type { RelayPeer } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import type { TransactionTable } from "../core/transactions.ts";
import { errorMessage } from "./error_detail.ts";
import { messageRecord } from "./record.ts";
import { RefusalWriter } from "./refusal_writer.ts";
import type { Tracing } from "./tracing.ts";

/** What all answers with one refusal have in common. */
interface Prepared {
  readonly avps: Block;
  readonly counted: Counter;
}

/** Who knows whether others wait for the answer to a transaction. */
export interface WhoElse {
  readonly isOn: boolean;
  /** It was answered here, and has ended. */
  refused(table: TransactionTable, slot: number, refusal: Refusal, how: Ending): void;
}

/** Writes error answers into queues, and counts them. */
export class Refusals {
  readonly #runtime: RelayRuntime;
  readonly #tracing: Tracing | undefined;
  readonly #writer = new RefusalWriter();
  readonly #known = new Map<string, Prepared>();
  /** Told of transactions that were answered here: others may wait for them. */
  duplicates: WhoElse | undefined;
  /** Towards Logic Apps. */
  #lasting = new WeakMap<LastingRefusal, Prepared>();
  /** The last refusal, and which side it went to. */
  #last: Refusal | undefined;
  #lastToApp = false;
  #lastPrepared: Prepared | undefined;

  constructor(runtime: RelayRuntime, tracing?: Tracing) {
    this.#runtime = runtime;
    this.#tracing = tracing;
    this.#declareTimeout();
  }

  /** Forgets what was prepared: what answers tell may change while it runs. */
  configure(): void {
    this.#known.clear();
    this.#lasting = new WeakMap();
    this.#last = undefined;
    this.#declareTimeout();
  }

  /** The one error answer whose code is configured is counted from the start like all others. */
  #declareTimeout(): void {
    const { meters, options } = this.#runtime;
    meters.errorAnswers.of({ code: String(options.timeoutResultCode), reason: "timeout" });
  }

  /** Answers a request that never became a transaction towards the other side. */
  refuse(request: Incoming, refusal: Refusal): void {
    const { from, block, at, end } = request;
    const handle = this.#tracing === undefined ? 0 : this.#tracing.begun(request);
    this.#send(from, block, at, end, request.hopByHop, refusal, handle);
    const { ledger, refusedMessages } = this.#runtime;
    if (request.isBooked) ledger.ended(from, refusal.reason === "queue_timeout" ? "expired" : "rejected");
    else ledger.refused();
    if (handle !== 0) this.#tracing!.refused(handle, refusal);
    const { resultCode, reason, message } = refusal;
    refusedMessages.note({ peer: from.originHost, resultCode, reason, message }, block.bytes, at, end, request.tick);
  }

  /** Answers the request that `table` retains for `slot`, which the caller closes. */
  end(requester: RelayPeer, table: TransactionTable, slot: number, refusal: Refusal, how: Ending): void {
    const segment = table.segmentOf(slot);
    const at = table.offsetOf(slot);
    const length = segment.view.getUint32(at) & 0xffffff;
    const handle = table.traceOf(slot);
    this.#send(requester, segment, at, at + length, table.hopByHopOf(slot), refusal, handle);
    this.#runtime.ledger.ended(requester, how);
    if (handle !== 0) this.#tracing!.refused(handle, refusal);
    if (this.duplicates?.isOn === true && requester.link === undefined) {
      this.duplicates.refused(table, slot, refusal, how);
    }
  }

  /** Answers a request of which a copy is kept, and which stands in the ledger. */
  endCopy(requester: RelayPeer, request: Uint8Array, hopByHop: number, refusal: Refusal, how: Ending): void {
    this.#send(requester, blockOf(request), 0, request.length, hopByHop, refusal, 0);
    this.#runtime.ledger.ended(requester, how);
  }

  #send(
    to: RelayPeer,
    block: Block,
    at: number,
    end: number,
    hopByHop: number,
    refusal: Refusal,
    handle: number,
  ): void {
    const { meters } = this.#runtime;
    const toApp = to.link === undefined;
    const { avps, counted } = this.#prepared(refusal, toApp);
    if (!to.peer.out.closed) this.#write(to, block, at, end, hopByHop, avps, handle);
    to.messagesSent++;
    if (toApp) meters.toApp++;
    else {
      meters.toDra++;
      to.link.dra.meters.messagesSent++;
    }
    counted.value++;
  }

  #write(to: RelayPeer, block: Block, at: number, end: number, hopByHop: number, avps: Block, handle: number): void {
    const { out } = to.peer;
    const length = this.#writer.measure(block, at, end, avps);
    const segment = out.reserve(length);
    const start = segment.head;
    this.#writer.write(block, at, hopByHop, avps, segment, start);
    out.commit(length);
    if (handle !== 0) this.#tracing!.sent(handle, to, segment, start, length);
    const { observer } = this.#runtime;
    observer?.(messageRecord("error_answer", segment.bytes, start, start + length, "", to.originHost, hopByHop, 0));
  }

  /** They are the same for thousands when a DRA is overloaded or gone. */
  #prepared(refusal: Refusal, toApp: boolean): Prepared {
    if (refusal === this.#last && toApp === this.#lastToApp) return this.#lastPrepared!;
    let prepared: Prepared;
    if (refusal instanceof LastingRefusal && toApp) prepared = this.#lastingOf(refusal);
    else prepared = this.#make(refusal, toApp);
    this.#last = refusal;
    this.#lastToApp = toApp;
    return this.#lastPrepared = prepared;
  }

  #lastingOf(refusal: LastingRefusal): Prepared {
    let prepared = this.#lasting.get(refusal);
    if (prepared === undefined) this.#lasting.set(refusal, prepared = this.#make(refusal, true));
    return prepared;
  }

  #make(refusal: Refusal, toApp: boolean): Prepared {
    const { resultCode, reason, failedAvp } = refusal;
    const message = toApp ? errorMessage(refusal, this.#runtime.options.errorDetail) : refusal.message;
    const { originHost, originRealm, originStateId } = this.#runtime.local;
    const answer = {
      originHost,
      originRealm,
      originStateId,
      resultCode,
      ...(message === undefined ? {} : { message }),
    };
    const counted = this.#runtime.meters.errorAnswers.of({ code: String(resultCode), reason });
    if (failedAvp !== undefined) return { avps: blockOf(errorAvps({ ...answer, failedAvp })), counted };
    const name = `${resultCode} ${reason} ${message ?? ""}`;
    let prepared = this.#known.get(name);
    if (prepared === undefined) {
      // Some messages quote the request: what is remembered of them is bounded.
      if (this.#known.size >= 256) this.#known.clear();
      prepared = { avps: blockOf(errorAvps(answer)), counted };
      this.#known.set(name, prepared);
    }
    return prepared;
  }
}

function blockOf(bytes: Uint8Array): Block {
  const block = new Block(bytes.length);
  block.bytes.set(bytes);
  return block;
}
