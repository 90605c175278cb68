/**
 * A device over WebSocket (RFC 6455), from the 101 on.
 * @module
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { BadMessage, decodeRequest, type Encoded, type Encoding, type KnownRequest } from "../../proto/mod.ts";
import { CLOSE, type CloseCode, LOST } from "../close_codes.ts";
import type { DeviceOptions } from "../options.ts";
import type { Patience } from "../patience.ts";
import type { Transport, TransportListener } from "../transport.ts";
import type { Flushing, Run, Turn } from "../turn.ts";
import { deflatedFrame, inflate, TooLarge } from "./deflate.ts";
import { FrameReader, type FrameSink } from "./frame_reader.ts";
import { closeFrame, EMPTY_CLOSE, PING, pongFrame } from "./frames.ts";

/** What all WebSockets of a gateway share. */
export interface WebSocketShared {
  /** As they are now. */
  readonly options: DeviceOptions;
  readonly turn: Turn;
  /** Cuts those that do not answer a close. */
  readonly closing: Patience;
  /** Its socket is gone, too. */
  gone(socket: WebSocketTransport): void;
  failed(error: unknown): void;
}

/** What the handshake agreed on. */
export interface WebSocketTerms {
  readonly encoding: Encoding;
  readonly remote: string;
  readonly compressed: boolean;
}

/** Of what waits behind a write that is under way, the next write takes about so many bytes. */
const PIECE = 64 * 1024;
const NO_STATUS = 1005;

/** How far its end has come: `closing` once the session was told, `gone` with the socket. */
const STATE = { open: 0, closing: 1, gone: 2 } as const;

/** Where a socket keeps whose it is, so that no closure is needed for each of its events. */
const OWNER = Symbol("WebSocketTransport");
type OwnedSocket = Socket & { [OWNER]: WebSocketTransport };

/** See {@link Transport}. */
export class WebSocketTransport implements Transport, FrameSink, Flushing {
  readonly kind = "websocket";
  readonly encoding: Encoding;
  readonly remote: string;
  bytesIn = 0;
  bytesOut = 0;

  readonly #socket: Socket;
  readonly #shared: WebSocketShared;
  readonly #compressed: boolean;
  readonly #reader: FrameReader;
  #listener: TransportListener | undefined;
  #state: number = STATE.open;
  /** What this turn has brought, while nothing is being written. */
  #run: Run | undefined;
  /** What waits behind the write under way. */
  #waiting: Uint8Array[] = NONE;
  #waitingBytes = 0;
  /** Bytes of the write under way; 0 when the system took them at once. */
  #writing = 0;
  #flushDue = false;
  /** Nothing follows what waits: this side of the connection ends then. */
  #last = false;

  constructor(socket: Socket, shared: WebSocketShared, { encoding, remote, compressed }: WebSocketTerms) {
    this.#socket = socket;
    this.#shared = shared;
    this.encoding = encoding;
    this.remote = remote;
    this.#compressed = compressed;
    this.#reader = new FrameReader(this, shared, compressed);
    (socket as OwnedSocket)[OWNER] = this;
  }

  get queuedBytes(): number {
    return this.#writing + (this.#run?.length ?? 0) + this.#waitingBytes;
  }

  /**
   * Begins to listen.
   * @param early what came behind the handshake
   */
  start(listener: TransportListener, early: Uint8Array): void {
    this.#listener = listener;
    const socket = this.#socket;
    socket.on("data", onData);
    socket.on("end", onEnd);
    socket.on("close", onClose);
    if (socket.destroyed) return this.#gone();
    if (early.length > 0) this.take(early);
  }

  send(event: Encoded): void {
    if (this.#state !== STATE.open) return;
    this.#push(this.#compressed ? deflatedFrame(event, this.encoding) : event.webSocketFrame(this.encoding));
    this.#mind();
  }

  ping(): void {
    if (this.#state !== STATE.open) return;
    this.#push(PING);
    this.#mind();
  }

  close(code: CloseCode, reason: string = CLOSE[code]): void {
    if (this.#state !== STATE.open) return;
    this.#push(closeFrame(code, reason));
    this.#closing(code, reason);
  }

  cut(): void {
    this.#socket.destroy();
    this.#gone();
  }

  /** What this turn brought goes to the system. */
  flush(): void {
    this.#flushDue = false;
    const run = this.#run;
    if (run !== undefined) {
      this.#run = undefined;
      this.#write(run.bytes());
    }
    this.#writeOn();
  }

  /** Bytes came. */
  take(chunk: Uint8Array): void {
    this.bytesIn += chunk.length;
    this.#reader.take(chunk);
  }

  /** The peer ended its side. */
  peerEnded(): void {
    if (this.#state === STATE.open) return this.cut();
    this.#last = true;
    if (!this.#flushDue) this.#writeOn();
  }

  /** The socket is closed. */
  socketClosed(): void {
    this.#gone();
  }

  // What frames come to.

  gotText(bytes: Uint8Array, compressed: boolean): void {
    if (this.#state !== STATE.open) return;
    if (this.encoding === "proto") return this.#refuse(1003, "expected binary messages, got a text");
    this.#message(bytes, compressed);
  }

  gotBinary(bytes: Uint8Array, compressed: boolean): void {
    if (this.#state !== STATE.open) return;
    if (this.encoding === "json") return this.#refuse(1003, "expected text messages, got a binary one");
    this.#message(bytes, compressed);
  }

  gotPing(payload: Uint8Array): void {
    if (this.#state !== STATE.open) return;
    this.#push(pongFrame(payload));
    this.#mind();
    this.#alive();
  }

  gotPong(): void {
    this.#alive();
  }

  gotClose(code: number, reason: string): void {
    if (this.#state === STATE.open) {
      this.#push(code === NO_STATUS ? EMPTY_CLOSE : closeFrame(code, ""));
      this.#closing(code, reason);
    }
    this.#last = true;
    if (!this.#flushDue) this.#writeOn();
  }

  broken(code: 1002 | 1007 | 1009, reason: string): void {
    this.#refuse(code, reason);
  }

  #message(bytes: Uint8Array, compressed: boolean): void {
    const request = this.#decode(bytes, compressed);
    if (request === undefined) return;
    try {
      this.#listener?.message(request, bytes.length);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @returns undefined when it is none: then the connection is being closed for it */
  #decode(bytes: Uint8Array, compressed: boolean): KnownRequest | undefined {
    let message: Uint8Array | string = bytes;
    try {
      if (compressed) message = inflate(bytes, this.#shared.options.maxMessageSize);
      if (this.encoding === "json") message = STRICT_UTF8.decode(message);
    } catch (error) {
      if (error instanceof TooLarge) this.#refuse(1009, CLOSE[1009]);
      else this.#refuse(1007, compressed ? "the message cannot be decompressed to text" : CLOSE[1007]);
      return undefined;
    }
    try {
      return decodeRequest(message, this.encoding);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.#refuse(4007, error.message);
      return undefined;
    }
  }

  #alive(): void {
    if (this.#state !== STATE.open) return;
    try {
      this.#listener?.alive();
    } catch (error) {
      this.#failed(error);
    }
  }

  #drained(): void {
    if (this.#state !== STATE.open) return;
    try {
      this.#listener?.drained?.();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#shared.failed(error);
    this.close(1011);
  }

  /** Ends it for what the peer did: nothing more of it is read, and its answer is not awaited. */
  #refuse(code: CloseCode, reason: string): void {
    this.#reader.end();
    this.#last = true;
    this.close(code, reason);
  }

  /** Ends it when more waits than may: everything that waits is let go. */
  #mind(): void {
    if (this.queuedBytes <= this.#shared.options.sendQueue) return;
    this.flush(); // A large turn is no slow device yet.
    if (this.queuedBytes <= this.#shared.options.sendQueue) return;
    this.#run = undefined;
    this.#waiting = NONE;
    this.#waitingBytes = 0;
    this.close(4008);
  }

  /** A close is on its way. */
  #closing(code: number, reason: string): void {
    this.#state = STATE.closing;
    this.#shared.closing.await(this);
    this.#tell(code, reason);
  }

  #gone(): void {
    if (this.#state === STATE.gone) return;
    const wasOpen = this.#state === STATE.open;
    this.#state = STATE.gone;
    this.#reader.end();
    this.#run = undefined;
    this.#waiting = NONE;
    this.#waitingBytes = this.#writing = 0;
    this.#shared.closing.forget(this);
    this.#shared.gone(this);
    if (wasOpen) this.#tell(LOST, "");
  }

  #tell(code: number, reason: string): void {
    const listener = this.#listener;
    this.#listener = undefined;
    try {
      listener?.closed(code, reason);
    } catch (error) {
      this.#shared.failed(error);
    }
  }

  #push(bytes: Uint8Array): void {
    if (this.#writing > 0) {
      if (this.#waiting === NONE) this.#waiting = [];
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
      return;
    }
    this.#run = this.#shared.turn.append(this.#run, bytes);
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.#shared.turn.flushLater(this);
  }

  #write(bytes: Uint8Array): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(bytes, this.#written);
    this.bytesOut += bytes.length;
    this.#writing = this.#socket.writableLength > 0 ? bytes.length : 0;
  }

  readonly #written = (): void => {
    if (this.#writing === 0 || this.#socket.writableLength > 0) return;
    this.#writing = 0;
    this.#writeOn();
  };

  /** Writes what waits, in pieces, as long as the system takes it; then the end, if it has come. */
  #writeOn(): void {
    while (this.#writing === 0 && this.#waiting.length > 0) {
      let count = 0;
      let size = 0;
      while (count < this.#waiting.length && (count === 0 || size < PIECE)) size += this.#waiting[count++]!.length;
      const piece = this.#waiting.splice(0, count);
      const isAll = this.#waiting.length === 0;
      if (isAll) this.#waiting = NONE;
      this.#waitingBytes -= size;
      this.#write(count === 1 ? piece[0]! : Buffer.concat(piece, size));
      if (isAll) this.#drained();
    }
    if (this.#last && this.#writing === 0 && this.#run === undefined) this.#socket.end();
  }
}

/** Stands for a list without anything in it; never changed. */
const NONE: Uint8Array[] = [];
const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function onData(this: Socket, chunk: Uint8Array): void {
  (this as OwnedSocket)[OWNER].take(chunk);
}

function onEnd(this: Socket): void {
  (this as OwnedSocket)[OWNER].peerEnded();
}

function onClose(this: Socket): void {
  (this as OwnedSocket)[OWNER].socketClosed();
}
