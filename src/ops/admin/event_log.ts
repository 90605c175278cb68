/**
 * The last events, each with an id, so that a reader who comes back gets what it missed.
 *
 * PURE.
 * @module
 */
import type { AdminEvent } from "./plane.ts";

/** What tells a reader who comes back that some of what it missed is gone. */
export const GAP = "gap";

interface Entry {
  readonly nth: number;
  readonly frame: string;
}

/** Holds the last events as they go over the wire (server-sent events). */
export class EventLog {
  readonly #epoch: string;
  readonly #most: number;
  readonly #mostLength: number;
  readonly #entries: Entry[] = [];
  #length = 0;
  #next = 1;

  /**
   * @param epoch part of each id: those of another process are told apart by it; letters and digits
   * @param most events that are kept, and `mostLength` characters of them in all
   */
  constructor(epoch: string, most: number, mostLength: number) {
    this.#epoch = epoch;
    this.#most = most;
    this.#mostLength = mostLength;
  }

  /** Keeps an event; returns its frame. */
  add(event: AdminEvent): string {
    const nth = this.#next++;
    const frame = frameOf(`${this.#epoch}-${nth}`, event);
    this.#entries.push({ nth, frame });
    this.#length += frame.length;
    while (this.#entries.length > this.#most || this.#length > this.#mostLength) {
      this.#length -= this.#entries.shift()?.frame.length ?? this.#length;
    }
    return frame;
  }

  /**
   * The frames behind the event of id `last`. When that one is not from here, or some behind it are
   * gone: all that are left, behind an event that says so.
   * @param now ISO 8601 time of that event
   */
  after(last: string, now: string): string[] {
    const dash = last.lastIndexOf("-");
    const nth = last.slice(0, dash) === this.#epoch && /^\d{1,15}$/.test(last.slice(dash + 1))
      ? Number(last.slice(dash + 1))
      : -1;
    const oldest = this.#next - this.#entries.length;
    const isWhole = nth >= oldest - 1 && nth < this.#next;
    const frames = this.#entries.filter((entry) => !isWhole || entry.nth > nth).map((entry) => entry.frame);
    // It carries the id of the event before the oldest, so that it is not asked for again.
    return isWhole ? frames : [frameOf(`${this.#epoch}-${oldest - 1}`, { at: now, kind: GAP }), ...frames];
  }
}

/** JSON has no line breaks of its own, so that one line of data is enough. */
function frameOf(id: string, event: AdminEvent): string {
  return `id: ${id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}
