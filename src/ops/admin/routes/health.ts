/**
 * `/healthz` and `/readyz`: for load balancers and those who restart processes.
 * @module
 */
import * as z from "zod";
import { type AdminPlane, type Readiness, STATES } from "../plane.ts";
import { json, type Route, route } from "../route.ts";

const state = z.enum(STATES);
const planeReadiness = z.looseObject({ state, reason: z.string().optional() });

/** How all planes together are: as bad as the worst, ready when all are. */
export interface Overall {
  readonly readiness: Readiness;
  readonly planes: readonly { readonly name: string; readonly readiness: Readiness }[];
}

/** Asks all planes. */
export async function overall(planes: readonly AdminPlane[]): Promise<Overall> {
  const asked = await Promise.all(
    planes.map(async (plane) => ({ name: plane.name, readiness: await plane.readiness() })),
  );
  const [only] = asked;
  if (asked.length === 1 && only !== undefined) return { readiness: only.readiness, planes: asked };
  // Why it is not ready comes before what is only worth a word.
  const reasons = asked.filter(({ readiness }) => readiness.reason !== undefined)
    .sort((a, b) => Number(a.readiness.ready) - Number(b.readiness.ready))
    .map(({ name, readiness }) => `${name}: ${readiness.reason}`);
  const states = asked.map(({ readiness }) => readiness.state);
  return {
    readiness: {
      state: STATES.findLast((state) => states.includes(state)) ?? "starting",
      ready: asked.length > 0 && asked.every(({ readiness }) => readiness.ready),
      ...(reasons.length === 0 ? {} : { reason: reasons.join("; ") }),
    },
    planes: asked,
  };
}

/** The two routes. */
export function healthRoutes(planes: readonly AdminPlane[]): Route[] {
  return [
    route({
      method: "GET",
      path: "/healthz",
      isOpen: true,
      summary: "Whether the process works",
      answer: { description: "It does.", schema: z.object({ state: z.literal("ok") }) },
      handle: () => json({ state: "ok" }),
    }),
    route({
      method: "GET",
      path: "/readyz",
      isOpen: true,
      summary: "Whether it should get traffic",
      description: "200 when every plane is ready, else 503 with the reason, in the same form.",
      answer: {
        description: "Ready; `planes` when there are several.",
        schema: planeReadiness.extend({ planes: z.record(z.string(), planeReadiness).optional() }),
      },
      problems: [503],
      async handle() {
        const { readiness, planes: each } = await overall(planes);
        const body = {
          ...shown(readiness),
          ...(each.length === 1
            ? {}
            : { planes: Object.fromEntries(each.map(({ name, readiness }) => [name, shown(readiness)])) }),
        };
        return json(body, { status: readiness.ready ? 200 : 503 });
      },
    }),
  ];
}

function shown({ state, reason, details }: Readiness): Record<string, unknown> {
  return { ...details, state, ...(reason === undefined ? {} : { reason }) };
}
