import { assertEquals, assertStringIncludes } from "@std/assert";
import { foreignRequest, type Provenance } from "../../../src/ops/admin/request_origin.ts";
import { rig } from "./rig.ts";

const LOOPBACK = { listen: "127.0.0.1", hosts: [] };

function refused(from: Partial<Provenance>, own: { listen: string; hosts: string[] } = LOOPBACK): boolean {
  const all = {
    method: "GET",
    host: "127.0.0.1:9868",
    origin: undefined,
    secFetchSite: undefined,
    localAddress: "127.0.0.1",
  };
  return foreignRequest({ ...all, ...from }, own) !== undefined;
}

Deno.test("on loopback the Host header must name loopback, whatever the method", () => {
  for (
    const host of [
      "127.0.0.1",
      "127.0.0.1:9868",
      "localhost:1",
      "LOCALHOST.",
      "[::1]:9868",
      "127.9.9.9",
      "gw.localhost",
    ]
  ) {
    assertEquals(refused({ host }), false, host);
  }
  for (
    const host of [
      "evil.example",
      "evil.example:9868",
      "localhost.evil.example",
      "10.0.0.1",
      "",
      "[::2]",
      "127.0.0.1.evil",
    ]
  ) {
    assertEquals(refused({ host }), true, host);
    assertEquals(refused({ host, method: "POST" }), true, host);
  }
  assertEquals(refused({ host: undefined }), false);
});

Deno.test("names in admin.hosts are taken", () => {
  const own = { listen: "127.0.0.1", hosts: ["GW.example.net"] };
  assertEquals(refused({ host: "gw.example.net:9868" }, own), false);
  assertEquals(refused({ host: "other.example.net" }, own), true);
});

Deno.test("beyond loopback any Host is taken, unless names were given", () => {
  const from = { host: "gw.example.net", localAddress: "10.0.0.5" };
  assertEquals(refused(from, { listen: "0.0.0.0", hosts: [] }), false);
  assertEquals(refused(from, { listen: "0.0.0.0", hosts: ["other.example.net"] }), true);
  assertEquals(refused({ ...from, host: "10.0.0.5:9868" }, { listen: "0.0.0.0", hosts: ["other.example.net"] }), false);
  // It came over loopback all the same.
  assertEquals(refused({ host: "evil.example", localAddress: "127.0.0.1" }, { listen: "0.0.0.0", hosts: [] }), true);
});

Deno.test("only pages of the interface itself may change something", () => {
  const post = { method: "POST", host: "localhost:9868" };
  const foreign = [
    "http://localhost:3000",
    "https://localhost:9868.evil.example",
    "http://evil.example",
    "null",
    "garbage",
  ];
  for (const origin of foreign) {
    assertEquals(refused({ ...post, origin }), true, origin);
    for (const method of ["GET", "HEAD"]) assertEquals(refused({ ...post, method, origin }), false, origin);
    for (const method of ["PUT", "DELETE", "OPTIONS"]) assertEquals(refused({ ...post, method, origin }), true, origin);
  }
  assertEquals(refused({ ...post, origin: "http://localhost:9868" }), false);
  assertEquals(refused({ method: "POST", host: "localhost", origin: "http://localhost:80" }), false);
  // Behind a proxy that speaks TLS and changes the Host header.
  assertEquals(
    refused({ ...post, origin: "https://gw.example.net" }, { listen: "127.0.0.1", hosts: ["gw.example.net"] }),
    false,
  );
  for (const secFetchSite of ["cross-site", "same-site"]) assertEquals(refused({ ...post, secFetchSite }), true);
  for (const secFetchSite of ["same-origin", "none"]) assertEquals(refused({ ...post, secFetchSite }), false);
});

Deno.test("a page of another site that points its name here sees nothing and changes nothing", async () => {
  await using admin = await rig();
  for (const [path, method] of [["/api/v1/status", "GET"], ["/", "GET"], ["/api/v1/drain", "POST"]] as const) {
    const answer = await admin.ask(path, { method, headers: { host: "evil.example" } });
    assertEquals([answer.status, answer.header("content-type")], [403, "application/problem+json"], path);
    assertStringIncludes(String(answer.json()["detail"]), "admin.hosts");
  }
  for (const headers of [{ origin: "http://evil.example" }, { "sec-fetch-site": "cross-site" }]) {
    assertEquals((await admin.ask("/api/v1/drain", { method: "POST", headers })).status, 403);
    assertEquals((await admin.ask("/api/v1/status", { headers })).status, 200);
  }
  assertEquals(admin.host.drained, 0);
});

Deno.test("no answer lets a page of another site read it", async () => {
  await using admin = await rig();
  const headers = { origin: "http://evil.example", "access-control-request-method": "POST" };
  for (const method of ["GET", "OPTIONS", "POST"]) {
    const { lines } = await admin.ask("/api/v1/status", { method, headers });
    assertEquals(lines.filter(([name]) => name.startsWith("access-control")), []);
  }
});

Deno.test("two Host headers are refused", async () => {
  await using admin = await rig();
  const answer = await admin.ask("/api/v1/status", { headers: { Host: "127.0.0.1", host: "evil.example" } });
  assertEquals(answer.status, 400);
});
