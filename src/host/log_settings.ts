/**
 * What the log writes, and until when.
 * @module
 */
import type { LogSettings, LogState } from "../ops/admin/host.ts";
import type { ClosableLogger } from "../ops/log/mod.ts";
import type { HostedPlane } from "./hosted_plane.ts";

/** Level, and lines for single messages; may change for a while. */
export class LiveLog {
  readonly #log: ClosableLogger;
  readonly #planes: readonly HostedPlane[];
  /** What holds when nothing is set for a while. */
  #usual: LogSettings;
  #now: LogSettings;
  #observations: readonly (Disposable | undefined)[] = [];
  #until: Date | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(log: ClosableLogger, planes: readonly HostedPlane[], settings: LogSettings) {
    this.#log = log;
    this.#planes = planes;
    this.#usual = this.#now = settings;
    this.#put(settings);
  }

  /** What it writes now, and until when. */
  get state(): LogState {
    return { ...this.#now, until: this.#until };
  }

  /** What holds from now on: the configuration says so. */
  configure({ level, requests, responses }: LogSettings): void {
    this.#usual = { level, requests, responses };
    this.#stopTimer();
    this.#put(this.#usual);
  }

  /** Changes what is named; back by itself after `duration` ms, when given. */
  set(change: Partial<LogSettings>, duration: number | undefined): LogState {
    this.#stopTimer();
    const settings = { ...this.#now, ...change };
    this.#put(settings);
    if (duration === undefined) this.#usual = settings;
    else {
      this.#until = new Date(Date.now() + duration);
      this.#timer = setTimeout(() => {
        this.#stopTimer();
        this.#put(this.#usual);
      }, duration);
    }
    return this.state;
  }

  /** Shows no message any more. */
  close(): void {
    this.#stopTimer();
    this.#observe(false, false);
  }

  #put(settings: LogSettings): void {
    this.#now = settings;
    this.#log.setLevel(settings.level);
    this.#observe(settings.requests, settings.responses);
  }

  #observe(requests: boolean, responses: boolean): void {
    for (const observation of this.#observations) observation?.[Symbol.dispose]();
    const wanted = requests || responses ? this.#planes : [];
    this.#observations = wanted.map((plane) => plane.logMessages?.(requests, responses));
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#until = null;
  }
}
