/**
 * A discoverer: instances register over HTTP and give a sign of life, gateways ask who is there.
 * @module
 */
import * as z from "zod";
import type { Endpoint } from "../../net/connection.ts";
import { application } from "../../ops/admin/application.ts";
import { listenHttp } from "../../ops/admin/http_listener.ts";
import { descriptionRoute } from "../../ops/admin/openapi.ts";
import { ADMIN_LIMITS } from "../../ops/admin/options.ts";
import { notFound } from "../../ops/admin/problem.ts";
import { json, type Route, route } from "../../ops/admin/route.ts";
import type { Logger } from "../../ops/log/mod.ts";
import { InstanceRegistry } from "./registry.ts";

/** How a discoverer is set up. */
export interface DiscovererOptions {
  /** Port 0 for one that the system picks. */
  readonly listen: Endpoint;
  /** ms that an instance stays without a heartbeat. */
  readonly ttl: number;
  /** In the description of its interface. */
  readonly version: string;
  readonly log: Logger;
}

/** A discoverer at work. */
export interface DiscovererSimulator {
  /** With the real port. */
  readonly address: Endpoint;
  close(): Promise<void>;
}

/** Looks for silent instances this often in a life. */
const LOOKS = 4;

/** @throws AdminListenError when the address cannot be had */
export async function startDiscoverer(options: DiscovererOptions): Promise<DiscovererSimulator> {
  const { listen, ttl, version, log } = options;
  const registry = new InstanceRegistry(ttl);
  const routes = registryRoutes(registry, log);
  const about = {
    path: "/openapi.json",
    title: "diam-gw discoverer",
    description: "Instances of a service: who is there. Errors are problem objects (RFC 9457).",
    isGuarded: false,
  };
  const fetch = application({
    routes: [...routes, descriptionRoute(version, routes, about)],
    access: () => ({ token: "", hosts: [] }),
    listen: listen.hostname,
    bodyBytes: ADMIN_LIMITS.bodyBytes,
    description: about.path,
    log,
  });
  const listener = await listenHttp(listen, undefined, ADMIN_LIMITS, fetch);
  const timer = setInterval(() => {
    for (const id of registry.expire(performance.now())) {
      log.info("instance_expired", `${id} went: no heartbeat for ${ttl} ms`, { instance_id: id });
    }
  }, ttl / LOOKS);
  return {
    address: listener.address,
    async close() {
      clearInterval(timer);
      await listener.close();
    },
  };
}

const INSTANCE = z.object({
  instance_id: z.string().min(1, "expected a name, got none").max(256, "expected at most 256 characters"),
  ipv4: z.ipv4("expected an IPv4 address such as 10.0.0.7"),
  port: z.int("expected a port 1..65535").min(1, "expected a port 1..65535").max(65_535, "expected a port 1..65535"),
});
const LIST = z.object({ instances: z.array(INSTANCE) });
const DONE = z.object({ instance_id: z.string() });
const ID = { id: z.string().min(1) };

function registryRoutes(registry: InstanceRegistry, log: Logger): Route[] {
  const told = (id: string) => json({ instance_id: id });
  return [
    route({
      method: "POST",
      path: "/v1/register",
      isOpen: true,
      isRoutine: true,
      summary: "Here I am; once more is a sign of life",
      body: { json: INSTANCE, misfit: 400 },
      answer: { description: "It is known.", schema: DONE },
      handle({ body }) {
        const { instance_id: id, ipv4, port } = body;
        if (registry.register(body, performance.now())) {
          log.info("instance_registered", `${id} came, at ${ipv4}:${port}`, { instance_id: id, ipv4, port });
        }
        return told(id);
      },
    }),
    route({
      method: "POST",
      path: "/v1/heartbeat/{id}",
      isOpen: true,
      isRoutine: true,
      summary: "A sign of life",
      parameters: ID,
      answer: { description: "It is known.", schema: DONE },
      handle({ parameters: { id } }) {
        if (!registry.heartbeat(id, performance.now())) throw unknown(id);
        return told(id);
      },
    }),
    route({
      method: "POST",
      path: "/v1/unregister/{id}",
      isOpen: true,
      isRoutine: true,
      summary: "It goes, or a gateway says that it failed",
      parameters: ID,
      answer: { description: "It is gone.", schema: DONE },
      handle({ parameters: { id } }) {
        if (!registry.unregister(id, performance.now())) throw unknown(id);
        log.info("instance_unregistered", `${id} went`, { instance_id: id });
        return told(id);
      },
    }),
    route({
      method: "GET",
      path: "/v1/instances",
      isOpen: true,
      summary: "Who is there, by id",
      answer: { description: "All of them.", schema: LIST },
      handle: () => json({ instances: registry.list(performance.now()) }),
    }),
    route({
      method: "GET",
      path: "/healthz",
      isOpen: true,
      summary: "Whether it answers",
      answer: { description: "It does.", schema: z.object({ status: z.literal("ok") }) },
      handle: () => json({ status: "ok" }),
    }),
  ];
}

const unknown = (id: string) => notFound(`no instance ${JSON.stringify(id)} is registered; POST it to /v1/register`);
