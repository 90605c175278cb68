/**
 * The readers of the event stream. Each has a buffer of its own; one that does not read is let go
 * when that is full, and costs nobody else anything.
 * @module
 */
import { EventLog } from "./event_log.ts";
import type { AdminLimits } from "./options.ts";
import type { AdminEvent } from "./plane.ts";
import { unavailable } from "./problem.ts";
import type { Chunks } from "./route.ts";

/** Seconds after which a reader who was refused may ask again. */
const RETRY_AFTER = 10;

/** ms that a reader waits before it comes back by itself. */
const COME_BACK = 2_000;

type Limits = Pick<AdminLimits, "eventStreams" | "eventStreamBytes" | "eventsKept" | "eventsKeptBytes" | "heartbeat">;

/** Takes events, and gives them to readers. */
export class EventHub implements Disposable {
  readonly #limits: Limits;
  readonly #log: EventLog;
  readonly #readers = new Set<Reader>();
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  /** @param epoch what tells ids of this process from those of others */
  constructor(limits: Limits, epoch: string) {
    this.#limits = limits;
    this.#log = new EventLog(epoch, limits.eventsKept, limits.eventsKeptBytes);
  }

  /** How many read at the moment. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Tells all readers. */
  tell(event: AdminEvent): void {
    this.#send(this.#log.add(event));
  }

  /** @throws Problem 503 when there are too many readers */
  checkRoom(): void {
    if (this.#readers.size < this.#limits.eventStreams) return;
    throw unavailable(`${this.#readers.size} readers of events are connected, and no more may be`, RETRY_AFTER);
  }

  /**
   * Frames for one more reader, until it ends or falls too far behind.
   * @param last the id of the last event that it has seen
   * @param hangUp called when it is let go because it is too slow
   * @throws Problem 503 when there are too many readers
   */
  open(last: string | undefined, hangUp: () => void): Chunks {
    this.checkRoom();
    const reader = new Reader(this.#limits.eventStreamBytes, () => this.#left(reader), hangUp);
    this.#readers.add(reader);
    this.#heartbeat ??= setInterval(() => this.#send(": still here\n\n"), this.#limits.heartbeat);
    reader.take(`retry: ${COME_BACK}\n: events follow\n\n`);
    // What it missed is kept here anyway, so it may be longer than its buffer: nothing more is held
    // for it.
    if (last !== undefined) reader.take(this.#log.after(last, new Date().toISOString()).join(""), "however long");
    return reader;
  }

  /** Ends all readers. */
  [Symbol.dispose](): void {
    for (const reader of this.#readers) reader.end();
  }

  #send(frame: string): void {
    for (const reader of this.#readers) reader.take(frame);
  }

  #left(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }
}

/** One reader: frames that it has not taken yet, or a promise that waits for the next one. */
class Reader implements AsyncIterableIterator<string, undefined> {
  #frames: string[] = [];
  #bytes = 0;
  #wake: ((result: IteratorResult<string, undefined>) => void) | undefined;
  #isOver = false;

  constructor(readonly most: number, readonly left: () => void, readonly hangUp: () => void) {}

  take(frame: string, room?: "however long"): void {
    if (this.#isOver || frame === "") return;
    if (this.#wake !== undefined) {
      this.#wake({ done: false, value: frame });
      this.#wake = undefined;
      return;
    }
    this.#frames.push(frame);
    if (room === undefined) this.#bytes += frame.length;
    if (this.#bytes <= this.most) return;
    this.end();
    this.hangUp();
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#frames = [];
    this.#wake?.({ done: true, value: undefined });
    this.#wake = undefined;
    this.left();
  }

  next(): Promise<IteratorResult<string, undefined>> {
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    if (this.#frames.length > 0) {
      const value = this.#frames.join("");
      this.#frames = [];
      this.#bytes = 0;
      return Promise.resolve({ done: false, value });
    }
    const { promise, resolve } = Promise.withResolvers<IteratorResult<string, undefined>>();
    this.#wake = resolve;
    return promise;
  }

  return(): Promise<IteratorResult<string, undefined>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
