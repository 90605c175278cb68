/**
 * Positions of devices on their way into the cache: the latest of each room, all devices at once.
 * @module
 */
import type { Alarm, Clock } from "../../net/clock.ts";
import type { Position } from "./store.ts";

/** ms after a position until it is written. */
const DELAY = 100;

/** Positions by room; undefined: the room is to be forgotten. */
export type SessionChange = Map<string, Position | undefined>;

/** What is due. */
export class SessionWrites {
  readonly #clock: Clock;
  readonly #write: (member: string, change: SessionChange) => Promise<void>;
  #due = new Map<string, SessionChange>();
  #alarm: Alarm | undefined;
  #paused = false;
  #writing: Promise<void> = Promise.resolve();

  /** @param write must tell itself why it failed */
  constructor(clock: Clock, write: (member: string, change: SessionChange) => Promise<void>) {
    this.#clock = clock;
    this.#write = write;
  }

  /** Puts it down. */
  set(member: string, roomId: string, position: Position | undefined): void {
    let change = this.#due.get(member);
    if (change === undefined) this.#due.set(member, change = new Map());
    change.set(roomId, position);
    this.#arm();
  }

  /** Nothing is written until {@link resume}. */
  pause(): void {
    this.#paused = true;
    this.#disarm();
  }

  resume(): Promise<void> {
    this.#paused = false;
    return this.flush();
  }

  /** Writes what is due; what fails is due again. */
  flush(): Promise<void> {
    this.#disarm();
    return this.#writing = this.#writing.then(() => this.#flush());
  }

  close(): void {
    this.pause();
  }

  async #flush(): Promise<void> {
    if (this.#paused || this.#due.size === 0) return;
    const due = this.#due;
    this.#due = new Map();
    await Promise.all(Array.from(due, async ([member, change]) => {
      try {
        await this.#write(member, change);
      } catch {
        for (const [roomId, position] of change) {
          if (this.#due.get(member)?.has(roomId) !== true) this.set(member, roomId, position);
        }
      }
    }));
  }

  #arm(): void {
    if (this.#paused) return;
    this.#alarm ??= this.#clock.setTimeout(() => {
      this.#alarm = undefined;
      void this.flush();
    }, DELAY);
  }

  #disarm(): void {
    if (this.#alarm !== undefined) this.#clock.clearTimeout(this.#alarm);
    this.#alarm = undefined;
  }
}
