/**
 * `/metrics`: Prometheus text, in pieces as they are made.
 * @module
 */
import { type Chunks, content, type Route, route } from "../route.ts";

/** The type of Prometheus text. */
const PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

/** Whoever has metrics. */
interface Measured {
  metrics?(): Chunks;
}

/** The route; `sources` in the order of their lines. */
export function metricsRoute(sources: readonly Measured[]): Route {
  return route({
    method: "GET",
    path: "/metrics",
    summary: "All metrics, as Prometheus text",
    answer: { description: "The exposition format, version 0.0.4.", type: PROMETHEUS_TEXT },
    handle: () => content(PROMETHEUS_TEXT, all(sources)),
  });
}

async function* all(sources: readonly Measured[]): Chunks {
  for (const source of sources) if (source.metrics !== undefined) yield* source.metrics();
}
