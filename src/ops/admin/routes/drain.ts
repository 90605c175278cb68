/**
 * `/api/v1/drain`: the way out in order.
 * @module
 */
import * as z from "zod";
import type { AdminHost } from "../host.ts";
import { json, type Route, route } from "../route.ts";

/** The route. */
export function drainRoute(host: AdminHost): Route {
  return route({
    method: "POST",
    path: "/api/v1/drain",
    summary: "Accept nothing new, answer what is pending, leave, and exit",
    answer: { description: "It has begun.", schema: z.object({ state: z.literal("draining") }) },
    async handle() {
      await host.drain();
      return json({ state: "draining" });
    },
  });
}
