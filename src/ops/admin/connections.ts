/**
 * The connections of the admin interface, and their bounds: how many, and how long one may keep an
 * answer waiting.
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { AdminLimits } from "./options.ts";

/**
 * ms for the rest of a body that nobody wants any more. To close at once would reset the
 * connection, and cost a client that still sends the answer.
 */
const LINGER = 1_000;

/** How often it is looked whether readers read, in parts of the time they have. */
const LOOKS = 4;

interface Known {
  /** What HTTP is spoken over: the socket itself, or TLS on it; undefined before the handshake. */
  spoken: Socket | undefined;
  /** The answer that is awaited or under way. */
  answer: ServerResponse | undefined;
  /** Ends it unless something comes first: the handshake, or the rest of a body. */
  deadline: ReturnType<typeof setTimeout> | undefined;
  /** Bytes that had gone out when it was last looked. */
  written: number;
  /**
   * Since when none has gone out although some wait, in ms of a monotonic clock; undefined when
   * none wait.
   */
  stalledSince: number | undefined;
}

type Limits = Pick<AdminLimits, "connections" | "headTimeout" | "stallTimeout">;

/** All connections, oldest first. */
export class Connections implements Disposable {
  readonly #limits: Limits;
  readonly #known = new Map<Socket, Known>();
  /** The same by what is spoken over. */
  readonly #bySpoken = new WeakMap<Socket, Known>();
  #looks: ReturnType<typeof setInterval> | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** How many there are. */
  get size(): number {
    return this.#known.size;
  }

  /**
   * Takes a connection in. Where there is no room, the oldest that nobody waits at goes: whoever
   * opens many and asks nothing locks nobody out.
   * @param tls when it has to shake hands first
   */
  add(socket: Socket, tls?: "tls"): void {
    socket.on("error", () => {}); // What follows is "close".
    if (this.#known.size >= this.#limits.connections) {
      const [idle] = [...this.#known].find(([, { answer }]) => answer === undefined) ?? [];
      if (idle === undefined) return void socket.destroy();
      this.#remove(idle);
    }
    const known: Known = {
      spoken: undefined,
      answer: undefined,
      deadline: undefined,
      written: 0,
      stalledSince: undefined,
    };
    this.#known.set(socket, known);
    if (tls === undefined) this.#speak(known, socket);
    else known.deadline = setTimeout(() => this.#remove(socket), this.#limits.headTimeout);
    socket.on("close", () => this.#remove(socket));
    socket.setKeepAlive(true);
    this.#looks ??= setInterval(() => this.#look(), this.#limits.stallTimeout / LOOKS);
  }

  /** Notes that hands were shaken. */
  secured(spoken: Socket): void {
    spoken.on("error", () => {});
    const { remoteAddress, remotePort } = spoken;
    for (const [socket, known] of this.#known) {
      if (socket.remotePort !== remotePort || socket.remoteAddress !== remoteAddress) continue;
      clearTimeout(known.deadline);
      this.#speak(known, spoken);
    }
  }

  /** Notes that `answer` to `request` is awaited. */
  busy(request: IncomingMessage, answer: ServerResponse): void {
    const socket = request.socket as Socket;
    const known = this.#bySpoken.get(socket);
    if (known === undefined) return;
    known.answer = answer;
    answer.on("close", () => {
      if (known.answer === answer) known.answer = undefined;
    });
    answer.on("finish", () => {
      if (request.complete) return;
      request.resume();
      request.on("end", () => clearTimeout(known.deadline));
      known.deadline = setTimeout(() => socket.destroy(), LINGER);
    });
  }

  /**
   * Whether something may be said outside of an answer: hands were shaken, and no answer is on its
   * way.
   */
  maySay(socket: Socket): boolean {
    const known = this.#bySpoken.get(socket);
    return known !== undefined && socket.writable && !known.answer?.headersSent;
  }

  /** Ends those at which nobody waits. */
  endIdle(): void {
    for (const [socket, { answer }] of this.#known) if (answer === undefined) this.#remove(socket);
  }

  /** Ends all. */
  [Symbol.dispose](): void {
    for (const socket of this.#known.keys()) this.#remove(socket);
  }

  #speak(known: Known, spoken: Socket): void {
    known.spoken = spoken;
    this.#bySpoken.set(spoken, known);
  }

  #remove(socket: Socket): void {
    const known = this.#known.get(socket);
    if (known === undefined) return;
    this.#known.delete(socket);
    clearTimeout(known.deadline);
    known.spoken?.destroy();
    socket.destroy();
    if (this.#known.size > 0) return;
    clearInterval(this.#looks);
    this.#looks = undefined;
  }

  #look(): void {
    const now = performance.now();
    for (const [socket, known] of this.#known) {
      const { bytesWritten, writableLength } = known.spoken ?? socket;
      const written = bytesWritten - writableLength;
      if (writableLength === 0 || written > known.written) known.stalledSince = undefined;
      else known.stalledSince ??= now;
      known.written = written;
      if (known.stalledSince !== undefined && now - known.stalledSince >= this.#limits.stallTimeout) {
        this.#remove(socket);
      }
    }
  }
}
