/**
 * The last stage of every connection: messages leave their batch for an out-queue.
 * @module
 */
import { FLAG } from "../../wire/header.ts";
import { type BatchTaker, REFUSED } from "../../peer/peer_gate.ts";
import type { AnswerStage } from "./answers.ts";
import type { RelayPeer } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import type { RequestStage } from "./requests.ts";

/**
 * Requests go to one stage, answers to the other. When a Logic App does not read its answers, the next batch is not taken from it until it does, and neither while a DRA's queue is full; a DRA is
 * read on, because its watchdog answers come the same way, unless it asks far more than it reads answers.
 */
export function relayTaker(
  runtime: RelayRuntime,
  self: () => RelayPeer | undefined,
  requests: RequestStage,
  answers: AnswerStage,
): BatchTaker {
  return (batch) => {
    const from = self();
    if (from === undefined) return batch.release();
    const { block, end } = batch;
    const { view } = block;
    const { link } = from;
    const milliseconds = runtime.clock.now();
    const now = Math.floor(milliseconds * 1000) | 0;
    const tick = runtime.tickAt(milliseconds);
    const refused = batch.mark === REFUSED;
    let messages = 0;
    let asked = false;
    try {
      for (let at = batch.start; at < end;) {
        const length = view.getUint32(at) & 0xffffff;
        const word = view.getUint32(at + 4);
        if ((word & (FLAG.request << 24)) !== 0) {
          asked = true;
          requests.take(from, block, at, length, word, now, tick, refused);
        } else if (link !== undefined) answers.fromDra(link, block, at, length, word, now);
        else answers.fromApp(from, block, at, length, now);
        at += length;
        messages++;
      }
    } finally {
      batch.release();
      from.messagesReceived += messages;
      if (link === undefined) runtime.counters.fromApp += messages;
      else {
        runtime.counters.fromDra += messages;
        link.dra.counters.messagesReceived += messages;
      }
    }
    // What its answers have made room for belongs to those who wait.
    if (link !== undefined && requests.waiting > 0) requests.callWaiting(tick, 0);
    const { congested } = requests;
    requests.congested = undefined;
    if (link !== undefined) return asked ? from.peer.roomForAnswers() : undefined;
    if (from.peer.out.full) return from.peer.out.drained();
    return congested?.drained();
  };
}
