import { assert, assertEquals } from "@std/assert";
import * as z from "zod";
import { type Rig, rig } from "./rig.ts";

type Json = Record<string, unknown>;
interface Operation {
  operationId: string;
  summary: string;
  security?: unknown[];
  parameters: { name: string; in: string; required: boolean; schema: Json }[];
  requestBody?: { required: boolean; content: Record<string, { schema: Json }> };
  responses: Record<string, { description: string; content: Record<string, { schema?: Json }> }>;
}
type Description = Json & { paths: Record<string, Record<string, Operation>> };

/** What the contract names; the braces are ours. */
const CONTRACT = `
GET /
GET /healthz
GET /readyz
GET /metrics
GET /api/v1/status
GET /api/v1/dras
GET /api/v1/dras/{name}
GET /api/v1/apps
POST /api/v1/dras/{name}/disable
POST /api/v1/dras/{name}/enable
POST /api/v1/dras/{name}/reconnect
GET /api/v1/config
POST /api/v1/config/reload
POST /api/v1/config/confirm
POST /api/v1/dras/{name}/weight
GET /api/v1/logging
PUT /api/v1/logging
GET /api/v1/errors
POST /api/v1/explain
POST /api/v1/drain
GET /api/v1/events
GET /api/v1/transactions
GET /api/v1/capture.pcapng
GET /api/v1/openapi.json`.trim().split("\n");

async function describe(admin: Rig): Promise<Description> {
  return (await admin.ask("/api/v1/openapi.json")).json() as Description;
}

function operations(description: Description): [string, string, Operation][] {
  return Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [
      method.toUpperCase(),
      path,
      operation,
    ])
  );
}

Deno.test("every path of the contract can be expressed, and is described", async () => {
  await using admin = await rig();
  const known = operations(await describe(admin)).map(([method, path]) => `${method} ${path}`);
  assertEquals(CONTRACT.filter((line) => !known.includes(line)), []);
});

Deno.test("the description is of OpenAPI 3.1 and whole in itself", async () => {
  await using admin = await rig();
  const description = await describe(admin);
  assertEquals(description["openapi"], "3.1.0");
  assertEquals((description["info"] as Json)["version"], "1.2.3");
  const all = operations(description);
  const ids = all.map(([, , { operationId }]) => operationId);
  assertEquals(new Set(ids).size, ids.length);
  for (const [method, path, operation] of all) {
    const where = `${method} ${path}`;
    assert(operation.summary.length > 2, where);
    const inPath = operation.parameters.filter((parameter) => parameter.in === "path");
    assertEquals(inPath.map(({ name }) => name), [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name), where);
    assert(inPath.every(({ required }) => required), where);
    assert(Object.keys(operation.responses).length > 1, where);
    for (const [status, { content }] of Object.entries(operation.responses)) {
      const types = Object.keys(content);
      assertEquals(types.length, 1, where);
      if (status !== "200") assertEquals(types, ["application/problem+json"], where);
    }
  }
  const text = JSON.stringify(description);
  assertEquals(text.includes("$schema") || text.includes("$defs"), false);
  for (const [, ref = ""] of text.matchAll(/"\$ref":"([^"]+)"/g)) {
    const [root, ...steps] = ref.split("/");
    assertEquals(root, "#");
    assert(steps.reduce<unknown>((at, step) => (at as Json | undefined)?.[step], description) !== undefined, ref);
  }
});

Deno.test("parameters are described by their kind", async () => {
  await using admin = await rig();
  const { paths } = await describe(admin);
  const parameters = (method: string, path: string): Record<string, Json> =>
    Object.fromEntries(
      paths[path]![method]!.parameters.map(({ name, required, schema }) => [name, { required, ...schema }]),
    );
  assertEquals(parameters("get", "/api/v1/apps"), {
    limit: { required: false, type: "integer", minimum: 1, maximum: 10_000 },
    cursor: { required: false, type: "string" },
  });
  assertEquals(parameters("post", "/api/v1/dras/{name}/weight"), {
    name: { required: true, type: "string" },
    value: { required: true, type: "integer", minimum: 0, maximum: 65_535 },
  });
  assertEquals(parameters("get", "/api/v1/capture.pcapng")["mask"], {
    required: false,
    type: "string",
    enum: ["none", "subscriber"],
  });
  const explain = paths["/api/v1/explain"]!["post"]!.requestBody!;
  assertEquals([explain.required, Object.keys(explain.content)], [true, [
    "application/json",
    "application/octet-stream",
  ]]);
  assertEquals(paths["/api/v1/logging"]!["put"]!.requestBody!.required, false);
  assertEquals(paths["/healthz"]!["get"]!.security, []);
});

Deno.test("the kinds of events are listed", async () => {
  await using admin = await rig();
  const text = String((await describe(admin)).paths["/api/v1/events"]!["get"] !== undefined) &&
    JSON.stringify((await describe(admin)).paths["/api/v1/events"]);
  for (const kind of ["config", "peer_up", "peer_down", "gap"]) assert(text.includes(`\`${kind}\``), kind);
});

Deno.test("what every route answers is what its description says", async () => {
  await using admin = await rig();
  const examples: Record<string, string> = { name: "dra-1", id: "10.0.0.1:50051", session: "a;b" };
  const queries: Record<string, string> = { value: "5" };
  const bodies: Record<string, string> = {
    "/api/v1/explain": '{"hex":"01"}',
    "/api/v1/chat/publish": '{"events":[]}',
    "/api/v1/logging": '{"level":"info"}',
  };
  for (const [method, path, operation] of operations(await describe(admin))) {
    if (["/api/v1/events", "/api/v1/waiting", "/api/v1/broken"].includes(path)) continue; // These have no end, or no good one.
    admin.host.isPending = path.endsWith("/confirm");
    const query = operation.parameters.filter(({ required, in: place }) => required && place === "query")
      .map(({ name }) => `${name}=${queries[name]}`).join("&");
    const target = path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(examples[name]!));
    const body = operation.requestBody === undefined ? {} : { body: bodies[path]! };
    const answer = await admin.ask(query === "" ? target : `${target}?${query}`, { method, ...body });
    assertEquals(answer.status, 200, `${method} ${path}: ${answer.text}`);
    const [[type, { schema }]] = Object.entries(operation.responses["200"]!.content) as [[string, { schema?: Json }]];
    assertEquals(answer.header("content-type"), type, path);
    if (schema !== undefined) {
      const read = z.fromJSONSchema(schema).safeParse(JSON.parse(answer.text));
      assert(read.success, `${method} ${path}: ${read.error}`);
    }
  }
});

Deno.test("a problem is what the description says of problems", async () => {
  await using admin = await rig();
  const { components } = await describe(admin) as unknown as { components: { schemas: { Problem: Json } } };
  const problem = z.fromJSONSchema(components.schemas.Problem);
  for (const path of ["/nothing", "/api/v1/apps?limit=x", "/api/v1/broken"]) {
    const read = problem.safeParse((await admin.ask(path)).json());
    assert(read.success, `${path}: ${read.error}`);
  }
});
