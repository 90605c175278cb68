/** Every path of the admin interface on a real gateway, with the shapes that scripts depend on. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventFrames } from "../../src/ops/admin/event_reader.ts";
import { request } from "../support/raw_message.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { Operated } from "./operated.ts";
import { RunningHost } from "./running_host.ts";

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const raw = { host: "raw.apps.example.net", realm: "apps.example.net" };

const DRA_KEYS = [
  ...["name", "host", "port", "priority", "weight", "origin_host", "state", "watchdog", "enabled", "usable", "reason"],
  ...["in_flight", "messages_sent", "messages_received", "bytes_sent", "bytes_received", "reconnects", "latency_ms"],
  ...["last_error", "next_attempt_at", "weight_overridden"],
];
const APP_KEYS = [
  ...["id", "origin_host", "origin_realm", "remote", "listener", "tls", "state", "connected_at", "applications"],
  ...["in_flight", "messages_sent", "messages_received", "bytes_sent", "bytes_received"],
];
const STATISTICS_KEYS = [
  ...["total_requests", "total_responses", "active_sessions", "avg_latency_ms", "to_dra", "from_dra", "to_app"],
  ...["from_app", "timeout_errors", "routing_errors", "sessions_created", "sessions_completed", "sessions_expired"],
  ...["sessions_rejected", "sessions_abandoned", "active_priority", "active_dras", "total_dras", "failover_count"],
  ...["failback_count", "dras"],
];
const DRA_STATISTICS_KEYS = [
  ...["name", "state", "messages_sent", "messages_received", "bytes_sent", "bytes_received", "reconnects"],
  "last_error",
];

function assertKeys(tree: unknown, keys: readonly string[]): void {
  assertEquals(Object.keys(tree as object).toSorted(), [...keys].toSorted());
}

Deno.test("DRAs, Logic Apps, status and refused messages have the shapes that scripts know", async () => {
  await using scene = await Operated.start({ rate: 200 });
  const json = async (path: string) => (await scene.ask(path)).json();

  assertEquals((await scene.ask("/healthz")).status, 200);
  assertEquals([(await scene.ask("/readyz")).status, await json("/readyz")], [200, { state: "ready" }]);

  const dras = await json("/api/v1/dras") as unknown as Record<string, unknown>[];
  assertEquals(dras.map(({ name }) => name), ["dra-1", "dra-2"]);
  for (const dra of dras) assertKeys(dra, DRA_KEYS);
  const [dra] = dras;
  assertEquals(
    ["origin_host", "state", "watchdog", "enabled", "usable", "reason", "next_attempt_at"].map((key) => dra![key]),
    ["dra-1.core.example.net", "OPEN", "okay", true, true, "", null],
  );
  const latency = dra!["latency_ms"] as { p50: number; p99: number };
  // The DRA takes 2 ms.
  assert(latency.p50 >= 1.9 && latency.p99 >= latency.p50 && latency.p99 < 10_000, JSON.stringify(latency));
  assertKeys(await json("/api/v1/dras/dra-1"), DRA_KEYS);
  assertEquals((await scene.ask("/api/v1/dras/dra-9")).status, 404);
  for (const verb of ["disable", "enable", "reconnect", "weight?value=1"]) {
    assertEquals((await scene.ask(`/api/v1/dras/dra-9/${verb}`, { method: "POST" })).status, 404);
  }
  for (const value of ["-1", "65536", "x", ""]) {
    const refused = await scene.ask(`/api/v1/dras/dra-1/weight?value=${value}`, { method: "POST" });
    assertEquals(refused.status, 400);
    assertStringIncludes(refused.text, "value");
  }

  const [app] = await json("/api/v1/apps") as unknown as Record<string, unknown>[];
  assertKeys(app, APP_KEYS);
  assertMatch(String(app!["connected_at"]), INSTANT);
  assertEquals(app!["listener"], `127.0.0.1:${scene.gateway.address.port}`);
  assertEquals([app!["origin_host"], app!["tls"], app!["state"]], ["app-1.apps.example.net", false, "open"]);
  assertEquals(app!["applications"], [{ id: 16777252, vendor: 10415, type: "auth" }]);
  assert(Number(app!["messages_received"]) > 0 && Number(app!["bytes_sent"]) > 0);
  assertEquals((await json("/api/v1/apps?limit=1"))["length"], 1);
  assertEquals((await scene.ask("/api/v1/apps?limt=1")).status, 400);

  const status = await json("/api/v1/status");
  assertKeys(status, ["version", "uptime_seconds", "origin_host", "origin_realm", "state", "config", "statistics"]);
  assertEquals([status["origin_host"], status["state"]], ["gw.example.net", "ready"]);
  assertKeys(status["config"], ["loaded_at", "sha256", "file_differs", "confirm_by"]);
  const statistics = status["statistics"] as Record<string, unknown>;
  assertKeys(statistics, STATISTICS_KEYS);
  assertEquals([statistics["active_priority"], statistics["active_dras"], statistics["total_dras"]], [1, 2, 2]);
  for (const each of statistics["dras"] as object[]) assertKeys(each, DRA_STATISTICS_KEYS);

  const peer = await RawPeer.connect(scene.gateway.address.port, raw);
  await peer.exchangeCapabilities();
  await peer.send(request({ destinationRealm: null }));
  await peer.nextAnswer();
  await peer.send(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  await peer.nextEnd();
  await peer.close();
  await until(async () => (await json("/api/v1/errors"))["length"] === 2, "both are told");
  const errors = await json("/api/v1/errors") as unknown as Record<string, unknown>[];
  for (const error of errors) {
    assertKeys(error, ["at", "peer", "result_code", "reason", "message", "header", "hex"]);
    assertMatch(String(error["at"]), INSTANT);
  }
  assertEquals(errors.map(({ peer, result_code, reason }) => [peer, result_code, reason]), [
    [raw.host, 0, "frame_length"],
    [raw.host, 3001, "no_destination"],
  ]);
  assertEquals((errors[1]!["header"] as Record<string, unknown>)["command"], 324);
  assertMatch(String(errors[1]!["hex"]), /^0100[0-9a-f]+$/);
  assertStringIncludes(String(errors[0]!["message"]), "HTTP");
});

Deno.test("nobody is ready without a DRA, and it is said why; the state is starting, ready, then degraded", async () => {
  await using scene = await Operated.start();
  const ready = async () => {
    const answer = await scene.ask("/readyz");
    return [answer.status, answer.json()["state"], answer.json()["reason"]];
  };
  for (const dra of scene.dras) dra.kill();
  await until(async () => (await ready())[0] === 503, "it is not ready");
  const [, state, reason] = await ready();
  assertEquals(state, "degraded");
  assertStringIncludes(String(reason), "dra-1 ");
  assertStringIncludes(String(reason), "; dra-2 ");
  assertEquals((await scene.ask("/healthz")).status, 200);
  const { statistics } = (await scene.ask("/api/v1/status")).json() as { statistics: Record<string, unknown> };
  assertEquals(statistics["active_priority"], null);
  await using alone = await RunningHost.start({});
  assertEquals((await alone.ask("/readyz")).json(), { state: "starting", reason: "no DRA is configured" });
});

Deno.test("the sum of the sessions is right at every look, under load and while DRAs come and go", async () => {
  await using scene = await Operated.start({
    rate: 5_000,
    tree: { gateway: { answer_timeout: "100ms" }, dra_pool: { reopen_watchdogs: 1 } },
  });
  let looks = 0;
  let isOver = false;
  const look = (async () => {
    for (; !isOver; looks++) {
      const { statistics: s } = (await scene.ask("/api/v1/status")).json() as { statistics: Record<string, number> };
      const ended = ["completed", "expired", "rejected", "abandoned"].map((how) => s[`sessions_${how}`]!);
      assertEquals(s["sessions_created"], ended.reduce((sum, n) => sum + n, s["active_sessions"]!));
      assertEquals(s["total_requests"], s["sessions_created"]);
    }
  })();
  scene.dras[0]!.setFaults({ dropEvery: 7, busyEvery: 11, duplicateEvery: 13, delay: 20 });
  const { counters } = scene.app;
  try {
    for (let i = 0; i < 3; i++) {
      const { answered } = counters;
      scene.dras[0]!.kill();
      await until(() => counters.answered > answered + 500, "the load goes on");
      scene.dras[0]!.start();
      await until(async () => (await scene.dra("dra-1")).usable, "it is back");
    }
  } finally {
    isOver = true;
    await look;
  }
  assert(looks > 20, `${looks} looks`);
});

Deno.test("what the log writes is changed for a while, and goes back by itself", async () => {
  await using host = await RunningHost.start({});
  const put = (query: string, body: object) =>
    host.ask(`/api/v1/logging${query}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const usual = { level: "info", requests: false, responses: false, for: null };
  const get = async () => (await host.ask("/api/v1/logging")).json();
  assertEquals(await get(), usual);
  const long = (await put("?for=10m", { level: "debug", requests: true })).json();
  assertEquals(long, { level: "debug", requests: true, responses: false, for: "10m" });
  assertEquals((await put("", { level: "info", requests: false })).json(), usual);
  assertEquals((await put("", { level: "debug", for: "100ms" })).json()["level"], "debug");
  await until(async () => (await get())["level"] === "info", "it is as before");
  assertEquals(await get(), usual);
  assertEquals((await put("", { level: "loud" })).status, 422);
  assertEquals((await put("?for=soon", {})).status, 400);
});

Deno.test("the events of a DRA that is lost, a Logic App that comes, a reload and the end are told as they happen", async () => {
  const scene = await Operated.start();
  try {
    const { hostname, port } = scene.gateway.admin!;
    const kinds = new Map<string, Record<string, unknown>>();
    const response = await fetch(`http://${hostname}:${port}/api/v1/events`);
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    const reading = (async () => {
      for await (const { kind, data } of eventFrames(response.body!)) kinds.set(kind, data as Record<string, unknown>);
    })();
    const told = (kind: string) => until(() => kinds.has(kind), `${kind} is told`);
    const peer = await RawPeer.connect(scene.gateway.address.port, raw);
    await peer.exchangeCapabilities();
    await told("app_up");
    await peer.close();
    await told("app_down");
    (await Deno.connect(scene.gateway.address)).close();
    await told("app_silent");
    scene.dras[0]!.kill();
    for (const kind of ["dra_state", "dra_down", "failover", "dra_connect_failed"]) await told(kind);
    scene.dras[1]!.kill();
    await told("no_dra");
    scene.dras[0]!.start();
    await told("dra_reopening");
    await told("dra_up");
    await scene.rewrite({ gateway: { max_attempts: 1 } });
    await scene.post("config/reload");
    await told("config");
    await scene.post("drain");
    await told("draining");
    await reading;
    for (const [kind, data] of kinds) {
      assertMatch(String(data["at"]), INSTANT);
      assertEquals(data["kind"], kind);
    }
    assert(kinds.has("leaving") && kinds.has("stopped"));
    const described = ["dra_up", "app_down", "failover", "failback", "config", "draining"];
    assertEquals(described.filter((kind) => !kinds.has(kind)), []);
    assertEquals(kinds.get("config")!["changes"], ["gateway.max_attempts"]);
  } finally {
    await scene[Symbol.asyncDispose]();
  }
});

Deno.test("the description names every path, and every kind of event", async () => {
  await using host = await RunningHost.start({});
  const { paths } = (await host.ask("/api/v1/openapi.json")).json() as {
    paths: Record<string, Record<string, { description?: string }>>;
  };
  const expected = [
    ...["/", "/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/dras", "/api/v1/dras/{name}"],
    ...["disable", "enable", "reconnect", "weight"].map((verb) => `/api/v1/dras/{name}/${verb}`),
    ...["/api/v1/apps", "/api/v1/config", "/api/v1/config/reload", "/api/v1/config/confirm", "/api/v1/logging"],
    ...["/api/v1/errors", "/api/v1/drain", "/api/v1/events"],
  ];
  for (const path of expected) assert(path in paths, path);
  const events = paths["/api/v1/events"]!["get"]!.description!;
  for (const kind of ["failover", "failback", "dra_up", "dra_down", "app_up", "app_refused", "config", "gap"]) {
    assertStringIncludes(events, `\`${kind}\``);
  }
  for (const path of Object.keys(paths).filter((path) => "get" in paths[path]! && !path.includes("{"))) {
    assertEquals((await host.ask(path, { method: "HEAD" })).status, path === "/readyz" ? 503 : 200, path);
  }
  assertEquals((await host.ask("/")).status, 200);
});
