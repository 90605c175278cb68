/**
 * The Diameter plane's part of the admin interface. It sees a gateway's face, never its parts.
 * @module
 */
import * as z from "zod";
import { page, PAGING } from "../../ops/admin/paging.ts";
import * as parameter from "../../ops/admin/parameter.ts";
import type { AdminPlane } from "../../ops/admin/plane.ts";
import { notFound } from "../../ops/admin/problem.ts";
import { json, type Route, route } from "../../ops/admin/route.ts";
import { scrape } from "../../ops/metrics/scrape.ts";
import type { Registry } from "../../ops/metrics/registry.ts";
import type { GatewayControl } from "../relay/control.ts";
import type { GatewayStatus } from "../relay/status.ts";
import { eventsOf } from "./events.ts";
import { explainRoute } from "./explanation.ts";
import { APP, DRA, REFUSED_MESSAGE, STATUS_PART } from "./schemas.ts";
import { shownApp, shownDra } from "./shown.ts";
import { type ShownTrace, transactionRoutes } from "./transactions.ts";

/** Highest weight (the range that the configuration has). */
const MOST_WEIGHT = 65_535;

/** The plane of `gateway`, whose metrics are in `metrics`, and whose transactions in `trace`. */
export function diameterPlane(gateway: GatewayControl, metrics: Registry, trace: ShownTrace): AdminPlane {
  return {
    name: "diameter",
    async readiness() {
      const { state, reason } = await gateway.status();
      return { state, ready: state === "ready", ...(reason === "" ? {} : { reason }) };
    },
    routes: [
      ...draRoutes(gateway),
      ...draActions(gateway),
      appsRoute(gateway),
      errorsRoute(gateway, trace),
      explainRoute(gateway),
      ...transactionRoutes(trace),
    ],
    events: eventsOf(gateway),
    async *metrics() {
      yield* scrape(metrics);
    },
    status: {
      shape: STATUS_PART.shape,
      async read() {
        const { originHost, originRealm, state, statistics } = await gateway.status();
        return { origin_host: originHost, origin_realm: originRealm, state, statistics };
      },
    },
  };
}

const NAME = { name: parameter.text("Name of a DRA in the configuration") };

function draRoutes(gateway: GatewayControl): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/v1/dras",
      summary: "All DRAs",
      query: PAGING,
      answer: { description: "In the order of the configuration.", schema: z.array(DRA) },
      async handle(call) {
        const { dras } = await gateway.status();
        const places = new Map(dras.map((dra, nth) => [dra.name, nth]));
        return page(call, dras.map(shownDra), ({ name }) => places.get(name)!);
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/dras/{name}",
      summary: "One DRA",
      parameters: NAME,
      answer: { description: "The DRA.", schema: DRA },
      problems: [404],
      async handle({ parameters: { name } }) {
        return json(shownDra(draOf(await gateway.status(), name)));
      },
    }),
  ];
}

/** What is done to one DRA; each answers with how it is afterwards. */
function draActions(gateway: GatewayControl): Route[] {
  const action = (
    verb: string,
    summary: string,
    description: string,
    act: (name: string) => Promise<void>,
  ) =>
    route({
      method: "POST",
      path: `/api/v1/dras/{name}/${verb}`,
      summary,
      description,
      parameters: NAME,
      answer: { description: "The DRA afterwards.", schema: DRA },
      problems: [404],
      async handle({ parameters: { name } }) {
        draOf(await gateway.status(), name);
        await act(name);
        return json(shownDra(draOf(await gateway.status(), name)));
      },
    });
  return [
    action(
      "disable",
      "Take a DRA out of service",
      "It gets a DPR (DO_NOT_WANT_TO_TALK_TO_YOU) and is not connected again until it is enabled.",
      (name) => gateway.setEnabled(name, false),
    ),
    action(
      "enable",
      "Put a DRA into service again",
      "It is connected at once.",
      (name) => gateway.setEnabled(name, true),
    ),
    action(
      "reconnect",
      "Connect a DRA anew",
      "Its connections end with DPR (REBOOTING); a wait for the next attempt ends.",
      (name) => gateway.reconnect(name),
    ),
    route({
      method: "POST",
      path: "/api/v1/dras/{name}/breaker/reset",
      summary: "Close the circuit breaker of a DRA",
      description: "It gets requests again at once, and what was counted is forgotten.",
      parameters: NAME,
      answer: { description: "The DRA afterwards.", schema: DRA },
      problems: [404],
      async handle({ parameters: { name } }) {
        const { breaker } = draOf(await gateway.status(), name);
        if (breaker === undefined) {
          throw notFound("there are no circuit breakers; dra_pool.circuit_breaker.enabled turns them on");
        }
        await gateway.resetBreaker(name);
        return json(shownDra(draOf(await gateway.status(), name)));
      },
    }),
    route({
      method: "POST",
      path: "/api/v1/dras/{name}/weight",
      summary: "Give a DRA another weight",
      description: "It holds until the configuration is read again.",
      parameters: NAME,
      query: { value: parameter.integer(0, MOST_WEIGHT, "The weight; 0 takes it out of the pool") },
      answer: { description: "The DRA afterwards.", schema: DRA },
      problems: [404],
      async handle({ parameters: { name }, query: { value } }) {
        draOf(await gateway.status(), name);
        await gateway.setWeight(name, value);
        return json(shownDra(draOf(await gateway.status(), name)));
      },
    }),
  ];
}

function appsRoute(gateway: GatewayControl): Route {
  return route({
    method: "GET",
    path: "/api/v1/apps",
    summary: "Connected Logic Apps",
    query: PAGING,
    answer: { description: "One element for each connection.", schema: z.array(APP) },
    async handle(call) {
      const { apps } = await gateway.status();
      const sorted = apps.map(shownApp).sort((a, b) => a.id < b.id ? -1 : 1);
      return page(call, sorted, ({ id }) => id);
    },
  });
}

function errorsRoute(gateway: GatewayControl, { mask }: Pick<ShownTrace, "mask">): Route {
  return route({
    method: "GET",
    path: "/api/v1/errors",
    summary: "The last messages that were malformed or refused",
    description: "The first 256 bytes of each, as admin.mask lets them be read.",
    query: PAGING,
    answer: { description: "Newest first, 100 at most.", schema: z.array(REFUSED_MESSAGE) },
    async handle(call) {
      const messages = await gateway.refusedMessages();
      const { shownBytes } = await import("./shown_message.ts");
      const shown = messages.map(({ at, peer, resultCode, reason, message, header, bytes, serial }) => ({
        serial,
        element: {
          at: new Date(at).toISOString(),
          peer,
          result_code: resultCode,
          reason,
          message,
          header: header === undefined ? null : {
            command: header.command,
            application: header.application,
            flags: header.flags,
            length: header.length,
            hop_by_hop: header.hopByHop,
            end_to_end: header.endToEnd,
          },
          hex: shownBytes(bytes.slice(), mask()).toHex(),
        },
      }));
      const places = new Map(shown.map(({ element, serial }) => [element, -serial]));
      return page(call, shown.map(({ element }) => element), (element) => places.get(element)!);
    },
  });
}

/** @throws Problem 404 */
function draOf({ dras }: GatewayStatus, name: string) {
  const dra = dras.find((each) => each.name === name);
  if (dra === undefined) {
    throw notFound(`there is no DRA ${JSON.stringify(name)}; there are ${dras.map((each) => each.name).join(", ")}`);
  }
  return dra;
}
