/**
 * Answers that the gateway gives itself (RFC 6733 sections 6.2 and 7.2).
 * @module
 */
import type { Block } from "../../net/block.ts";
import { errorAnswerWith, errorAvps } from "../wire/error_answer.ts";
import { OFFSET, viewOf } from "../wire/header.ts";
import { count } from "./counters.ts";
import { errorMessage } from "./error_detail.ts";
import { messageRecord } from "./message_record.ts";
import type { RelayPeer } from "./relay_peer.ts";
import type { RelayRuntime } from "./relay_runtime.ts";
import type { Refusal } from "./request_checks.ts";
import type { TransactionTable } from "./transactions.ts";

/**
 * A refusal that one gateway uses again and again: what its answers have in common is made once.
 */
export class LastingRefusal implements Refusal {
  /** Towards Logic Apps. */
  avps: Uint8Array | undefined;

  constructor(readonly resultCode: number, readonly message: string, readonly reason: string) {}
}

/** Builds and sends error answers, and counts them. */
export class Refusals {
  readonly #runtime: RelayRuntime;
  readonly #known = new Map<string, Uint8Array>();

  constructor(runtime: RelayRuntime) {
    this.#runtime = runtime;
  }

  /** Answers a request that never became a transaction towards the other side. */
  refuse(from: RelayPeer, block: Block, at: number, end: number, refusal: Refusal): void {
    const { counters } = this.#runtime;
    counters.created++;
    counters.rejected++;
    this.#send(from, block.bytes, at, end, block.view.getUint32(at + OFFSET.hopByHop), refusal);
  }

  /** Answers the request that `table` retains for `slot`; the caller ends the transaction. */
  refusePending(requester: RelayPeer, table: TransactionTable, slot: number, refusal: Refusal): void {
    const segment = table.segmentOf(slot);
    const at = table.offsetOf(slot);
    const length = segment.view.getUint32(at) & 0xffffff;
    this.#send(requester, segment.bytes, at, at + length, table.hopByHopOf(slot), refusal);
  }

  #send(to: RelayPeer, bytes: Uint8Array, at: number, end: number, hopByHop: number, refusal: Refusal): void {
    const { counters, observer } = this.#runtime;
    const answer = errorAnswerWith(bytes, at, end, this.#avpsOf(refusal, to.link === undefined));
    viewOf(answer).setUint32(OFFSET.hopByHop, hopByHop);
    to.peer.out.push(answer);
    to.messagesSent++;
    if (to.link === undefined) counters.toApp++;
    else {
      counters.toDra++;
      to.link.dra.counters.messagesSent++;
    }
    count(counters.errorAnswers, `${refusal.resultCode} ${refusal.reason}`);
    observer?.(messageRecord("error_answer", answer, 0, answer.length, "", to.originHost, hopByHop, 0));
  }

  /** Their AVPs are the same for thousands when a DRA is overloaded or gone. */
  #avpsOf(refusal: Refusal, toApp: boolean): Uint8Array {
    if (!(refusal instanceof LastingRefusal) || !toApp) return this.#make(refusal, toApp);
    return refusal.avps ??= this.#make(refusal, toApp);
  }

  #make(refusal: Refusal, toApp: boolean): Uint8Array {
    const { resultCode, failedAvp } = refusal;
    const message = toApp ? errorMessage(refusal, this.#runtime.options.errorDetail) : refusal.message;
    const { originHost, originRealm, originStateId } = this.#runtime.local;
    const answer = {
      originHost,
      originRealm,
      originStateId,
      resultCode,
      ...(message === undefined ? {} : { message }),
    };
    if (failedAvp !== undefined) return errorAvps({ ...answer, failedAvp });
    const key = `${resultCode} ${message ?? ""}`;
    let avps = this.#known.get(key);
    if (avps === undefined) {
      // Some messages quote the request: what is remembered of them is bounded.
      if (this.#known.size >= 256) this.#known.clear();
      avps = errorAvps(answer);
      this.#known.set(key, avps);
    }
    return avps;
  }
}
