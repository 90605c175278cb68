/**
 * A device over WebSocket (RFC 6455), from the 101 on.
 * @module
 */
import type { Socket } from "node:net";
import { BadMessage, decodeRequest, type Encoded, type KnownRequest } from "../../proto/mod.ts";
import { CLOSE, type CloseCode } from "../close_codes.ts";
import { QueuedTransport, type Shared, type Terms } from "../queued_transport.ts";
import type { TransportListener } from "../transport.ts";
import { deflatedFrame, inflate, TooLarge } from "./deflate.ts";
import { FrameReader, type FrameSink } from "./frame_reader.ts";
import { closeFrame, EMPTY_CLOSE, PING, pongFrame } from "./frames.ts";

const NO_STATUS = 1005;
const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Where a socket keeps whose it is, so that no closure is needed for each of its events. */
const OWNER = Symbol("WebSocketTransport");
type OwnedSocket = Socket & { [OWNER]: WebSocketTransport };

/** A WebSocket; see {@link QueuedTransport}. */
export class WebSocketTransport extends QueuedTransport implements FrameSink {
  readonly kind = "websocket";
  readonly #socket: Socket;
  readonly #compressed: boolean;
  readonly #reader: FrameReader;

  /** @param compressed whether permessage-deflate was agreed on */
  constructor(socket: Socket, shared: Shared, terms: Terms, compressed: boolean) {
    super(shared, terms);
    this.#socket = socket;
    this.#compressed = compressed;
    this.#reader = new FrameReader(this, shared, compressed);
    (socket as OwnedSocket)[OWNER] = this;
  }

  /**
   * Begins to listen.
   * @param early what came behind the handshake
   */
  start(listener: TransportListener, early: Uint8Array): void {
    this.listener = listener;
    const socket = this.#socket;
    socket.on("data", onData);
    socket.on("end", onEnd);
    socket.on("close", onClose);
    if (socket.destroyed) return this.goneNow();
    if (early.length > 0) this.take(early);
  }

  /** Bytes came. */
  take(chunk: Uint8Array): void {
    this.bytesIn += chunk.length;
    this.#reader.take(chunk);
  }

  /** The peer ended its side. */
  peerEnded(): void {
    if (this.isOpen) return this.cut();
    this.finishSoon();
  }

  /** The socket is closed. */
  socketClosed(): void {
    this.#reader.end();
    this.goneNow();
  }

  // What frames come to.

  gotText(bytes: Uint8Array, compressed: boolean): void {
    if (!this.isOpen) return;
    if (this.encoding === "proto") return this.#refuse(1003, "expected binary messages, got a text");
    this.#message(bytes, compressed);
  }

  gotBinary(bytes: Uint8Array, compressed: boolean): void {
    if (!this.isOpen) return;
    if (this.encoding === "json") return this.#refuse(1003, "expected text messages, got a binary one");
    this.#message(bytes, compressed);
  }

  gotPing(payload: Uint8Array): void {
    if (!this.isOpen) return;
    this.push(pongFrame(payload));
    this.mind();
    this.tellAlive();
  }

  gotPong(): void {
    this.tellAlive();
  }

  gotClose(code: number, reason: string): void {
    if (this.isOpen) {
      this.push(code === NO_STATUS ? EMPTY_CLOSE : closeFrame(code, ""));
      this.endSession(code, reason);
    }
    this.finishSoon();
  }

  broken(code: 1002 | 1007 | 1009, reason: string): void {
    this.#refuse(code, reason);
  }

  protected frameOf(event: Encoded): Uint8Array {
    return this.#compressed ? deflatedFrame(event, this.encoding) : event.webSocketFrame(this.encoding);
  }

  protected ask(): void {
    this.push(PING);
  }

  protected sayEnd(code: CloseCode, reason: string): void {
    this.push(closeFrame(code, reason));
  }

  protected writeOut(bytes: Uint8Array): number {
    const socket = this.#socket;
    if (socket.destroyed) return 0;
    socket.write(bytes, this.#taken);
    return socket.writableLength;
  }

  protected finish(): void {
    this.#socket.end();
  }

  protected destroy(): void {
    this.#reader.end();
    this.#socket.destroy();
  }

  /** Mostly called for what the system took at once, as {@link writeOut} has said already. */
  readonly #taken = (): void => {
    if (this.#socket.writableLength === 0) this.written();
  };

  #message(bytes: Uint8Array, compressed: boolean): void {
    const request = this.#decode(bytes, compressed);
    if (request !== undefined) this.told((listener) => listener.message(request, bytes.length));
  }

  /** @returns undefined when it is none: then the connection is being closed for it */
  #decode(bytes: Uint8Array, compressed: boolean): KnownRequest | undefined {
    let message: Uint8Array | string = bytes;
    try {
      if (compressed) message = inflate(bytes, this.shared.options.maxMessageSize);
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

  /** Ends it for what the peer did: nothing more of it is read, and its answer is not awaited. */
  #refuse(code: CloseCode, reason: string): void {
    this.#reader.end();
    this.close(code, reason);
    this.finishSoon();
  }
}

function onData(this: Socket, chunk: Uint8Array): void {
  (this as OwnedSocket)[OWNER].take(chunk);
}

function onEnd(this: Socket): void {
  (this as OwnedSocket)[OWNER].peerEnded();
}

function onClose(this: Socket): void {
  (this as OwnedSocket)[OWNER].socketClosed();
}
