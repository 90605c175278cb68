/**
 * `/api/v1/logging`: what the log writes, for good or for a while.
 * @module
 */
import * as z from "zod";
import { formatDuration } from "../../config/units.ts";
import type { AdminHost, LogState } from "../host.ts";
import * as parameter from "../parameter.ts";
import { json, type Route, route } from "../route.ts";

const LEVELS = ["debug", "info", "warning", "error"] as const;

/** What the log writes. */
export const LOGGING = z.object({
  level: z.enum(LEVELS),
  requests: z.boolean(),
  responses: z.boolean(),
  for: z.string().nullable().describe("The time until it goes back by itself; null when it stays"),
});

const change = z.strictObject({
  level: z.enum(LEVELS).optional(),
  requests: z.boolean().optional(),
  responses: z.boolean().optional(),
  for: parameter.duration("Back by itself after this time").nullish()
    .meta({ type: ["string", "null"], description: "Back by itself after this time, such as 10m" }),
}).default({});

/** The routes. */
export function loggingRoutes(host: AdminHost): Route[] {
  const path = "/api/v1/logging";
  return [
    route({
      method: "GET",
      path,
      summary: "What the log writes",
      answer: { description: "As it is now.", schema: LOGGING },
      handle: () => json(shown(host.logging())),
    }),
    route({
      method: "PUT",
      path,
      summary: "Change what the log writes",
      description: "What is not named stays. With `for` it goes back by itself.",
      query: { for: parameter.duration("Back by itself after this time").optional() },
      body: { json: change },
      answer: { description: "As it is now.", schema: LOGGING },
      problems: [422],
      handle({ query, body }) {
        const { for: bodyFor, ...wanted } = body;
        const named = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
        return json(shown(host.setLogging(named, query.for ?? bodyFor ?? undefined)));
      },
    }),
  ];
}

function shown({ level, requests, responses, until }: LogState): z.output<typeof LOGGING> {
  // Whole seconds, rounded up: whoever asked for 10m reads 10m.
  const left = until === null ? null : Math.max(0, Math.ceil((until.getTime() - Date.now()) / 1000)) * 1000;
  return { level, requests, responses, for: left === null ? null : formatDuration(left) };
}
