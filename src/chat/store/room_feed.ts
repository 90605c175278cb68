/**
 * One room as a gateway hears it: what comes in any order and with losses goes out in order.
 * PURE.
 *
 * Events behind a gap wait until the gap is fetched from history; what history no longer has is
 * told as a move. Nothing is told before it is known where the room stands.
 * @module
 */
import type { RecentEvents } from "./recent_events.ts";
import type { Position, RoomListener, StoredEvent } from "./store.ts";

/** Events that may wait behind a gap; more are fetched later. */
const AHEAD = 1_000;
/** Epochs that are remembered: late messages of theirs may still come. */
const PAST = 4;

/** A subscribed room. */
export class RoomFeed {
  readonly #listener: RoomListener;
  #position: Position = { offset: 0, epoch: "" };
  /** Id of the event at the position; "" where only the number is known. */
  #lastId = "";
  /** Of the position's epoch, or of any while that is not known. */
  #highest = 0;
  readonly #ahead = new Map<number, StoredEvent>();
  /** What members here got with offset 0 and has not come with its offset yet; by id. */
  readonly #unplaced = new Map<string, { readonly event: StoredEvent; at: Position | undefined }>();
  /** Ids of publications under way from here, and where they were seen. */
  readonly #expected = new Map<string, Position | undefined>();
  /** Somebody may have asked for the position before it was known. */
  #awaited = false;
  readonly #past: string[] = [];
  /** A message of a past epoch came: late, or the room is back there. */
  #doubt = false;
  /** The latest events up to the position, while somebody recovers. */
  recent: RecentEvents | undefined;

  constructor(listener: RoomListener) {
    this.#listener = listener;
  }

  /** Of the last event that was told. */
  get position(): Position {
    return this.#position;
  }

  get lastId(): string {
    return this.#lastId;
  }

  /** Whether the position is known. */
  get placed(): boolean {
    return this.#position.epoch !== "";
  }

  /** Whether something is missing that must be fetched: all after the position. */
  get gap(): boolean {
    return this.placed && (this.#doubt || this.#highest > this.#position.offset);
  }

  /** The newest offset that was heard of in the position's epoch. */
  get highest(): number {
    return this.#highest;
  }

  /** What has no offset yet, in the order in which it was told. */
  get unplaced(): StoredEvent[] {
    return [...this.#unplaced.values()].map(({ event }) => event);
  }

  /** The position is asked for from now on: when it becomes known it is told. */
  await(): void {
    this.#awaited = true;
  }

  /** An event from the bus. */
  offer(event: StoredEvent): void {
    if (!this.placed) {
      if (this.#ahead.size > 0 && this.#ahead.values().next().value!.epoch !== event.epoch) this.#ahead.clear();
      this.#hold(event);
    } else if (this.#past.includes(event.epoch)) {
      this.#doubt = true;
    } else {
      // Whoever is here gets a new row from its start, if history has that.
      if (event.epoch !== this.#position.epoch) this.moved({ offset: 0, epoch: event.epoch });
      if (event.offset <= this.#position.offset) return;
      this.#highest = Math.max(this.#highest, event.offset);
      if (event.offset > this.#position.offset + 1) this.#hold(event);
      else {
        this.#tell(event);
        this.#drain();
      }
    }
  }

  /**
   * What history has after the position, or where the room stands.
   * @param newest of the room when that was read
   * @param events oldest first; perhaps not up to the newest
   */
  filled(newest: Position, events: readonly StoredEvent[]): void {
    if (!this.placed) {
      const waiting = [...this.#ahead.values()].filter(({ epoch }) => epoch === newest.epoch);
      this.#ahead.clear();
      this.#position = { offset: newest.offset, epoch: newest.epoch };
      this.#highest = newest.offset;
      if (this.#awaited) this.#listener.moved(this.#position);
      for (const event of waiting.sort((a, b) => a.offset - b.offset)) this.offer(event);
      return;
    }
    this.#doubt = false;
    if (newest.epoch !== this.#position.epoch) {
      this.moved({ offset: 0, epoch: newest.epoch });
      this.#highest = newest.offset;
      return;
    }
    this.#highest = Math.max(this.#highest, newest.offset);
    for (const event of events) {
      if (event.offset <= this.#position.offset) continue;
      if (event.offset > this.#position.offset + 1) this.moved({ offset: event.offset - 1, epoch: event.epoch });
      this.#tell(event);
    }
    // History is at its end, and does not have it all.
    if (events.length === 0 && newest.offset > this.#position.offset) this.moved(newest);
    this.#drain();
  }

  /** The bus tells that the room goes on after another position. */
  announced(position: Position): void {
    if (this.#past.includes(position.epoch)) this.#doubt = true;
    else this.moved(position);
  }

  /** The room goes on after another position. */
  moved({ offset, epoch }: Position): void {
    if (epoch === this.#position.epoch && offset <= this.#position.offset) return;
    const told = this.placed || this.#awaited;
    if (epoch !== this.#position.epoch) {
      this.#ahead.clear();
      this.#highest = offset;
      const again = this.#past.indexOf(epoch);
      if (again >= 0) this.#past.splice(again, 1);
      if (this.placed) this.#past.push(this.#position.epoch);
      if (this.#past.length > PAST) this.#past.shift();
    }
    for (const [id, { at }] of this.#unplaced) {
      if (at !== undefined && (at.epoch !== epoch || at.offset <= offset)) this.#unplaced.delete(id);
    }
    this.recent = undefined;
    for (const at of this.#ahead.keys()) if (at <= offset) this.#ahead.delete(at);
    this.#highest = Math.max(this.#highest, offset);
    this.#position = { offset, epoch };
    this.#lastId = "";
    if (told) this.#listener.moved(this.#position);
  }

  /** An id is being published from here. */
  expect(id: string): void {
    this.#expected.set(id, undefined);
  }

  /** Publishing ended; gives where the event was seen meanwhile. */
  settle(id: string): Position | undefined {
    const seen = this.#expected.get(id);
    this.#expected.delete(id);
    return seen;
  }

  /** Tells an event that has no offset. @returns false when it was told already */
  tellUnplaced(event: StoredEvent): boolean {
    if (this.#unplaced.has(event.id)) return false;
    this.#unplaced.set(event.id, { event, at: undefined });
    this.#listener.event(event);
    return true;
  }

  /** What was told without offset has this one, or will have none. */
  place(id: string, at: Position | undefined): void {
    const unplaced = this.#unplaced.get(id);
    if (unplaced === undefined) return;
    const { offset, epoch } = this.#position;
    if (at === undefined || at.epoch === epoch && at.offset <= offset) this.#unplaced.delete(id);
    else unplaced.at = at;
  }

  #hold(event: StoredEvent): void {
    if (this.#ahead.size < AHEAD) this.#ahead.set(event.offset, event);
  }

  #drain(): void {
    for (;;) {
      const next = this.#ahead.get(this.#position.offset + 1);
      if (next === undefined) break;
      this.#tell(next);
    }
    if (this.#ahead.size === 0) return;
    for (const at of this.#ahead.keys()) if (at <= this.#position.offset) this.#ahead.delete(at);
  }

  #tell(event: StoredEvent): void {
    const { offset, epoch, id } = event;
    this.#ahead.delete(offset);
    this.#highest = Math.max(this.#highest, offset);
    this.#position = { offset, epoch };
    this.#lastId = id;
    this.recent?.add(event);
    if (this.#expected.has(id)) this.#expected.set(id, this.#position);
    if (this.#unplaced.size > 0 && this.#unplaced.delete(id)) return; // Members have had it.
    this.#listener.event(event);
  }
}
