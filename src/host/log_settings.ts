/**
 * What the log writes, and until when.
 * @module
 */
import type { GatewayControl } from "../diameter/relay/control.ts";
import type { LogSettings, LogState } from "../ops/admin/host.ts";
import type { ClosableLogger } from "../ops/log/mod.ts";
import { messageLog } from "./event_log.ts";

/** Level, and lines for single messages; may change for a while. */
export class LiveLog {
  readonly #log: ClosableLogger;
  readonly #gateway: GatewayControl;
  /** What holds when nothing is set for a while. */
  #usual: LogSettings;
  #now: LogSettings;
  #observation: Disposable | undefined;
  #until: Date | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(log: ClosableLogger, gateway: GatewayControl, settings: LogSettings) {
    this.#log = log;
    this.#gateway = gateway;
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
    this.#observation?.[Symbol.dispose]();
    this.#observation = undefined;
  }

  #put(settings: LogSettings): void {
    this.#now = settings;
    this.#log.setLevel(settings.level);
    this.#observation?.[Symbol.dispose]();
    const { requests, responses } = settings;
    this.#observation = requests || responses
      ? this.#gateway.observe(messageLog(this.#log, requests, responses))
      : undefined;
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#until = null;
  }
}
