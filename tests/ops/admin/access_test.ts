import { assertEquals } from "@std/assert";
import { isAuthorized } from "../../../src/ops/admin/access.ts";
import { rig } from "./rig.ts";

const TOKEN = "correct horse";
const basic = (pair: string) => `Basic ${btoa(pair)}`;

Deno.test("a token counts as Bearer, and as the password of Basic with any user name", () => {
  const cases: [string | undefined, boolean][] = [
    [undefined, false],
    ["", false],
    ["Bearer", false],
    ["Bearer s3cret", true],
    ["bearer s3cret", true],
    ["Bearer s3cre", false],
    ["Bearer s3cret2", false],
    ["Bearer s3cret s3cret", false],
    ["Token s3cret", false],
    [basic("admin:s3cret"), true],
    [basic(":s3cret"), true],
    [basic("s3cret:"), false],
    [basic("s3cret"), false],
    [basic("a:b:s3cret"), false],
    ["Basic !!!", false],
  ];
  for (const [header, expected] of cases) assertEquals(isAuthorized(header, "s3cret"), expected, header);
  assertEquals(isAuthorized(basic("a:s3:cret"), "s3:cret"), true);
});

Deno.test("with a token everything but healthz and readyz is 401 without it, and names both schemes", async () => {
  await using admin = await rig({ token: TOKEN });
  for (const path of ["/healthz", "/readyz"]) assertEquals((await admin.ask(path)).status, 200, path);
  const paths = [
    "/",
    "/metrics",
    "/api/v1/status",
    "/api/v1/dras",
    "/api/v1/events",
    "/api/v1/openapi.json",
    "/nothing",
  ];
  for (const path of paths) {
    const answer = await admin.ask(path);
    assertEquals([answer.status, answer.header("content-type")], [401, "application/problem+json"], path);
    assertEquals(
      answer.lines.filter(([name]) => name === "www-authenticate").map(([, value]) => value),
      ['Basic realm="diam-gw", charset="UTF-8"', 'Bearer realm="diam-gw"'],
    );
  }
  assertEquals((await admin.ask("/api/v1/drain", { method: "POST" })).status, 401);
  assertEquals(admin.host.drained, 0);
});

Deno.test("with the token it answers, and with a wrong one it does not", async () => {
  await using admin = await rig({ token: TOKEN });
  const status = async (authorization: string) =>
    (await admin.ask("/api/v1/status", { headers: { authorization } })).status;
  assertEquals(await status(basic(`anybody:${TOKEN}`)), 200);
  assertEquals(await status(basic("anybody:wrong")), 401);
  assertEquals(await status("Bearer wrong"), 401);
});

Deno.test("another token counts from the next request on", async () => {
  await using admin = await rig({ token: "old" });
  admin.server.configure({ token: "new", hosts: [] });
  assertEquals((await admin.ask("/api/v1/status", { headers: { authorization: "Bearer old" } })).status, 401);
  assertEquals((await admin.ask("/api/v1/status", { headers: { authorization: "Bearer new" } })).status, 200);
});

Deno.test("the body of a request without the token is not read", async () => {
  await using admin = await rig({ token: TOKEN });
  const answer = await admin.ask("/api/v1/explain", { method: "POST", headers: { "content-length": "1000" } });
  assertEquals(answer.status, 401);
});
