/**
 * Single requests of a simulated node, and the answers to them.
 * @module
 */
import type { Peer } from "../peer/peer.ts";
import { OFFSET, viewOf } from "../wire/header.ts";

interface Waiting {
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Ids from here on belong to these requests; the load of a simulated Logic App stays below. */
export const FIRST_OWN_ID = 0x8000_0000;

/** The requests that one connection has sent beside its load. */
export class OwnRequests {
  readonly #peer: Peer;
  readonly #waiting = new Map<number, Waiting>();
  #next = Math.floor(Math.random() * 0x1000_0000);

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /**
   * Sends a copy of `message` under a hop-by-hop id of its own.
   * @param timeout milliseconds
   * @returns the answer as it came, its hop-by-hop id put back
   * @throws Error when the connection is not open, is lost, or no answer comes in time
   */
  send(message: Uint8Array, timeout: number): Promise<Uint8Array> {
    if (!this.#peer.open) {
      return Promise.reject(new Error(`Cannot send a request: the connection to ${this.#peer.remoteText} is not open`));
    }
    const id = FIRST_OWN_ID + this.#next;
    this.#next = (this.#next + 1) & 0x7fff_ffff;
    const copy = message.slice();
    const view = viewOf(copy);
    const before = view.getUint32(OFFSET.hopByHop);
    view.setUint32(OFFSET.hopByHop, id);
    this.#peer.out.push(copy);
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      reject(new Error(`No answer from ${this.#peer.remoteText} within ${timeout} ms`));
    }, timeout);
    this.#waiting.set(id, {
      resolve: (answer) => {
        viewOf(answer).setUint32(OFFSET.hopByHop, before);
        resolve(answer);
      },
      reject,
      timer,
    });
    return promise;
  }

  /**
   * Whether the answer from `at` to `end` belongs to one of these requests, which is then settled.
   */
  take(bytes: Uint8Array, at: number, end: number, hopByHop: number): boolean {
    if (this.#waiting.size === 0) return false;
    const waiting = this.#waiting.get(hopByHop);
    if (waiting === undefined) return false;
    this.#waiting.delete(hopByHop);
    clearTimeout(waiting.timer);
    waiting.resolve(bytes.slice(at, end));
    return true;
  }

  /** The connection is gone: nothing more comes. */
  fail(reason: string): void {
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Error(`No answer from ${this.#peer.remoteText}: ${reason}`));
    }
    this.#waiting.clear();
  }
}
