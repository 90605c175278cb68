/**
 * A socket of the node compatibility layer behind the connection interface: for TLS, and for
 * connections from a given local address, which the native sockets cannot do.
 * @module
 */
import type { Socket } from "node:net";
import { type Connection, type Endpoint, plainAddress, type TlsFacts } from "./connection.ts";

/** Wraps an established socket. Its `error` events end here. */
export function nodeConnection(socket: Socket, tls: TlsFacts | undefined): Connection {
  return new NodeConnection(socket, tls);
}

/** One read and one write may be under way at a time; no closures for either. */
class NodeConnection implements Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #socket: Socket;
  /** What a read did not take of a chunk. */
  #left: Uint8Array | undefined;
  #ended = false;
  #failure: Error | undefined;
  /** The read that waits. */
  #into: Uint8Array | undefined;
  #resolveRead!: (count: number | null) => void;
  #rejectRead!: (error: Error) => void;
  /** Bytes of the write under way; -1 when there is none. */
  #writing = -1;
  #resolveWrite!: (count: number) => void;
  #rejectWrite!: (error: Error) => void;

  constructor(socket: Socket, readonly tls: TlsFacts | undefined) {
    this.local = { hostname: plainAddress(socket.localAddress ?? "0.0.0.0"), port: socket.localPort ?? 0 };
    this.remote = { hostname: plainAddress(socket.remoteAddress ?? "0.0.0.0"), port: socket.remotePort ?? 0 };
    this.#socket = socket;
    socket.on("readable", () => this.#news());
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#giveUp());
    socket.on("error", (error: Error) => {
      this.#failure ??= error;
      this.#news();
    });
  }

  read(into: Uint8Array): Promise<number | null> {
    return new Promise((resolve, reject) => {
      this.#into = into;
      this.#resolveRead = resolve;
      this.#rejectRead = reject;
      this.#news();
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined || this.#socket.destroyed) return reject(this.#failure ?? closedError());
      this.#writing = bytes.length;
      this.#resolveWrite = resolve;
      this.#rejectWrite = reject;
      this.#socket.write(bytes, this.#written);
    });
  }

  closeWrite(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Ends the read that waits, if there is anything to end it with. */
  #news(): void {
    const into = this.#into;
    if (into === undefined) return;
    const chunk = this.#left ?? (this.#socket.read() as Uint8Array | null);
    if (chunk !== null) {
      const count = Math.min(chunk.length, into.length);
      into.set(count < chunk.length ? chunk.subarray(0, count) : chunk);
      this.#left = count < chunk.length ? chunk.subarray(count) : undefined;
      this.#into = undefined;
      this.#resolveRead(count);
    } else if (this.#failure !== undefined) {
      this.#into = undefined;
      this.#rejectRead(this.#failure);
    } else if (this.#ended) {
      this.#into = undefined;
      this.#resolveRead(null);
    }
  }

  #end(): void {
    this.#ended = true;
    this.#news();
  }

  /** A write under way will never be called back. */
  #giveUp(): void {
    this.#end();
    if (this.#writing < 0) return;
    this.#writing = -1;
    this.#rejectWrite(this.#failure ?? closedError());
  }

  readonly #written = (error?: Error | null): void => {
    const count = this.#writing;
    if (count < 0) return;
    this.#writing = -1;
    if (error) this.#rejectWrite(error);
    else this.#resolveWrite(count);
  };
}

function closedError(): Error {
  return new Error("the connection is closed");
}
