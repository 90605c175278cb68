/**
 * The story of the demo: a DRA dies under load, the other one takes over, and the first one comes
 * back.
 * @module
 */
import type { GatewayEvent } from "../../diameter/relay/core/events.ts";
import { LatencyHistogram } from "../../ops/metrics/latency_histogram.ts";
import type { DemoStage } from "./stage.ts";
import type { LiveLine } from "../cli/live_line.ts";
import { latencyText } from "../load/load_report.ts";
import { grouped, milliseconds, plural } from "../../host/numbers.ts";
import type { Palette } from "../cli/terminal.ts";

/** How long the steady parts last, in milliseconds. */
export interface Phases {
  /** On dra-1, before it dies. */
  readonly before: number;
  /** On dra-2, while dra-1 is away. */
  readonly during: number;
  /** On dra-1 again. */
  readonly after: number;
}

/** What a run without a duration takes: 13 seconds or so in all. */
export const DEFAULT_PHASES: Phases = { before: 3_000, during: 3_000, after: 2_000 };

/** What reconnecting, three watchdogs and failback_delay take, in milliseconds. */
const RETURN_TIME = 4_500;
/** Each steady part lasts at least this long. */
const SHORTEST_PHASE = 1_000;

/** The shortest run, in milliseconds. */
export const SHORTEST_RUN = RETURN_TIME + 3 * SHORTEST_PHASE;

/**
 * The phases of a run that is to last `duration` milliseconds in all; {@link SHORTEST_RUN} when
 * that is less.
 */
export function phasesFor(duration: number): Phases {
  const each = Math.max(SHORTEST_PHASE, (duration - RETURN_TIME) / 3);
  return { before: each, during: each, after: each };
}

/** Something that the story needs did not happen. */
export class DemoFailure extends Error {
  override name = "DemoFailure";
}

/** The person at the keyboard has seen enough. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

/** How long to wait for what must happen, in milliseconds: far longer than it takes. */
const PATIENCE = 20_000;
/** How often the status line changes, in milliseconds. */
const LIVE_STEP = 250;
/** Requests that must be pending at dra-1 when it dies. */
const PENDING_AT_DEATH = 5;

/** Tells what happens while it happens. */
export class DemoScenario {
  /** Answers of the whole run. */
  readonly latency = new LatencyHistogram();
  readonly #stage: DemoStage;
  readonly #live: LiveLine;
  readonly #paint: Palette;
  readonly #signal: AbortSignal;
  readonly #started = performance.now();
  /** What the gateway has reported so far, in its order. */
  readonly #seen: GatewayEvent[] = [];
  #refusedAttempts = 0;
  /** dra-1 was killed, and the gateway has not noticed yet. */
  #killed = false;
  #finished = false;
  #lastAnswered = 0;
  #lastAt = performance.now();

  constructor(stage: DemoStage, live: LiveLine, paint: Palette, signal: AbortSignal) {
    this.#stage = stage;
    this.#live = live;
    this.#paint = paint;
    this.#signal = signal;
    stage.gateway.on((event) => {
      this.#seen.push(event);
      if (!this.#finished) this.#tell(event);
    });
  }

  /**
   * Plays all of it; the load goes on when it is over.
   * @throws DemoFailure when something did not happen @throws Interrupted
   */
  async play({ before, during, after }: Phases): Promise<void> {
    const { gateway, dras: [first, second] } = this.#stage;
    const paint = this.#paint;
    await gateway.start();
    await this.#until(async () => (await gateway.status()).dras.every(({ usable }) => usable), "both DRAs are OPEN");
    await this.#stage.connectApps();
    const { apps } = this.#stage;
    this.#say(paint.green(`${plural(apps.openConnections, "Logic App")} OPEN, the traffic begins`));
    apps.begin();
    await this.#steady(before);

    this.#say("");
    await this.#until(
      async () => (await gateway.status()).dras[0]!.inFlight >= PENDING_AT_DEATH,
      "requests are pending at dra-1",
    );
    this.#killed = true;
    first.kill();
    await this.#untilEvent("failover");
    const resent = this.#seen.filter((event) => event.kind === "resent").reduce((sum, { count }) => sum + count, 0);
    await this.#until(() => second.counters.tFlagged >= resent, "dra-2 sees the requests that were sent again");
    this.#say(`dra-2 got ${plural(second.counters.tFlagged, "request")} with the T flag (potentially retransmitted)`);
    const slowest = apps.counters.latency.max;
    await this.#steady(during, ` (slowest answer so far ${milliseconds(Math.max(slowest, this.latency.max))})`);

    this.#say("");
    first.start();
    this.#say(paint.bold("dra-1 is started again") + this.#attempts());
    await this.#untilEvent("failback");
    await this.#steady(after);
  }

  /** The load goes on until the signal. */
  async goOn(): Promise<void> {
    this.#say("");
    this.#say("That was the scenario. The traffic goes on until you press Ctrl-C.");
    try {
      await this.#watch(() => false, Infinity);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
    }
  }

  /** A line with the time in front; "" is an empty line. */
  #say(text: string): void {
    const time = `${((performance.now() - this.#started) / 1000).toFixed(2)} s`.padStart(9);
    this.#live.print(text === "" ? "" : `${this.#paint.dim(time)}  ${text}`);
  }

  #tell(event: GatewayEvent): void {
    const paint = this.#paint;
    switch (event.kind) {
      case "listening":
        return this.#say(`gateway listens on ${event.address}`);
      case "dra_state": {
        if (event.to === "OPEN" && event.from === "CER_SENT") {
          return this.#say(`${event.dra} connected, capabilities exchanged`);
        }
        if (event.to === "RECONNECTING" && this.#refusedAttempts++ === 0) {
          return this.#say(`${event.dra} will be tried again: ${event.reason}`);
        }
        return;
      }
      case "dra_reopening":
        if (event.answered === 0) return;
        return this.#say(`${event.dra} REOPEN: watchdog ${event.answered} of ${event.needed} answered`);
      case "dra_up":
        return this.#say(paint.green(`${event.dra} OPEN and OKAY (priority ${this.#stage.priorityOf(event.dra)})`));
      case "dra_down":
        // The gateway goes on sending until it notices: what is pending then is what is sent again.
        if (this.#killed) {
          this.#say(paint.red(paint.bold(`${event.dra} is KILLED, ${plural(event.pending, "request")} pending there`)));
          this.#killed = false;
        }
        return this.#say(paint.yellow(`${event.dra} is lost: ${event.reason}`));
      case "resent":
        return this.#say(paint.yellow(`${plural(event.count, "pending request")} of ${event.dra} sent again`));
      case "failover":
        return this.#say(paint.yellow(paint.bold(`FAILOVER from priority ${event.from} to ${event.to}`)));
      case "failback":
        return this.#say(paint.green(paint.bold(`FAILBACK from priority ${event.from} to ${event.to}`)));
      case "no_dra":
        return this.#say(paint.red(`no DRA is usable: ${event.reason}`));
    }
  }

  #attempts(): string {
    // The first one is the loss itself.
    const failed = this.#refusedAttempts - 1;
    return failed > 0 ? ` (${plural(failed, "attempt")} to reconnect failed meanwhile)` : "";
  }

  /** Traffic for a while, and what became of it. */
  async #steady(duration: number, remark = ""): Promise<void> {
    const { apps, dras } = this.#stage;
    this.#endInterval();
    const before = dras.map(({ counters }) => counters.requests);
    const [answered, at] = [apps.counters.answered, performance.now()];
    await this.#watch(() => false, duration);
    const rate = (apps.counters.answered - answered) * 1000 / (performance.now() - at);
    const shares = dras.map(({ counters }, i) => counters.requests - before[i]!);
    const sum = shares.reduce((a, b) => a + b);
    const where = shares.flatMap((share, i) => share === 0 ? [] : [`${percent(share, sum)} on dra-${i + 1}`]);
    const latency = latencyText(apps.counters.latency.summary(), ["p50", "p99"]);
    this.#say(
      `${grouped(rate)} requests/s, ${where.join(", ")}, ${latency}, ` +
        `lost ${apps.counters.lost}${remark}`,
    );
    this.#endInterval();
  }

  /** Adds the latencies of the interval that ends here to those of the whole. */
  #endInterval(): void {
    const { latency } = this.#stage.apps.counters;
    this.latency.add(latency);
    latency.clear();
  }

  /** The story is over: nothing more is told, and {@link latency} is complete. */
  finish(): void {
    this.#finished = true;
    this.#live.update("");
    if (this.#stage.connected) this.#endInterval();
  }

  async #until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    if (!await this.#watch(condition, PATIENCE, 2)) {
      throw new DemoFailure(`this did not happen within ${PATIENCE / 1000} s: ${what}`);
    }
  }

  async #untilEvent(kind: GatewayEvent["kind"]): Promise<void> {
    await this.#until(() => this.#seen.some((event) => event.kind === kind), kind);
  }

  /**
   * Waits until `condition` holds (true) or the time is up (false); with a live status line, once
   * Logic Apps are connected.
   */
  async #watch(condition: () => boolean | Promise<boolean>, duration: number, step = 20): Promise<boolean> {
    const deadline = performance.now() + duration;
    while (performance.now() < deadline) {
      if (this.#signal.aborted) throw new Interrupted("interrupted");
      if (await condition()) return true;
      const due = this.#stage.connected && performance.now() - this.#lastAt >= LIVE_STEP;
      if (due) this.#live.update(await this.#status());
      await new Promise((resolve) => setTimeout(resolve, Math.min(step, Math.max(1, deadline - performance.now()))));
    }
    return condition();
  }

  async #status(): Promise<string> {
    const { gateway } = this.#stage;
    const { counters } = this.#stage.apps;
    const now = performance.now();
    const rate = (counters.answered - this.#lastAnswered) * 1000 / (now - this.#lastAt);
    this.#lastAnswered = counters.answered;
    this.#lastAt = now;
    const paint = this.#paint;
    const { dras: all, statistics } = await gateway.status();
    const dras = all.map((dra) => {
      const active = dra.usable && dra.priority === statistics.active_priority;
      const text = `${dra.name} ${dra.state}`;
      return !dra.usable ? paint.red(text) : active ? paint.green(text) : paint.dim(text);
    });
    const time = ((now - this.#started) / 1000).toFixed(0);
    const { latency } = counters;
    const median = latency.count === 0 ? "" : `p50 ${milliseconds(latency.percentile(50))}  `;
    return `${paint.dim(`${time} s`.padStart(9))}  ${grouped(rate)}/s  ${dras.join("  ")}  ` +
      `${median}answered ${grouped(counters.answered)}  lost ${counters.lost}`;
  }
}

function percent(part: number, whole: number): string {
  return `${(part * 100 / Math.max(1, whole)).toFixed(part === whole ? 0 : 1)} %`;
}
