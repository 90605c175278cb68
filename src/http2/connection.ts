/**
 * One HTTP/2 connection of either role: takes frames, and ends in order (RFC 9113).
 * @module
 */
import type { Block } from "../net/block.ts";
import type { Connection } from "../net/connection.ts";
import { reasonOf } from "../net/reason.ts";
import { BlockReader, type ReaderOwner } from "./byte_reader.ts";
import { ERROR_CODE, errorName } from "./error_code.ts";
import { faultCode, FLAG, FRAME, FRAME_HEADER, isPreface, measure } from "./frame.ts";
import { HeaderBlock } from "./header_block.ts";
import { factsOf, type HeaderFacts } from "./header_rules.ts";
import { HpackDecoder } from "./hpack/decoder.ts";
import type { HeaderList } from "./hpack/header_list.ts";
import { HpackError } from "./hpack/hpack_error.ts";
import { Keepalive } from "./keepalive.ts";
import { PeerLimits } from "./limits.ts";
import type { ConnectionEnd, ConnectionListener, StreamEnd, StreamListener, ViolationKind } from "./listeners.ts";
import type { Http2Node, Ticking } from "./node.ts";
import type { Http2Options } from "./options.ts";
import { ReceiveWindow } from "./receive_window.ts";
import { Sender, type SenderOwner } from "./sender.ts";
import { INITIAL_FRAME_SIZE, INITIAL_WINDOW, MAX_WINDOW, PeerSettings, SETTING } from "./settings.ts";
import { Http2Stream, type StreamOwner } from "./stream.ts";
import { StreamIds } from "./stream_ids.ts";
import { afterRemoteEnd, judgeArrival, STATE } from "./stream_state.ts";

/** What handles a connection. */
export type Http2Listener = ConnectionListener<Http2Stream>;

/** What must come next. */
const PHASE = { preface: 0, settings: 1, open: 2 } as const;
/** How far this side has taken its leave. */
const LEAVE = { no: 0, announced: 1, final: 2 } as const;

/** The highest stream id. */
const MAX_ID = 0x7fffffff;
/** Milliseconds that a leave waits for the ACK of its PING. */
const LEAVE_PATIENCE = 1000;
/** Milliseconds, and octets, for which a connection that has ended is read, so that its GOAWAY arrives. */
const LINGER = 1000;
const LINGER_OCTETS = 1024 * 1024;
/** Streams that a client opens before it knows how many it may. */
const UNSETTLED_STREAMS = 100;
/** First octet of our PINGs' payload: what they are for. */
const PING_FOR = { life: 1, leave: 2, caller: 3 } as const;

/**
 * A connection, served or dialled.
 *
 * A stream does not name its connection (whoever listens knows both), and the memory, the clock and
 * the one timer that connections share are the node.
 */
export class Http2Connection implements StreamOwner, SenderOwner, ReaderOwner, Ticking {
  /** Serves an accepted connection; nothing is sent before the client's preface. */
  static server(connection: Connection, node: Http2Node, options: Http2Options, listener: Http2Listener) {
    return new Http2Connection(connection, node, options, listener, false);
  }

  /** Speaks as a client over a connection that was dialled; requests may be opened at once. */
  static client(connection: Connection, node: Http2Node, options: Http2Options, listener: Http2Listener) {
    return new Http2Connection(connection, node, options, listener, true);
  }

  /** What the peer's SETTINGS said. */
  readonly peerSettings = new PeerSettings();

  readonly #node: Http2Node;
  readonly #listener: Http2Listener;
  readonly #client: boolean;
  #options: Http2Options;
  readonly #reader: BlockReader;
  readonly #sender: Sender;
  readonly #decoder: HpackDecoder;
  readonly #limits: PeerLimits;
  readonly #streams = new Map<number, Http2Stream>();
  readonly #ids = new StreamIds();
  readonly #block = new HeaderBlock();
  readonly #keepalive = new Keepalive();
  readonly #window: ReceiveWindow;
  /** What one stream may hold; as announced, and therefore never changed. */
  readonly #streamWindow: number;
  readonly #maxHeaderList: number;
  readonly #startedAt: number;

  #phase: number;
  #acked = false;
  #leave: number = LEAVE.no;
  #leftAt = 0;
  /** The last id of our GOAWAY: what is above it is ignored. */
  #lastServed = MAX_ID;
  /** The code of the peer's GOAWAY; -1 before one. */
  #peerLeft = -1;
  #nextId = 1;
  /** Somebody was given no stream, and is to be told when there is one. */
  #wanted = false;
  #pings: Map<number, { readonly at: number; readonly done: (milliseconds: number) => void }> | undefined;
  #lastPing = 0;
  /** PINGs of ours that are not answered. */
  #pingsOut = 0;
  /** The connection has ended; what still comes is dropped, until the socket is closed. */
  #over = false;
  #lingerUntil = 0;
  #lingerTotal = 0;
  #shut = false;

  private constructor(
    /** What carries it: addresses, TLS. */
    readonly connection: Connection,
    node: Http2Node,
    options: Http2Options,
    listener: Http2Listener,
    client: boolean,
  ) {
    this.#node = node;
    this.#options = options;
    this.#listener = listener;
    this.#client = client;
    this.#startedAt = node.clock.now();
    this.#streamWindow = Math.min(options.streamWindow, MAX_WINDOW);
    this.#maxHeaderList = options.maxHeaderList;
    this.#window = new ReceiveWindow(Math.min(Math.max(options.connectionWindow, INITIAL_WINDOW), MAX_WINDOW));
    this.#limits = new PeerLimits(options.resets, options.controlFrames, this.#startedAt);
    this.#decoder = new HpackDecoder({ maxListSize: options.maxHeaderList });
    this.#sender = new Sender(connection, node, options.sendQueueLimit, this, this.peerSettings, this.#limits);
    this.#reader = new BlockReader(connection, node.blocks, this);
    this.#phase = client ? PHASE.settings : PHASE.preface;
    if (client) this.#introduce();
    node.add(this);
    this.#reader.read();
  }

  /** The peer's SETTINGS have come. */
  get settled(): boolean {
    return this.#phase === PHASE.open;
  }

  /** No stream can be opened any more: a GOAWAY came or went, or the connection has ended. */
  get goingAway(): boolean {
    return this.#over || this.#peerLeft >= 0 || this.#leave !== LEAVE.no || this.#nextId > MAX_ID;
  }

  /** It has ended, and its listener was told. */
  get closed(): boolean {
    return this.#over;
  }

  /** Streams that are open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Streams that can be opened now; 0 when going away. Client role. */
  get freeStreams(): number {
    if (this.goingAway) return 0;
    const most = this.peerSettings.maxConcurrentStreams;
    return Math.max(0, (this.settled ? most : Math.min(most, UNSETTLED_STREAMS)) - this.#streams.size);
  }

  get bytesIn(): number {
    return this.#reader.total;
  }

  get bytesOut(): number {
    return this.#sender.out.writtenBytes;
  }

  /**
   * Opens a stream with a request. Client role.
   * @returns undefined when no stream is free (`room` will tell), or the connection is going away
   */
  open(list: HeaderList, end: boolean, listener: StreamListener): Http2Stream | undefined {
    if (this.freeStreams === 0) {
      this.#wanted = !this.goingAway;
      return undefined;
    }
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = new Http2Stream(id, this, listener, this.peerSettings.initialWindowSize, STATE.open);
    if (list.get(":method") === "HEAD") stream.bodiless = true;
    this.#streams.set(id, stream);
    this.#sender.headers(stream, list, end);
    return stream;
  }

  /** Says that nothing above `lastId` will be looked at; by default nothing above what was. */
  goaway(code: number, lastId = this.#ids.last): void {
    if (this.#over) return;
    this.#leave = LEAVE.final;
    this.#lastServed = lastId;
    this.#sender.goaway(lastId, code, "");
    this.#closeIfLeft();
  }

  /**
   * Takes leave in peace: GOAWAY with 2^31-1, a PING, and at its ACK or after a second GOAWAY with
   * the true last id; closes with the last stream (RFC 9113 section 6.8). In client role no stream
   * is opened any more, and the connection closes with the last one.
   */
  shutdown(): void {
    if (this.#over || this.#leave !== LEAVE.no) return;
    if (this.#phase === PHASE.preface) return this.#end("closed", ERROR_CODE.NO_ERROR, "it is shut down");
    if (this.#client) return this.goaway(ERROR_CODE.NO_ERROR);
    this.#leave = LEAVE.announced;
    this.#leftAt = this.#node.clock.now();
    this.#sender.goaway(MAX_ID, ERROR_CODE.NO_ERROR, "");
    this.#sendPing(PING_FOR.leave, 0);
  }

  /** Sends a PING; `done` gets the milliseconds until its ACK, if one comes. */
  ping(done: (milliseconds: number) => void): void {
    if (this.#over) return;
    const number = this.#lastPing = (this.#lastPing + 1) & 0xffffff;
    (this.#pings ??= new Map()).set(number, { at: this.#node.clock.now(), done });
    this.#sendPing(PING_FOR.caller, number);
  }

  /** GOAWAY with `code`, then the end; open streams are told `lost`. */
  close(code: number = ERROR_CODE.NO_ERROR): void {
    this.#end("closed", code, "it was closed");
  }

  /** Takes other options for what is to come; windows and the limit of header lists stay. */
  configure(options: Http2Options): void {
    const before = this.#options;
    this.#options = options;
    this.#sender.out.limit = options.sendQueueLimit;
    this.#limits.configure(options.resets, options.controlFrames, this.#node.clock.now());
    if (this.#over || this.#client || this.#phase === PHASE.preface) return;
    if (options.maxConcurrentStreams !== before.maxConcurrentStreams) {
      this.#sender.settings([SETTING.MAX_CONCURRENT_STREAMS, options.maxConcurrentStreams]);
    }
  }

  // What streams ask for.

  sendHeaders(stream: Http2Stream, list: HeaderList, end: boolean): void {
    if (!this.#over) this.#sender.headers(stream, list, end);
  }

  sendData(stream: Http2Stream, bytes: Uint8Array, end: boolean): void {
    if (!this.#over) this.#sender.data(stream, bytes, end);
  }

  resetStream(stream: Http2Stream, code: number): void {
    if (code === ERROR_CODE.NO_ERROR && stream.endQueued && stream.pendingBytes > 0) {
      stream.resetWhenSent = true;
      this.#giveBack(this.#unconsumed(stream));
      return;
    }
    this.#sendReset(stream.id, code, stream.remoteEnded);
    this.#remove(stream);
  }

  consumed(stream: Http2Stream, octets: number): void {
    const count = Math.min(octets, stream.unconsumed);
    if (count <= 0) return;
    stream.unconsumed -= count;
    this.#giveBackOf(stream, count);
  }

  // What the sender tells.

  finished(stream: Http2Stream): void {
    // While its last frame is being handed on it is removed after that.
    if (stream !== this.#current) this.#remove(stream);
  }

  resetDue(stream: Http2Stream): void {
    if (stream.state === STATE.closed) return;
    stream.resetWhenSent = false;
    this.resetStream(stream, ERROR_CODE.NO_ERROR);
  }

  drained(stream: Http2Stream): void {
    try {
      stream.listener.drained();
    } catch (error) {
      this.#threw(error, stream);
    }
  }

  writeFailed(error: unknown): void {
    if (this.#over) this.#close();
    else this.#lost(`writing failed: ${reasonOf(error)}`);
  }

  // What the reader tells.

  take(block: Block, at: number, end: number): number {
    const { bytes, view } = block;
    while (end - at >= FRAME_HEADER) {
      if (this.#over) return end;
      const length = measure(view, at, end - at);
      if (length < 0) {
        this.#cannotBe(faultCode(length), bytes, at, end);
        return end;
      }
      if (length > end - at) break;
      if (this.#phase === PHASE.open && !isPreface(view, at)) this.#takeFrame(bytes, view, at, at + length);
      else this.#takeFirst(bytes, view, at, at + length);
      at += length;
    }
    return at;
  }

  busy(): Promise<void> | undefined {
    const { out } = this.#sender;
    if (this.#over) {
      if (this.#reader.total - this.#lingerTotal > LINGER_OCTETS) this.#close();
      return undefined;
    }
    return out.full ? out.drained() : undefined;
  }

  ended(error?: unknown): void {
    if (this.#over) return this.#close();
    this.#lost(error === undefined ? "the peer closed the connection" : reasonOf(error), error === undefined);
  }

  /** Looks at deadlines. */
  tick(now: number, _rest: boolean): void {
    if (this.#over) {
      if (now >= this.#lingerUntil) this.#close();
      return;
    }
    const { handshakeTimeout, writeTimeout, keepalive } = this.#options;
    const { writingSince } = this.#sender.out;
    if (this.#phase !== PHASE.open && now - this.#startedAt >= handshakeTimeout) {
      return this.#violation("handshake", `no preface and SETTINGS within ${handshakeTimeout} ms`);
    }
    if (writingSince > 0 && now - writingSince >= writeTimeout) {
      return this.#violation("queue", `it did not read for ${writeTimeout} ms`);
    }
    if (this.#leave === LEAVE.announced && now - this.#leftAt >= LEAVE_PATIENCE) this.goaway(ERROR_CODE.NO_ERROR);
    if (this.#over || this.#phase === PHASE.preface) return;
    switch (this.#keepalive.look(this.#reader.total, now, keepalive)) {
      case "ask":
        return this.#sendPing(PING_FOR.life, 0);
      case "dead":
        return this.#end("keepalive", ERROR_CODE.NO_ERROR, `no answer to a PING within ${keepalive.timeout} ms`);
    }
  }

  // The beginning.

  #introduce(): void {
    const sender = this.#sender;
    if (this.#client) sender.preface();
    sender.settings([
      ...(this.#client
        ? [SETTING.ENABLE_PUSH, 0]
        : [SETTING.MAX_CONCURRENT_STREAMS, this.#options.maxConcurrentStreams]),
      ...[SETTING.INITIAL_WINDOW_SIZE, this.#streamWindow, SETTING.MAX_FRAME_SIZE, INITIAL_FRAME_SIZE],
      ...[SETTING.MAX_HEADER_LIST_SIZE, this.#maxHeaderList],
    ]);
    const more = this.#window.size - INITIAL_WINDOW;
    if (more > 0) sender.windowUpdate(0, more);
  }

  /** The preface, or the frame behind it. */
  #takeFirst(bytes: Uint8Array, view: DataView, at: number, next: number): void {
    const preface = isPreface(view, at);
    if (this.#phase !== PHASE.preface) {
      const settings = !preface && bytes[at + 3] === FRAME.SETTINGS && (bytes[at + 4]! & FLAG.ACK) === 0;
      if (!settings) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "SETTINGS must come first, and a preface once");
      return this.#takeFrame(bytes, view, at, next);
    }
    if (!preface) return this.#cannotBe(ERROR_CODE.PROTOCOL_ERROR, bytes, at, next);
    this.#phase = PHASE.settings;
    this.#introduce();
    const { tls } = this.connection;
    if (tls !== undefined && tls.protocol !== "h2") {
      this.#fail(ERROR_CODE.INADEQUATE_SECURITY, "over TLS, HTTP/2 is agreed on by ALPN");
    }
  }

  /** Octets that can be no frame. */
  #cannotBe(code: number, bytes: Uint8Array, at: number, end: number): void {
    if (this.#phase !== PHASE.preface) return this.#fail(code, "a frame has a length that it must not have");
    if (isHttp1(bytes, at, end)) {
      this.#sender.out.push(HTTP1_ANSWER);
      return this.#end("protocol", ERROR_CODE.HTTP_1_1_REQUIRED, "it speaks HTTP/1.x");
    }
    this.#introduce();
    this.#phase = PHASE.settings;
    this.#fail(ERROR_CODE.PROTOCOL_ERROR, "the preface of HTTP/2 was expected");
  }

  // Frames.

  /** The stream whose frame is being handed on. */
  #current: Http2Stream | undefined;

  #takeFrame(bytes: Uint8Array, view: DataView, at: number, next: number): void {
    const type = bytes[at + 3]!;
    const flags = bytes[at + 4]!;
    const id = view.getUint32(at + 5) & MAX_ID;
    const start = at + FRAME_HEADER;
    const { id: awaited } = this.#block;
    if (awaited !== 0 && (type !== FRAME.CONTINUATION || id !== awaited)) {
      return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "only CONTINUATION may come inside a header block");
    }
    switch (type) {
      case FRAME.DATA:
        return this.#takeData(bytes, start, next, flags, id);
      case FRAME.HEADERS:
        return this.#takeHeaders(bytes, view, start, next, flags, id);
      case FRAME.CONTINUATION:
        return this.#takeContinuation(bytes, start, next, flags, id);
      case FRAME.WINDOW_UPDATE:
        return this.#takeWindowUpdate(view.getUint32(start) & MAX_ID, id);
      case FRAME.PING:
        return this.#takePing(bytes, start, flags, id);
      case FRAME.RST_STREAM:
        return this.#takeReset(view.getUint32(start), id);
      case FRAME.SETTINGS:
        return this.#takeSettings(view, start, next, flags, id);
      case FRAME.GOAWAY:
        return this.#takeGoaway(bytes, view, start, next, id);
      case FRAME.PRIORITY:
        return this.#takePriority(view, start, next, id);
      case FRAME.PUSH_PROMISE:
        return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "PUSH_PROMISE was not allowed");
      default:
        this.#control();
    }
  }

  #takeData(bytes: Uint8Array, at: number, next: number, flags: number, id: number): void {
    const length = next - at;
    if (id === 0) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "DATA on stream 0");
    if (!this.#window.take(length)) {
      return this.#fail(ERROR_CODE.FLOW_CONTROL_ERROR, "DATA beyond the connection's window");
    }
    let stop = next;
    if ((flags & FLAG.PADDED) !== 0) {
      const padding = length === 0 ? 0 : bytes[at]!;
      if (padding >= length) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "padding as long as its frame");
      at++;
      stop -= padding;
    }
    const end = (flags & FLAG.END_STREAM) !== 0;
    if (stop === at && !end && !this.#control()) return;
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.resetWhenSent) {
      this.#giveBack(length);
      if (stream === undefined) return this.#dataOnClosed(id, end);
      if (end) stream.state = afterRemoteEnd(stream.state);
      return;
    }
    const count = stop - at;
    const code = judgeArrival(stream.state);
    if (code !== ERROR_CODE.NO_ERROR) {
      this.#giveBack(length);
      return this.#streamError(id, code, "DATA behind END_STREAM", stream);
    }
    if (stream.unconsumed + stream.credit + length > this.#allowance()) {
      this.#giveBack(length);
      return this.#streamError(id, ERROR_CODE.FLOW_CONTROL_ERROR, "DATA beyond the stream's window", stream);
    }
    stream.unconsumed += count;
    if (length > count) this.#giveBackOf(stream, length - count);
    if (!stream.headed) return this.#streamError(id, ERROR_CODE.PROTOCOL_ERROR, "DATA before HEADERS", stream);
    if (stream.expected >= 0) {
      stream.expected -= count;
      if (stream.expected < 0 || (end && stream.expected > 0)) return this.#badLength(stream);
    }
    if (count === 0 && !end) return;
    if (end) stream.state = afterRemoteEnd(stream.state);
    this.#current = stream;
    try {
      stream.listener.data(bytes.subarray(at, stop), end);
    } catch (error) {
      this.#threw(error, stream);
    }
    this.#current = undefined;
    if (stream.state === STATE.closed) this.#remove(stream);
  }

  /** DATA on a stream that is not open. */
  #dataOnClosed(id: number, end: boolean): void {
    if (this.#isIdle(id)) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "DATA on an idle stream");
    if (this.#isIgnored(id)) {
      if (end) this.#ids.settled(id);
      return;
    }
    this.#streamError(id, ERROR_CODE.STREAM_CLOSED, "DATA on a closed stream");
  }

  #takeHeaders(bytes: Uint8Array, view: DataView, at: number, next: number, flags: number, id: number): void {
    if (id === 0) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "HEADERS on stream 0");
    const length = next - at;
    let stop = next;
    const padded = (flags & FLAG.PADDED) !== 0;
    const prioritised = (flags & FLAG.PRIORITY) !== 0;
    if (length < (padded ? 1 : 0) + (prioritised ? 5 : 0)) {
      return this.#fail(ERROR_CODE.FRAME_SIZE_ERROR, "HEADERS too short for their flags");
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
    if (stop < at) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "padding as long as its frame");
    const end = (flags & FLAG.END_STREAM) !== 0;
    const most = 2 * this.#maxHeaderList;
    if ((flags & FLAG.END_HEADERS) === 0) {
      if (!this.#block.begin(id, end, bytes, at, stop, most)) this.#violation("headers", BLOCK_TOO_LONG);
      return;
    }
    if (stop - at > most) return this.#violation("headers", BLOCK_TOO_LONG);
    this.#decode(bytes, at, stop, id, end, ownParent);
  }

  #takeContinuation(bytes: Uint8Array, at: number, next: number, flags: number, id: number): void {
    const block = this.#block;
    if (block.id === 0) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "CONTINUATION of nothing");
    const whole = (flags & FLAG.END_HEADERS) !== 0;
    if (at === next && !whole && !this.#control()) return;
    if (!block.add(bytes, at, next, 2 * this.#maxHeaderList)) return this.#violation("headers", BLOCK_TOO_LONG);
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
      return this.#fail(ERROR_CODE.COMPRESSION_ERROR, error.message);
    }
    const stream = this.#streams.get(id);
    if (stream !== undefined) {
      if (ownParent) return this.#streamError(id, ERROR_CODE.PROTOCOL_ERROR, OWN_PARENT, stream);
      if (stream.resetWhenSent) {
        if (end) stream.state = afterRemoteEnd(stream.state);
      } else if (stream.headed) this.#takeTrailers(stream, list, end);
      else this.#takeResponse(stream, list, end);
      return;
    }
    if (!this.#client && id > this.#ids.last) return this.#takeRequest(id, list, end, ownParent);
    if (this.#isIdle(id)) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "HEADERS on an idle stream");
    if (this.#isIgnored(id)) {
      if (end) this.#ids.settled(id);
      this.#control();
    } else if (this.#ids.wasLeftOut(id)) {
      this.#fail(ERROR_CODE.PROTOCOL_ERROR, "stream ids must rise");
    } else {
      this.#fail(ERROR_CODE.STREAM_CLOSED, "HEADERS on a closed stream");
    }
  }

  #takeRequest(id: number, list: HeaderList, end: boolean, ownParent: boolean): void {
    if ((id & 1) === 0) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "a client's stream ids are odd");
    this.#ids.opened(id);
    if (id > this.#lastServed) return void this.#control();
    if (this.#streams.size >= this.#options.maxConcurrentStreams) return this.#refuse(id, end);
    const facts = list.tooLarge ? undefined : factsOf(list, "request");
    const fault = ownParent ? OWN_PARENT : facts?.fault;
    if (fault !== undefined || (end && facts !== undefined && facts.contentLength > 0)) {
      return this.#streamError(id, ERROR_CODE.PROTOCOL_ERROR, fault ?? BAD_LENGTH, undefined, end);
    }
    const state = end ? STATE.halfClosedRemote : STATE.open;
    const stream = new Http2Stream(id, this, NOBODY, this.peerSettings.initialWindowSize, state);
    stream.headed = true;
    if (facts !== undefined) stream.expected = facts.contentLength;
    this.#streams.set(id, stream);
    this.#current = stream;
    try {
      stream.listener = this.#listener.request!(stream, list, end);
    } catch (error) {
      this.#threw(error, stream);
    }
    this.#current = undefined;
    if (stream.state === STATE.closed) this.#remove(stream);
  }

  /** A stream above the limit. Before our SETTINGS arrived the client cannot know of it. */
  #refuse(id: number, end: boolean): void {
    this.#sendReset(id, ERROR_CODE.REFUSED_STREAM, end);
    const now = this.#node.clock.now();
    const knows = this.#acked || now - this.#startedAt > this.#options.handshakeTimeout;
    if (knows && !this.#limits.reset(now)) this.#violation("resets", TOO_MANY_RESETS);
  }

  #takeResponse(stream: Http2Stream, list: HeaderList, end: boolean): void {
    if (list.tooLarge) {
      return this.#streamError(stream.id, ERROR_CODE.ENHANCE_YOUR_CALM, "a header list above our limit", stream);
    }
    const facts = factsOf(list, "response");
    const interim = facts.status > 0 && facts.status < 200;
    if (facts.fault !== undefined || (interim && (end || facts.status === 101))) {
      const reason = facts.fault ?? "an interim response that cannot be one";
      return this.#streamError(stream.id, ERROR_CODE.PROTOCOL_ERROR, reason, stream);
    }
    if (interim) return;
    stream.headed = true;
    if (!stream.bodiless && facts.status !== 304 && facts.status !== 204) stream.expected = facts.contentLength;
    if (end && stream.expected > 0) return this.#badLength(stream);
    this.#handOn(stream, list, end, facts);
  }

  #takeTrailers(stream: Http2Stream, list: HeaderList, end: boolean): void {
    const { id } = stream;
    const code = judgeArrival(stream.state);
    if (code !== ERROR_CODE.NO_ERROR) return this.#streamError(id, code, "HEADERS behind END_STREAM", stream);
    if (!end) return this.#streamError(id, ERROR_CODE.PROTOCOL_ERROR, "trailers without END_STREAM", stream);
    if (list.tooLarge) {
      return this.#streamError(id, ERROR_CODE.ENHANCE_YOUR_CALM, "trailers above our limit", stream);
    }
    const facts = factsOf(list, this.#client ? "response trailers" : "request trailers");
    if (facts.fault !== undefined) return this.#streamError(id, ERROR_CODE.PROTOCOL_ERROR, facts.fault, stream);
    if (stream.expected > 0) return this.#badLength(stream);
    this.#handOn(stream, list, true, undefined);
  }

  /** @param response undefined for trailers */
  #handOn(stream: Http2Stream, list: HeaderList, end: boolean, response: HeaderFacts | undefined): void {
    if (end) stream.state = afterRemoteEnd(stream.state);
    this.#current = stream;
    try {
      if (response === undefined) stream.listener.trailers(list);
      else stream.listener.headers(list, end);
    } catch (error) {
      this.#threw(error, stream);
    }
    this.#current = undefined;
    if (stream.state === STATE.closed) this.#remove(stream);
  }

  #takeReset(code: number, id: number): void {
    if (id === 0) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "RST_STREAM on stream 0");
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (this.#isIdle(id)) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "RST_STREAM on an idle stream");
      this.#ids.settled(id);
      this.#control();
      return;
    }
    this.#tell(stream, code, code === ERROR_CODE.REFUSED_STREAM ? "refused" : "peer");
    if (!this.#client && !this.#limits.reset(this.#node.clock.now())) this.#violation("resets", TOO_MANY_RESETS);
  }

  #takeSettings(view: DataView, at: number, end: number, flags: number, id: number): void {
    if (id !== 0) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "SETTINGS on a stream");
    if (this.#phase === PHASE.open && !this.#control()) return;
    if ((flags & FLAG.ACK) !== 0) {
      this.#acked = true;
      return;
    }
    const settings = this.peerSettings;
    const { initialWindowSize: windowBefore, maxConcurrentStreams: streamsBefore } = settings;
    const code = settings.take(view, at, end, !this.#client);
    if (code !== ERROR_CODE.NO_ERROR) return this.#fail(code, "a setting has a value that it must not have");
    const change = settings.initialWindowSize - windowBefore;
    if (change !== 0 && !this.#changeWindows(change)) {
      return this.#fail(ERROR_CODE.FLOW_CONTROL_ERROR, "a window above 2^31-1");
    }
    this.#sender.acknowledgeSettings();
    if (change > 0) this.#sender.pump();
    if (this.#phase !== PHASE.open) {
      this.#phase = PHASE.open;
      this.#listener.settled?.();
    }
    if (settings.maxConcurrentStreams > streamsBefore) this.#tellRoom();
  }

  #changeWindows(change: number): boolean {
    for (const stream of this.#streams.values()) {
      stream.sendWindow += change;
      if (stream.sendWindow > MAX_WINDOW) return false;
      this.#sender.enqueue(stream);
    }
    return true;
  }

  #takePing(bytes: Uint8Array, at: number, flags: number, id: number): void {
    if (id !== 0) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "PING on a stream");
    if ((flags & FLAG.ACK) === 0) {
      if (!this.#client && !this.#limits.ping(this.#node.clock.now())) {
        return this.#violation("control", TOO_MUCH_CONTROL);
      }
      return this.#sender.ping(bytes.subarray(at, at + 8), true);
    }
    if (this.#pingsOut === 0) return void this.#control();
    this.#pingsOut--;
    if (bytes[at] === PING_FOR.leave && this.#leave === LEAVE.announced) return this.goaway(ERROR_CODE.NO_ERROR);
    if (bytes[at] !== PING_FOR.caller) return;
    const number = (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!;
    const ping = this.#pings?.get(number);
    if (ping === undefined) return;
    this.#pings!.delete(number);
    ping.done(this.#node.clock.now() - ping.at);
  }

  #takeGoaway(bytes: Uint8Array, view: DataView, at: number, next: number, id: number): void {
    if (id !== 0) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "GOAWAY on a stream");
    if (!this.#control()) return;
    const lastId = view.getUint32(at) & MAX_ID;
    const code = view.getUint32(at + 4);
    this.#peerLeft = code;
    this.#listener.goaway?.(
      lastId,
      code,
      new TextDecoder().decode(bytes.subarray(at + 8, Math.min(next, at + 8 + 1024))),
    );
    if (this.#client) {
      for (const stream of [...this.#streams.values()]) {
        if (stream.id > lastId) this.#tell(stream, ERROR_CODE.REFUSED_STREAM, "goaway");
      }
    }
    this.#closeIfLeft();
  }

  #takeWindowUpdate(increment: number, id: number): void {
    if (!this.#client && !this.#limits.update()) return this.#violation("control", TOO_MUCH_CONTROL);
    if (id === 0) {
      if (increment === 0) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "WINDOW_UPDATE by 0");
      if (!this.#sender.widen(increment)) return this.#fail(ERROR_CODE.FLOW_CONTROL_ERROR, "a window above 2^31-1");
      return this.#sender.pump();
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (this.#isIdle(id)) this.#fail(ERROR_CODE.PROTOCOL_ERROR, "WINDOW_UPDATE on an idle stream");
      return;
    }
    if (increment === 0) return this.#streamError(id, ERROR_CODE.PROTOCOL_ERROR, "WINDOW_UPDATE by 0", stream);
    stream.sendWindow += increment;
    if (stream.sendWindow > MAX_WINDOW) {
      return this.#streamError(id, ERROR_CODE.FLOW_CONTROL_ERROR, "a window above 2^31-1", stream);
    }
    if (stream.pendingBytes === 0) return;
    this.#sender.enqueue(stream);
    this.#sender.pump();
  }

  #takePriority(view: DataView, at: number, next: number, id: number): void {
    if (id === 0) return this.#fail(ERROR_CODE.PROTOCOL_ERROR, "PRIORITY on stream 0");
    if (!this.#control()) return;
    const stream = this.#streams.get(id);
    if (next - at !== 5) {
      this.#streamError(id, ERROR_CODE.FRAME_SIZE_ERROR, "PRIORITY of a wrong size", stream);
    } else if ((view.getUint32(at) & MAX_ID) === id) {
      this.#streamError(id, ERROR_CODE.PROTOCOL_ERROR, OWN_PARENT, stream);
    }
  }

  /** Whether nobody has used `id` yet. */
  #isIdle(id: number): boolean {
    if (this.#client) return (id & 1) === 0 || id >= this.#nextId;
    return (id & 1) === 0 || id > this.#ids.last;
  }

  /** Whether frames on `id`, which is not open, are no fault of the peer. */
  #isIgnored(id: number): boolean {
    return this.#ids.wasReset(id) || (!this.#client && id > this.#lastServed);
  }

  /** What a stream's window allows; before our SETTINGS are acknowledged perhaps the first one. */
  #allowance(): number {
    return this.#acked ? this.#streamWindow : Math.max(this.#streamWindow, INITIAL_WINDOW);
  }

  // Windows that are given back.

  #giveBackOf(stream: Http2Stream, octets: number): void {
    if (stream.state === STATE.open || stream.state === STATE.halfClosedLocal) {
      stream.credit += octets;
      if (stream.credit >= this.#streamWindow / 2 && !this.#over) {
        this.#sender.windowUpdate(stream.id, stream.credit);
        stream.credit = 0;
      }
    }
    this.#giveBack(octets);
  }

  #giveBack(octets: number): void {
    const increment = this.#window.consume(octets);
    if (increment > 0 && !this.#over) this.#sender.windowUpdate(0, increment);
  }

  #unconsumed(stream: Http2Stream): number {
    const octets = stream.unconsumed;
    stream.unconsumed = 0;
    return octets;
  }

  // The ends of streams.

  /** A frame that moves nothing. @returns whether the connection goes on */
  #control(): boolean {
    if (this.#client || this.#limits.control(this.#node.clock.now())) return true;
    this.#violation("control", TOO_MUCH_CONTROL);
    return false;
  }

  #badLength(stream: Http2Stream): void {
    this.#streamError(stream.id, ERROR_CODE.PROTOCOL_ERROR, BAD_LENGTH, stream);
  }

  /** @param ended the peer's half has ended: nothing will come that had to be ignored */
  #streamError(id: number, code: number, reason: string, stream?: Http2Stream, ended = stream?.remoteEnded ?? false) {
    this.#listener.protocolError?.(reason);
    this.#sendReset(id, code, ended);
    if (stream !== undefined) this.#tell(stream, code, "protocol");
    if (!this.#client && !this.#limits.reset(this.#node.clock.now())) this.#violation("resets", TOO_MANY_RESETS);
  }

  #sendReset(id: number, code: number, ended: boolean): void {
    if (this.#over) return;
    this.#sender.resetStream(id, code);
    if (!ended) this.#ids.reset(id);
  }

  /** Ends `stream` and tells its listener. */
  #tell(stream: Http2Stream, code: number, cause: StreamEnd): void {
    const told = stream.resetWhenSent;
    this.#remove(stream);
    if (told) return;
    try {
      stream.listener.reset(code, cause);
    } catch (error) {
      this.#listener.failed?.(error);
    }
  }

  #threw(error: unknown, stream: Http2Stream): void {
    this.#listener.failed?.(error);
    if (stream.state !== STATE.closed) this.resetStream(stream, ERROR_CODE.INTERNAL_ERROR);
  }

  #remove(stream: Http2Stream): void {
    stream.state = STATE.closed;
    if (!this.#streams.delete(stream.id)) return;
    if (stream.pendingBytes > 0) this.#sender.drop(stream);
    if (stream.unconsumed > 0) this.#giveBack(this.#unconsumed(stream));
    if (this.#wanted) this.#tellRoom();
    if (this.#streams.size === 0) this.#closeIfLeft();
  }

  #tellRoom(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    queueMicrotask(() => {
      if (!this.goingAway) this.#listener.room?.();
    });
  }

  // The end of the connection.

  #sendPing(purpose: number, number: number): void {
    this.#pingsOut++;
    this.#sender.ping(Uint8Array.of(purpose, 0, 0, 0, 0, number >>> 16, number >>> 8, number), false);
  }

  /** Closes when a leave was taken and nothing is left to do. */
  #closeIfLeft(): void {
    if (this.#over || this.#streams.size > 0) return;
    if (this.#leave === LEAVE.final) this.#end("closed", ERROR_CODE.NO_ERROR, "it was shut down", false);
    else if (this.#client && this.#peerLeft >= 0) {
      const kind = this.#peerLeft === ERROR_CODE.NO_ERROR ? "left" : "goaway";
      this.#end(kind, this.#peerLeft, `the peer took its leave (${errorName(this.#peerLeft)})`, false);
    }
  }

  #fail(code: number, reason: string): void {
    if (this.#over) return;
    this.#listener.protocolError?.(reason);
    this.#end("protocol", code, reason);
  }

  #violation(kind: ViolationKind, reason: string): void {
    if (this.#over) return;
    this.#listener.violation?.(kind);
    this.#end("violation", ERROR_CODE.ENHANCE_YOUR_CALM, reason);
  }

  #lost(reason: string, orderly = false): void {
    const left = this.#peerLeft;
    const kind = left > ERROR_CODE.NO_ERROR ? "goaway" : orderly && this.#streams.size === 0 ? "left" : "lost";
    this.#end(kind, Math.max(left, ERROR_CODE.NO_ERROR), reason, false);
    this.#close();
  }

  /** @param say a GOAWAY goes before the end */
  #end(kind: ConnectionEnd["kind"], code: number, reason: string, say = true): void {
    if (this.#over) return;
    if (say && this.#phase !== PHASE.preface) this.#sender.goaway(this.#ids.last, code, reason);
    this.#over = true;
    this.#lingerUntil = this.#node.clock.now() + LINGER;
    this.#lingerTotal = this.#reader.total;
    for (const stream of [...this.#streams.values()]) this.#tell(stream, code, "lost");
    this.#listener.closed({ kind, code, reason });
    this.#sender.out.flushed().then(() => this.#finishWriting());
  }

  /** All is written: our direction ends, and the peer's is read until it ends or time is up. */
  #finishWriting(): void {
    if (this.#shut) return;
    if (this.connection.closeWrite === undefined) this.#close();
    else this.connection.closeWrite();
  }

  #close(): void {
    if (this.#shut) return;
    this.#shut = true;
    this.#reader.stop();
    this.#sender.out.close();
    this.connection.close();
    this.#node.remove(this);
  }
}

/** Hears nothing: a stream between its HEADERS and the word of who handles it. */
const NOBODY: StreamListener = { headers() {}, data() {}, trailers() {}, reset() {}, drained() {} };

const BLOCK_TOO_LONG = "a header block is too long, or in too many frames";
const TOO_MANY_RESETS = "too many streams ended unfinished";
const TOO_MUCH_CONTROL = "too many frames that move nothing";
const BAD_LENGTH = "the body is not as long as content-length says";
const OWN_PARENT = "a stream cannot depend on itself";

const HTTP1_TEXT = "This port speaks HTTP/2 only (RFC 9113), with prior knowledge or over TLS with ALPN h2.\n";
const HTTP1_ANSWER: Uint8Array = new TextEncoder().encode(
  "HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain\r\nconnection: close\r\n" +
    `content-length: ${HTTP1_TEXT.length}\r\n\r\n${HTTP1_TEXT}`,
);

/** Whether it begins as a request of HTTP/1.x does: with a method, and not that of our preface. */
function isHttp1(bytes: Uint8Array, at: number, end: number): boolean {
  return /^(?!PRI )[A-Z]{3,16} /.test(String.fromCharCode(...bytes.subarray(at, Math.min(end, at + 20))));
}
