/**
 * Where messages come in: from here each goes its way, and leaves its batch for an out-queue.
 * @module
 */
import type { Batch } from "../../../net/batch.ts";
import { REFUSED } from "../../peer/peer_gate.ts";
import { Incoming } from "../core/incoming.ts";
import type { RelayPeer, Served } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import type { AnswerStage } from "./answers.ts";
import type { RequestStage } from "./requests.ts";

/** The entry of one relay, for the batches of all connections. */
export class Entry {
  readonly #runtime: RelayRuntime;
  readonly #requests: RequestStage;
  readonly #answers: AnswerStage;
  readonly #message = new Incoming();

  constructor(runtime: RelayRuntime, requests: RequestStage, answers: AnswerStage) {
    this.#runtime = runtime;
    this.#requests = requests;
    this.#answers = answers;
  }

  /**
   * Takes a batch of relayable messages of that connection: requests go to one stage, answers to
   * the other. When a Logic App does not read its answers, the promise asks not to take the next
   * batch from it until it does, and neither while a DRA's queue is full. A DRA is read on, because
   * its watchdog answers come the same way, unless it asks far more than it reads answers.
   */
  take(served: Served, batch: Batch): void | Promise<void> {
    const from = served.relayPeer;
    if (from === undefined) return batch.release();
    const { meters } = this.#runtime;
    const began = this.#runtime.clock.now();
    const message = this.#message;
    message.begin(from, batch.block, {
      receivedAt: Math.floor(began * 1000) | 0,
      tick: this.#runtime.tickAt(began),
      refused: batch.mark === REFUSED,
    });
    let messages = 0;
    let asked = false;
    try {
      for (let at = batch.start; at < batch.end; at = message.end) {
        message.moveTo(at);
        if (message.isRequest) {
          asked = true;
          this.#requests.take(message);
        } else this.#answers.take(message);
        messages++;
      }
    } finally {
      batch.release();
      this.#count(from, messages);
    }
    const { congested } = message;
    message.clear();
    if (from.link !== undefined) this.#requests.callWaiting(this.#runtime.tickAt(began), "who may go at once");
    meters.overheadOf.observe(Math.round((this.#runtime.clock.now() - began) * 1000), messages);
    if (from.link !== undefined) return asked ? from.peer.roomForAnswers() : undefined;
    return from.peer.out.full ? from.peer.out.drained() : congested?.drained();
  }

  #count(from: RelayPeer, messages: number): void {
    const { meters } = this.#runtime;
    from.messagesReceived += messages;
    if (from.link === undefined) meters.fromApp += messages;
    else {
      meters.fromDra += messages;
      from.link.dra.meters.messagesReceived += messages;
    }
  }
}
