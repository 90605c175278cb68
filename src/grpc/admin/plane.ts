/**
 * The gRPC plane's part of the admin interface. It sees a gateway's face, never its parts.
 * @module
 */
import * as z from "zod";
import { page, PAGING } from "../../ops/admin/paging.ts";
import * as parameter from "../../ops/admin/parameter.ts";
import type { AdminPlane } from "../../ops/admin/plane.ts";
import { badGateway, conflict, notFound } from "../../ops/admin/problem.ts";
import { json, type Route, route } from "../../ops/admin/route.ts";
import type { Registry } from "../../ops/metrics/registry.ts";
import { scrape } from "../../ops/metrics/scrape.ts";
import type { ClusterStatus } from "../cluster.ts";
import type { GrpcControl } from "../control.ts";
import { eventsOf } from "./events.ts";
import { CLUSTER, CONNECTION, ROUTE, SESSION, STATUS } from "./schemas.ts";
import { shownCluster, shownConnection, shownSession } from "./shown.ts";

/** The plane of `gateway`, whose metrics are in `metrics`. */
export function grpcPlane(gateway: GrpcControl, metrics: Registry): AdminPlane {
  return {
    name: "grpc",
    async readiness() {
      const { state, reason } = await gateway.status();
      return { state, ready: state === "ready", ...(reason === "" ? {} : { reason }) };
    },
    routes: [...clusterRoutes(gateway), ...instanceActions(gateway), ...listRoutes(gateway), ...sessionRoutes(gateway)],
    events: eventsOf(gateway),
    async *metrics() {
      yield* scrape(metrics);
    },
    status: {
      shape: { grpc: STATUS },
      async read() {
        const status = await gateway.status();
        return {
          grpc: {
            state: status.state,
            connections: status.connections,
            calls_in_flight: status.callsInFlight,
            calls_total: status.callsTotal,
            retries_total: status.retriesTotal,
            transfers_total: status.transfersTotal,
          },
        };
      },
    },
  };
}

const NAME = { name: parameter.text("Name of a cluster in the configuration") };
const INSTANCE = { ...NAME, id: parameter.text("Id of an instance; of a static cluster: its address") };

function clusterRoutes(gateway: GrpcControl): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/v1/grpc/clusters",
      summary: "All clusters of the gRPC gateway",
      query: PAGING,
      answer: { description: "In the order of the configuration.", schema: z.array(CLUSTER) },
      async handle(call) {
        const { clusters } = await gateway.status();
        const places = new Map(clusters.map(({ name }, nth) => [name, nth]));
        return page(call, clusters.map(shownCluster), ({ name }) => places.get(name)!);
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/grpc/clusters/{name}",
      summary: "One cluster",
      parameters: NAME,
      answer: { description: "The cluster.", schema: CLUSTER },
      problems: [404],
      async handle({ parameters: { name } }) {
        return json(shownCluster(await clusterOf(gateway, name)));
      },
    }),
    route({
      method: "POST",
      path: "/api/v1/grpc/clusters/{name}/refresh",
      summary: "Ask the discoverer of a cluster now",
      parameters: NAME,
      answer: { description: "How many instances there are.", schema: z.object({ instances: z.int() }) },
      problems: [404, 409, 502],
      async handle({ parameters: { name } }) {
        const { discoverer } = await clusterOf(gateway, name);
        if (discoverer === undefined) throw conflict(`cluster ${name} is static: it has no discoverer`);
        try {
          return json({ instances: await gateway.refresh(name) });
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          throw badGateway(`the discoverer of cluster ${name} failed: ${reason}`);
        }
      },
    }),
  ];
}

/** What is done to one instance; each answers with the cluster afterwards. */
function instanceActions(gateway: GrpcControl): Route[] {
  const action = (verb: string, enabled: boolean, summary: string, description: string) =>
    route({
      method: "POST",
      path: `/api/v1/grpc/clusters/{name}/instances/{id}/${verb}`,
      summary,
      description,
      parameters: INSTANCE,
      answer: { description: "The cluster afterwards.", schema: CLUSTER },
      problems: [404],
      async handle({ parameters: { name, id } }) {
        const { instances } = await clusterOf(gateway, name);
        try {
          await gateway.setEnabled(name, id, enabled);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          const ids = instances.map((each) => each.id).join(", ") || "none";
          throw notFound(`cluster ${name} has no instance ${JSON.stringify(id)}; it has ${ids}`);
        }
        return json(shownCluster(await clusterOf(gateway, name)));
      },
    });
  return [
    action(
      "disable",
      false,
      "Take an instance out of service",
      "It gets no new calls, its sticky keys move, calls that run end in peace.",
    ),
    action("enable", true, "Put an instance into service again", "It gets calls at once."),
  ];
}

function listRoutes(gateway: GrpcControl): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/v1/grpc/routes",
      summary: "All routes of the gRPC gateway",
      query: PAGING,
      answer: { description: "In the order of the configuration, the default last.", schema: z.array(ROUTE) },
      async handle(call) {
        const { routes } = await gateway.status();
        const places = new Map(routes.map((each, nth) => [each, nth]));
        return page(call, routes, (each) => places.get(each)!);
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/grpc/connections",
      summary: "Connected gRPC clients",
      query: PAGING,
      answer: { description: "One element for each connection, the oldest first.", schema: z.array(CONNECTION) },
      async handle(call) {
        const shown = (await gateway.clients()).map(shownConnection);
        const sorted = shown.sort((a, b) => b.age_seconds - a.age_seconds || (a.remote < b.remote ? -1 : 1));
        const places = new Map(sorted.map((each, nth) => [each, nth]));
        return page(call, sorted, (each) => places.get(each)!);
      },
    }),
  ];
}

const SESSION_QUERY = {
  cluster: parameter.text("Name of a cluster"),
  key: parameter.text("The value of the header"),
};

function sessionRoutes(gateway: GrpcControl): Route[] {
  const unknown = (cluster: string, key: string) =>
    notFound(`no instance of cluster ${cluster} is bound to ${JSON.stringify(key)}`);
  return [
    route({
      method: "GET",
      path: "/api/v1/grpc/sessions",
      summary: "Where a sticky key leads",
      query: SESSION_QUERY,
      answer: { description: "The binding.", schema: SESSION },
      problems: [404],
      async handle({ query: { cluster, key } }) {
        await clusterOf(gateway, cluster);
        const session = await gateway.session(cluster, key);
        if (session === undefined) throw unknown(cluster, key);
        return json(shownSession(session));
      },
    }),
    route({
      method: "DELETE",
      path: "/api/v1/grpc/sessions",
      summary: "Unbind a sticky key",
      description: "The next call with it goes to the next instance in turn.",
      query: SESSION_QUERY,
      answer: { description: "The binding that was.", schema: SESSION },
      problems: [404],
      async handle({ query: { cluster, key } }) {
        await clusterOf(gateway, cluster);
        const session = await gateway.session(cluster, key);
        if (session === undefined || !await gateway.unbind(cluster, key)) throw unknown(cluster, key);
        return json(shownSession(session));
      },
    }),
  ];
}

/** @throws Problem 404 */
async function clusterOf(gateway: GrpcControl, name: string): Promise<ClusterStatus> {
  const { clusters } = await gateway.status();
  const cluster = clusters.find((each) => each.name === name);
  if (cluster !== undefined) return cluster;
  const names = clusters.map((each) => each.name).join(", ") || "none";
  throw notFound(`there is no cluster ${JSON.stringify(name)}; there are ${names}`);
}
