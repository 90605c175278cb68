/**
 * What the peer's frames mean for streams: bodies, header sections, ends and windows.
 * @module
 */
import { ERROR_CODE } from "./error_code.ts";
import { FLAG } from "./frame.ts";
import { HeaderBlock } from "./header_block.ts";
import { factsOf } from "./header_rules.ts";
import { HpackDecoder } from "./hpack/decoder.ts";
import type { HeaderList } from "./hpack/header_list.ts";
import { HpackError } from "./hpack/hpack_error.ts";
import type { StreamListener, ViolationKind } from "./listeners.ts";
import type { ReceiveWindow } from "./receive_window.ts";
import type { Sender } from "./sender.ts";
import { MAX_WINDOW, type PeerSettings } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";
import { MAX_ID, type Streams } from "./streams.ts";
import { afterRemoteEnd, judgeArrival, STATE } from "./stream_state.ts";

/** What the receiver tells its connection, and asks of it. */
export interface ReceiverOwner {
  readonly client: boolean;
  /** Streams that the peer may have open. */
  readonly maxConcurrentStreams: number;
  /** The peer broke a rule of the connection. */
  fail(code: number, reason: string): void;
  /** The peer went beyond a limit. */
  violation(kind: ViolationKind, reason: string): void;
  /** A frame that moves nothing. @returns whether the connection goes on */
  control(): boolean;
  /** The peer has reset a stream that was unfinished. */
  unfinished(): void;
  /** The peer may not know yet how many streams it may open. */
  readonly isNew: boolean;
}

/** Takes frames of streams; each method is one type. */
export class Receiver {
  /** The block that is not complete. */
  readonly block = new HeaderBlock();
  readonly #owner: ReceiverOwner;
  readonly #streams: Streams;
  readonly #sender: Sender;
  readonly #window: ReceiveWindow;
  readonly #peerSettings: PeerSettings;
  readonly #decoder: HpackDecoder;
  /** Octets that an encoded block may have. */
  readonly #longestBlock: number;

  constructor(
    owner: ReceiverOwner,
    streams: Streams,
    sender: Sender,
    window: ReceiveWindow,
    peerSettings: PeerSettings,
    maxHeaderList: number,
  ) {
    this.#owner = owner;
    this.#streams = streams;
    this.#sender = sender;
    this.#window = window;
    this.#peerSettings = peerSettings;
    this.#decoder = new HpackDecoder({ maxListSize: maxHeaderList });
    this.#longestBlock = 2 * maxHeaderList;
  }

  data(bytes: Uint8Array, at: number, next: number, flags: number, id: number): void {
    const length = next - at;
    const owner = this.#owner;
    const streams = this.#streams;
    if (id === 0) return owner.fail(ERROR_CODE.PROTOCOL_ERROR, "DATA on stream 0");
    if (!this.#window.take(length)) {
      return owner.fail(ERROR_CODE.FLOW_CONTROL_ERROR, "DATA beyond the connection's window");
    }
    let stop = next;
    if ((flags & FLAG.PADDED) !== 0) {
      const padding = length === 0 ? 0 : bytes[at]!;
      if (padding >= length) return owner.fail(ERROR_CODE.PROTOCOL_ERROR, "padding as long as its frame");
      at++;
      stop -= padding;
    }
    const end = (flags & FLAG.END_STREAM) !== 0;
    const count = stop - at;
    if (count === 0 && !end && !owner.control()) return;
    const stream = streams.get(id);
    if (stream === undefined || stream.resetWhenSent) {
      streams.giveBack(length);
      if (stream === undefined) return this.#dataOnClosed(id, end);
      if (end) stream.state = afterRemoteEnd(stream.state);
      return;
    }
    const code = judgeArrival(stream.state);
    if (code !== ERROR_CODE.NO_ERROR) {
      streams.giveBack(length);
      return streams.fail(id, code, "DATA behind END_STREAM");
    }
    if (!streams.allows(stream, length)) {
      streams.giveBack(length);
      return streams.fail(id, ERROR_CODE.FLOW_CONTROL_ERROR, "DATA beyond the stream's window");
    }
    stream.unconsumed += count;
    if (length > count) streams.giveBackOf(stream, length - count);
    if (!stream.headed) return streams.fail(id, ERROR_CODE.PROTOCOL_ERROR, "DATA before HEADERS");
    if (stream.expected >= 0) {
      stream.expected -= count;
      if (stream.expected < 0 || (end && stream.expected > 0)) return this.#badLength(id);
    }
    if (count > 0 || end) streams.data(stream, bytes.subarray(at, stop), end);
  }

  /** DATA on a stream that is not open. */
  #dataOnClosed(id: number, end: boolean): void {
    const streams = this.#streams;
    if (streams.isIdle(id)) return this.#owner.fail(ERROR_CODE.PROTOCOL_ERROR, "DATA on an idle stream");
    if (!streams.isIgnored(id)) return streams.fail(id, ERROR_CODE.STREAM_CLOSED, "DATA on a closed stream");
    if (end) streams.ids.settled(id);
  }

  headers(bytes: Uint8Array, view: DataView, at: number, next: number, flags: number, id: number): void {
    const owner = this.#owner;
    if (id === 0) return owner.fail(ERROR_CODE.PROTOCOL_ERROR, "HEADERS on stream 0");
    let stop = next;
    const padded = (flags & FLAG.PADDED) !== 0;
    const prioritised = (flags & FLAG.PRIORITY) !== 0;
    if (next - at < (padded ? 1 : 0) + (prioritised ? 5 : 0)) {
      return owner.fail(ERROR_CODE.FRAME_SIZE_ERROR, "HEADERS too short for their flags");
    }
    if (padded) {
      stop -= bytes[at]!;
      at++;
    }
    let ownParent = false;
    if (prioritised) {
      ownParent = (view.getUint32(at) & MAX_ID) === id;
      at += 5;
    }
    if (stop < at) return owner.fail(ERROR_CODE.PROTOCOL_ERROR, "padding as long as its frame");
    const end = (flags & FLAG.END_STREAM) !== 0;
    if ((flags & FLAG.END_HEADERS) === 0) {
      const fits = this.block.begin(id, end, bytes, at, stop, this.#longestBlock);
      if (!fits) owner.violation("headers", BLOCK_TOO_LONG);
      return;
    }
    if (stop - at > this.#longestBlock) return owner.violation("headers", BLOCK_TOO_LONG);
    this.#decode(bytes, at, stop, id, end, ownParent);
  }

  continuation(bytes: Uint8Array, at: number, next: number, flags: number, id: number): void {
    const { block } = this;
    const owner = this.#owner;
    if (block.id === 0) return owner.fail(ERROR_CODE.PROTOCOL_ERROR, "CONTINUATION of nothing");
    const whole = (flags & FLAG.END_HEADERS) !== 0;
    if (at === next && !whole && !owner.control()) return;
    if (!block.add(bytes, at, next, this.#longestBlock)) return owner.violation("headers", BLOCK_TOO_LONG);
    if (!whole) return;
    const { bytes: all, length, end } = block;
    block.done();
    this.#decode(all, 0, length, id, end, false);
  }

  #decode(bytes: Uint8Array, at: number, stop: number, id: number, end: boolean, ownParent: boolean): void {
    let list: HeaderList;
    try {
      list = this.#decoder.decode(bytes, at, stop);
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      return this.#owner.fail(ERROR_CODE.COMPRESSION_ERROR, error.message);
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) this.#sectionOf(id, list, end, ownParent);
    else if (ownParent) this.#streams.fail(id, ERROR_CODE.PROTOCOL_ERROR, OWN_PARENT);
    else if (stream.resetWhenSent) {
      if (end) stream.state = afterRemoteEnd(stream.state);
    } else if (stream.headed) this.#trailers(stream, list, end);
    else this.#response(stream, list, end);
  }

  /** A header section of a stream that is not open. */
  #sectionOf(id: number, list: HeaderList, end: boolean, ownParent: boolean): void {
    const owner = this.#owner;
    const streams = this.#streams;
    if (!owner.client && id > streams.ids.last) return this.#request(id, list, end, ownParent);
    if (streams.isIdle(id)) return owner.fail(ERROR_CODE.PROTOCOL_ERROR, "HEADERS on an idle stream");
    if (streams.isIgnored(id)) {
      if (end) streams.ids.settled(id);
      owner.control();
    } else if (streams.ids.wasLeftOut(id)) {
      owner.fail(ERROR_CODE.PROTOCOL_ERROR, "stream ids must rise");
    } else {
      owner.fail(ERROR_CODE.STREAM_CLOSED, "HEADERS on a closed stream");
    }
  }

  #request(id: number, list: HeaderList, end: boolean, ownParent: boolean): void {
    const owner = this.#owner;
    const streams = this.#streams;
    if ((id & 1) === 0) return owner.fail(ERROR_CODE.PROTOCOL_ERROR, "a client's stream ids are odd");
    streams.ids.opened(id);
    if (id > streams.lastServed) return void owner.control();
    if (streams.size >= owner.maxConcurrentStreams) {
      streams.sendReset(id, ERROR_CODE.REFUSED_STREAM, end);
      if (!owner.isNew) owner.unfinished();
      return;
    }
    const facts = list.tooLarge ? undefined : factsOf(list, "request");
    const fault = ownParent ? OWN_PARENT : facts?.fault;
    if (fault !== undefined || (end && facts !== undefined && facts.contentLength > 0)) {
      return streams.fail(id, ERROR_CODE.PROTOCOL_ERROR, fault ?? BAD_LENGTH, end);
    }
    const state = end ? STATE.halfClosedRemote : STATE.open;
    const stream = streams.add(id, NOBODY, this.#peerSettings.initialWindowSize, state);
    stream.headed = true;
    if (facts !== undefined) stream.expected = facts.contentLength;
    streams.request(stream, list, end);
  }

  #response(stream: Http2Stream, list: HeaderList, end: boolean): void {
    const streams = this.#streams;
    const { id } = stream;
    if (list.tooLarge) return streams.fail(id, ERROR_CODE.ENHANCE_YOUR_CALM, "a header list above our limit");
    const { fault, status, contentLength } = factsOf(list, "response");
    const interim = status > 0 && status < 200;
    if (fault !== undefined || (interim && (end || status === 101))) {
      return streams.fail(id, ERROR_CODE.PROTOCOL_ERROR, fault ?? "an interim response that cannot be one");
    }
    if (interim) return;
    stream.headed = true;
    if (!stream.bodiless && status !== 304 && status !== 204) stream.expected = contentLength;
    if (end && stream.expected > 0) return this.#badLength(id);
    streams.headers(stream, list, end);
  }

  #trailers(stream: Http2Stream, list: HeaderList, end: boolean): void {
    const streams = this.#streams;
    const { id } = stream;
    const code = judgeArrival(stream.state);
    if (code !== ERROR_CODE.NO_ERROR) return streams.fail(id, code, "HEADERS behind END_STREAM");
    if (!end) return streams.fail(id, ERROR_CODE.PROTOCOL_ERROR, "trailers without END_STREAM");
    if (list.tooLarge) return streams.fail(id, ERROR_CODE.ENHANCE_YOUR_CALM, "trailers above our limit");
    const { fault } = factsOf(list, this.#owner.client ? "response trailers" : "request trailers");
    if (fault !== undefined) return streams.fail(id, ERROR_CODE.PROTOCOL_ERROR, fault);
    if (stream.expected > 0) return this.#badLength(id);
    streams.trailers(stream, list);
  }

  reset(code: number, id: number): void {
    const owner = this.#owner;
    const streams = this.#streams;
    if (id === 0) return owner.fail(ERROR_CODE.PROTOCOL_ERROR, "RST_STREAM on stream 0");
    const stream = streams.get(id);
    if (stream !== undefined) {
      streams.end(stream, code, code === ERROR_CODE.REFUSED_STREAM ? "refused" : "peer");
      return owner.unfinished();
    }
    if (streams.isIdle(id)) return owner.fail(ERROR_CODE.PROTOCOL_ERROR, "RST_STREAM on an idle stream");
    streams.ids.settled(id);
    owner.control();
  }

  windowUpdate(increment: number, id: number): void {
    const owner = this.#owner;
    const sender = this.#sender;
    if (id === 0) {
      if (increment === 0) return owner.fail(ERROR_CODE.PROTOCOL_ERROR, "WINDOW_UPDATE by 0");
      if (!sender.widen(increment)) return owner.fail(ERROR_CODE.FLOW_CONTROL_ERROR, TOO_WIDE);
      return sender.pump();
    }
    const streams = this.#streams;
    const stream = streams.get(id);
    if (stream === undefined) {
      if (streams.isIdle(id)) owner.fail(ERROR_CODE.PROTOCOL_ERROR, "WINDOW_UPDATE on an idle stream");
      return;
    }
    if (increment === 0) return streams.fail(id, ERROR_CODE.PROTOCOL_ERROR, "WINDOW_UPDATE by 0");
    stream.sendWindow += increment;
    if (stream.sendWindow > MAX_WINDOW) return streams.fail(id, ERROR_CODE.FLOW_CONTROL_ERROR, TOO_WIDE);
    if (stream.pendingBytes === 0) return;
    sender.enqueue(stream);
    sender.pump();
  }

  /** Ignored, but for what is wrong with it (RFC 9113 section 5.3.2). */
  priority(view: DataView, at: number, next: number, id: number): void {
    const owner = this.#owner;
    if (id === 0) return owner.fail(ERROR_CODE.PROTOCOL_ERROR, "PRIORITY on stream 0");
    if (!owner.control()) return;
    const streams = this.#streams;
    if (next - at !== 5) streams.fail(id, ERROR_CODE.FRAME_SIZE_ERROR, "PRIORITY of a wrong size");
    else if ((view.getUint32(at) & MAX_ID) === id) streams.fail(id, ERROR_CODE.PROTOCOL_ERROR, OWN_PARENT);
  }

  /**
   * The peer's INITIAL_WINDOW_SIZE has changed by so much.
   * @returns false when a window is too wide
   */
  changeWindows(change: number): boolean {
    for (const stream of this.#streams.values()) {
      stream.sendWindow += change;
      if (stream.sendWindow > MAX_WINDOW) return false;
      this.#sender.enqueue(stream);
    }
    return true;
  }

  #badLength(id: number): void {
    this.#streams.fail(id, ERROR_CODE.PROTOCOL_ERROR, BAD_LENGTH);
  }
}

/** Hears nothing: a stream between its HEADERS and the word of who handles it. */
const NOBODY: StreamListener = { headers() {}, data() {}, trailers() {}, reset() {}, drained() {} };

const BLOCK_TOO_LONG = "a header block is too long, or in too many frames";
const BAD_LENGTH = "the body is not as long as content-length says";
const OWN_PARENT = "a stream cannot depend on itself";
export const TOO_WIDE = "a window above 2^31-1";
