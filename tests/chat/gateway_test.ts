import { assert, assertEquals } from "@std/assert";
import { DEFAULT_CHAT } from "../../src/chat/config/options.ts";
import { until } from "../support/until.ts";
import { Running } from "./support/running.ts";

Deno.test("a device over WebSocket says Hello, subscribes, sends an event and gets it", async () => {
  await using running = await Running.start();
  running.core.room("r1", "alice", "bob");
  const alice = await running.device("alice", "phone", ["r1"]);
  const bob = await running.device("bob", "phone");
  bob.say({ id: "s", subscribe: { rooms: [{ roomId: "r1" }] } });
  await until(() => bob.find("subscribed") !== undefined, "bob is subscribed");
  const json = { events: [{ id: "e1", roomId: "r1", senderId: "alice", type: "message", payload: { text: "hi" } }] };
  alice.say({ id: "c", call: { method: "SendEvent", json } });
  await until(() => bob.events().length > 0 && alice.find("result") !== undefined, "it has arrived");
  assertEquals([alice.events(), bob.events()], [["r1 1 e1"], ["r1 1 e1"]]);
  const kinds = alice.told.map((told) => Object.keys(told).find((key) => key !== "replyTo"));
  assertEquals(kinds, ["welcome", "subscribed", "event", "result"]);
});

Deno.test("health: /healthz and /readyz speak of this plane, without a token", async () => {
  await using running = await Running.start({
    http: { ...DEFAULT_CHAT.http, listen: [{ hostname: "127.0.0.1", port: 0 }], metrics: true },
  });
  const get = async (path: string) => {
    const response = await fetch(`http://${running.address}${path}`);
    return [response.status, await response.text()] as const;
  };
  assertEquals((await get("/healthz"))[0], 200);
  assertEquals(await get("/readyz"), [200, '{"state":"ready","core":"closed","cache":"up","issuer":"up"}']);
  running.checker.state = "down";
  assertEquals(await get("/readyz"), [
    503,
    '{"state":"degraded","reason":"the keys of the issuer cannot be read","core":"closed","cache":"up","issuer":"down"}',
  ]);
  const [status, metrics] = await get("/metrics");
  assertEquals(status, 200);
  assert(metrics.includes("diamgw_chat_cache_up 1\n"), metrics);
});

Deno.test("C8: text that is no JSON, and what says nothing that is known, are closed 4007", async () => {
  await using running = await Running.start();
  for (const text of ["{", "[]", '{"id":"1"}', '{"ping":7}', '{"call":{"method":"X","proto":"*"}}']) {
    const device = await running.device("alice", text.length.toString());
    device.raw(text);
    assertEquals((await device.gone()).code, 4007, text);
  }
  const binary = await running.device("bob");
  binary.raw(new Uint8Array([1, 2, 3]));
  assertEquals((await binary.gone()).code, 1003);
  const large = await running.device("carol");
  large.raw(JSON.stringify({ call: { method: "X", json: { a: "x".repeat(70_000) } } }));
  assertEquals((await large.gone()).code, 1009);
});

Deno.test("L3: a device that does not read is closed 4008, and the others get everything", async () => {
  await using running = await Running.start({ sendQueue: 128 * 1024 });
  running.core.room("r1", "alice", "bob");
  const bob = await running.device("bob", "phone", ["r1"]);
  // A line that is never read: raw, and not a WebSocket that reads by itself.
  const lazy = await Deno.connect({ hostname: "127.0.0.1", port: Number(running.address.split(":")[1]) });
  const key = btoa("0123456789abcdef");
  await lazy.write(new TextEncoder().encode(
    `GET /ws?device_id=phone HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n` +
      `sec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\nauthorization: Bearer alice\r\n\r\n`,
  ));
  await lazy.read(new Uint8Array(4096));
  const hello = new TextEncoder().encode('{"hello":{"rooms":[{"roomId":"r1"}]}}');
  await lazy.write(new Uint8Array([0x81, 0x80 | hello.length, 0, 0, 0, 0, ...hello]));
  await until(async () => (await running.gateway.status()).subscriptions === 2, "both are in the room");
  let sent = 0;
  while ((await running.gateway.status()).slowConsumers === 0 && sent < 2_000) {
    const events = Array.from({ length: 10 }, () => ({
      id: `e${++sent}`,
      roomId: "r1",
      senderId: "",
      type: "",
      payload: { text: "x".repeat(8_000) },
    }));
    await running.gateway.publish(events);
    await until(() => bob.events().length >= sent, "the other has read it");
  }
  const { slowConsumers, connections } = await running.gateway.status();
  assertEquals([slowConsumers, connections, bob.events().length], [1, 1, sent]);
  lazy.close();
});

Deno.test("D1: at a drain every device gets Reconnect and 1012; nobody is let in; calls are answered first", async () => {
  await using running = await Running.start({ drainSpread: 200, drainTimeout: 5_000 });
  running.core.room("r1", "alice");
  const devices = await Promise.all(["a", "b", "c", "d"].map((name) => running.device(name)));
  const busy = devices[0]!;
  const { promise, resolve } = Promise.withResolvers<void>();
  running.core.answer = async ({ body }) => {
    await promise;
    return { body, headers: {} };
  };
  busy.say({ id: "c", call: { method: "GetHistory", json: { limit: 1 } } });
  await until(() => running.core.calls.length === 1, "the call is with the core");
  const drained = running.gateway.drain();
  const readyz = await fetch(`http://${running.address}/readyz`);
  assertEquals([readyz.status, (await readyz.json()).state], [503, "draining"]);
  const late = await fetch(`http://${running.address}/ws`, { headers: { authorization: "Bearer late" } });
  await late.body?.cancel();
  await Promise.all(devices.slice(1).map((device) => device.gone()));
  assertEquals(busy.closed, undefined);
  resolve();
  assertEquals((await busy.gone()).code, 1012);
  assertEquals(busy.find("result")?.json.limit, 1);
  for (const device of devices) {
    assertEquals(device.closed?.code, 1012);
    const { delayMs = 0, reason } = device.find("reconnect")!;
    assert(delayMs >= 0 && delayMs < 200 && reason === "drain");
  }
  await drained;
});

Deno.test("D2: without connections a drain ends at once", async () => {
  await using running = await Running.start({ drainSpread: 60_000, drainTimeout: 60_000 });
  await running.gateway.drain();
  assertEquals((await running.gateway.status()).state, "stopped");
});
