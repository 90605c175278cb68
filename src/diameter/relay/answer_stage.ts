/**
 * What happens to an answer, from either side (RFC 6733 section 6.2).
 * @module
 */
import type { Block } from "../../net/block.ts";
import { FLAG, OFFSET } from "../wire/header.ts";
import { count } from "./counters.ts";
import type { DraLink } from "./dra_link.ts";
import { messageRecord } from "./message_record.ts";
import type { RelayPeer } from "./relay_peer.ts";
import type { RelayRuntime } from "./relay_runtime.ts";
import { writeAnswer } from "./relay_writer.ts";
import type { Retries } from "./retries.ts";
import { ENDED, type TransactionTable } from "./transactions.ts";

/** Takes answers one by one, straight from the batch they lie in. */
export class AnswerStage {
  readonly #runtime: RelayRuntime;
  readonly #reverse: TransactionTable;
  readonly #retries: Retries;
  readonly #relay: boolean;

  constructor(runtime: RelayRuntime, reverse: TransactionTable, retries: Retries) {
    this.#runtime = runtime;
    this.#reverse = reverse;
    this.#retries = retries;
    this.#relay = runtime.options.mode === "relay";
  }

  /**
   * Takes the answer of a DRA from `at`, `length` bytes long.
   * @param word its second header word @param now microseconds modulo 2^32
   */
  fromDra(link: DraLink, block: Block, at: number, length: number, word: number, now: number): void {
    try {
      this.#fromDra(link, block, at, length, word, now);
    } catch (error) {
      // The answers behind it are not to suffer; the transaction ends by its deadline.
      this.#runtime.defect(error, "lives_on");
    }
  }

  #fromDra(link: DraLink, block: Block, at: number, length: number, word: number, now: number): void {
    const { table } = link;
    const id = block.view.getInt32(at + OFFSET.hopByHop);
    const slot = table.find(id);
    if (slot < 0) return count(this.#runtime.counters.unmatched, table.nameUnmatched(id));
    const requester = this.#runtime.connections.get(table.requesterOf(slot));
    if (requester === undefined) {
      count(this.#runtime.counters.unmatched, "gone");
      return this.#retries.forget(link, slot, ENDED.answered);
    }
    if ((word & (FLAG.error << 24)) !== 0 && this.#retries.takeErrorAnswer(link, slot, block, at, length)) return;
    this.#deliver(requester, table, slot, block, at, length, now);
    this.#runtime.counters.toApp++;
    if (table.isRetried(slot)) this.#retries.forget(link, slot, ENDED.answered);
    else table.close(slot);
    this.#observe(link.relayPeer, requester, table, slot, block, at, length);
  }

  /** Takes the answer of a Logic App. It must come over the connection that the request went to. */
  fromApp(app: RelayPeer, block: Block, at: number, length: number, now: number): void {
    try {
      this.#fromApp(app, block, at, length, now);
    } catch (error) {
      this.#runtime.defect(error, "lives_on");
    }
  }

  #fromApp(app: RelayPeer, block: Block, at: number, length: number, now: number): void {
    const table = this.#reverse;
    const id = block.view.getInt32(at + OFFSET.hopByHop);
    const slot = table.find(id);
    if (slot < 0) return count(this.#runtime.counters.unmatched, table.nameUnmatched(id));
    if (table.targetOf(slot) !== app.key) return count(this.#runtime.counters.unmatched, "unknown");
    const requester = this.#runtime.connections.get(table.requesterOf(slot));
    if (requester === undefined) {
      count(this.#runtime.counters.unmatched, "gone");
      app.owed--;
      return table.close(slot);
    }
    this.#deliver(requester, table, slot, block, at, length, now);
    app.owed--;
    this.#runtime.counters.toDra++;
    if (requester.link !== undefined) requester.link.dra.counters.messagesSent++;
    table.close(slot);
    this.#observe(app, requester, table, slot, block, at, length);
  }

  #deliver(
    requester: RelayPeer,
    table: TransactionTable,
    slot: number,
    block: Block,
    at: number,
    length: number,
    now: number,
  ): void {
    const { counters } = this.#runtime;
    writeAnswer(requester.peer.out, block, at, length, table.hopByHopOf(slot), this.#relay);
    requester.inFlight--;
    requester.messagesSent++;
    counters.completed++;
    counters.latencySum += (now - table.startedOf(slot)) >>> 0;
  }

  /**
   * Last of all: whatever an observer does, the transaction has ended. Its ids are kept until the
   * slot is used again.
   */
  #observe(
    from: RelayPeer | undefined,
    requester: RelayPeer,
    table: TransactionTable,
    slot: number,
    block: Block,
    at: number,
    length: number,
  ): void {
    this.#runtime.observer?.(
      messageRecord(
        "answer",
        block.bytes,
        at,
        at + length,
        from?.originHost ?? "",
        requester.originHost,
        table.hopByHopOf(slot),
        table.idOf(slot),
      ),
    );
  }
}
