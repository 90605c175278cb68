import { assertEquals, assertStringIncludes } from "@std/assert";
import { startDiscoverer } from "../../../src/grpc/sim/discoverer.ts";
import { FakeLog } from "../../ops/admin/fakes.ts";

async function discoverer(ttl = 60_000) {
  const log = new FakeLog();
  const listen = { hostname: "127.0.0.1", port: 0 };
  const simulator = await startDiscoverer({ listen, ttl, version: "1", log });
  const ask = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`http://127.0.0.1:${simulator.address.port}${path}`, {
      method,
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return { status: response.status, json: await response.json() };
  };
  return { ask, log, [Symbol.asyncDispose]: () => simulator.close() };
}

const A = { instance_id: "a", ipv4: "127.0.0.1", port: 5001 };

Deno.test("instances come, stay, and go over HTTP", async () => {
  await using it = await discoverer();
  assertEquals(await it.ask("POST", "/v1/register", A), { status: 200, json: { instance_id: "a" } });
  assertEquals((await it.ask("POST", "/v1/register", { ...A, port: 5002 })).status, 200);
  assertEquals(await it.ask("GET", "/v1/instances"), { status: 200, json: { instances: [{ ...A, port: 5002 }] } });
  assertEquals((await it.ask("POST", "/v1/heartbeat/a")).status, 200);
  assertEquals((await it.ask("POST", "/v1/unregister/a")).status, 200);
  assertEquals((await it.ask("GET", "/v1/instances")).json, { instances: [] });
  assertEquals((await it.ask("POST", "/v1/heartbeat/a")).status, 404);
  assertEquals((await it.ask("POST", "/v1/unregister/a")).status, 404);
});

for (
  const [body, field] of [
    [{ ...A, ipv4: "::1" }, "ipv4"],
    [{ ...A, port: 0 }, "port"],
    [{ ...A, port: "5001" }, "port"],
    [{ ipv4: "127.0.0.1", port: 1 }, "instance_id"],
    ["{", "JSON"],
  ] as const
) {
  Deno.test(`a registration that is wrong is answered with a problem object that names ${field}: ${JSON.stringify(body)}`, async () => {
    await using it = await discoverer();
    const { status, json } = await it.ask("POST", "/v1/register", body);
    assertEquals([status, json.status], [400, 400]);
    assertStringIncludes(json.detail, field);
  });
}

Deno.test("the discoverer describes itself, and says that it lives", async () => {
  await using it = await discoverer();
  const { json } = await it.ask("GET", "/openapi.json");
  assertEquals(Object.keys(json.paths).sort(), [
    "/healthz",
    "/openapi.json",
    "/v1/heartbeat/{id}",
    "/v1/instances",
    "/v1/register",
    "/v1/unregister/{id}",
  ]);
  assertEquals(Object.keys(json.paths["/v1/register"].post.responses), ["200", "400", "403", "413"]);
  assertEquals(await it.ask("GET", "/healthz"), { status: 200, json: { status: "ok" } });
  assertStringIncludes((await it.ask("GET", "/v2")).json.detail, "/openapi.json lists all paths");
});
