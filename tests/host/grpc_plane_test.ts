/**
 * Every path of the gRPC plane's admin interface on a real gateway, with the shapes that scripts
 * know.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Endpoint } from "../../src/net/connection.ts";
import { Backend, Client } from "../grpc/support/stage.ts";
import { until } from "../support/until.ts";
import { RunningHost } from "./running_host.ts";

const METHOD = "/pkg.Service/Method";
const INSTANCE_KEYS = [
  ...["id", "address", "state", "enabled", "connections", "in_flight", "calls", "failures", "sticky_keys"],
  ...["last_error", "next_attempt_at"],
];

function assertKeys(tree: unknown, keys: readonly string[]): void {
  assertEquals(Object.keys(tree as object).toSorted(), [...keys].toSorted());
}

function tree(backends: readonly Backend[], more: Record<string, unknown> = {}) {
  return {
    grpc: {
      listen: ["127.0.0.1:0"],
      drain_timeout: "200ms",
      routes: [{ prefix: "/pkg", cluster: "main", balancer: { type: "sticky_sessions", header: "session-id" } }],
      clusters: {
        main: { type: "static", addresses: backends.map(({ address: { port } }) => `127.0.0.1:${port}`) },
      },
      ...more,
    },
  };
}

function addressOf(host: RunningHost): Endpoint {
  const [line] = host.logged("grpc_listening");
  const [hostname = "", port] = String(line?.["address"]).split(":");
  return { hostname, port: Number(port) };
}

async function json(host: RunningHost, path: string, method = "GET") {
  // deno-lint-ignore no-explicit-any
  return (await host.ask(path, { method })).json() as any;
}

async function ready(host: RunningHost): Promise<void> {
  await until(async () => (await host.ask("/readyz")).status === 200, "the gateway is ready");
}

Deno.test("clusters, routes, clients and sessions have the shapes that scripts know", async () => {
  await using a = new Backend("a");
  await using host = await RunningHost.start(tree([a]));
  await ready(host);
  await using client = await Client.connect(addressOf(host));
  assertEquals((await client.unary(METHOD, { headers: [["session-id", "k"]] })).messages, ["a"]);

  assertEquals(await json(host, "/readyz"), { state: "ready" });
  const status = await json(host, "/api/v1/status");
  assertEquals(status.grpc, {
    state: "ready",
    connections: 1,
    calls_in_flight: 0,
    calls_total: 1,
    retries_total: 0,
    transfers_total: 0,
  });
  const [cluster] = await json(host, "/api/v1/grpc/clusters");
  assertKeys(cluster, ["name", "type", "discoverer", "instances"]);
  const [instance] = cluster.instances;
  assertKeys(instance, INSTANCE_KEYS);
  const id = `127.0.0.1:${a.address.port}`;
  assertEquals([cluster.name, cluster.type, instance.id, instance.address, instance.state], [
    ...["main", "static", id, id, "ready"],
  ]);
  assertEquals([instance.connections, instance.calls, instance.sticky_keys, instance.next_attempt_at], [1, 1, 1, null]);
  assertEquals(await json(host, "/api/v1/grpc/clusters/main"), cluster);
  assertEquals((await host.ask("/api/v1/grpc/clusters/other")).status, 404);
  assertEquals(await json(host, "/api/v1/grpc/routes"), [{
    prefix: "/pkg",
    cluster: "main",
    authorization: "none",
    balancer: "sticky_sessions",
    header: "session-id",
    transfer: "mid_stream",
    calls: 1,
    errors: 0,
  }]);
  const [connection] = await json(host, "/api/v1/grpc/connections");
  assertKeys(connection, ["remote", "tls", "age_seconds", "calls_in_flight", "calls", "bytes_in", "bytes_out"]);
  assertMatch(connection.remote, /^127\.0\.0\.1:\d+$/);
  assert(connection.bytes_in > 0 && connection.bytes_out > 0);

  const sessions = "/api/v1/grpc/sessions?cluster=main&key=k";
  const session = await json(host, sessions);
  assertKeys(session, ["cluster", "header", "key", "instance", "idle_seconds"]);
  assertEquals([session.header, session.key, session.instance], ["session-id", "k", id]);
  assertEquals((await host.ask(sessions, { method: "DELETE" })).status, 200);
  assertEquals((await host.ask(sessions)).status, 404);
  assertEquals((await host.ask(sessions, { method: "DELETE" })).status, 404);
});

Deno.test("instances are disabled and enabled, a static cluster has nobody to ask", async () => {
  await using a = new Backend("a");
  await using host = await RunningHost.start(tree([a]));
  await ready(host);
  const id = `127.0.0.1:${a.address.port}`;
  const path = `/api/v1/grpc/clusters/main/instances/${encodeURIComponent(id)}`;
  const disabled = await json(host, `${path}/disable`, "POST");
  assertEquals([disabled.instances[0].state, disabled.instances[0].enabled], ["disabled", false]);
  assertEquals((await host.ask("/readyz")).status, 503);
  await json(host, `${path}/enable`, "POST");
  await ready(host);
  assertEquals((await host.ask("/api/v1/grpc/clusters/main/instances/x/disable", { method: "POST" })).status, 404);
  assertEquals((await host.ask("/api/v1/grpc/clusters/main/refresh", { method: "POST" })).status, 409);
  assertEquals(host.logged("grpc_instance_enabled").length, 2);
});

Deno.test("a discoverer is asked when somebody wants, and 502 says that it failed", async () => {
  await using a = new Backend("a");
  let fails = false;
  const instances = () => [{ instance_id: "a", ipv4: "127.0.0.1", port: a.address.port }];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    return fails ? new Response("no", { status: 500 }) : Response.json({ instances: instances() });
  });
  const clusters = {
    main: {
      type: "dynamic",
      discoverer_url: `http://127.0.0.1:${server.addr.port}`,
      discoverer_interval_ms: 3_600_000,
    },
  };
  await using host = await RunningHost.start(tree([], { clusters }));
  await ready(host);
  assertEquals(await json(host, "/api/v1/grpc/clusters/main/refresh", "POST"), { instances: 1 });
  fails = true;
  assertEquals((await host.ask("/api/v1/grpc/clusters/main/refresh", { method: "POST" })).status, 502);
  const { discoverer, instances: [instance] } = await json(host, "/api/v1/grpc/clusters/main");
  assertKeys(discoverer, ["url", "last_success_at", "last_error"]);
  assert(discoverer.last_error !== "");
  assertEquals([instance.id, instance.state], ["a", "ready"]);
});

Deno.test("a reload changes routes and drops no call; the metrics and the description know the plane", async () => {
  await using a = new Backend("a", () => {});
  await using host = await RunningHost.start(tree([a]));
  await ready(host);
  await using client = await Client.connect(addressOf(host));
  const call = client.call(METHOD);
  await until(() => a.requests.length === 1, "the call is there");
  const answer = await host.reload(tree([a], { routes: [{ prefix: "/new", cluster: "main" }] }));
  assertEquals(answer.status, 200);
  assertEquals((await client.unary(METHOD)).status, "12");
  a.requests[0]!.answer("in peace");
  assertEquals((await call.end()).messages, ["in peace"]);
  const metrics = (await host.ask("/metrics")).text;
  assertMatch(metrics, /^diamgw_grpc_calls_total\{route="\/pkg",cluster="main",status="OK"\} 1$/m);
  const { paths } = await json(host, "/api/v1/openapi.json");
  for (const path of ["clusters", "clusters/{name}", "routes", "connections", "sessions", "clusters/{name}/refresh"]) {
    assert(paths[`/api/v1/grpc/${path}`] !== undefined, path);
  }
});

Deno.test("a drain over the admin interface ends the plane when its calls are done", async () => {
  await using a = new Backend("a", () => {});
  await using host = await RunningHost.start(tree([a], { drain_timeout: "5s" }));
  await ready(host);
  await using client = await Client.connect(addressOf(host));
  const call = client.call(METHOD);
  await until(() => a.requests.length === 1, "the call is there");
  assertEquals((await host.ask("/api/v1/drain", { method: "POST" })).status, 200);
  await host.host.drained;
  const stopped = host.host.stop();
  await until(() => client.goaways.length === 2, "the client knows");
  a.requests[0]!.answer("the last one");
  await call.end();
  await stopped;
  assertEquals(host.logged("grpc_draining").length, 1);
  assertEquals(host.logged("grpc_stopped").length, 1);
});
