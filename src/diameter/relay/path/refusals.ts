/**
 * Answers that the gateway gives itself (RFC 6733 sections 6.2 and 7.2).
 * @module
 */
import { errorAnswerWith, errorAvps } from "../../wire/error_answer.ts";
import { OFFSET, viewOf } from "../../wire/header.ts";
import type { Incoming } from "../core/incoming.ts";
import type { Ending } from "../core/ledger.ts";
import { LastingRefusal, type Refusal } from "../core/refusal.ts";
import type { RelayPeer } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import type { TransactionTable } from "../core/transactions.ts";
import { errorMessage } from "./error_detail.ts";
import { messageRecord } from "./record.ts";

/** Builds and sends error answers, and counts them. */
export class Refusals {
  readonly #runtime: RelayRuntime;
  readonly #known = new Map<string, Uint8Array>();

  constructor(runtime: RelayRuntime) {
    this.#runtime = runtime;
  }

  /** Forgets what was prepared: what answers tell may change while it runs. */
  configure(): void {
    this.#known.clear();
  }

  /** Answers a request that never became a transaction towards the other side. */
  refuse(request: Incoming, refusal: Refusal): void {
    this.#send(request.from, request.block.bytes, request.at, request.end, request.hopByHop, refusal);
    const { ledger, refusedMessages } = this.#runtime;
    ledger.refused();
    const { resultCode, reason, message } = refusal;
    const why = { peer: request.from.originHost, resultCode, reason, message };
    refusedMessages.note(why, request.block.bytes, request.at, request.end, request.tick);
  }

  /** Answers the request that `table` retains for `slot`, which the caller closes. */
  end(requester: RelayPeer, table: TransactionTable, slot: number, refusal: Refusal, how: Ending): void {
    const segment = table.segmentOf(slot);
    const at = table.offsetOf(slot);
    const length = segment.view.getUint32(at) & 0xffffff;
    this.#send(requester, segment.bytes, at, at + length, table.hopByHopOf(slot), refusal);
    this.#runtime.ledger.ended(requester, how);
  }

  #send(to: RelayPeer, bytes: Uint8Array, at: number, end: number, hopByHop: number, refusal: Refusal): void {
    const { meters, observer } = this.#runtime;
    const answer = errorAnswerWith(bytes, at, end, this.#avpsOf(refusal, to.link === undefined));
    viewOf(answer).setUint32(OFFSET.hopByHop, hopByHop);
    to.peer.out.push(answer);
    to.messagesSent++;
    if (to.link === undefined) meters.toApp++;
    else {
      meters.toDra++;
      to.link.dra.meters.messagesSent++;
    }
    meters.errorAnswers.of({ code: String(refusal.resultCode), reason: refusal.reason }).value++;
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
