/**
 * The latest events of a room without gaps, for many devices that come back at once (V5).
 * PURE.
 * @module
 */
import type { StoredEvent } from "./store.ts";

/** Events up to the room's position. */
export class RecentEvents {
  readonly #events: StoredEvent[];
  readonly #limit: number;

  /** @param events oldest first, without gaps @param limit events kept, at most */
  constructor(events: StoredEvent[], limit: number) {
    this.#events = events;
    this.#limit = limit;
  }

  /** Whether all events after `offset` are here; there is one. */
  covers(offset: number): boolean {
    const first = this.#events[0];
    return first !== undefined && first.offset <= offset + 1;
  }

  /** Events after `offset`, which must be covered. */
  after(offset: number): StoredEvent[] {
    return this.#events.slice(offset + 1 - this.#events[0]!.offset);
  }

  /** Adds the next event. */
  add(event: StoredEvent): void {
    this.#events.push(event);
    // Seldom, as it moves all of them.
    if (this.#events.length > 2 * this.#limit) this.#events.splice(0, this.#events.length - this.#limit);
  }
}
