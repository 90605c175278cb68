/**
 * What waits for the cache to come back. PURE.
 * @module
 */
import type { NewEvent } from "./store.ts";

/** An event of a room, or a word to all gateways. */
export type Waiting =
  | { readonly roomId: string; readonly event: NewEvent }
  | { readonly roomId: undefined; readonly body: Uint8Array };

/** A queue with an end. */
export class OutageQueue {
  readonly #limit: number;
  readonly #waiting: Waiting[] = [];
  readonly #lost = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Rooms of which something did not fit. */
  get lost(): ReadonlySet<string> {
    return this.#lost;
  }

  /** @returns false when it does not fit, and the room's events are not whole any more */
  push(waiting: Waiting): boolean {
    if (this.#waiting.length < this.#limit) {
      this.#waiting.push(waiting);
      return true;
    }
    if (waiting.roomId !== undefined) this.#lost.add(waiting.roomId);
    return false;
  }

  /** The oldest, at most so many. They stay until {@link done}. */
  first(count: number): readonly Waiting[] {
    return this.#waiting.slice(0, count);
  }

  /** The oldest have arrived. */
  done(count: number): void {
    this.#waiting.splice(0, count);
  }

  /** The room has a new epoch: whoever lost something knows. */
  told(roomId: string): void {
    this.#lost.delete(roomId);
  }
}
