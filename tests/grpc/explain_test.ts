import { assert, assertEquals } from "@std/assert";
import { GRPC_SECTIONS } from "../../src/grpc/config/section.ts";
import { explainCall } from "../../src/grpc/explain.ts";
import { loadConfig } from "../../src/ops/config/mod.ts";

const TEXT = `
grpc:
  auth: {jwt_secret: s}
  routes:
    - {prefix: /my.API/Login, cluster: auth}
    - {prefix: /my.API/, cluster: auth, balancer: {type: least_pending}, transfer: off}
    - {prefix: /my.API/My, cluster: workers, authorization: required, balancer: {type: sticky_sessions, header: session-id}}
  clusters:
    auth: {type: static, address: "auth:5001"}
    workers: {type: dynamic, discoverer_url: "http://d:8080"}
`;

function explained(method: string, headers: Record<string, string> = {}, text = TEXT) {
  const loaded = loadConfig(GRPC_SECTIONS, { file: "gw.yaml", text });
  assert(loaded.ok, loaded.errors.join("\n"));
  const { lines, passes } = explainCall(loaded.config.grpc, { method, headers: Object.entries(headers) });
  return { lines: lines.map((line) => line.trim().replaceAll(/ {2,}/g, ": ")), passes };
}

Deno.test("a call is explained from route to transfer, and why it takes no other route", () => {
  assertEquals(explained("/my.API/MyEcho", { "session-id": "s-1", authorization: "t" }), {
    passes: true,
    lines: [
      "/my.API/MyEcho",
      "route: /my.API/My",
      "cluster: workers, dynamic: http://d:8080 every 5s",
      "authorization: required: passes if its token holds, and has session_id as session-id says",
      'balancer: sticky_sessions: session-id is "s-1": its instance, or the next one, which it is then bound to',
      "transfer: mid_stream: sent again elsewhere between response messages too (at least once)",
      "not:",
      "/my.API/Login: the method does not begin with it",
      "/my.API/: shorter than /my.API/My",
    ],
  });
});

for (
  const [headers, authorization] of [
    [{}, "required: UNAUTHENTICATED (16) missing session-id"],
    [{ "session-id": "", authorization: "t" }, "required: UNAUTHENTICATED (16) missing session-id"],
    [{ "session-id": "s" }, "required: UNAUTHENTICATED (16) missing or invalid token"],
    [{ "session-id": "s", authorization: "" }, "required: UNAUTHENTICATED (16) missing or invalid token"],
  ] as const
) {
  Deno.test(`a call with ${JSON.stringify(headers)} is told ${authorization}`, () => {
    const { lines, passes } = explained("/my.API/MyEcho", headers);
    assertEquals([lines[3], passes], [`authorization: ${authorization}`, false]);
  });
}

Deno.test("other balancers and clusters are explained as well", () => {
  const { lines } = explained("/my.API/Other");
  assertEquals(lines.slice(1, 6), [
    "route: /my.API/",
    "cluster: auth, static: auth:5001",
    "authorization: none: a token is not looked at",
    "balancer: least_pending: the instance with fewest calls in flight",
    "transfer: off: what a backend may have executed is never sent again",
  ]);
});

Deno.test("a call without a route is told the answer it gets", () => {
  const { lines, passes } = explained("/other.API/X");
  assertEquals([lines[1], passes], ["route: none matches: UNIMPLEMENTED (12) no route for /other.API/X", false]);
});

Deno.test("a call without a route goes to the default cluster, where there is one", () => {
  const text = `${TEXT}  default: {action: use_cluster, use_cluster: workers}\n`;
  const { lines, passes } = explained("/other.API/X", {}, text);
  assertEquals([lines.slice(1, 3), passes], [
    ["route: none matches: default.use_cluster", "cluster: workers, dynamic: http://d:8080 every 5s"],
    true,
  ]);
});
