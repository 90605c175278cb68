import { assert, assertEquals } from "@std/assert";
import { BEGIN, Scene, settled } from "./support/scene.ts";
import { Spans } from "../../src/chat/spans.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

Deno.test("T2: a call and its call to the core are spans in the device's trace, and the core is told", async () => {
  const scene = await Scene.start();
  const alice = await scene.open({ headers: { traceparent: `00-${TRACE}-${PARENT}-01` } });
  alice.say({ hello: { token: "alice", deviceId: "phone" } });
  scene.core.answer = ({ body, method }) =>
    method === "GetHistory" ? { body, headers: {} } : { error: { code: "not_found", message: "" } };
  alice.say({ id: "1", call: { method: "GetHistory", json: {} } });
  alice.say({ id: "2", call: { method: "DeleteRoom", json: {} } });
  await settled();
  const spans = scene.spans.take();
  const of = (method: string) => spans.filter(({ name }) => name === `chat.v1.ChatService/${method}`);
  const [[core, call], [, failed]] = [of("GetHistory"), of("DeleteRoom")];
  assertEquals([core!.name, core!.kind, core!.traceId, core!.parentSpanId], [
    "chat.v1.ChatService/GetHistory",
    "client",
    TRACE,
    call!.spanId,
  ]);
  assertEquals([call!.kind, call!.parentSpanId, call!.error, failed!.error], [
    "server",
    PARENT,
    undefined,
    "not_found",
  ]);
  assertEquals([call!.attributes["chat.profile_id"], call!.attributes["rpc.response.code"]], ["alice", "ok"]);
  assertEquals(scene.core.calls[0]!.headers["traceparent"], `00-${TRACE}-${core!.spanId}-01`);
  await scene.stop();
});

Deno.test("T2: a connection is one span, when it ends", async () => {
  const scene = await Scene.start();
  const alice = await scene.device("alice");
  assertEquals(scene.spans.take(), []);
  await scene.pass(5_000);
  alice.leave();
  const [span, ...more] = scene.spans.take();
  assertEquals([span!.name, span!.start, span!.end, span!.error, more], [
    "chat.v1.ChatService/Connect",
    BEGIN,
    BEGIN + 5_000,
    undefined,
    [],
  ]);
  const silent = await scene.open();
  await scene.pass(11_000);
  assertEquals([silent.ended?.code, scene.spans.take()[0]!.error?.slice(0, 4)], [4003, "4003"]);
  await scene.stop();
});

Deno.test("T2: what the device does not record is no span, and its trace passes as it is", () => {
  const spans = new Spans();
  const headers = { traceparent: `00-${TRACE}-${PARENT}-00` };
  const call = spans.call("GetHistory", headers, { profile: "alice", device: "phone", transport: "call" });
  call.end("ok");
  assertEquals([call.headers, spans.take()], [headers, []]);
});

Deno.test("spans that nobody takes are forgotten, the oldest first, and counted", () => {
  const spans = new Spans();
  const owner = { profile: "alice", device: "phone", transport: "websocket" };
  for (let i = 0; i < 10_000; i++) spans.connection({}, owner, i, 1000, "");
  let taken = 0;
  for (let batch = spans.take(); batch.length > 0; batch = spans.take()) taken += batch.length;
  assertEquals(taken + spans.missed, 10_000);
  assert(taken <= 4_096, `${taken}`);
});
