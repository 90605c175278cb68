/**
 * `/api/v1/status`: what is running, how it is, and its numbers.
 * @module
 */
import * as z from "zod";
import type { AdminHost } from "../host.ts";
import { type AdminPlane, STATES } from "../plane.ts";
import { json, type Route, route } from "../route.ts";
import { overall } from "./health.ts";

/** What every gateway answers; planes add to it. */
export const STATUS = z.object({
  version: z.string(),
  uptime_seconds: z.number().min(0),
  state: z.enum(STATES),
  reason: z.string().optional(),
  config: z.object({
    loaded_at: z.iso.datetime(),
    sha256: z.string(),
    file_differs: z.boolean(),
    confirm_by: z.iso.datetime().nullable(),
  }),
});

/** The route; each plane adds its part. */
export function statusRoute(host: AdminHost, planes: readonly AdminPlane[]): Route {
  const parts = planes.flatMap(({ status }) => status ?? []);
  return route({
    method: "GET",
    path: "/api/v1/status",
    summary: "Version, state, configuration and statistics",
    answer: {
      description: "As it is now.",
      schema: STATUS.extend(Object.assign({}, ...parts.map(({ shape }) => shape))),
    },
    async handle() {
      const [{ readiness }, config, ...read] = await Promise.all([
        overall(planes),
        host.config(),
        ...parts.map((part) => part.read()),
      ]);
      return json({
        version: host.version,
        uptime_seconds: Math.max(0, Math.round((Date.now() - host.startedAt.getTime()) / 1000)),
        state: readiness.state,
        ...(readiness.reason === undefined ? {} : { reason: readiness.reason }),
        config: {
          loaded_at: config.loadedAt.toISOString(),
          sha256: config.sha256,
          file_differs: config.fileDiffers,
          confirm_by: config.confirmBy?.toISOString() ?? null,
        },
        ...Object.assign({}, ...read),
      });
    },
  });
}
