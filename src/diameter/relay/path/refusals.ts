/**
 * Answers that the gateway gives itself (RFC 6733 sections 6.2 and 7.2).
 * @module
 */
import { Block } from "../../../net/block.ts";
import { errorAvps } from "../../wire/error_answer.ts";
import { OFFSET } from "../../wire/header.ts";
import { count } from "../core/counters.ts";
import { errorMessage } from "./error_detail.ts";
import { messageRecord } from "./record.ts";
import type { RelayPeer } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import type { Refusal } from "./checks.ts";
import { RefusalWriter } from "./refusal_writer.ts";
import type { TransactionTable } from "../core/transactions.ts";

/**
 * A refusal that one gateway uses again and again: what its answers have in common is made once.
 */
export class LastingRefusal implements Refusal {
  /** Towards Logic Apps. */
  prepared: Prepared | undefined;

  constructor(readonly resultCode: number, readonly message: string, readonly reason: string) {}
}

/** What all answers with one refusal have in common. */
interface Prepared {
  readonly avps: Block;
  /** What they are counted by. */
  readonly key: string;
}

/** Writes error answers into queues, and counts them. */
export class Refusals {
  readonly #runtime: RelayRuntime;
  readonly #writer = new RefusalWriter();
  readonly #known = new Map<string, Prepared>();
  /** The last refusal, and which side it went to. */
  #last: Refusal | undefined;
  #lastToApp = false;
  #lastPrepared: Prepared | undefined;

  constructor(runtime: RelayRuntime) {
    this.#runtime = runtime;
  }

  /** Answers a request that never became a transaction towards the other side. */
  refuse(from: RelayPeer, block: Block, at: number, end: number, refusal: Refusal): void {
    const { counters } = this.#runtime;
    counters.created++;
    counters.rejected++;
    this.#send(from, block, at, end, block.view.getUint32(at + OFFSET.hopByHop), refusal);
  }

  /** Answers the request that `table` retains for `slot`; the caller ends the transaction. */
  refusePending(requester: RelayPeer, table: TransactionTable, slot: number, refusal: Refusal): void {
    const segment = table.segmentOf(slot);
    const at = table.offsetOf(slot);
    const length = segment.view.getUint32(at) & 0xffffff;
    this.#send(requester, segment, at, at + length, table.hopByHopOf(slot), refusal);
  }

  #send(to: RelayPeer, block: Block, at: number, end: number, hopByHop: number, refusal: Refusal): void {
    const { counters } = this.#runtime;
    const toApp = to.link === undefined;
    const { avps, key } = this.#prepared(refusal, toApp);
    if (!to.peer.out.closed) this.#write(to, block, at, end, hopByHop, avps);
    to.messagesSent++;
    if (toApp) counters.toApp++;
    else {
      counters.toDra++;
      to.link.dra.counters.messagesSent++;
    }
    count(counters.errorAnswers, key);
  }

  #write(to: RelayPeer, block: Block, at: number, end: number, hopByHop: number, avps: Block): void {
    const { out } = to.peer;
    const length = this.#writer.measure(block, at, end, avps);
    const segment = out.reserve(length);
    const start = segment.head;
    this.#writer.write(block, at, hopByHop, avps, segment, start);
    out.commit(length);
    const { observer } = this.#runtime;
    observer?.(messageRecord("error_answer", segment.bytes, start, start + length, "", to.originHost, hopByHop, 0));
  }

  /** They are the same for thousands when a DRA is overloaded or gone. */
  #prepared(refusal: Refusal, toApp: boolean): Prepared {
    if (refusal === this.#last && toApp === this.#lastToApp) return this.#lastPrepared!;
    let prepared: Prepared;
    if (refusal instanceof LastingRefusal && toApp) prepared = refusal.prepared ??= this.#make(refusal, toApp);
    else prepared = this.#make(refusal, toApp);
    this.#last = refusal;
    this.#lastToApp = toApp;
    return this.#lastPrepared = prepared;
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
    const key = `${resultCode} ${reason}`;
    if (failedAvp !== undefined) return { avps: blockOf(errorAvps({ ...answer, failedAvp })), key };
    const name = `${key} ${message ?? ""}`;
    let prepared = this.#known.get(name);
    if (prepared === undefined) {
      // Some messages quote the request: what is remembered of them is bounded.
      if (this.#known.size >= 256) this.#known.clear();
      prepared = { avps: blockOf(errorAvps(answer)), key };
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
