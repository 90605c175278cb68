/**
 * Sending spans, as fast as they are taken and no faster. Whoever made what they tell of never
 * waits.
 * @module
 */
import type { Logger } from "../log/logger.ts";
import type { Outcome } from "./span_exporter.ts";
import type { Span } from "./span.ts";

/** Where spans come from. */
export interface SpanSource {
  /** Looks for more. @param most that many may be found in the time since the last look */
  look(most: number): void;
  /** The spans of what is next, a batch that is made without a notable pause; none for nothing. */
  take(): readonly Span[];
  /** How many were lost because they were not taken in time. */
  readonly missed: number;
  /** What it counts so, in the plural, and why some may be lost: for the log. */
  readonly words: { readonly missed: string; readonly cause: string };
}

/** Where they go. */
export interface SpanDrain {
  readonly url: string;
  send(spans: readonly Span[], signal: AbortSignal): Promise<Outcome>;
}

/** Milliseconds; tests bring shorter ones. */
export interface PumpTimes {
  /** Between two looks. */
  readonly period: number;
  /** Before the first repetition; doubled each time. */
  readonly pause: number;
  readonly longestPause: number;
  /** Between two lines about what was missed. */
  readonly complaint: number;
  /** What the end may take. */
  readonly end: number;
}

const TIMES: PumpTimes = { period: 250, pause: 1_000, longestPause: 30_000, complaint: 60_000, end: 1_000 };
/** So many a second are sent; of more, a part. Also after a time in which nothing was. */
const MOST_PER_SECOND = 1_000;

/**
 * Takes what there is, again and again, and sends it, one batch after the other. What is not taken
 * is tried again, and nothing new meanwhile: the source forgets what is too old by itself.
 */
export class SpanPump {
  readonly #source: SpanSource;
  readonly #drain: SpanDrain;
  readonly #log: Logger;
  readonly #times: PumpTimes;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #wake = () => {};
  #stopped = false;
  #failing = false;
  #pause: number;
  #lastLook = performance.now();
  #missed = 0;
  #toldAt = -Infinity;

  constructor(source: SpanSource, drain: SpanDrain, log: Logger, times: Partial<PumpTimes> = {}) {
    this.#source = source;
    this.#drain = drain;
    this.#log = log;
    this.#times = { ...TIMES, ...times };
    this.#pause = this.#times.pause;
    this.#running = this.#run();
  }

  /** Sends what is left, if that is taken at once, and ends. */
  async close(): Promise<void> {
    this.#stopped = true;
    const timer = setTimeout(() => this.#ending.abort(new Error("the gateway has ended")), this.#times.end);
    if (this.#failing) this.#ending.abort(new Error("the gateway has ended"));
    this.#wake();
    await this.#running;
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    for (let isLast = false; !isLast;) {
      await this.#sleep(this.#times.period);
      isLast = this.#stopped;
      try {
        await this.#round();
      } catch (error) {
        // A defect of this program costs spans, and a line; never more.
        const reason = error instanceof Error ? error.stack ?? error.message : String(error);
        this.#log.error("spans_failed", "a defect of this program befell spans", { reason });
        await this.#sleep(this.#times.longestPause);
      }
    }
  }

  async #round(): Promise<void> {
    if (this.#ending.signal.aborted) return;
    this.#look();
    for (let spans = this.#source.take(); spans.length > 0; spans = this.#source.take()) {
      await this.#deliver(spans);
      if (this.#ending.signal.aborted) return;
    }
    this.#complain();
  }

  #look(): void {
    const now = performance.now();
    const elapsed = Math.min(1_000, now - this.#lastLook);
    this.#lastLook = now;
    this.#source.look(Math.max(1, Math.round(elapsed * MOST_PER_SECOND / 1_000)));
  }

  /** Sends a batch until it is taken, or cannot be. */
  async #deliver(spans: readonly Span[]): Promise<void> {
    for (;;) {
      const outcome = await this.#drain.send(spans, this.#ending.signal);
      if (outcome.kind === "taken") return this.#taken(outcome.rejected);
      if (this.#ending.signal.aborted) return;
      this.#failed(outcome.reason);
      if (this.#stopped) return;
      const { longestPause } = this.#times;
      await this.#sleep(Math.min(Math.max(this.#pause, "after" in outcome ? outcome.after : 0), longestPause));
      this.#pause = Math.min(this.#pause * 2, longestPause);
      if (outcome.kind === "refused" || this.#stopped) return;
    }
  }

  #taken(rejected: string): void {
    this.#pause = this.#times.pause;
    if (rejected !== "") return this.#failed(rejected);
    if (!this.#failing) return;
    this.#failing = false;
    this.#look();
    const lost = this.#lost();
    this.#log.info(
      "spans_resumed",
      `spans are taken again; meanwhile ${lost} ${this.#source.words.missed} were forgotten unsent`,
      {
        url: this.#drain.url,
        missed: lost,
      },
      [],
    );
  }

  #failed(reason: string): void {
    if (this.#failing) return;
    this.#failing = true;
    const { url } = this.#drain;
    const sentence = `spans are not taken by ${url}: ${reason}; it is tried again, and nothing else waits for it`;
    this.#log.warning("spans_not_taken", sentence, { url, reason }, []);
  }

  /** What was missed though all goes well: there was too much of it. */
  #complain(): void {
    const isSoon = performance.now() - this.#toldAt < this.#times.complaint;
    if (this.#failing || isSoon || this.#source.missed === this.#missed) return;
    const lost = this.#lost();
    const { missed, cause } = this.#source.words;
    const sentence = `${lost} ${missed} were forgotten before their spans could be sent ` +
      `(${cause}, or the receiver is slow)`;
    this.#log.warning("spans_missed", sentence, { missed: lost }, []);
  }

  /** How many were missed since that was told last. */
  #lost(): number {
    this.#toldAt = performance.now();
    const lost = this.#source.missed - this.#missed;
    this.#missed += lost;
    return lost;
  }

  #sleep(milliseconds: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
