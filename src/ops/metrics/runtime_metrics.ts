/**
 * What the runtime says of itself: memory by kind, and how late the event loop is.
 * @module
 */
import type { LagMeter } from "./lag_meter.ts";
import { Readings } from "./readings.ts";
import type { Registry } from "./registry.ts";

/** Bytes by kind, as `Deno.memoryUsage` gives them. */
export type MemoryUsage = Pick<Deno.MemoryUsage, "rss" | "heapTotal" | "heapUsed" | "external">;

/**
 * `diamgw_memory_bytes{kind}`: resident, the collector's heap and what is used of it, and memory
 * outside of the heap, which is where messages lie. Whoever keeps more of a kind of its own adds it
 * with `from`.
 */
export function addMemoryMetrics(registry: Registry, look: () => MemoryUsage = Deno.memoryUsage): Readings<"kind"> {
  return registry.add(
    new Readings("gauge", "diamgw_memory_bytes", "Memory, by kind; kinds overlap.", ["kind"]).from(() => {
      const { rss, heapTotal, heapUsed, external } = look();
      return [
        [{ kind: "resident" }, rss],
        [{ kind: "heap" }, heapTotal],
        [{ kind: "heap_used" }, heapUsed],
        [{ kind: "external" }, external],
      ];
    }),
  );
}

/** `diamgw_event_loop_lag_seconds`. */
export function addLagMetric(registry: Registry, meter: LagMeter): void {
  registry.add(
    new Readings("gauge", "diamgw_event_loop_lag_seconds", "Longest delay of the event loop in the last half minute.")
      .from(() => [[{}, meter.worst]]),
  );
}
