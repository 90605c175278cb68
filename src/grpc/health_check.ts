/**
 * Asking an instance how it is (grpc.health.v1.Health/Check).
 * @module
 */
import { ERROR_CODE, HeaderList, type Http2Stream, type StreamListener } from "../http2/mod.ts";
import type { Alarm, Clock } from "../net/clock.ts";
import type { HealthOptions } from "./config/options.ts";
import { HEALTH, healthRequest, readHealthResponse, SERVING } from "../rpc/health_message.ts";
import type { Instance } from "./instance.ts";
import { STATUS } from "../rpc/status.ts";

/** Who is told that it has changed. */
export interface HealthWatcher {
  healthChanged(instance: Instance, healthy: boolean, reason: string): void;
}

/** More than any answer has. */
const LONGEST_ANSWER = 4096;

const REQUEST = new HeaderList()
  .append(":method", "POST")
  .append(":scheme", "http")
  .append(":path", HEALTH.check)
  .append(":authority", "diam-gw")
  .append("te", "trailers")
  .append("content-type", "application/grpc");

/** Checks one instance at a steady pace. */
export class HealthCheck {
  readonly #instance: Instance;
  readonly #options: HealthOptions;
  readonly #clock: Clock;
  readonly #watcher: HealthWatcher;
  readonly #request: Uint8Array;
  #alarm: Alarm | undefined;
  #asking: Http2Stream | undefined;
  /** Equal answers in a row: good ones above 0, bad ones below. */
  #row = 0;
  #stopped = false;

  constructor(instance: Instance, options: HealthOptions, clock: Clock, watcher: HealthWatcher) {
    this.#instance = instance;
    this.#options = options;
    this.#clock = clock;
    this.#watcher = watcher;
    this.#request = healthRequest(options.service);
    this.#later(0);
  }

  /** Asks no more. */
  stop(): void {
    this.#stopped = true;
    if (this.#alarm !== undefined) this.#clock.clearTimeout(this.#alarm);
    this.#asking?.reset(ERROR_CODE.CANCEL);
    this.#asking = undefined;
  }

  #later(wait: number): void {
    if (this.#stopped) return;
    if (this.#alarm !== undefined) this.#clock.clearTimeout(this.#alarm);
    this.#alarm = this.#clock.setTimeout(() => this.#ask(), wait);
  }

  #ask(): void {
    const check = new Check((reason) => this.#answered(reason));
    const stream = this.#instance.open(REQUEST, false, check);
    // Without a connection there is nothing to ask: that one is looked after by itself.
    if (stream === undefined) return this.#later(this.#options.interval);
    this.#asking = stream;
    check.stream = stream;
    stream.sendData(this.#request, true);
    this.#alarm = this.#clock.setTimeout(() => {
      stream.reset(ERROR_CODE.CANCEL);
      check.end(`no answer to a health check within ${this.#options.timeout} ms`);
    }, this.#options.timeout);
  }

  /** @param reason what is wrong; "" when nothing is */
  #answered(reason: string): void {
    this.#asking = undefined;
    const good = reason === "";
    this.#row = good ? Math.max(0, this.#row) + 1 : Math.min(0, this.#row) - 1;
    const { healthy } = this.#instance;
    const { unhealthyAfter, healthyAfter, interval } = this.#options;
    this.#later(interval);
    if (this.#stopped) return;
    if (healthy && !good && -this.#row >= unhealthyAfter) this.#watcher.healthChanged(this.#instance, false, reason);
    else if (!healthy && good && this.#row >= healthyAfter) this.#watcher.healthChanged(this.#instance, true, "");
  }
}

/** One question. */
class Check implements StreamListener {
  stream: Http2Stream | undefined;
  #answer = new Uint8Array(0);
  #done: ((reason: string) => void) | undefined;

  constructor(done: (reason: string) => void) {
    this.#done = done;
  }

  end(reason: string): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(reason);
  }

  headers(list: HeaderList, end: boolean): void {
    if (end) this.#judge(list);
  }

  data(bytes: Uint8Array, end: boolean): void {
    this.stream?.consumed(bytes.length);
    if (this.#answer.length + bytes.length > LONGEST_ANSWER) {
      this.stream?.reset(ERROR_CODE.CANCEL);
      return this.end("the answer to a health check is too long");
    }
    const whole = new Uint8Array(this.#answer.length + bytes.length);
    whole.set(this.#answer);
    whole.set(bytes, this.#answer.length);
    this.#answer = whole;
    if (end) this.end("a health check was answered without a status");
  }

  trailers(list: HeaderList): void {
    this.#judge(list);
  }

  reset(code: number): void {
    this.end(`a health check was reset with code ${code}`);
  }

  drained(): void {}

  #judge(list: HeaderList): void {
    const status = Number(list.get("grpc-status") ?? STATUS.UNKNOWN);
    if (status === STATUS.UNIMPLEMENTED) return this.end("");
    if (status !== STATUS.OK) return this.end(`a health check was answered with status ${status}`);
    try {
      const serving = readHealthResponse(this.#answer);
      this.end(serving === SERVING.SERVING ? "" : "it says that it is not serving");
    } catch {
      this.end("a health check was answered with something else");
    }
  }
}
