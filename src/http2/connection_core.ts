/**
 * The driver of one connection: how it begins, what concerns it as a whole, and how it ends.
 *
 * Must not know what single streams are about: see `receiver.ts` and `streams.ts`.
 * @module
 */
import type { Block } from "../net/block.ts";
import type { Connection } from "../net/connection.ts";
import { reasonOf } from "../net/reason.ts";
import { BlockReader, type ReaderOwner } from "./block_reader.ts";
import { ERROR_CODE } from "./error_code.ts";
import { faultCode, FLAG, FRAME, FRAME_HEADER, isPreface, measure } from "./frame.ts";
import type { HeaderList } from "./hpack/header_list.ts";
import { HTTP1_ANSWER, isHttp1 } from "./http1.ts";
import { Keepalive } from "./keepalive.ts";
import { Leave } from "./leave.ts";
import { PeerLimits } from "./limits.ts";
import type { ConnectionEnd, StreamListener, ViolationKind } from "./listeners.ts";
import type { Http2Node, Ticking } from "./node.ts";
import type { Http2Options } from "./options.ts";
import { OwnPings, PING_FOR } from "./own_pings.ts";
import { ReceiveWindow } from "./receive_window.ts";
import { Receiver, type ReceiverOwner, TOO_WIDE } from "./receiver.ts";
import { Sender } from "./sender.ts";
import { INITIAL_FRAME_SIZE, INITIAL_WINDOW, MAX_WINDOW, PeerSettings, SETTING } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";
import { STATE } from "./stream_state.ts";
import { type Http2Listener, MAX_ID, Streams, type StreamsOwner } from "./streams.ts";

/** What must come next. */
const PHASE = { preface: 0, settings: 1, open: 2 } as const;

/**
 * Milliseconds, and octets, for which a connection that has ended is read: its GOAWAY shall arrive.
 */
const LINGER = 1000;
const LINGER_OCTETS = 1024 * 1024;
/** Streams that a client opens before it knows how many it may. */
const UNSETTLED_STREAMS = 100;
/** Octets of the debug text of a GOAWAY that are handed on. */
const LONGEST_DEBUG = 1024;

/** The inside of an `Http2Connection`. */
export class ConnectionCore implements StreamsOwner, ReceiverOwner, ReaderOwner, Ticking {
  readonly peerSettings: PeerSettings = new PeerSettings();
  readonly streams: Streams;
  readonly client: boolean;
  /** The connection has ended; what still comes is dropped, until the socket is closed. */
  over = false;

  readonly #connection: Connection;
  readonly #node: Http2Node;
  readonly #listener: Http2Listener;
  #options: Http2Options;
  readonly #reader: BlockReader;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  readonly #limits: PeerLimits;
  readonly #keepalive = new Keepalive();
  readonly #pings = new OwnPings();
  readonly #leave = new Leave();
  readonly #startedAt: number;

  #phase: number;
  /** Somebody was given no stream, and is to be told when there is one. */
  #wanted = false;
  #lingerUntil = 0;
  #lingerTotal = 0;
  #shut = false;

  constructor(
    connection: Connection,
    node: Http2Node,
    options: Http2Options,
    listener: Http2Listener,
    client: boolean,
  ) {
    this.client = client;
    this.#connection = connection;
    this.#node = node;
    this.#listener = listener;
    this.#options = options;
    this.#startedAt = node.clock.now();
    this.#phase = client ? PHASE.settings : PHASE.preface;
    this.#limits = new PeerLimits(options.resets, options.controlFrames, this.#startedAt);
    const window = new ReceiveWindow(Math.min(Math.max(options.connectionWindow, INITIAL_WINDOW), MAX_WINDOW));
    const streams = new Streams(this, listener, client, window, Math.min(options.streamWindow, MAX_WINDOW));
    const sender = new Sender(connection, node, options.sendQueueLimit, streams, this.peerSettings, this.#limits);
    streams.sender = sender;
    this.streams = streams;
    this.#sender = sender;
    this.#receiver = new Receiver(this, streams, sender, window, this.peerSettings, options.maxHeaderList);
    this.#reader = new BlockReader(connection, node.blocks, node.turns, this);
    if (client) this.#introduce();
    node.add(this);
    this.#reader.read();
  }

  get settled(): boolean {
    return this.#phase === PHASE.open;
  }

  get goingAway(): boolean {
    return this.over || this.#leave.begun;
  }

  get freeStreams(): number {
    if (this.goingAway) return 0;
    const most = this.peerSettings.maxConcurrentStreams;
    return Math.max(0, (this.settled ? most : Math.min(most, UNSETTLED_STREAMS)) - this.streams.size);
  }

  get bytesIn(): number {
    return this.#reader.total;
  }

  get bytesOut(): number {
    return this.#sender.out.writtenBytes;
  }

  get maxConcurrentStreams(): number {
    return this.#options.maxConcurrentStreams;
  }

  get isNew(): boolean {
    const { handshakeTimeout } = this.#options;
    return !this.streams.acknowledged && this.#node.clock.now() - this.#startedAt <= handshakeTimeout;
  }

  open(list: HeaderList, end: boolean, listener: StreamListener): Http2Stream | undefined {
    if (this.freeStreams === 0) {
      this.#wanted = !this.goingAway;
      return undefined;
    }
    const { streams } = this;
    const id = streams.nextId;
    streams.nextId += 2;
    const stream = streams.add(id, listener, this.peerSettings.initialWindowSize, STATE.open);
    if (list.get(":method") === "HEAD") stream.bodiless = true;
    this.#sender.headers(stream, list, end);
    // It was the last id that there is.
    if (id === MAX_ID) this.shutdown();
    return stream;
  }

  goaway(code: number, lastId: number = this.streams.ids.last): void {
    if (this.over) return;
    this.#leave.finish();
    this.streams.lastServed = lastId;
    this.#sender.goaway(lastId, code, "");
    this.#closeIfLeft();
  }

  shutdown(): void {
    if (this.over || this.#leave.taken) return;
    if (this.#phase === PHASE.preface) return this.end("closed", ERROR_CODE.NO_ERROR, "it was shut down");
    if (this.client) return this.goaway(ERROR_CODE.NO_ERROR);
    this.#leave.announce(this.#node.clock.now());
    this.#sender.goaway(MAX_ID, ERROR_CODE.NO_ERROR, "");
    this.#sender.ping(this.#pings.payload(PING_FOR.leave), false);
  }

  ping(done: (milliseconds: number) => void): void {
    if (!this.over) this.#sender.ping(this.#pings.ask(this.#node.clock.now(), done), false);
  }

  configure(options: Http2Options): void {
    const before = this.#options;
    this.#options = options;
    this.#sender.out.limit = options.sendQueueLimit;
    this.#limits.configure(options.resets, options.controlFrames, this.#node.clock.now());
    if (this.over || this.client || this.#phase === PHASE.preface) return;
    if (options.maxConcurrentStreams !== before.maxConcurrentStreams) {
      this.#sender.settings([SETTING.MAX_CONCURRENT_STREAMS, options.maxConcurrentStreams]);
    }
  }

  // What the reader and the clock tell.

  take(block: Block, at: number, end: number): number {
    const { bytes, view } = block;
    while (end - at >= FRAME_HEADER) {
      if (this.over) return end;
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
    if (!this.over) return out.full ? out.drained() : undefined;
    if (this.#reader.total - this.#lingerTotal > LINGER_OCTETS) this.#close();
    return undefined;
  }

  ended(error?: unknown): void {
    if (this.over) return this.#close();
    this.#lost(error === undefined ? "the peer closed the connection" : reasonOf(error), error === undefined);
  }

  writeFailed(error: unknown): void {
    if (this.over) this.#close();
    else this.#lost(`writing failed: ${reasonOf(error)}`);
  }

  tick(now: number): void {
    if (this.over) {
      if (now >= this.#lingerUntil) this.#close();
      return;
    }
    const { handshakeTimeout, writeTimeout, keepalive } = this.#options;
    const { writingSince } = this.#sender.out;
    if (this.#phase !== PHASE.open && now - this.#startedAt >= handshakeTimeout) {
      return this.violation("handshake", `no preface and SETTINGS within ${handshakeTimeout} ms`);
    }
    if (writingSince > 0 && now - writingSince >= writeTimeout) {
      return this.violation("queue", `it did not read for ${writeTimeout} ms`);
    }
    if (this.#leave.isDue(now)) this.goaway(ERROR_CODE.NO_ERROR);
    if (this.over || this.#phase === PHASE.preface) return;
    switch (this.#keepalive.look(this.#reader.total, now, keepalive)) {
      case "ask":
        return this.#sender.ping(this.#pings.payload(PING_FOR.life), false);
      case "dead":
        return this.end("keepalive", ERROR_CODE.NO_ERROR, `no answer to a PING within ${keepalive.timeout} ms`);
    }
  }

  // The beginning.

  #introduce(): void {
    const sender = this.#sender;
    const { maxConcurrentStreams, streamWindow, connectionWindow, maxHeaderList } = this.#options;
    if (this.client) sender.preface();
    sender.settings([
      ...(this.client ? [SETTING.ENABLE_PUSH, 0] : [SETTING.MAX_CONCURRENT_STREAMS, maxConcurrentStreams]),
      ...[SETTING.INITIAL_WINDOW_SIZE, Math.min(streamWindow, MAX_WINDOW)],
      ...[SETTING.MAX_FRAME_SIZE, INITIAL_FRAME_SIZE, SETTING.MAX_HEADER_LIST_SIZE, maxHeaderList],
    ]);
    const more = Math.min(connectionWindow, MAX_WINDOW) - INITIAL_WINDOW;
    if (more > 0) sender.windowUpdate(0, more);
  }

  /** The preface, or the frame behind it. */
  #takeFirst(bytes: Uint8Array, view: DataView, at: number, next: number): void {
    const preface = isPreface(view, at);
    if (this.#phase !== PHASE.preface) {
      const settings = !preface && bytes[at + 3] === FRAME.SETTINGS && (bytes[at + 4]! & FLAG.ACK) === 0;
      if (!settings) return this.fail(ERROR_CODE.PROTOCOL_ERROR, "SETTINGS must come first, and a preface once");
      return this.#takeFrame(bytes, view, at, next);
    }
    if (!preface) return this.#cannotBe(ERROR_CODE.PROTOCOL_ERROR, bytes, at, next);
    this.#phase = PHASE.settings;
    this.#introduce();
    const { tls } = this.#connection;
    if (tls !== undefined && tls.protocol !== "h2") {
      this.fail(ERROR_CODE.INADEQUATE_SECURITY, "over TLS, HTTP/2 is agreed on by ALPN");
    }
  }

  /** Octets that can be no frame. */
  #cannotBe(code: number, bytes: Uint8Array, at: number, end: number): void {
    if (this.#phase !== PHASE.preface) return this.fail(code, "a frame has a length that it must not have");
    if (isHttp1(bytes, at, end)) {
      this.#sender.out.push(HTTP1_ANSWER);
      return this.end("protocol", ERROR_CODE.HTTP_1_1_REQUIRED, "it speaks HTTP/1.x");
    }
    this.#introduce();
    this.#phase = PHASE.settings;
    this.fail(ERROR_CODE.PROTOCOL_ERROR, "the preface of HTTP/2 was expected");
  }

  // Frames.

  #takeFrame(bytes: Uint8Array, view: DataView, at: number, next: number): void {
    const type = bytes[at + 3]!;
    const flags = bytes[at + 4]!;
    const id = view.getUint32(at + 5) & MAX_ID;
    const start = at + FRAME_HEADER;
    const receiver = this.#receiver;
    const awaited = receiver.block.id;
    if (awaited !== 0 && (type !== FRAME.CONTINUATION || id !== awaited)) {
      return this.fail(ERROR_CODE.PROTOCOL_ERROR, "only CONTINUATION may come inside a header block");
    }
    switch (type) {
      case FRAME.DATA:
        return receiver.data(bytes, start, next, flags, id);
      case FRAME.HEADERS:
        return receiver.headers(bytes, view, start, next, flags, id);
      case FRAME.CONTINUATION:
        return receiver.continuation(bytes, start, next, flags, id);
      case FRAME.RST_STREAM:
        return receiver.reset(view.getUint32(start), id);
      case FRAME.PRIORITY:
        return receiver.priority(view, start, next, id);
      case FRAME.WINDOW_UPDATE:
        if (!this.client && !this.#limits.update()) return this.violation("window", "too many WINDOW_UPDATEs");
        return receiver.windowUpdate(view.getUint32(start) & MAX_ID, id);
      case FRAME.PUSH_PROMISE:
        return this.fail(ERROR_CODE.PROTOCOL_ERROR, "PUSH_PROMISE was not allowed");
      case FRAME.PING:
      case FRAME.SETTINGS:
      case FRAME.GOAWAY:
        if (id !== 0) return this.fail(ERROR_CODE.PROTOCOL_ERROR, "a frame of the connection came on a stream");
        if (type === FRAME.PING) return this.#takePing(bytes, start, flags);
        if (type === FRAME.SETTINGS) return this.#takeSettings(view, start, next, flags);
        return this.#takeGoaway(bytes, view, start, next);
      default:
        this.control();
    }
  }

  #takeSettings(view: DataView, at: number, end: number, flags: number): void {
    if (this.#phase === PHASE.open && !this.control()) return;
    if ((flags & FLAG.ACK) !== 0) {
      this.streams.acknowledged = true;
      return;
    }
    const settings = this.peerSettings;
    const { initialWindowSize: windowBefore, maxConcurrentStreams: streamsBefore } = settings;
    const code = settings.take(view, at, end, !this.client);
    if (code !== ERROR_CODE.NO_ERROR) return this.fail(code, "a setting has a value that it must not have");
    const change = settings.initialWindowSize - windowBefore;
    if (change !== 0 && !this.#receiver.changeWindows(change)) {
      return this.fail(ERROR_CODE.FLOW_CONTROL_ERROR, TOO_WIDE);
    }
    this.#sender.acknowledgeSettings();
    if (change > 0) this.#sender.pump();
    if (this.#phase !== PHASE.open) {
      this.#phase = PHASE.open;
      this.#hear(() => this.#listener.settled?.());
    }
    if (settings.maxConcurrentStreams > streamsBefore) this.#tellRoom();
  }

  #takePing(bytes: Uint8Array, at: number, flags: number): void {
    const now = this.#node.clock.now();
    if ((flags & FLAG.ACK) === 0) {
      if (!this.client && !this.#limits.ping(now)) return this.violation("control", TOO_MUCH_CONTROL);
      return this.#sender.ping(bytes.subarray(at, at + 8), true);
    }
    let purpose: number = PING_FOR.caller;
    this.#hear(() => purpose = this.#pings.answered(bytes, at, now));
    if (purpose === 0) this.control();
    else if (purpose === PING_FOR.leave && this.#leave.announced) this.goaway(ERROR_CODE.NO_ERROR);
  }

  #takeGoaway(bytes: Uint8Array, view: DataView, at: number, next: number): void {
    if (!this.control()) return;
    const lastId = view.getUint32(at) & MAX_ID;
    const code = view.getUint32(at + 4);
    this.#leave.peerLeaves(code);
    const debug = bytes.subarray(at + 8, Math.min(next, at + 8 + LONGEST_DEBUG));
    const text = new TextDecoder().decode(debug);
    this.#hear(() => this.#listener.goaway?.(lastId, code, text));
    if (this.client) this.streams.endAbove(lastId, ERROR_CODE.REFUSED_STREAM, "goaway");
    this.#closeIfLeft();
  }

  // Limits; those on frames are for clients alone: backends are trusted to be busy.

  control(): boolean {
    if (this.client || this.#limits.control(this.#node.clock.now())) return true;
    this.violation("control", TOO_MUCH_CONTROL);
    return false;
  }

  unfinished(): void {
    if (this.client || this.#limits.reset(this.#node.clock.now())) return;
    this.violation("resets", "too many streams ended unfinished");
  }

  madeReset(): void {
    this.unfinished();
  }

  gone(): void {
    if (this.#wanted) this.#tellRoom();
    if (this.streams.size === 0) this.#closeIfLeft();
  }

  #tellRoom(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    queueMicrotask(() => {
      if (!this.goingAway) this.#hear(() => this.#listener.room?.());
    });
  }

  // The end.

  /** Closes when a leave was taken and nothing is left to do. */
  #closeIfLeft(): void {
    if (this.over || this.streams.size > 0) return;
    const outcome = this.#leave.outcome(this.client);
    if (outcome !== undefined) this.end(outcome.kind, outcome.code, outcome.reason, false);
  }

  fail(code: number, reason: string): void {
    if (this.over) return;
    this.#hear(() => this.#listener.protocolError?.(reason));
    this.end("protocol", code, reason);
  }

  violation(kind: ViolationKind, reason: string): void {
    if (this.over) return;
    this.#hear(() => this.#listener.violation?.(kind));
    this.end("violation", ERROR_CODE.ENHANCE_YOUR_CALM, reason);
  }

  #lost(reason: string, orderly = false): void {
    const { peerCode } = this.#leave;
    const inPeace = orderly && this.streams.size === 0;
    this.end(peerCode !== ERROR_CODE.NO_ERROR ? "goaway" : inPeace ? "left" : "lost", peerCode, reason, false);
    this.#close();
  }

  /** @param say a GOAWAY goes before the end */
  end(kind: ConnectionEnd["kind"], code: number, reason: string, say = true): void {
    if (this.over) return;
    if (say && this.#phase !== PHASE.preface) this.#sender.goaway(this.streams.ids.last, code, reason);
    this.over = true;
    // In peace, the peer gets all that is on its way to it, as slowly as it reads.
    const patience = kind === "closed" || kind === "left" ? this.#options.writeTimeout : LINGER;
    this.#lingerUntil = this.#node.clock.now() + patience;
    this.#lingerTotal = this.#reader.total;
    this.streams.endAbove(0, code, "lost");
    this.#hear(() => this.#listener.closed({ kind, code, reason }));
    this.#sender.out.flushed().then(() => this.#finishWriting());
  }

  /** Calls the listener, whose failure must not keep the connection from what follows. */
  #hear(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#listener.failed?.(error);
    }
  }

  /** All is written: our direction ends, and the peer's is read until it ends or time is up. */
  #finishWriting(): void {
    if (this.#shut) return;
    this.#lingerUntil = this.#node.clock.now() + LINGER;
    if (this.#connection.closeWrite === undefined) this.#close();
    else this.#connection.closeWrite();
  }

  #close(): void {
    if (this.#shut) return;
    this.#shut = true;
    this.#reader.stop();
    this.#sender.out.close();
    this.#connection.close();
    this.#node.remove(this);
  }
}

const TOO_MUCH_CONTROL = "too many frames that move nothing";
