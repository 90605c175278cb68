/**
 * Moments at which calls end, all on one timing wheel: no timer for each call.
 * @module
 */
import type { Alarm, Clock } from "../net/clock.ts";
import { TimerWheel } from "../net/timer_wheel.ts";

/** Who has a deadline. */
export interface Expiring {
  /** The deadline is over; it is not armed any more. Must not throw. */
  expired(): void;
}

/** Milliseconds of a tick: so much later than promised, at most, a deadline is met. */
const TICK = 5;
/** The furthest deadline that is kept, in ticks: 62 days. */
const FURTHEST = 2 ** 30;
/** Slots of one wheel; another one is made when they are all taken. */
const SLOTS = 4096;
const SLOT_BITS = 12;
/** Ticks without a deadline after which the beat stops: a process at rest does not wake up. */
const QUIET = 200;

/** Deadlines of any number of holders. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #wheels: TimerWheel[] = [];
  readonly #holders: (Expiring | undefined)[] = [];
  readonly #free: number[] = [];
  #alarm: Alarm | undefined;
  #quiet = 0;
  #armed = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many there are. */
  get armed(): number {
    return this.#armed;
  }

  /**
   * Calls `holder.expired()` when `milliseconds` have passed since `now`, never before.
   * @param now by the clock of these deadlines
   * @returns what {@link cancel} takes
   */
  arm(holder: Expiring, milliseconds: number, now: number): number {
    if (this.#alarm === undefined) this.#beat();
    const slot = this.#free.pop() ?? this.#grow();
    this.#holders[slot] = holder;
    this.#armed++;
    const wait = Math.min(Math.ceil((now + milliseconds) / TICK) - Math.floor(now / TICK), FURTHEST);
    this.#wheels[slot >> SLOT_BITS]!.arm(slot & (SLOTS - 1), (Math.floor(now / TICK) + wait) | 0);
    return slot;
  }

  /** Forgets a deadline that has not expired. */
  cancel(slot: number): void {
    this.#wheels[slot >> SLOT_BITS]!.cancel(slot & (SLOTS - 1));
    this.#release(slot);
  }

  /** Forgets all of them. */
  close(): void {
    if (this.#alarm !== undefined) this.#clock.clearTimeout(this.#alarm);
    this.#alarm = undefined;
    this.#wheels.length =
      this.#holders.length =
      this.#free.length =
      this.#armed =
        0;
  }

  #release(slot: number): void {
    this.#holders[slot] = undefined;
    this.#free.push(slot);
    this.#armed--;
  }

  #grow(): number {
    const first = this.#wheels.length * SLOTS;
    this.#wheels.push(new TimerWheel(SLOTS, 1024, this.#tick()));
    for (let slot = first + SLOTS - 1; slot > first; slot--) this.#free.push(slot);
    return first;
  }

  #tick(): number {
    return Math.floor(this.#clock.now() / TICK) | 0;
  }

  #beat(): void {
    this.#quiet = 0;
    this.#advance();
    this.#alarm = this.#clock.setTimeout(this.#onBeat, TICK);
  }

  readonly #onBeat = (): void => {
    this.#alarm = this.#clock.setTimeout(this.#onBeat, TICK);
    this.#advance();
    this.#quiet = this.#armed === 0 ? this.#quiet + 1 : 0;
    if (this.#quiet < QUIET || this.#alarm === undefined) return;
    this.#clock.clearTimeout(this.#alarm);
    this.#alarm = undefined;
  };

  #advance(): void {
    const now = this.#tick();
    for (let nth = 0; nth < this.#wheels.length; nth++) {
      this.#wheels[nth]!.advance(now, (slot) => {
        const whole = (nth << SLOT_BITS) + slot;
        const holder = this.#holders[whole]!;
        this.#release(whole);
        holder.expired();
      });
    }
  }
}
