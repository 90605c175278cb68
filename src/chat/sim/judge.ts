/**
 * Judges what members of rooms have read: each event once, in the order of its offsets, no gap.
 *
 * @example
 * ```ts
 * import { Judge } from "./judge.ts";
 * const judge = new Judge();
 * judge.subscribed("device 1", "room", 4, "epoch");
 * judge.read("device 1", "room", 5, "event 5");
 * console.log(judge.verdict()); // no faults
 * ```
 */

/** What was wrong over a whole run. */
export interface Verdict {
  /** Events that members have read. */
  readonly deliveries: number;
  readonly lost: number;
  readonly doubled: number;
  readonly misordered: number;
  /** Events of rooms that the reader was not in. */
  readonly misdelivered: number;
  /** The first faults, in words. */
  readonly faults: readonly string[];
}

/** Faults that are told in words. */
const TOLD = 20;

interface Reader {
  /** Offsets and events that came, per room and epoch. */
  readonly seen: Set<string>;
  last: number;
  epoch: string;
  /** Events without a place, which it got while the cache was away: their offsets do not come. */
  unplaced: number;
}

/** Watches any number of readers. */
export class Judge {
  readonly #readers = new Map<string, Map<string, Reader>>();
  readonly #faults: string[] = [];
  #deliveries = 0;
  #lost = 0;
  #doubled = 0;
  #misordered = 0;
  #misdelivered = 0;

  /** `who` is in the room from that position on; not recovered: what was before counts no more. */
  subscribed(who: string, room: string, offset: number, epoch: string, recovered = false): void {
    const rooms = this.#roomsOf(who);
    const reader = rooms.get(room);
    if (reader !== undefined && recovered && reader.epoch === epoch) return;
    // What it read while the cache was away gets its places in the new epoch.
    const unplaced = reader !== undefined && reader.epoch !== epoch ? reader.unplaced : 0;
    rooms.set(room, { seen: reader?.seen ?? new Set(), last: offset, epoch, unplaced });
  }

  /** `who` left the room: what comes now is misdelivered. */
  unsubscribed(who: string, room: string): void {
    this.#roomsOf(who).delete(room);
  }

  /** `who` read an event. */
  read(who: string, room: string, offset: number, id: string): void {
    this.#deliveries++;
    const reader = this.#roomsOf(who).get(room);
    if (reader === undefined) {
      this.#misdelivered++;
      return this.#fault(`${who} is not in ${room} and got ${id}`);
    }
    if (reader.seen.has(id)) {
      this.#doubled++;
      return this.#fault(`${who} got ${id} (${room} ${offset}) twice`);
    }
    reader.seen.add(id);
    if (offset === 0) return void reader.unplaced++;
    if (offset <= reader.last) {
      this.#misordered++;
      this.#fault(`${who} got ${room} ${offset} after ${reader.last}`);
    }
    const missing = Math.max(0, offset - reader.last - 1);
    const known = Math.min(missing, reader.unplaced);
    reader.unplaced -= known;
    if (missing > known) {
      this.#lost += missing - known;
      this.#fault(`${who} got ${room} ${offset} after ${reader.last}: ${missing - known} lost`);
    }
    reader.last = Math.max(reader.last, offset);
  }

  /** At the end: `who` must have read up to that offset. */
  mustHave(who: string, room: string, offset: number): void {
    const reader = this.#roomsOf(who).get(room);
    if (reader === undefined || reader.last + reader.unplaced >= offset) return;
    this.#lost += offset - reader.last - reader.unplaced;
    this.#fault(`${who} read ${room} up to ${reader.last}, not ${offset}`);
  }

  /** How far `who` has read; 0 where it is not. */
  lastOf(who: string, room: string): number {
    return this.#readers.get(who)?.get(room)?.last ?? 0;
  }

  /** The epoch in which `who` reads the room; "" where it is not. */
  epochOf(who: string, room: string): string {
    return this.#readers.get(who)?.get(room)?.epoch ?? "";
  }

  /** What came of it. */
  verdict(): Verdict {
    return {
      deliveries: this.#deliveries,
      lost: this.#lost,
      doubled: this.#doubled,
      misordered: this.#misordered,
      misdelivered: this.#misdelivered,
      faults: this.#faults,
    };
  }

  /** @throws Error with the first faults, when there is one */
  assertFaultless(): void {
    if (this.#faults.length > 0) throw new Error(`wrong deliveries:\n${this.#faults.join("\n")}`);
  }

  #roomsOf(who: string): Map<string, Reader> {
    let rooms = this.#readers.get(who);
    if (rooms === undefined) this.#readers.set(who, rooms = new Map());
    return rooms;
  }

  #fault(words: string): void {
    if (this.#faults.length < TOLD) this.#faults.push(words);
  }
}
