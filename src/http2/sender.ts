/**
 * All that one side sends: frames straight into the out-queue, and what must wait for windows.
 * @module
 */
import type { ByteWriter } from "../net/out_queue.ts";
import { OutQueue } from "../net/out_queue.ts";
import { HpackEncoder } from "./hpack/encoder.ts";
import type { HeaderList } from "./hpack/header_list.ts";
import { FLAG, FRAME, FRAME_HEADER, PREFACE, writeFrameHeader, writeWord } from "./frame.ts";
import type { PeerLimits } from "./limits.ts";
import type { Http2Node } from "./node.ts";
import { SendBuffer } from "./send_buffer.ts";
import { INITIAL_FRAME_SIZE, INITIAL_WINDOW, MAX_WINDOW, type PeerSettings } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";
import { afterLocalEnd, STATE } from "./stream_state.ts";

/**
 * Octets in the out-queue above which DATA waits in its stream: enough for the system to be busy,
 * so little that what is more urgent does not wait long behind it.
 */
const AHEAD = 128 * 1024;

/** What the sender tells its connection. */
export interface SenderOwner {
  /** Both halves of `stream` have ended, by what was sent. */
  finished(stream: Http2Stream): void;
  /** A `reset` of `stream` that waited for its data is due. */
  resetDue(stream: Http2Stream): void;
  /** All that waited of `stream` has gone to the queue. */
  drained(stream: Http2Stream): void;
  /** A write failed. */
  writeFailed(error: unknown): void;
}

/** The sending half of a connection. */
export class Sender {
  readonly out: OutQueue;
  /** What the peer lets all streams send together. */
  window = INITIAL_WINDOW;
  readonly #owner: SenderOwner;
  readonly #settings: PeerSettings;
  readonly #limits: PeerLimits;
  readonly #encoder = new HpackEncoder();
  /** Streams with data that wait for the connection's window or the queue, next one first. */
  readonly #round: Http2Stream[] = [];
  #pumping = false;

  constructor(
    writer: ByteWriter,
    node: Http2Node,
    queueLimit: number,
    owner: SenderOwner,
    settings: PeerSettings,
    limits: PeerLimits,
  ) {
    this.#owner = owner;
    this.#settings = settings;
    this.#limits = limits;
    this.out = new OutQueue(writer, node.segments, {
      limit: queueLimit,
      failed: (error) => owner.writeFailed(error),
      written: () => {
        if (this.#round.length === 0 || this.out.queuedBytes > AHEAD / 2) return;
        if (node.turns.isLong) node.turns.next(this.#goOn);
        else this.pump();
      },
    }, node.clock);
  }

  readonly #goOn = (): void => {
    if (!this.out.closed) this.pump();
  };

  /** The client's first octets. */
  preface(): void {
    this.out.push(PREFACE);
  }

  /** Our SETTINGS: identifiers and values in turn. */
  settings(pairs: readonly number[]): void {
    const payload = new Uint8Array(pairs.length * 3);
    for (let i = 0; i < pairs.length; i += 2) {
      payload[i * 3 + 1] = pairs[i]!;
      writeWord(payload, i * 3 + 2, pairs[i + 1]!);
    }
    this.#small(FRAME.SETTINGS, 0, 0, payload);
  }

  /** The ACK of the peer's SETTINGS, which are in force from here on. */
  acknowledgeSettings(): void {
    this.#encoder.setPeerTableSize(this.#settings.headerTableSize);
    this.#small(FRAME.SETTINGS, FLAG.ACK, 0, NOTHING);
  }

  /** @param payload 8 octets */
  ping(payload: Uint8Array, ack: boolean): void {
    this.#small(FRAME.PING, ack ? FLAG.ACK : 0, 0, payload);
  }

  goaway(lastId: number, code: number, debug: string): void {
    const text = new TextEncoder().encode(debug);
    const payload = new Uint8Array(8 + text.length);
    writeWord(payload, 0, lastId);
    writeWord(payload, 4, code);
    payload.set(text, 8);
    this.#small(FRAME.GOAWAY, 0, 0, payload);
  }

  resetStream(id: number, code: number): void {
    this.#word(FRAME.RST_STREAM, id, code);
  }

  windowUpdate(id: number, increment: number): void {
    this.#word(FRAME.WINDOW_UPDATE, id, increment);
  }

  /** A header section of `stream`; behind data that waits when there is some. */
  headers(stream: Http2Stream, list: HeaderList, end: boolean): void {
    if (stream.pendingBytes > 0) {
      // Only trailers can come behind data.
      stream.pendingTrailers = list;
      stream.endQueued = true;
      return;
    }
    this.#writeHeaders(stream.id, list, end);
    if (end) this.#ended(stream);
  }

  /** Data of `stream`; what cannot go now is copied. */
  data(stream: Http2Stream, bytes: Uint8Array, end: boolean): void {
    let at = 0;
    if (stream.pendingBytes === 0) {
      if (bytes.length === 0) {
        if (!end) return;
        this.#writeData(stream, bytes, 0, 0, true);
        return this.#ended(stream);
      }
      if (this.#round.length === 0) {
        while (at < bytes.length) {
          const count = this.#mayWrite(stream, bytes.length - at);
          if (count === 0) break;
          const last = end && at + count === bytes.length;
          this.#writeData(stream, bytes, at, count, last);
          at += count;
        }
        if (at === bytes.length) {
          if (end) this.#ended(stream);
          return;
        }
      }
    }
    if (end) stream.endQueued = true;
    if (at === bytes.length) return;
    (stream.pending ??= new SendBuffer()).add(bytes, at);
    stream.pendingBytes += bytes.length - at;
    this.enqueue(stream);
  }

  /** `stream` has data that waits, and perhaps a window for it. */
  enqueue(stream: Http2Stream): void {
    if (stream.queued || stream.sendWindow <= 0 || stream.pendingBytes === 0) return;
    stream.queued = true;
    this.#round.push(stream);
  }

  /** Sends what waits, one frame of each stream in turn, as far as window and queue allow. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const round = this.#round;
    while (round.length > 0 && this.window > 0 && this.out.queuedBytes < AHEAD) {
      const stream = round.shift()!;
      stream.queued = false;
      if (stream.pendingBytes === 0) continue;
      this.#sendPending(stream);
      this.enqueue(stream);
    }
    this.#pumping = false;
  }

  /** Drops what waits of `stream`. */
  drop(stream: Http2Stream): void {
    stream.pending = undefined;
    stream.pendingBytes = 0;
    stream.pendingTrailers = undefined;
  }

  /** Adds to the connection's window. @returns false when it becomes too large */
  widen(increment: number): boolean {
    this.window += increment;
    return this.window <= MAX_WINDOW;
  }

  #sendPending(stream: Http2Stream): void {
    const pending = stream.pending!;
    const count = this.#mayWrite(stream, pending.ready);
    if (count === 0) return;
    const all = count === stream.pendingBytes;
    const last = all && stream.endQueued && stream.pendingTrailers === undefined;
    this.#writeData(stream, pending.piece, pending.at, count, last);
    pending.take(count);
    stream.pendingBytes -= count;
    if (!all) return;
    stream.pending = undefined;
    if (stream.pendingTrailers !== undefined) {
      const trailers = stream.pendingTrailers;
      stream.pendingTrailers = undefined;
      this.#writeHeaders(stream.id, trailers, true);
    }
    if (stream.endQueued) this.#ended(stream);
    if (stream.resetWhenSent) this.#owner.resetDue(stream);
    else this.#owner.drained(stream);
  }

  #ended(stream: Http2Stream): void {
    stream.endQueued = true;
    stream.state = afterLocalEnd(stream.state);
    if (stream.state === STATE.closed) this.#owner.finished(stream);
  }

  /** Octets of `wanted` that may go now in one frame. */
  #mayWrite(stream: Http2Stream, wanted: number): number {
    if (this.out.queuedBytes >= AHEAD) return 0;
    const count = Math.min(wanted, stream.sendWindow, this.window, INITIAL_FRAME_SIZE);
    return count > 0 ? count : 0;
  }

  #writeData(stream: Http2Stream, from: Uint8Array, at: number, count: number, end: boolean): void {
    const segment = this.out.reserve(FRAME_HEADER + count);
    const { bytes, head } = segment;
    writeFrameHeader(bytes, head, count, FRAME.DATA, end ? FLAG.END_STREAM : 0, stream.id);
    const to = head + FRAME_HEADER;
    if (count < SHORT) {
      for (let i = 0; i < count; i++) bytes[to + i] = from[at + i]!;
    } else {
      bytes.set(count === from.length ? from : from.subarray(at, at + count), to);
    }
    this.out.commit(FRAME_HEADER + count);
    stream.sendWindow -= count;
    this.window -= count;
    this.#limits.dataSent++;
  }

  #writeHeaders(id: number, list: HeaderList, end: boolean): void {
    const segment = this.out.reserve(FRAME_HEADER + this.#encoder.maxLength(list));
    const { bytes, head } = segment;
    const start = head + FRAME_HEADER;
    const length = this.#encoder.encode(list, bytes, start) - start;
    this.#limits.headersSent++;
    const endFlag = end ? FLAG.END_STREAM : 0;
    if (length <= INITIAL_FRAME_SIZE) {
      writeFrameHeader(bytes, head, length, FRAME.HEADERS, FLAG.END_HEADERS | endFlag, id);
      return this.out.commit(FRAME_HEADER + length);
    }
    const block = bytes.slice(start, start + length);
    for (let at = 0; at < length; at += INITIAL_FRAME_SIZE) {
      const part = block.subarray(at, at + INITIAL_FRAME_SIZE);
      const last = at + part.length === length ? FLAG.END_HEADERS : 0;
      this.#small(at === 0 ? FRAME.HEADERS : FRAME.CONTINUATION, (at === 0 ? endFlag : 0) | last, id, part);
    }
  }

  #word(type: number, id: number, value: number): void {
    const segment = this.out.reserve(FRAME_HEADER + 4);
    writeFrameHeader(segment.bytes, segment.head, 4, type, 0, id);
    writeWord(segment.bytes, segment.head + FRAME_HEADER, value);
    this.out.commit(FRAME_HEADER + 4);
  }

  #small(type: number, flags: number, id: number, payload: Uint8Array): void {
    const segment = this.out.reserve(FRAME_HEADER + payload.length);
    writeFrameHeader(segment.bytes, segment.head, payload.length, type, flags, id);
    segment.bytes.set(payload, segment.head + FRAME_HEADER);
    this.out.commit(FRAME_HEADER + payload.length);
  }
}

const NOTHING = new Uint8Array(0);
/** Below so many octets a loop costs less than a call. */
const SHORT = 64;
