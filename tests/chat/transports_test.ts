import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { assert, assertEquals } from "@std/assert";
import { DEFAULT_CHAT } from "../../src/chat/config/options.ts";
import {
  SendEventRequestSchema,
  SendEventResponseSchema,
  type ServerEvent,
  ServerEventSchema,
  StreamRequestSchema,
} from "../../src/chat/proto/mod.ts";
import { GrpcClient } from "../../src/rpc/client.ts";
import { until } from "../support/until.ts";
import type { Told } from "./support/fakes.ts";
import { Running } from "./support/running.ts";

const GRPC = { ...DEFAULT_CHAT.grpc, listen: [{ hostname: "127.0.0.1", port: 0 }] };

/** A unary call over Connect in JSON. */
async function post(running: Running, method: string, body: Told, headers: Record<string, string> = {}) {
  const response = await fetch(`http://${running.address}/chat.v1.ChatService/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() as Told };
}

const BOB = { authorization: "Bearer bob/laptop" };
const event = (id: string) => ({ id, roomId: "r1", senderId: "bob", type: "message", payload: { id } });

Deno.test("F1, B2: a call over Connect is forwarded, and its events reach who is in the room over WebSocket", async () => {
  await using running = await Running.start();
  running.core.room("r1", "alice");
  const alice = await running.device("alice", "phone", ["r1"]);
  const { status, body } = await post(running, "SendEvent", { events: [event("e1")] }, BOB);
  assertEquals([status, body.events[0].id], [200, "e1"]);
  await until(() => alice.events().length === 1, "she has it");
  const { caller } = running.core.calls[0]!;
  assertEquals([caller.profileId, caller.deviceId], ["bob", "laptop"]);
});

Deno.test("A3, L1: a call without a good token is 401, one above the limit 429 with a time to wait", async () => {
  const rateLimit = { ...DEFAULT_CHAT.rateLimit, perConnection: 2 };
  await using running = await Running.start({ rateLimit });
  const bad = await post(running, "GetHistory", {}, { authorization: "Bearer bad" });
  assertEquals([bad.status, bad.body.code], [401, "unauthenticated"]);
  assert(bad.headers.get("www-authenticate")?.startsWith("Bearer"));
  const none = await post(running, "GetHistory", {});
  assertEquals([none.status, none.body.code], [401, "unauthenticated"]);
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await post(running, "GetHistory", {}, BOB)).status);
  assertEquals([statuses, running.core.calls.length], [[200, 200, 429], 2]);
});

Deno.test("F4: the core's error reaches the device as Connect says it", async () => {
  await using running = await Running.start();
  running.core.answer = () => ({ error: { code: "permission_denied", message: "you must not" } });
  const { status, body } = await post(running, "DeleteRoom", { roomId: "r1" }, BOB);
  assertEquals([status, body], [403, { code: "permission_denied", message: "you must not" }]);
});

Deno.test("a device over gRPC gets the same events as one over WebSocket, and ends with the status that fits", async () => {
  await using running = await Running.start({ grpc: GRPC });
  running.core.room("r1", "alice", "bob");
  const alice = await running.device("alice", "phone", ["r1"]);
  const client = await GrpcClient.connect(running.gateway.addressesOf("grpc")[0]!);
  const told: ServerEvent[] = [];
  const hello = create(StreamRequestSchema, {
    id: "h",
    payload: { case: "hello", value: { deviceId: "laptop", rooms: [{ roomId: "r1" }] } },
  });
  const ended = client.call("/chat.v1.ChatService/Connect", toBinary(StreamRequestSchema, hello), {
    metadata: { authorization: "Bearer bob" },
    onMessage: (message) => void told.push(fromBinary(ServerEventSchema, message)),
  });
  await until(() => told.length === 2, "it is in its room");
  assertEquals(told.map(({ payload }) => payload.case), ["welcome", "subscribed"]);
  const request = create(SendEventRequestSchema, { events: [event("e1")] });
  const sent = await client.call("/chat.v1.ChatService/SendEvent", toBinary(SendEventRequestSchema, request), {
    metadata: { authorization: "Bearer bob" },
  });
  assertEquals(sent.status, 0);
  assertEquals(fromBinary(SendEventResponseSchema, sent.messages[0]!).events[0]?.id, "e1");
  await until(() => told.length === 3 && alice.events().length === 1, "both have it");
  const [connection] = await running.gateway.connections({ profile: "bob" });
  assertEquals([connection?.transport, connection?.encoding], ["grpc", "proto"]);
  assertEquals(await running.gateway.disconnect("bob"), 1);
  const { status, message } = await ended;
  assertEquals([status, message], [7, "disconnected by the operator"]);
  await client.close();
});

Deno.test("a drain ends streams of gRPC with unavailable, behind Reconnect", async () => {
  await using running = await Running.start({ grpc: GRPC });
  const client = await GrpcClient.connect(running.gateway.addressesOf("grpc")[0]!);
  const told: ServerEvent[] = [];
  const hello = create(StreamRequestSchema, { payload: { case: "hello", value: { deviceId: "laptop" } } });
  const ended = client.call("/chat.v1.ChatService/Connect", toBinary(StreamRequestSchema, hello), {
    metadata: { authorization: "Bearer bob" },
    onMessage: (message) => void told.push(fromBinary(ServerEventSchema, message)),
  });
  await until(() => told.length === 1, "it is welcome");
  const drained = running.gateway.drain();
  assertEquals((await ended).status, 14);
  assertEquals(told.at(-1)?.payload.case, "reconnect");
  await drained;
  await client.close();
});
