/**
 * What an operator does to a running gateway under load, over the admin interface and by signals.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { until } from "../support/until.ts";
import { Operated } from "./operated.ts";

const RATE = 5_000;
const RELOAD = "config/reload";

Deno.test("a reload that swaps both DRAs under load costs no request", async () => {
  await using scene = await Operated.start({ dras: 4, rate: RATE });
  await scene.rewrite({ dra_pool: { dras: [scene.entry(3), scene.entry(4)] } });
  const { applied, changes } = await scene.post(RELOAD) as { applied: boolean; changes: { path: string }[] };
  assertEquals([applied, changes.length], [true, 4]);
  await scene.gets(3);
  await until(() => scene.dras[0]!.openConnections + scene.dras[1]!.openConnections === 0, "the old ones are left");
  // The same names, elsewhere.
  await scene.rewrite({
    dra_pool: {
      dras: [scene.entry(1, { name: "dra-3", priority: 3 }), scene.entry(2, { name: "dra-4", priority: 4 })],
    },
  });
  await scene.post(RELOAD);
  await scene.gets(1);
  await until(() => scene.dras[2]!.openConnections + scene.dras[3]!.openConnections === 0, "the old ones are left");
  await scene.nothingLost();
});

Deno.test("a DRA that a reload removes gives its pending requests to the others", async () => {
  await using scene = await Operated.start({ rate: RATE });
  scene.dras[0]!.setFaults({ delay: 600_000 });
  await until(async () => (await scene.dra("dra-1")).in_flight > 100, "requests wait for it");
  await scene.rewrite({ dra_pool: { dras: [scene.entry(2)] } });
  await scene.post(RELOAD);
  await scene.gets(2);
  assertEquals((await scene.ask("/api/v1/dras/dra-1")).status, 404);
  await scene.nothingLost();
  assert(scene.gateway.logged("resent").length > 0);
});

Deno.test("a DRA is taken out of service, put back, connected anew and weighed under load, and no request is lost", async () => {
  await using scene = await Operated.start({ rate: RATE });
  const disabled = await scene.post("dras/dra-1/disable");
  assertEquals([disabled["enabled"], disabled["usable"], disabled["state"]], [false, false, "DISCONNECTED"]);
  assertEquals(disabled["reason"], "is disabled by its operator");
  await scene.gets(2);
  await scene.gets(1, false);
  // A reload leaves it where its operator put it, also when it is another one.
  await scene.rewrite({
    gateway: { max_attempts: 2 },
    dra_pool: { dras: [scene.entry(1, { bind: "127.0.0.1" }), scene.entry(2)] },
  });
  await scene.post(RELOAD);
  assertEquals((await scene.dra("dra-1")).enabled, false);
  const enabled = await scene.post("dras/dra-1/enable");
  assertEquals([enabled["enabled"], String(enabled["reason"]).includes("disabled")], [true, false]);
  await scene.gets(1);
  const { reconnects } = await scene.dra("dra-1");
  await scene.post("dras/dra-1/reconnect");
  await until(async () => {
    const dra = await scene.dra("dra-1");
    return dra.usable && dra.reconnects === reconnects + 1;
  }, "it is connected anew");
  await scene.gets(1);
  const weighed = await scene.post("dras/dra-1/weight?value=0");
  assertEquals([weighed["weight"], weighed["weight_overridden"]], [0, true]);
  await scene.gets(1, false);
  await scene.post(RELOAD);
  const again = await scene.dra("dra-1");
  assertEquals([again.weight, again.weight_overridden], [100, false]);
  await scene.gets(1);
  await scene.nothingLost();
});

Deno.test("out of service and back before it has left: a DRA has one connection, and no request is lost", async () => {
  await using scene = await Operated.start({ rate: RATE });
  for (let i = 0; i < 5; i++) {
    // In whatever order they arrive, the last one counts.
    const changes = ["disable", "enable", "disable"].map((verb) => scene.post(`dras/dra-1/${verb}`));
    await scene.post("dras/dra-1/enable");
    await Promise.all(changes);
    await scene.post("dras/dra-1/enable");
    await until(async () => (await scene.dra("dra-1")).usable, "it is back");
    assertEquals(scene.dras[0]!.openConnections, 1);
  }
  await scene.nothingLost();
});

Deno.test("a reload goes back by itself unless it is confirmed, and no other one comes between", async () => {
  await using scene = await Operated.start({ rate: RATE });
  const config = async () => (await scene.ask("/api/v1/status")).json()["config"] as Record<string, unknown>;
  const before = await config();
  await scene.rewrite({ dra_pool: { dras: [scene.entry(2)] } });
  assertEquals((await config())["file_differs"], true);
  const dry = await scene.post(`${RELOAD}?dry_run=true`);
  assertEquals([dry["applied"], (await config())["sha256"]], [false, before["sha256"]]);
  assertEquals((await scene.ask("/api/v1/config/confirm", { method: "POST" })).status, 409);
  const tried = await scene.post(`${RELOAD}?confirm=400ms`);
  assertEquals((await config())["confirm_by"], tried["confirm_by"]);
  for (const path of [RELOAD, `${RELOAD}?dry_run=true`]) {
    assertEquals((await scene.ask(`/api/v1/${path}`, { method: "POST" })).status, 409);
  }
  scene.gateway.kill("SIGHUP");
  await until(() => scene.gateway.logged("config_kept").length === 1, "SIGHUP says that it is not read");
  await until(async () => (await config())["confirm_by"] === null, "it has gone back");
  assertEquals((await config())["sha256"], before["sha256"]);
  await scene.gets(1);
  await scene.post(`${RELOAD}?confirm=60s`);
  assertEquals(await scene.post("config/confirm"), { confirmed: true });
  assertEquals([(await config())["confirm_by"], (await config())["file_differs"]], [null, false]);
  assertEquals(
    scene.gateway.logged("config").map(({ action }) => action),
    ["reloaded", "gone_back", "reloaded", "confirmed"],
  );
  await scene.gets(1, false);
  await scene.nothingLost();
});

Deno.test("what cannot be put into force changes nothing: every error of a bad file, another ETag, an address that is taken", async () => {
  await using scene = await Operated.start({ rate: RATE });
  const reload = (headers: Record<string, string> = {}) =>
    scene.ask("/api/v1/config/reload", { method: "POST", headers });
  const config = () => scene.ask("/api/v1/config");
  const before = await config();
  const etag = before.header("etag")!;

  await scene.rewrite({
    gateway: { mode: "proxy", drain_timeut: "1s" },
    dra_pool: { dras: [scene.entry(1, { port: 70_000 })] },
  });
  const bad = await reload();
  assertEquals([bad.status, bad.header("content-type")], [422, "application/problem+json"]);
  const errors = bad.json()["errors"] as { path: string; detail: string }[];
  assertEquals(errors.map(({ path }) => path).toSorted(), [
    "dra_pool.dras[0].port",
    "gateway.drain_timeut",
    "gateway.mode",
  ]);

  await Deno.remove(scene.gateway.file);
  assertEquals((await reload()).status, 422);

  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await scene.rewrite({
    gateway: { max_attempts: 1 },
    server: { listen: ["127.0.0.1:0", `127.0.0.1:${taken.addr.port}`] },
    dra_pool: { dras: [scene.entry(2)] },
  });
  const refused = await reload();
  assertEquals(refused.status, 409);
  assertStringIncludes(String(refused.json()["detail"]), String(taken.addr.port));

  await scene.rewrite({ gateway: { max_attempts: 2 } });
  assertEquals((await reload({ "if-match": '"another"' })).status, 412);
  assertEquals([(await config()).text, (await config()).header("etag")], [before.text, etag]);
  assertEquals((await reload({ "if-match": etag })).status, 200);
  assert((await config()).header("etag") !== etag);
  assertEquals((await scene.ask("/api/v1/dras")).json()["length"], 2);
  await scene.nothingLost();
});

Deno.test("SIGHUP reads the file as a reload does, and what needs a restart is told and not in force", async () => {
  await using scene = await Operated.start({ dras: 3, rate: RATE });
  await scene.rewrite({ gateway: { origin_host: "other.example.net" }, dra_pool: { dras: [scene.entry(3)] } });
  scene.gateway.kill("SIGHUP");
  await scene.gets(3);
  const [line] = scene.gateway.logged("config");
  assertEquals([line!["action"], line!["needs_restart"]], ["reloaded", ["gateway.origin_host"]]);
  const { gateway } = (await scene.ask("/api/v1/config")).json() as { gateway: Record<string, unknown> };
  assertEquals(gateway["origin_host"], "gw.example.net");
  const again = await scene.post(`${RELOAD}?dry_run=true`);
  assertEquals(again["needs_restart"], ["gateway.origin_host"]);
  await Deno.writeTextFile(scene.gateway.file, "gateway: {mode: proxy}");
  scene.gateway.kill("SIGHUP");
  await until(() => scene.gateway.logged("config_refused").length === 1, "the bad one is refused");
  await scene.nothingLost();
});

Deno.test("a drain under load answers what is pending, refuses what is new with 3004, and the process ends with 0", async () => {
  await using scene = await Operated.start({ rate: RATE, tree: { gateway: { drain_timeout: "10s" } } });
  // Pending requests keep it from ending at once.
  for (const dra of scene.dras) dra.setFaults({ delay: 700 });
  await until(async () => (await scene.dra("dra-1")).in_flight > 1_000, "requests are pending");
  const { success } = scene.app.counters;
  assertEquals(await scene.post("drain"), { state: "draining" });
  const ready = await scene.ask("/readyz");
  assertEquals([ready.status, ready.json()["state"]], [503, "draining"]);
  await until(() => (scene.app.counters.otherResults.get("3004") ?? 0) > 0, "new ones are refused");
  assertEquals(await scene.gateway.exitCode(), 0);
  const { counters } = scene.app;
  assert(counters.success >= success + 1_000, "what was pending was answered");
  assertEquals(counters.faulty, 0);
  assertEquals([...counters.otherResults.keys()].filter((code) => code !== "3004"), []);
});

Deno.test("CB6 a circuit breaker that is open is seen, and reset, over the admin interface", async () => {
  await using scene = await Operated.start({ rate: 500 });
  assertEquals((await scene.ask("/api/v1/dras/dra-1/breaker/reset", { method: "POST" })).status, 404);
  assertEquals("breaker" in await scene.dra("dra-1"), false);
  await scene.rewrite({
    gateway: { retry_result_codes: [] },
    dra_pool: { circuit_breaker: { enabled: true, open_for: "10m", open_max: "10m" } },
  });
  await scene.post(RELOAD);
  scene.dras[0]!.setFaults({ busyEvery: 1 });
  await until(async () => (await scene.dra("dra-1")).breaker?.state === "open", "it opens");
  await scene.gets(2);
  scene.dras[0]!.setFaults({ busyEvery: 0 });
  const { breaker } = await scene.post("dras/dra-1/breaker/reset") as { breaker?: { state: string } };
  assertEquals(breaker?.state, "closed");
  await scene.gets(1);
  const metrics = (await scene.ask("/metrics")).text;
  assertStringIncludes(metrics, 'diamgw_breaker_state{dra="dra-1"} 0');
  assertStringIncludes(metrics, 'diamgw_breaker_transitions_total{dra="dra-1",to="open"} 1');
});
