/**
 * Writing relayed messages into out-queues: the bytes as they came, but for what a relay changes.
 * @module
 */
import { copyWords } from "../../../net/block.ts";
import type { OutQueue } from "../../../net/out_queue.ts";
import type { Segment } from "../../../net/segment.ts";
import { FLAG, OFFSET, VERSION_1 } from "../../wire/header.ts";
import type { Incoming } from "../core/incoming.ts";
import type { TransactionTable } from "../core/transactions.ts";

/** Header bits that a relay sends as they came: R, P, E, T. In transparent mode all are. */
const REQUEST_MASK = ~(FLAG.reserved << 24);
/** T means nothing on an answer and is cleared (RFC 6733 section 3). */
const ANSWER_MASK = ~((FLAG.reserved | FLAG.retransmitted) << 24);
/** The version where it is written with the length. A constant here: the engine loads imports. */
const VERSION_WORD = VERSION_1 << 24;
const HOP_BY_HOP = OFFSET.hopByHop;

/** The longest message that a length of 24 bits can say, in whole words (RFC 6733 section 3). */
export const LONGEST_MESSAGE = 0xfffffc;

/** Bytes of a request when it is relayed: in relay mode it grows by one Route-Record. */
export function relayedLength({ from, at, end }: Incoming, relay: boolean): number {
  return relay ? end - at + from.routeRecordLength : end - at;
}

/**
 * Writes a request to the head of `segment`, where {@link relayedLength} bytes are free: under a
 * new hop-by-hop id, with one Route-Record of the peer it came from appended in relay mode. The
 * caller commits it; what is written there is what the table keeps.
 * @param target key of the connection it goes to, where the table serves several
 * @param deadline tick at which its life ends
 * @returns the slot of its transaction, which is opened last: whatever goes wrong before leaves
 * none behind
 */
export function writeRequest(
  request: Incoming,
  segment: Segment,
  table: TransactionTable,
  relay: boolean,
  target: number,
  deadline: number,
): number {
  const { from, block, at, length } = request;
  const to = segment.head;
  let total = length;
  copyWords(block, at, length, segment, to);
  const view = segment.view;
  if (relay) {
    const extra = from.routeRecordLength;
    total += extra;
    view.setUint32(to, VERSION_WORD | total);
    view.setInt32(to + 4, request.word & REQUEST_MASK);
    copyWords(from.routeRecord, 0, extra, segment, to + length);
  }
  const hopByHop = request.hopByHop;
  const slot = table.open(from.key, hopByHop, request.receivedAt, segment, target, total, deadline);
  view.setUint32(to + HOP_BY_HOP, table.idOf(slot));
  return slot;
}

/** Sends an answer with the requester's hop-by-hop id. */
export function writeAnswer(out: OutQueue, answer: Incoming, hopByHop: number, relay: boolean): void {
  const { length } = answer;
  const segment = out.reserve(length);
  const to = segment.head;
  copyWords(answer.block, answer.at, length, segment, to);
  if (relay) segment.view.setInt32(to + 4, answer.word & ANSWER_MASK);
  segment.view.setUint32(to + HOP_BY_HOP, hopByHop);
  out.commit(length);
}

/**
 * Sends the request that `table` retains for `slot` once more, to another peer.
 * @param retransmitted whether T is set; else it is cleared
 * @returns the slot of the new attempt
 */
export function writeAgain(
  table: TransactionTable,
  slot: number,
  out: OutQueue,
  target: TransactionTable,
  retransmitted: boolean,
): number {
  const from = table.segmentOf(slot);
  const at = table.offsetOf(slot);
  const length = from.view.getUint32(at) & 0xffffff;
  const segment = out.reserve(length);
  const to = segment.head;
  copyWords(from, at, length, segment, to);
  const next = target.open(
    table.requesterOf(slot),
    table.hopByHopOf(slot),
    table.startedOf(slot),
    segment,
    0,
    length,
    table.deadlineOf(slot),
  );
  const flags = segment.bytes[to + OFFSET.flags]!;
  segment.bytes[to + OFFSET.flags] = retransmitted ? flags | FLAG.retransmitted : flags & ~FLAG.retransmitted;
  segment.view.setUint32(to + HOP_BY_HOP, target.idOf(next));
  out.commit(length);
  return next;
}
