import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AdminListenError } from "../../../src/ops/admin/server.ts";
import { FakePlane } from "./fakes.ts";
import { readAll, readSome, send } from "./raw_http.ts";
import { rig } from "./rig.ts";

Deno.test("healthz says that the process works", async () => {
  await using admin = await rig();
  const answer = await admin.ask("/healthz");
  assertEquals([answer.status, answer.json()], [200, { state: "ok" }]);
});

Deno.test("readyz of one plane shows its state, and 503 with the reason when it is not ready", async () => {
  await using admin = await rig();
  const ready = await admin.ask("/readyz");
  assertEquals([ready.status, ready.json()], [200, { state: "ready" }]);
  admin.plane.current = { state: "degraded", ready: false, reason: "no DRA is usable", details: { cache: "up" } };
  const unready = await admin.ask("/readyz");
  assertEquals(unready.status, 503);
  assertEquals(unready.json(), { state: "degraded", reason: "no DRA is usable", cache: "up" });
});

Deno.test("readyz of several planes is 503 when one is not ready, and shows each", async () => {
  const planes = ["diameter", "grpc", "chat"].map((name) => new FakePlane(name));
  await using admin = await rig({}, planes);
  const each = { diameter: { state: "ready" }, grpc: { state: "ready" }, chat: { state: "ready" } };
  const ready = await admin.ask("/readyz");
  assertEquals([ready.status, ready.json()], [200, { state: "ready", planes: each }]);
  planes[0]!.current = { state: "degraded", ready: true, reason: "dra-2 is down" };
  planes[1]!.current = { state: "starting", ready: false, reason: "no instance is usable" };
  const unready = await admin.ask("/readyz");
  assertEquals(unready.status, 503);
  assertEquals(unready.json(), {
    state: "starting",
    reason: "grpc: no instance is usable; diameter: dra-2 is down",
    planes: {
      diameter: { state: "degraded", reason: "dra-2 is down" },
      grpc: { state: "starting", reason: "no instance is usable" },
      chat: { state: "ready" },
    },
  });
});

Deno.test("metrics are those of the process and of every plane, as Prometheus text", async () => {
  await using admin = await rig({}, [new FakePlane(), new FakePlane("grpc")]);
  const answer = await admin.ask("/metrics");
  assertEquals(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assertEquals(
    answer.text,
    "process_start_time_seconds 1\ndiamgw_diameter_requests_total 1\ndiamgw_diameter_answers_total 1\n" +
      "diamgw_grpc_requests_total 1\ndiamgw_grpc_answers_total 1\n",
  );
});

Deno.test("metrics that fail at once are a 500, and those that fail on the way do not end in order", async () => {
  await using admin = await rig();
  admin.host.metricsText = () => {
    throw new Error("no memory figures");
  };
  assertEquals((await admin.ask("/metrics")).status, 500);
  const { promise: firstCame, resolve: goOn } = Promise.withResolvers<void>();
  admin.host.metricsText = async function* () {
    yield "process_start_time_seconds 1\n";
    await firstCame;
    throw new Error("no memory figures");
  };
  using conn = await Deno.connect(admin.server.address);
  await send(conn, "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  let came = "";
  while (!came.includes("process_start_time_seconds 1\n")) came += await readSome(conn);
  goOn();
  came += await readAll(conn);
  assertEquals(came.endsWith("0\r\n\r\n"), false, "the last chunk came, as if all were there");
  assertEquals(admin.host.log.lines.map(({ event }) => event), ["admin_failed", "admin_failed"]);
});

Deno.test("status has what the process knows and what each plane adds", async () => {
  await using admin = await rig();
  const { config, uptime_seconds, ...rest } = (await admin.ask("/api/v1/status")).json();
  assertEquals(rest, {
    version: "1.2.3",
    state: "ready",
    origin_host: "gw.example.net",
    statistics: { total_requests: 7 },
  });
  assertEquals(typeof uptime_seconds === "number" && uptime_seconds >= 5 && uptime_seconds < 60, true);
  const { loaded_at, ...known } = config as Record<string, unknown>;
  assertEquals(known, { sha256: "ab12", file_differs: false, confirm_by: null });
  assertEquals(Number.isNaN(Date.parse(String(loaded_at))), false);
});

Deno.test("drain is passed on", async () => {
  await using admin = await rig();
  const answer = await admin.ask("/api/v1/drain", { method: "POST" });
  assertEquals([answer.status, answer.json(), admin.host.drained], [200, { state: "draining" }, 1]);
});

Deno.test("an address that is taken is told as that", async () => {
  await using admin = await rig();
  const error = await assertRejects(() => rig({ listen: admin.server.address }), AdminListenError);
  assertEquals(error.isTaken, true);
  assertEquals(
    error.message,
    `cannot open the admin interface at 127.0.0.1:${admin.server.address.port}: the address is in use by another program`,
  );
});

Deno.test("an address that is not ours is told as that", async () => {
  const error = await assertRejects(() => rig({ listen: { hostname: "203.0.113.1", port: 9868 } }), AdminListenError);
  assertEquals(error.isTaken, false);
  assertStringIncludes(error.message, "cannot open the admin interface at 203.0.113.1:9868");
});

Deno.test("it listens on IPv6, and answers to its address there", async () => {
  await using admin = await rig({ listen: { hostname: "::1", port: 0 } });
  assertEquals(admin.server.url, `http://[::1]:${admin.server.address.port}`);
  const answer = await admin.ask("/healthz", { headers: { host: `[::1]:${admin.server.address.port}` } });
  assertEquals(answer.status, 200);
});

Deno.test("two routes for one method and path are refused at the start", async () => {
  await assertRejects(() => rig({}, [new FakePlane(), new FakePlane()]), Error, "Two routes for one method");
});
