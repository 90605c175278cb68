import { assert, assertEquals } from "@std/assert";
import { DEFAULT_CHAT } from "../../src/chat/config/options.ts";
import { ConnectionLimit, NamedLimits, REFUSAL_WINDOW } from "../../src/chat/limits.ts";
import { Scene, settled } from "./support/scene.ts";

const RATES = { perConnection: 10, burst: 0, perProfile: 0, perRoom: 0, maxRefused: 3 };
const rates = (change: object) => ({ rateLimit: { ...DEFAULT_CHAT.rateLimit, ...change } });

Deno.test("a connection may send as much at once as in a second, unless burst says otherwise", () => {
  const limit = new ConnectionLimit();
  for (let i = 0; i < 10; i++) assertEquals(limit.take(RATES, 0), 0);
  assertEquals(limit.take(RATES, 0), 100);
  assertEquals(limit.take(RATES, 100), 0);
  const wide = new ConnectionLimit();
  for (let i = 0; i < 25; i++) assertEquals(wide.take({ ...RATES, burst: 25 }, 0), 0);
  assert(wide.take({ ...RATES, burst: 25 }, 0) > 0);
  for (let i = 0; i < 1000; i++) assertEquals(wide.take({ ...RATES, perConnection: 0 }, 0), 0);
});

Deno.test("refusals count within ten seconds", () => {
  const limit = new ConnectionLimit();
  assertEquals([0, 1, 2, 3].map((at) => limit.refused(RATES, at)), [false, false, false, true]);
  const patient = new ConnectionLimit();
  for (let i = 0; i < 10; i++) assertEquals(patient.refused(RATES, i * (REFUSAL_WINDOW / 2)), false);
});

Deno.test("names that are silent are forgotten", () => {
  const limits = new NamedLimits();
  assertEquals([limits.take("a", 2, 2, 0, 3), limits.take("b", 2, 2, 0)], [500, 0]);
  limits.sweep(100);
  assertEquals(limits.size, 2);
  limits.sweep(1_500);
  assertEquals(limits.size, 0);
  assertEquals(limits.take("a", 0, 0, 0), 0);
});

Deno.test("L1: a request above rate_limit is told resource_exhausted with a time to wait, and not forwarded", async () => {
  const scene = await Scene.start(rates({ perConnection: 5 }));
  const alice = await scene.device("alice");
  alice.take();
  for (let i = 0; i < 8; i++) alice.say({ id: `${i}`, call: { method: "GetHistory", json: {} } });
  await settled();
  const told = alice.take();
  const refused = told.filter(({ error }) => error);
  assertEquals([scene.core.calls.length, told.length, refused.length], [5, 8, 3]);
  assertEquals(refused[0].error, {
    code: "resource_exhausted",
    message: "above the limit of the connection",
    retryAfterMs: 200,
  });
  await scene.pass(200);
  alice.say({ id: "later", call: { method: "GetHistory", json: {} } });
  await settled();
  assertEquals(alice.take()[0].replyTo, "later");
  await scene.stop();
});

Deno.test("L1: per profile over all its connections, per room over all who send to it", async () => {
  const scene = await Scene.start({ ...rates({ perProfile: 3, perRoom: 2 }), maxConnectionsPerDevice: 9 });
  const [phone, laptop] = [await scene.device("alice", "phone"), await scene.device("alice", "laptop")];
  const scopes = (told: { error?: { message: string } }[]) =>
    told.flatMap(({ error }) => error ? [error.message.split(" ").at(-1)] : []);
  for (const device of [phone, laptop]) {
    device.take();
    device.say({ id: "1", ping: {} });
    device.say({ id: "2", ping: {} });
  }
  assertEquals([scopes(phone.take()), scopes(laptop.take())], [[], ["profile"]]);
  const send = { method: "SendEvent", json: { events: [{ roomId: "r1", id: "1" }] } };
  for (const name of ["bob", "carol", "dave"]) {
    const device = await scene.device(name);
    device.take();
    device.say({ id: "s", call: send });
    await settled();
    assertEquals(scopes(device.take()), name === "dave" ? ["room"] : []);
  }
  assertEquals(scene.core.calls.length, 2);
  await scene.stop();
});

Deno.test("L1: calls over HTTP are limited likewise", async () => {
  const scene = await Scene.start(rates({ perConnection: 2 }));
  const handshake = scene.handshake({ kind: "call", token: "alice/phone" });
  const admission = await scene.host.admit(handshake);
  assert("who" in admission);
  const call = () =>
    scene.host.forward({
      who: admission.who,
      method: "GetHistory",
      encoding: "json",
      body: new TextEncoder().encode("{}"),
      headers: {},
      remote: "192.0.2.1",
      timeoutMs: undefined,
      signal: new AbortController().signal,
    });
  const answers = [await call(), await call(), await call()];
  assertEquals(answers.map((answer) => "error" in answer ? answer.error.code : "ok"), [
    "ok",
    "ok",
    "resource_exhausted",
  ]);
  await scene.stop();
});

Deno.test("L2: above max_refused refusals within 10 s it is closed 4006", async () => {
  const scene = await Scene.start(rates({ perConnection: 1, maxRefused: 5 }));
  const alice = await scene.device("alice");
  for (let i = 0; i < 6; i++) alice.say({ id: `${i}`, ping: {} });
  assertEquals(alice.ended, undefined);
  alice.say({ id: "last", ping: {} });
  assertEquals(alice.ended?.code, 4006);
  assertEquals(scene.events.filter(({ kind }) => kind === "chat_limit").length, 1);
  await scene.stop();
});

Deno.test("a limit that a reload sets holds for connections that are open", async () => {
  const scene = await Scene.start(rates({ perConnection: 0 }));
  const alice = await scene.device("alice");
  alice.take();
  await scene.gateway.configure({ ...scene.config, ...rates({ perConnection: 2 }) });
  for (let i = 0; i < 4; i++) alice.say({ id: `${i}`, ping: {} });
  assertEquals(alice.take().map((told) => told.error ? "refused" : "pong"), ["pong", "pong", "refused", "refused"]);
  await scene.stop();
});
