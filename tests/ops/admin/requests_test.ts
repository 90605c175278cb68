import { assertEquals, assertStringIncludes } from "@std/assert";
import { until } from "../../support/until.ts";
import { type RawAnswer, send } from "./raw_http.ts";
import { rig } from "./rig.ts";

function assertProblem(answer: RawAnswer, status: number, detail: string): void {
  assertEquals([answer.status, answer.header("content-type")], [status, "application/problem+json"]);
  const problem = answer.json();
  assertEquals([problem["status"], problem["type"], typeof problem["title"]], [status, "about:blank", "string"]);
  assertStringIncludes(String(problem["detail"]), detail);
}

Deno.test("HEAD goes wherever GET does, and has the same head", async () => {
  await using admin = await rig();
  const paths = ["/", "/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/apps", "/api/v1/events"];
  for (const path of [...paths, "/api/v1/capture.pcapng", "/api/v1/openapi.json", "/api/v1/dras/dra-1"]) {
    const head = await admin.ask(path, { method: "HEAD" });
    assertEquals([head.status, head.text], [200, ""], path);
    if (path === "/api/v1/events") continue;
    const get = await admin.ask(path);
    const type = (answer: RawAnswer) => [answer.header("content-type"), answer.header("content-length")];
    assertEquals(type(head), type(get), path);
  }
  assertEquals(admin.server.eventStreams, 0);
});

Deno.test("another method is 405 and names those that there are", async () => {
  await using admin = await rig();
  const cases = [
    ["DELETE", "/api/v1/status", "GET, HEAD"],
    ["GET", "/api/v1/drain", "POST"],
    ["HEAD", "/api/v1/drain", "POST"],
    ["POST", "/api/v1/logging", "GET, HEAD, PUT"],
    ["OPTIONS", "/api/v1/dras/dra-1/enable", "POST"],
    ["TRACE", "/healthz", "GET, HEAD"],
    ["PATCH", "/", "GET, HEAD"],
  ] as const;
  for (const [method, path, allow] of cases) {
    const answer = await admin.ask(path, { method });
    assertEquals([answer.status, answer.header("allow")], [405, allow], `${method} ${path}`);
    if (method !== "HEAD") assertProblem(answer, 405, `${path} takes ${allow}, not ${method}`);
  }
});

Deno.test("what is not there is 404", async () => {
  await using admin = await rig();
  for (
    const path of [
      "/nothing",
      "/api/v1/nothing",
      "/api/v1/dras/",
      "/api/v1/dras/dra-1/explode",
      "//",
      "/api/v1/dras/%2e%2e",
    ]
  ) {
    assertProblem(await admin.ask(path), 404, "");
  }
  assertProblem(await admin.ask("/api/v1/dras/dra-9"), 404, "no DRA is called dra-9");
});

Deno.test("parameters in a path are percent-decoded", async () => {
  await using admin = await rig();
  const session = "gw.example.net;1;2;a/b?c %41";
  const answer = await admin.ask(`/api/v1/sessions/${encodeURIComponent(session)}`);
  assertEquals(answer.json(), { session });
  const instance = await admin.ask("/api/v1/grpc/clusters/c/instances/%5B::1%5D:50051/disable", { method: "POST" });
  assertEquals(instance.json(), { name: "c", id: "[::1]:50051" });
});

Deno.test("a query parameter that is unknown, malformed, missing or there twice is 400 and named", async () => {
  await using admin = await rig();
  const cases = [
    ["GET", "/api/v1/status?colour=red", "colour", "unknown query parameter; this path takes none"],
    ["GET", "/api/v1/apps?limi=3", "limi", 'did you mean "limit"?'],
    ["GET", "/api/v1/apps?limit=0", "limit", "expected a whole number 1..10000, got 0"],
    ["GET", "/api/v1/apps?limit=", "limit", "expected a whole number"],
    ["GET", "/api/v1/apps?limit=3&limit=4", "limit", "expected once"],
    ["GET", "/api/v1/apps?cursor=x", "cursor", "Link header"],
    ["GET", "/api/v1/apps?cursor=tx", "cursor", "Link header"],
    ["GET", "/api/v1/transactions?code=abc", "code", "expected a whole number"],
    ["GET", "/api/v1/capture.pcapng?mask=all", "mask", "expected none or subscriber"],
    ["POST", "/api/v1/dras/dra-1/weight?value=65536", "value", "expected a whole number 0..65535, got 65536"],
    ["POST", "/api/v1/dras/dra-1/weight", "value", "expected a whole number 0..65535, got nothing"],
    ["POST", "/api/v1/config/reload?dry_run=maybe", "dry_run", "expected true or false"],
    ["POST", "/api/v1/config/reload?confirm=60", "confirm", "expected a duration such as"],
    ["POST", "/api/v1/drain?__proto__=1", "__proto__", "unknown"],
  ] as const;
  for (const [method, path, parameter, detail] of cases) {
    const answer = await admin.ask(path, { method });
    assertProblem(answer, 400, `${parameter}: `);
    assertProblem(answer, 400, detail);
    assertEquals(answer.json()["parameter"], parameter);
  }
  assertEquals([admin.plane.weights, admin.host.reloads, admin.host.drained], [[], [], 0]);
});

Deno.test("a filter that names nobody is an empty list", async () => {
  await using admin = await rig();
  assertEquals((await admin.ask("/api/v1/transactions?app=nobody")).text, "[]");
});

Deno.test("query parameters are read by their kind", async () => {
  await using admin = await rig();
  await admin.ask("/api/v1/dras/dra-1/weight?value=50", { method: "POST" });
  assertEquals(admin.plane.weights, [["dra-1", 50]]);
});

Deno.test("a handler's refusal is a problem, and its defect a 500 that tells nothing", async () => {
  await using admin = await rig();
  assertProblem(await admin.ask("/api/v1/capture.pcapng?mask=none"), 403, "mask may only be stricter");
  const broken = await admin.ask("/api/v1/broken");
  assertProblem(broken, 500, "the log of the program says more");
  assertEquals(broken.text.includes("4711"), false);
  const [line] = admin.host.log.lines;
  assertEquals([line?.level, line?.event], ["error", "admin_failed"]);
  assertStringIncludes(line?.message ?? "", "GET /api/v1/broken failed: Error: the secret is 4711");
});

Deno.test("a handler learns that whoever asked has gone", async () => {
  await using admin = await rig();
  {
    using conn = await Deno.connect(admin.server.address);
    await send(conn, "GET /api/v1/waiting HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await until(() => admin.plane.signals.length === 1, "it is asked");
    assertEquals(admin.plane.signals[0]!.aborted, false);
  }
  await until(() => admin.plane.signals[0]!.aborted, "it learns of it");
});

Deno.test("who changed something, or tried, stands in the log; who only looked does not", async () => {
  await using admin = await rig({ token: "t" });
  const headers = { authorization: "Bearer t" };
  await admin.ask("/api/v1/status", { headers });
  await admin.ask("/api/v1/explain", { method: "POST", headers, body: '{"hex":"01"}' });
  await admin.ask("/api/v1/drain", { method: "POST" });
  await admin.ask("/api/v1/dras/dra-1/weight?value=5", { method: "POST", headers });
  await admin.ask("/api/v1/dras/dra-9/disable", { method: "POST", headers });
  assertEquals(admin.host.log.lines.map(({ event, message }) => `${event} ${message}`), [
    "admin_request POST /api/v1/dras/dra-1/weight?value=5 from 127.0.0.1: 200",
    "admin_request POST /api/v1/dras/dra-9/disable from 127.0.0.1: 404",
  ]);
});

Deno.test("a body is JSON whatever its type says, or bytes where a route takes them", async () => {
  await using admin = await rig();
  const explain = (body: string | Uint8Array<ArrayBuffer>, type: string) =>
    admin.ask("/api/v1/explain", { method: "POST", body, headers: { "content-type": type } });
  const message = new Uint8Array(20).fill(1, 0, 1);
  const hex = JSON.stringify({ hex: "0100", app: "app1.example.net" });
  assertEquals((await explain(hex, "application/json")).json(), { bytes: null });
  assertEquals((await explain(` ${hex}`, "application/x-www-form-urlencoded")).json(), { bytes: null });
  assertEquals((await explain(message, "application/octet-stream")).json(), { bytes: 20 });
  assertEquals((await explain(message, "")).json(), { bytes: 20 });
  assertEquals(admin.plane.explained.length, 4);
  assertProblem(await explain("{", "application/json"), 400, "expected a body in JSON");
  assertProblem(await explain("", "application/json"), 400, "expected a body in JSON, got none");
});

Deno.test("JSON that does not fit is 422 with every fault and its place", async () => {
  await using admin = await rig();
  const body = JSON.stringify({ events: [{ room_id: 7 }, { room_id: "a", type: "b" }] });
  const answer = await admin.ask("/api/v1/chat/publish", { method: "POST", body });
  assertEquals(answer.status, 422);
  const errors = answer.json()["errors"] as { path: string; detail: string }[];
  assertEquals(errors.map(({ path }) => path), ["events[0].room_id", "events[0].type"]);
});

Deno.test("a body above 1 MiB is 413, announced or not, and one of 1 MiB is not", async () => {
  await using admin = await rig();
  const post = (bytes: number, headers = {}) =>
    admin.ask("/api/v1/explain", { method: "POST", body: new Uint8Array(bytes), headers });
  assertEquals((await post(1024 * 1024)).json(), { bytes: 1024 * 1024 });
  assertProblem(await post(1024 * 1024 + 1), 413, "the body is larger than 1048576 bytes");
  // A route that takes no body does not read one without end either.
  assertProblem(await admin.ask("/api/v1/drain", { method: "POST", body: new Uint8Array(2_000_000) }), 413, "");
  const chunk = "10000\r\n" + "x".repeat(65_536) + "\r\n";
  const chunked = await admin.ask("/api/v1/explain", {
    method: "POST",
    body: chunk.repeat(40),
    headers: { "transfer-encoding": "chunked", "content-length": "" },
  });
  assertProblem(chunked, 413, "larger than 1048576");
  assertEquals(admin.host.drained, 0);
});

Deno.test("a head above 64 KiB is 431", async () => {
  await using admin = await rig();
  assertProblem(await admin.ask("/healthz", { headers: { "x-long": "a".repeat(70_000) } }), 431, "65536 bytes");
  assertProblem(await admin.ask(`/${"a".repeat(70_000)}`), 431, "65536 bytes");
  assertEquals((await admin.ask("/healthz", { headers: { "x-long": "a".repeat(60_000) } })).status, 200);
});

Deno.test("what is no HTTP is 400", async () => {
  await using admin = await rig();
  assertProblem(await admin.ask("/healthz", { method: "BREW" }), 400, "no request of HTTP/1.1");
  assertProblem(
    await admin.ask("/healthz", { headers: { "content-length": "3", "transfer-encoding": "chunked" } }),
    400,
    "",
  );
  assertProblem(await admin.ask("*", { method: "OPTIONS" }), 400, "no target");
  assertEquals((await admin.ask("//healthz")).status, 404);
});

Deno.test("a target that is a whole URL is taken, and its host counts", async () => {
  await using admin = await rig();
  assertEquals((await admin.ask("http://127.0.0.1/healthz")).json(), { state: "ok" });
  assertEquals((await admin.ask("http://evil.example/healthz")).status, 403);
});

Deno.test("every answer has the headers that keep a browser from harm, and the API is not stored", async () => {
  await using admin = await rig({ token: "t" });
  const answers = [
    await admin.ask("/healthz"),
    await admin.ask("/", { headers: { authorization: "Bearer t" } }),
    await admin.ask("/api/v1/status"),
    await admin.ask("/api/v1/status", { headers: { host: "evil.example" } }),
    await admin.ask("/healthz", { method: "PATCH" }),
    await admin.ask("/healthz", { headers: { "x-long": "a".repeat(70_000) } }),
  ];
  assertEquals(answers.map(({ status }) => status), [200, 200, 401, 403, 405, 431]);
  for (const answer of answers) {
    const policy = answer.header("content-security-policy") ?? "";
    assertStringIncludes(policy, "default-src 'none'");
    assertStringIncludes(policy, "frame-ancestors 'none'");
    assertEquals(/unsafe|https?:|\*|data:/.test(policy), false, policy);
    assertEquals(answer.header("x-content-type-options"), "nosniff");
    assertEquals(answer.header("referrer-policy"), "no-referrer");
    assertEquals(answer.header("cache-control"), answer === answers[1] ? "no-cache" : "no-store");
  }
});

Deno.test("the page and its files are served as they are given", async () => {
  const assets = {
    "/": { type: "text/html; charset=utf-8", body: "<!doctype html><title>ü</title>" },
    "/app.js": { type: "text/javascript", body: new TextEncoder().encode("1;") },
  };
  await using admin = await rig({ assets });
  const page = await admin.ask("/");
  assertEquals([page.header("content-type"), page.text], ["text/html; charset=utf-8", assets["/"].body]);
  const script = await admin.ask("/app.js");
  assertEquals([script.header("content-type"), script.text], ["text/javascript", "1;"]);
});

Deno.test("without a page there is one that says where everything is", async () => {
  await using admin = await rig();
  const { text } = await admin.ask("/");
  for (const [, path] of text.matchAll(/href="([^"]+)"/g)) assertEquals((await admin.ask(path!)).status, 200, path);
  assertEquals(/<script|<style|style=/.test(text), false);
});

Deno.test("a request of HTTP/1.0 without a Host header is answered", async () => {
  await using admin = await rig();
  using conn = await Deno.connect(admin.server.address);
  await conn.write(new TextEncoder().encode("GET /healthz HTTP/1.0\r\n\r\n"));
  const buffer = new Uint8Array(100);
  assertStringIncludes(new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0)), " 200 OK");
});
