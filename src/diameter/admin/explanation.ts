/**
 * What would become of a request, as the interface and the command tell it.
 * @module
 */
import * as z from "zod";
import { badRequest, unprocessable } from "../../ops/admin/problem.ts";
import { json, type Route, route } from "../../ops/admin/route.ts";
import type { GatewayControl } from "../relay/control.ts";
import type { Explanation } from "../relay/explain.ts";

const count = z.int();
const text = z.string().nullable();

/** An explanation. */
export const EXPLANATION = z.object({
  request: z.object({
    application: count,
    command: count,
    destination_realm: text,
    destination_host: text,
    origin_host: text,
    session_id: text,
  }),
  routes: z.array(z.object({ name: z.string(), matched: z.boolean(), because: z.string() })),
  route: text,
  action: z.enum(["pool", "reject", "refuse"]),
  pool: text,
  candidates: z.array(z.object({
    dra: z.string(),
    group: count.nullable(),
    verdict: z.enum(["candidate", "fallback", "rejected"]),
    reason: z.string(),
  })),
  answer: z.object({ code: count, reason: z.string() }).nullable(),
});

/** An explanation as JSON has it. */
export function shownExplanation({ request, ...rest }: Explanation): z.output<typeof EXPLANATION> {
  const { application, command, destinationRealm, destinationHost, originHost, sessionId } = request;
  return {
    request: {
      application,
      command,
      destination_realm: destinationRealm,
      destination_host: destinationHost,
      origin_host: originHost,
      session_id: sessionId,
    },
    routes: [...rest.routes],
    route: rest.route,
    action: rest.action,
    pool: rest.pool,
    candidates: [...rest.candidates],
    answer: rest.answer,
  };
}

const BODY = z.strictObject({ hex: z.string().regex(/^(?:\s*[\da-fA-F]{2})+\s*$/), app: z.string().optional() });

/** The route that explains. */
export function explainRoute(gateway: GatewayControl): Route {
  return route({
    method: "POST",
    path: "/api/v1/explain",
    summary: "What would become of a request, and why",
    description: "The request is not sent, and nothing is counted. app is the Logic App that it would come from.",
    isRoutine: true,
    body: {
      json: BODY,
      misfit: 400,
      bytes: { type: "application/octet-stream", description: "The message as it is on the wire." },
    },
    answer: { description: "Routes down to the one that matches, and every DRA of its pool.", schema: EXPLANATION },
    problems: [400, 422],
    async handle({ body, bytes }) {
      const message = bytes ?? (body === undefined ? undefined : Uint8Array.fromHex(body.hex.replaceAll(/\s/g, "")));
      if (message === undefined) throw badRequest("expected a message, as bytes or as {hex, app}");
      try {
        const app = body?.app;
        return json(shownExplanation(await gateway.explain({ message, ...(app === undefined ? {} : { app }) })));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw unprocessable(error.message, []);
      }
    },
  });
}
