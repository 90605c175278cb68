/**
 * The metrics of the process itself.
 * @module
 */
import { addLagMetric, addMemoryMetrics, addProcessMetrics, LagMeter, Readings, Registry } from "../ops/metrics/mod.ts";
import { VERSION } from "../version.ts";

/** Build, event loop, memory, and `process_*`. */
export class ProcessMetrics implements Disposable {
  readonly registry = new Registry();
  readonly #lag = new LagMeter({
    now: () => performance.now(),
    setTimeout: (callback, delay) => setTimeout(callback, delay),
    clearTimeout: (alarm) => clearTimeout(alarm as number),
  });

  constructor() {
    const { registry } = this;
    registry.add(
      new Readings("gauge", "diamgw_build_info", "Always 1; the labels say what runs.", ["version", "deno"])
        .from(() => [[{ version: VERSION, deno: Deno.version.deno }, 1]]),
    );
    addLagMetric(registry, this.#lag);
    addMemoryMetrics(registry);
    addProcessMetrics(registry);
  }

  [Symbol.dispose](): void {
    this.#lag[Symbol.dispose]();
  }
}
