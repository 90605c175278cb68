/**
 * The stage that takes out of a connection's stream what concerns this connection alone.
 * @module
 */
import { Batch, type BatchOwner } from "../../net/batch.ts";
import type { Block } from "../../net/block.ts";
import { AvpLengthError, avpsOf } from "../wire/avp.ts";
import { COMMAND, isPeerCommand } from "../wire/command_codes.ts";
import { failedAvpAt } from "../wire/error_answer.ts";
import { FRAME_FAULT } from "../wire/frame_rule.ts";
import { FLAG, HEADER_LENGTH, readHeader } from "../wire/header.ts";
import { RESULT } from "../wire/result_codes.ts";
import type { Peer } from "./peer.ts";
import { describeStranger } from "./stranger.ts";

/**
 * Mark of a batch whose requests came after a DPR of either side: they are answered, not served
 * (RFC 6733 section 5.4).
 */
export const REFUSED = 1;

/** A message that cannot be taken for what it is. */
export interface MalformedMessage {
  /** One of a small fixed set. */
  readonly reason: string;
  /** For a person. */
  readonly message: string;
  /** With what it is answered; 0 when it is not. */
  readonly resultCode: number;
  /** It, or its beginning, from `at` to `end`. */
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
}

/** Told of what a gate threw away: why, and of what is malformed, what it was. */
export type DiscardCounter = (reason: string, malformed?: MalformedMessage) => void;

/**
 * Takes a batch of relayable messages, which it releases; a promise asks to wait for it before the
 * next one.
 */
export type BatchTaker = (batch: Batch) => void | Promise<void>;

/**
 * Batches of frames in, batches of relayable messages out. CER, DWR, DPR and their answers go to
 * the peer machine, in order with the rest; what arrives in a state that does not allow it is
 * dropped; a frame fault is answered where the protocol has an answer and ends the connection.
 *
 * @param keep asked when the watchdog wants messages thrown away (REOPEN): true serves them all the
 * same
 */
export function peerGate(
  peer: Peer,
  discarded: DiscardCounter = () => {},
  keep: () => boolean = () => false,
): TransformStream<Batch, Batch> {
  return new TransformStream<Batch, Batch>({
    transform(batch, controller) {
      return screen(peer, batch, (part) => controller.enqueue(part), discarded, keep);
    },
  });
}

/**
 * The gate and what lies behind it as the last stage of a chain: a stage of its own costs an idle
 * connection 7 KB and a busy one a hop for each read.
 */
export function gatedSink(
  peer: Peer,
  take: BatchTaker,
  discarded: DiscardCounter = () => {},
  keep: () => boolean = () => false,
): WritableStream<Batch> {
  return new WritableStream<Batch>({ write: gate(peer, take, discarded, keep) });
}

/** The same as a function: what is relayable among the batches that it is given goes to `take`. */
export function gate(
  peer: Peer,
  take: BatchTaker,
  discarded: DiscardCounter = () => {},
  keep: () => boolean = () => false,
): BatchTaker {
  return (batch) => screen(peer, batch, take, discarded, keep);
}

/** Hands on a batch of nothing but relayable messages at once; any other is sorted out. */
function screen(
  peer: Peer,
  batch: Batch,
  take: BatchTaker,
  discarded: DiscardCounter,
  keep: () => boolean,
): void | Promise<void> {
  if (peer.open && batch.fault === undefined && isPlain(batch)) {
    peer.readBytes += batch.end - batch.start;
    if (peer.watchdog.received(peer.node.clock.now()) || keep()) return take(batch);
    for (let { start: at, end, block: { view } } = batch; at < end; at += view.getUint32(at) & 0xffffff) {
      discarded("reopen");
    }
    return batch.release();
  }
  return sortOut(peer, batch, take, discarded, keep);
}

/** Whether no message of the batch is a peer command. */
function isPlain({ block: { view }, start, end }: Batch): boolean {
  for (let at = start; at < end; at += view.getUint32(at) & 0xffffff) {
    if (isPeerCommand(view.getUint32(at + 4) & 0xffffff)) return false;
  }
  return true;
}

/**
 * Message by message: runs of relayable ones are handed on as parts of the batch, in order with
 * what the peer machine takes.
 */
async function sortOut(
  peer: Peer,
  batch: Batch,
  take: BatchTaker,
  discarded: DiscardCounter,
  keep: () => boolean,
): Promise<void> {
  peer.readBytes += batch.end - batch.start;
  const { block, end } = batch;
  const view = block.view;
  const shared = new SharedBatch(batch);
  const hand = (from: number, to: number) => {
    if (from >= to) return;
    const part = shared.part(from, to);
    if (!peer.open) part.mark = REFUSED;
    return take(part);
  };
  /** First byte of the messages that may pass and have not yet. */
  let run = batch.start;
  for (let at = batch.start; at < end;) {
    const next = at + (view.getUint32(at) & 0xffffff);
    const plain = !isPeerCommand(view.getUint32(at + 4) & 0xffffff);
    if (plain && peer.open) {
      if (!(peer.watchdog.received(peer.node.clock.now()) || keep())) {
        discarded("reopen");
        await hand(run, at);
        run = next;
      }
    } else {
      await hand(run, at);
      run = await takeOne(peer, block, at, next, discarded) ? at : next;
    }
    at = next;
  }
  if (batch.fault !== undefined) {
    await hand(run, end);
    run = end;
    takeFault(peer, batch.fault.kind, batch.fault.bytes, discarded);
  }
  await hand(run, end);
  shared.close();
  // Peer commands are answered here, and whoever sends one after the other is to read the answers.
  await peer.roomForAnswers();
}

/** One message that is not simply relayable; true when it may pass all the same. */
function takeOne(
  peer: Peer,
  block: Block,
  at: number,
  end: number,
  discarded: DiscardCounter,
): boolean | Promise<boolean> {
  const bytes = block.bytes;
  const header = readHeader(bytes, at);
  const request = (header.flags & FLAG.request) !== 0;
  // What is wrong with a message is told to peers only; anything but a CER of a stranger ends its
  // connection.
  if (!isPeerCommand(header.command) || !mayAnswer(peer, header.command)) return peer.take(bytes, at, end, header);
  if (request && (header.flags & FLAG.error) !== 0) {
    const reason = "R and E are both set";
    const resultCode = RESULT.invalidHeaderBits;
    discarded("header_bits", { reason: "header_bits", message: reason, resultCode, bytes, at, end });
    const { stranger } = peer;
    peer.refuse(bytes, at, end, RESULT.invalidHeaderBits, reason);
    if (stranger) peer.closeWhenWritten(`its CER was refused with ${RESULT.invalidHeaderBits}: ${reason}`);
    return false;
  }
  // A DWA has rows of its own in the watchdog's table; any other message resets Tw or ends SUSPECT.
  if (peer.live && (request || header.command !== COMMAND.deviceWatchdog)) {
    peer.watchdog.received(peer.node.clock.now());
  }
  try {
    for (const avp of avpsOf(bytes, at + HEADER_LENGTH, end)) void avp;
  } catch (error) {
    if (!(error instanceof AvpLengthError)) throw error;
    // A CER reads its own AVPs: its answer is a CEA.
    if (request && header.command !== COMMAND.capabilitiesExchange) {
      const { message } = error;
      const resultCode = RESULT.invalidAvpLength;
      discarded("avp_length", { reason: "avp_length", message, resultCode, bytes, at, end });
      peer.refuse(bytes, at, end, resultCode, message, failedAvpAt(bytes, error.offset, end));
      return false;
    }
  }
  return peer.take(bytes, at, end, header);
}

/**
 * Whether a request with `command` is answered now: before the capabilities exchange, nothing but a
 * CER is.
 */
function mayAnswer(peer: Peer, command: number): boolean {
  return peer.live || (peer.stranger && command === COMMAND.capabilitiesExchange);
}

/** A stream that cannot be followed: answer what can be answered, then end. */
function takeFault(peer: Peer, kind: string, header: Uint8Array, discarded: DiscardCounter): void {
  const told = (resultCode: number, message: string) => {
    const reason = `frame_${kind}`;
    discarded(reason, { reason, message, resultCode, bytes: header, at: 0, end: header.length });
  };
  const request = header.length >= HEADER_LENGTH && (header[4]! & FLAG.request) !== 0 &&
    mayAnswer(peer, (header[5]! << 16) | (header[6]! << 8) | header[7]!);
  if (request && kind === FRAME_FAULT.version) {
    const reason = `version ${header[0]} is not supported, this node speaks version 1`;
    told(RESULT.unsupportedVersion, reason);
    peer.refuse(header, 0, HEADER_LENGTH, RESULT.unsupportedVersion, reason);
    peer.closeWhenWritten(reason);
  } else if (request && kind === FRAME_FAULT.alignment) {
    const length = (header[1]! << 16) | (header[2]! << 8) | header[3]!;
    const reason = `message length ${length} is not a multiple of 4`;
    told(RESULT.invalidMessageLength, reason);
    peer.refuse(header, 0, HEADER_LENGTH, RESULT.invalidMessageLength, reason);
    peer.closeWhenWritten(reason);
  } else {
    const reason = describeStranger(kind, header);
    told(0, reason);
    peer.abort(reason);
  }
}

/** Several batches over the memory of one: it is released when the last part is. */
class SharedBatch implements BatchOwner {
  #parts = 1;
  readonly #batch: Batch;

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  part(start: number, end: number): Batch {
    this.#parts++;
    return new Batch(this, this.#batch.block, start, end);
  }

  /** No more parts come. */
  close(): void {
    this.released();
  }

  released(): void {
    if (--this.#parts === 0) this.#batch.release();
  }
}
