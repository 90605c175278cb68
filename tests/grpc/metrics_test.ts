import { assert, assertEquals } from "@std/assert";
import { Registry } from "../../src/ops/metrics/mod.ts";
import { until } from "../support/until.ts";
import { Backend, cluster, config, dynamic, ERROR_CODE, Stage } from "./support/stage.ts";

const METHOD = "/pkg.Service/Method";
const STICKY = { type: "sticky_sessions", header: "session-id" } as const;

/** The value of one line of Prometheus text. */
function reader(stage: Stage): (line: string) => number | undefined {
  const registry = new Registry();
  stage.gateway.addMetrics(registry);
  return (line) => {
    const found = registry.text().split("\n").find((each) => each.startsWith(`${line} `));
    return found === undefined ? undefined : Number(found.slice(line.length + 1));
  };
}

/** Sum of a family. */
function summer(stage: Stage): (family: string) => number {
  const registry = new Registry();
  stage.gateway.addMetrics(registry);
  return (family) =>
    registry.text().split("\n").filter((line) => line.startsWith(`${family}{`) || line.startsWith(`${family} `))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

Deno.test("8 every metric of the contract is there from the start", async () => {
  await using a = new Backend("a");
  await using stage = await Stage.start(config([{ prefix: "/pkg" }], { main: cluster([a]), other: dynamic() }), {
    discoverers: { other: { getInstances: () => Promise.resolve([]), unregisterInstance: () => Promise.resolve() } },
  });
  const registry = new Registry();
  stage.gateway.addMetrics(registry);
  const names = new Set(
    [...registry.text().matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`),
  );
  for (
    const name of [
      "calls_total counter",
      "gateway_errors_total counter",
      "retries_total counter",
      "transfers_total counter",
      "in_flight gauge",
      "connections gauge",
      "instances gauge",
      "instance_failures_total counter",
      "sticky_keys gauge",
      "discoverer_requests_total counter",
      "bytes_total counter",
      "violations_total counter",
      "protocol_errors_total counter",
      "replay_buffer_bytes gauge",
      "call_duration_seconds histogram",
      "overhead_seconds histogram",
    ]
  ) assert(names.has(`diamgw_grpc_${name}`), name);
});

Deno.test("8 calls are counted by route, cluster and status; each refusal by its reason", async () => {
  await using a = new Backend("a", (request) => {
    if (!request.ended || request.stream.localEnded) return;
    if (request.path.endsWith("Never")) return;
    request.answer("a", request.path.endsWith("Fail") ? "9" : "0");
  });
  await using stage = await Stage.start(
    config(
      [
        { prefix: "/pkg", balancer: STICKY },
        { prefix: "/auth", authorization: "required" },
        { prefix: "/empty", cluster: "empty" },
      ],
      { main: cluster([a]), empty: dynamic() },
      {
        auth: { jwtSecret: "s", sessionHeader: "session-id", sessionClaim: "session_id", clockTolerance: 0 },
      },
    ),
    {
      discoverers: { empty: { getInstances: () => Promise.resolve([]), unregisterInstance: () => Promise.resolve() } },
    },
  );
  await stage.ready(1);
  const value = reader(stage);
  const client = await stage.client();
  await client.unary(METHOD, { headers: [["session-id", "k"]] });
  await client.unary(METHOD);
  await client.unary("/pkg/Fail");
  await client.unary("/none/X");
  await client.unary("/auth/X");
  await client.unary("/auth/X", { headers: [["session-id", "k"]] });
  await client.unary("/empty/X");
  await client.unary(METHOD, { headers: [["grpc-timeout", "x"]] });
  await client.unary("/pkg/Never", { headers: [["grpc-timeout", "20m"]] });
  const cancelled = client.call("/pkg/Never", { open: true });
  await until(() => value('diamgw_grpc_in_flight{cluster="main"}') === 1, "it is in flight");
  await stage.balance();
  cancelled.stream.reset(ERROR_CODE.CANCEL);
  await until(() => value('diamgw_grpc_in_flight{cluster="main"}') === 0, "it is cancelled");
  const calls = (status: string, route = "/pkg", cluster = "main") =>
    value(`diamgw_grpc_calls_total{route="${route}",cluster="${cluster}",status="${status}"}`);
  assertEquals(
    ["OK", "FAILED_PRECONDITION", "INTERNAL", "DEADLINE_EXCEEDED", "CANCELLED"].map((status) => calls(status)),
    [2, 1, 1, 1, 1],
  );
  assertEquals(calls("UNIMPLEMENTED", "none", "none"), 1);
  assertEquals(calls("UNAUTHENTICATED", "/auth"), 2);
  assertEquals(calls("RESOURCE_EXHAUSTED", "/empty", "empty"), 1);
  for (const reason of ["no_route", "session", "token", "busy", "timeout_header", "deadline"]) {
    assertEquals(value(`diamgw_grpc_gateway_errors_total{reason="${reason}"}`), 1, reason);
  }
  assertEquals(value('diamgw_grpc_sticky_keys{cluster="main"}'), 1);
  assertEquals(value('diamgw_grpc_connections{side="client"}'), 1);
  assertEquals(value('diamgw_grpc_connections{side="backend"}'), 1);
  assertEquals(value('diamgw_grpc_instances{cluster="main",state="ready"}'), 1);
  assertEquals(value('diamgw_grpc_discoverer_requests_total{cluster="empty",operation="instances",result="ok"}'), 1);
  assertEquals(value('diamgw_grpc_call_duration_seconds_count{cluster="main"}'), 3);
  for (const side of ["client", "backend"]) {
    for (const direction of ["in", "out"]) {
      assert(value(`diamgw_grpc_bytes_total{side="${side}",direction="${direction}"}`)! > 100, `${side} ${direction}`);
    }
  }
  const { callsTotal } = await stage.gateway.status();
  assertEquals(summer(stage)("diamgw_grpc_calls_total"), callsTotal);
});

Deno.test("8 failures, retries and kept bytes are counted", async () => {
  await using a = new Backend("a", () => {});
  await using b = new Backend("b", () => {});
  await using stage = await Stage.start(config([{ prefix: "/pkg" }], { main: cluster([a, b]) }));
  await stage.ready(2);
  const value = reader(stage);
  const client = await stage.client();
  const calls = [client.call(METHOD, { body: ["12345"] }), client.call(METHOD, { body: ["12345"] })];
  await until(() => [a, b].every(({ requests: [request] }) => request?.ended === true), "each has one");
  assertEquals(value("diamgw_grpc_replay_buffer_bytes"), 20);
  b.handler = (request) => {
    if (request.ended && !request.stream.localEnded) request.answer("b");
  };
  a.cut();
  b.requests[0]!.answer("b");
  for (const call of calls) await call.end();
  assertEquals(value('diamgw_grpc_retries_total{cluster="main",reason="lost"}'), 1);
  assertEquals(value('diamgw_grpc_instance_failures_total{cluster="main"}'), 1);
  assertEquals(value("diamgw_grpc_replay_buffer_bytes"), 0);
  assertEquals(value('diamgw_grpc_transfers_total{cluster="main"}'), 0);
});

Deno.test("8 a client that breaks the protocol, or goes beyond a limit, is counted", async () => {
  await using a = new Backend("a");
  const limits = { ...config([], {}).limits, controlFrames: { burst: 10, perSecond: 0 } };
  await using stage = await Stage.start(config([{ prefix: "/pkg" }], { main: cluster([a]) }, { limits }));
  const value = reader(stage);
  const preface = [...new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 0, 0, 0, 4, 0, 0, 0, 0, 0];
  const speak = async (...bytes: number[]) => {
    const conn = await Deno.connect({ ...stage.address });
    await conn.write(Uint8Array.of(...preface, ...bytes));
    await new Response(conn.readable).bytes();
  };
  await speak(0, 0, 0, 0, 0, 0, 0, 0, 0);
  assertEquals(value('diamgw_grpc_protocol_errors_total{side="client"}'), 1);
  await speak(...Array.from({ length: 30 }, () => [0, 0, 0, 4, 0, 0, 0, 0, 0]).flat());
  assertEquals(value('diamgw_grpc_violations_total{kind="control"}'), 1);
  assertEquals(stage.told("grpc_violation").map(({ what }) => what), ["control"]);
});
