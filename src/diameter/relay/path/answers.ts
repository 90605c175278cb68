/**
 * What happens to an answer, from either side (RFC 6733 section 6.2).
 * @module
 */
import { resultCodeIn } from "../../wire/result_code_in.ts";
import type { MessageObserver } from "../core/events.ts";
import type { Incoming } from "../core/incoming.ts";
import type { Place, RelayPeer, Verdicts } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import { ENDED, TICK, type TransactionTable } from "../core/transactions.ts";
import type { Duplicates } from "./duplicates.ts";
import { relayedRecord } from "./record.ts";
import type { Retries } from "./retries.ts";
import type { Tracing } from "./tracing.ts";
import { writeAnswer } from "./writer.ts";

/** Takes answers one by one, straight from the batch they lie in. */
export class AnswerStage {
  readonly #runtime: RelayRuntime;
  readonly #reverse: TransactionTable;
  readonly #retries: Retries;
  readonly #duplicates: Duplicates;
  readonly #tracing: Tracing | undefined;
  #relay = false;

  constructor(
    runtime: RelayRuntime,
    reverse: TransactionTable,
    retries: Retries,
    duplicates: Duplicates,
    tracing?: Tracing,
  ) {
    this.#duplicates = duplicates;
    this.#runtime = runtime;
    this.#reverse = reverse;
    this.#retries = retries;
    this.#tracing = tracing;
    this.configure();
  }

  /** Takes what may change while it runs. */
  configure(): void {
    this.#relay = this.#runtime.options.mode === "relay";
  }

  /**
   * Takes an answer. The answers behind it do not suffer from a defect; its transaction ends by its
   * deadline then.
   */
  take(answer: Incoming): void {
    try {
      const { link } = answer.from;
      if (link === undefined) this.#fromApp(answer);
      else this.#fromDra(link, answer);
    } catch (error) {
      this.#runtime.defect(error, "lives_on");
    }
  }

  #fromDra(link: Place, answer: Incoming): void {
    const { table } = link;
    const { meters, connections, observer } = this.#runtime;
    const slot = table.find(answer.hopByHop);
    if (slot < 0) return this.#unmatched(table, answer);
    if (link.dra.breaker !== undefined) judge(link.dra.breaker, table, slot, answer);
    const duplicates = this.#duplicates;
    let requester = connections.get(table.requesterOf(slot));
    if (requester === undefined && duplicates.isOn) requester = duplicates.heir(table, slot);
    if (requester === undefined) {
      if (duplicates.isOn) duplicates.answered(table, slot, answer.block.bytes, answer.at, answer.end, answer.tick);
      this.#abandoned(table, slot, answer);
      return this.#retries.forget(link, slot, ENDED.answered);
    }
    if (answer.isError && this.#retries.takeErrorAnswer(link, slot, answer)) return;
    if (duplicates.isOn) duplicates.answered(table, slot, answer.block.bytes, answer.at, answer.end, answer.tick);
    const duration = this.#deliver(requester, table, slot, answer);
    meters.toApp++;
    const { answers, duration: durations } = link.dra.meters;
    answers.of(resultCodeIn(answer.block.view, answer.at, answer.end)).value++;
    durations.observe(duration);
    if (table.isRetried(slot)) this.#retries.forget(link, slot, ENDED.answered);
    else table.close(slot);
    this.#tracing?.answered(requester, table, slot, answer);
    if (observer !== undefined) this.#observe(observer, requester, table, slot, answer);
  }

  /** It must come over the connection that the request went to. */
  #fromApp(answer: Incoming): void {
    const table = this.#reverse;
    const { meters, connections, observer } = this.#runtime;
    const app = answer.from;
    const slot = table.find(answer.hopByHop);
    if (slot < 0) return this.#unmatched(table, answer);
    if (table.targetOf(slot) !== app.key) {
      meters.unmatchedBy.unknown.value++;
      return;
    }
    const requester = connections.get(table.requesterOf(slot));
    if (requester === undefined) {
      app.owed--;
      this.#abandoned(table, slot, answer);
      return table.close(slot);
    }
    this.#deliver(requester, table, slot, answer);
    app.owed--;
    meters.toDra++;
    if (requester.link !== undefined) {
      const { dra } = requester.link;
      dra.meters.messagesSent++;
      dra.meters.reverseAnswers.of(resultCodeIn(answer.block.view, answer.at, answer.end)).value++;
    }
    table.close(slot);
    this.#tracing?.answered(requester, table, slot, answer);
    if (observer !== undefined) this.#observe(observer, requester, table, slot, answer);
  }

  #unmatched(table: TransactionTable, { hopByHop }: Incoming): void {
    this.#runtime.meters.unmatchedBy[table.nameUnmatched(hopByHop)].value++;
  }

  /** The requester has left. The caller closes the slot. */
  #abandoned(table: TransactionTable, slot: number, answer: Incoming): void {
    this.#runtime.meters.unmatchedBy.gone.value++;
    this.#tracing?.abandoned(table, slot, answer);
  }

  /** @returns microseconds since the request came */
  #deliver(requester: RelayPeer, table: TransactionTable, slot: number, answer: Incoming): number {
    writeAnswer(requester.peer.out, answer, table.hopByHopOf(slot), this.#relay);
    requester.messagesSent++;
    const { ledger, meters } = this.#runtime;
    ledger.ended(requester, "completed");
    const duration = (answer.receivedAt - table.startedOf(slot)) >>> 0;
    meters.latencySum += duration;
    return duration;
  }

  /**
   * Last of all: whatever an observer does, the transaction has ended. Its ids are kept until the
   * slot is used again.
   */
  #observe(
    observer: MessageObserver,
    requester: RelayPeer,
    table: TransactionTable,
    slot: number,
    answer: Incoming,
  ): void {
    observer(relayedRecord("answer", answer, requester.originHost, table.hopByHopOf(slot), table.idOf(slot)));
  }
}

/** How a request ended, for the circuit breaker of its DRA. */
function judge(breaker: Verdicts, table: TransactionTable, slot: number, answer: Incoming): void {
  const code = resultCodeIn(answer.block.view, answer.at, answer.end);
  // Where it was asked for elsewhere before, nobody knows how long this DRA took.
  const duration = table.isRetried(slot) ? 0 : (answer.receivedAt - table.startedOf(slot)) >>> 0;
  breaker.answered(table, slot, answer.isError, code, duration, answer.tick * TICK);
}
