/**
 * Running a load for a command: with a warm-up, a status line, and an end.
 * @module
 */
import type { AppSimulator } from "../../diameter/sim/app.ts";
import type { LiveLine } from "../cli/live_line.ts";
import type { LoadReport } from "./load_report.ts";
import { grouped, milliseconds } from "../../host/numbers.ts";

/** When a load ends, whatever comes first; times in milliseconds. */
export interface LoadPlan {
  /**
   * Before the measurement; its answers are checked and counted, but its time and latency are not.
   */
  readonly warmup: number;
  readonly duration: number | undefined;
  readonly requests: number | undefined;
  readonly signal: AbortSignal;
  /** Called between warm-up and measurement, and waited for. */
  readonly measuring?: () => Promise<void>;
}

/**
 * Runs the load over open connections.
 * @returns undefined when `plan.signal` fired before the measurement began
 */
export async function runLoad(
  apps: AppSimulator,
  plan: LoadPlan,
  live: LiveLine,
  title = "",
): Promise<LoadReport | undefined> {
  const { counters } = apps;
  const { signal } = plan;
  const hide = showLoad(live, apps, title);
  try {
    if (plan.warmup > 0) await apps.run({ duration: plan.warmup, signal });
    if (signal.aborted) return undefined;
    await plan.measuring?.();
    counters.latency.clear();
    const [answered, started] = [counters.answered, performance.now()];
    await apps.run({
      signal,
      ...(plan.duration === undefined ? {} : { duration: plan.duration }),
      ...(plan.requests === undefined ? {} : { requests: plan.requests }),
    });
    return {
      seconds: Math.max(0.001, (performance.now() - started) / 1000),
      answered: counters.answered - answered,
      latency: counters.latency.summary(),
    };
  } finally {
    hide();
  }
}

/** @returns what ends it */
function showLoad(live: LiveLine, apps: AppSimulator, title: string): () => void {
  if (!live.enabled) return () => {};
  const { counters } = apps;
  let [before, at] = [counters.answered, performance.now()];
  const timer = setInterval(() => {
    const now = performance.now();
    const rate = (counters.answered - before) * 1000 / (now - at);
    [before, at] = [counters.answered, now];
    const { latency } = counters;
    const median = latency.count === 0 ? "" : `p50 ${milliseconds(latency.percentile(50))}, `;
    live.update(
      `${title}${grouped(rate)} requests/s, ${median}` +
        `answered ${grouped(counters.answered)}, lost ${counters.lost}, ${apps.openConnections} open`,
    );
  }, 500);
  return () => {
    clearInterval(timer);
    live.update("");
  };
}
