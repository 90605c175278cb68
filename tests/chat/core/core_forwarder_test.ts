import { assert, assertEquals } from "@std/assert";
import type { CoreClient, CoreRequest, Outcome } from "../../../src/chat/core/core_client.ts";
import { CoreForwarder } from "../../../src/chat/core/core_forwarder.ts";
import type { AcceptedCall, CoreCall, ForwarderOptions } from "../../../src/chat/core/forwarder.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { bytes, callOf, OPTIONS, text, told } from "./scene.ts";

/** Keeps each request until the test answers it. */
class FakeClient implements CoreClient {
  readonly asked: { request: CoreRequest; done: (outcome: Outcome) => void; cancelled: "no" | "left" | "late" }[] = [];
  closed = false;

  send(request: CoreRequest, done: (outcome: Outcome) => void) {
    if (request.headers["x-bad"] !== undefined) throw new TypeError("a bad header");
    const one = { request, done, cancelled: "no" as "no" | "left" | "late" };
    this.asked.push(one);
    return (late: boolean) => void (one.cancelled = late ? "late" : "left");
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
  /** Answers the last request. */
  answer(outcome: Outcome): void {
    this.asked.at(-1)!.done(outcome);
  }
}

const OK: Outcome = { body: bytes("[]"), headers: {} };
const GONE: Outcome = {
  error: { code: "unavailable", message: "unreachable" },
  failure: "connection",
  reason: "connection refused",
};
const NO: Outcome = { error: { code: "permission_denied", message: "no" }, failure: "none" };
const BUSY: Outcome = { error: { code: "unavailable", message: "busy" }, failure: "unavailable" };
const REFUSED = "unavailable: the chat service does not answer: it is not asked at the moment";

function scene(options: Partial<ForwarderOptions> = {}) {
  const [client, clock] = [new FakeClient(), new FakeClock()];
  const forwarder = new CoreForwarder(client, { ...OPTIONS, ...options }, clock);
  /** Forwards, and answers at once. */
  const played = async (outcome: Outcome, call: Partial<CoreCall> = {}) => {
    const answer = forwarder.forward(callOf(call));
    client.answer(outcome);
    return told(await answer);
  };
  return { client, clock, forwarder, played };
}

Deno.test("F1: any method goes to the core as it is, known or not", async () => {
  const { client, played } = scene();
  for (const method of ["SendEvent", "GetHistory", "PinEvent", "x"]) {
    assertEquals(await played(OK, { method, body: bytes('{"a":1}') }), "ok: []");
    const { request } = client.asked.at(-1)!;
    assertEquals([request.method, text(request.body), request.encoding], [method, '{"a":1}', "json"]);
  }
});

Deno.test("F1: what cannot be the name of a method goes nowhere", async () => {
  const { client, forwarder } = scene();
  for (const method of ["", "../admin", "A/B", "A?x", "Connect", "a b", "A\r\nx: y", "A".repeat(129), "ä"]) {
    const answer = await forwarder.forward(callOf({ method }));
    assert("error" in answer && answer.error.code === "invalid_argument", method);
  }
  assertEquals(client.asked.length, 0);
});

Deno.test("F5: the core has core.timeout, or as long as the device waits when that is shorter", async () => {
  const { client, clock, forwarder } = scene({ timeout: 1_000 });
  for (const [timeoutMs, time] of [[undefined, 1_000], [400, 400], [90_000, 1_000]] as const) {
    const answer = forwarder.forward(callOf({ timeoutMs }));
    assertEquals(client.asked.at(-1)!.request.timeoutMs, time);
    clock.advance(time - 1);
    assertEquals(forwarder.inFlight, 1);
    clock.advance(1);
    assertEquals(told(await answer), "deadline_exceeded: the chat service has not answered in time");
    assertEquals(client.asked.at(-1)!.cancelled, "late");
  }
  assertEquals(clock.alarms, 0);
  const none = await forwarder.forward(callOf({ timeoutMs: 0 }));
  assertEquals(told(none), "deadline_exceeded: the chat service has not answered in time");
  assertEquals(client.asked.length, 3);
});

Deno.test("F6, F7: a core that cannot be reached is asked no more for a while, and then once", async () => {
  const states: string[] = [];
  const { client, clock, forwarder, played } = scene({
    breakerMoved: (state, reason) => states.push(`${state}: ${reason}`),
  });
  for (let i = 0; i < 5; i++) assertEquals(await played(GONE), "unavailable: unreachable");
  assertEquals(forwarder.breaker, "open");
  const refused = await forwarder.forward(callOf());
  assertEquals(told(refused), REFUSED);
  assert("error" in refused && refused.error.retryAfterMs === 5_000);
  assertEquals(client.asked.length, 5);
  clock.advance(5_000);
  const probe = forwarder.forward(callOf());
  assertEquals(told(await forwarder.forward(callOf())), REFUSED);
  client.answer(OK);
  assertEquals(told(await probe), "ok: []");
  assertEquals(await played(OK), "ok: []");
  assertEquals(states.map((state) => state.split(":")[0]), ["open", "half-open", "closed"]);
  assertEquals(states[0], "open: connection refused");
});

Deno.test("F7: HTTP 502 and 503 count, and so does an answer that does not come in time", async () => {
  const { clock, forwarder, played } = scene({ breaker: { failures: 3, open: 5_000 } });
  await played(BUSY);
  await played(BUSY);
  const late = forwarder.forward(callOf());
  clock.advance(10_000);
  await late;
  assertEquals(forwarder.breaker, "open");
});

Deno.test("F7: a device that gives the core no time does not cut the others off", async () => {
  const { clock, forwarder, played } = scene();
  for (let i = 0; i < 20; i++) {
    const late = forwarder.forward(callOf({ timeoutMs: 1 }));
    clock.advance(1);
    await late;
  }
  assertEquals(forwarder.breaker, "closed");
  assertEquals(await played(OK), "ok: []");
});

Deno.test("F8: the core's own refusals do not count, and end a row of failures", async () => {
  const { forwarder, played } = scene();
  for (let i = 0; i < 20; i++) assertEquals(await played(NO), "permission_denied: no");
  for (let i = 0; i < 20; i++) await played(i % 5 === 4 ? NO : GONE);
  assertEquals(forwarder.breaker, "closed");
});

Deno.test("F9: above max_in_flight nobody waits", async () => {
  const { client, forwarder, played } = scene({ maxInFlight: 2 });
  const waiting = [forwarder.forward(callOf()), forwarder.forward(callOf())];
  assertEquals(forwarder.inFlight, 2);
  const third = await forwarder.forward(callOf());
  assertEquals(told(third), "resource_exhausted: too many calls wait for the chat service");
  assert("error" in third && third.error.retryAfterMs! > 0);
  for (const { done } of client.asked) done(OK);
  await Promise.all(waiting);
  assertEquals(await played(OK), "ok: []");
  forwarder.configure({ ...OPTIONS, maxInFlight: 1 });
  const one = forwarder.forward(callOf());
  assert("error" in await forwarder.forward(callOf()));
  client.answer(OK);
  await one;
});

Deno.test("F11: a device that leaves cancels its call, and the breaker learns nothing from it", async () => {
  const { client, clock, forwarder } = scene({ breaker: { failures: 1, open: 5_000 } });
  const device = new AbortController();
  const answer = forwarder.forward(callOf({ signal: device.signal }));
  device.abort();
  assertEquals(told(await answer), "canceled: the device has left");
  assertEquals(client.asked[0]!.cancelled, "left");
  assertEquals([forwarder.inFlight, forwarder.breaker, clock.alarms], [0, "closed", 0]);
  client.answer(GONE);
  assertEquals(forwarder.breaker, "closed");
  assertEquals(told(await forwarder.forward(callOf({ signal: device.signal }))), "canceled: the device has left");
  assertEquals(client.asked.length, 1);
});

Deno.test("F12: a read is sent once more after a connection failure, with the time that is left", async () => {
  const { client, clock, forwarder } = scene();
  for (const method of ["GetHistory", "SearchRooms", "SearchRoomSubscriptions"]) {
    const before = client.asked.length;
    const answer = forwarder.forward(callOf({ method }));
    clock.advance(3_000);
    client.answer(GONE);
    assertEquals(client.asked.length, before + 2);
    assertEquals(client.asked.at(-1)!.request.timeoutMs, 7_000);
    client.answer(OK);
    assertEquals(told(await answer), "ok: []");
  }
  const answer = forwarder.forward(callOf({ method: "GetHistory" }));
  client.answer(GONE);
  client.answer(GONE);
  assertEquals(told(await answer), "unavailable: unreachable");
  assertEquals(client.asked.length, 8);
});

Deno.test("F12: nothing else is sent twice, whatever happened", async () => {
  const { client, clock, forwarder, played } = scene({ breaker: { failures: 99, open: 1 } });
  for (const method of ["SendEvent", "CreateRoom", "DeleteRoom", "UpdateRoom", "PinEvent", "getHistory"]) {
    await played(GONE, { method });
  }
  assertEquals(client.asked.length, 6);
  for (const outcome of [NO, BUSY]) await played(outcome, { method: "GetHistory" });
  assertEquals(client.asked.length, 8);
  const late = forwarder.forward(callOf({ method: "GetHistory" }));
  clock.advance(10_000);
  await late;
  assertEquals(client.asked.length, 9);
});

Deno.test("B2: what the core has accepted is told before the sender has its answer, refusals are not", async () => {
  const order: string[] = [];
  const calls: AcceptedCall[] = [];
  const gate = Promise.withResolvers<void>();
  const { client, forwarder, played } = scene({
    accepted: async (call) => {
      calls.push(call);
      await gate.promise;
      order.push("published");
    },
  });
  await played(NO);
  assertEquals(calls, []);
  const answer = forwarder.forward(callOf({ body: bytes("q") })).then(() => order.push("answered"));
  client.answer(OK);
  await Promise.resolve();
  gate.resolve();
  await answer;
  assertEquals(order, ["published", "answered"]);
  const { caller, method, encoding, request, answer: body } = calls[0]!;
  assertEquals([caller.profileId, method, encoding, text(request), text(body)], [
    "ann",
    "SendEvent",
    "json",
    "q",
    "[]",
  ]);
});

Deno.test("B2: the sender is answered though publishing failed, and somebody is told", async () => {
  const failures: unknown[] = [];
  const { played } = scene({
    accepted: () => Promise.reject(new Error("no cache")),
    failed: (error) => failures.push(error),
  });
  assertEquals(await played(OK), "ok: []");
  assertEquals(String(failures[0]), "Error: no cache");
});

Deno.test("T1: every call is counted with its code; methods that devices make up are one", async () => {
  const counted: string[] = [];
  const { played, forwarder } = scene({
    answered: (method, code) => counted.push(`${method} ${code}`),
    maxInFlight: 1,
  });
  await played(OK);
  await played(NO, { method: "GetHistory" });
  await played(OK, { method: "x1" });
  await forwarder.forward(callOf({ method: "../x" }));
  assertEquals(counted, ["SendEvent ok", "GetHistory permission_denied", "other ok", "other invalid_argument"]);
});

Deno.test("a call that cannot be written ends at once and counts for nothing", async () => {
  const { forwarder } = scene({ breaker: { failures: 1, open: 5_000 } });
  const answer = await forwarder.forward(callOf({ headers: { "x-bad": "1" } }));
  assertEquals(told(answer), "internal: the call cannot be sent to the chat service");
  assertEquals([forwarder.inFlight, forwarder.breaker], [0, "closed"]);
});

Deno.test("a forwarder that closes answers whoever waits, and takes nothing more", async () => {
  const { client, clock, forwarder } = scene();
  const waiting = forwarder.forward(callOf());
  await forwarder.close();
  assertEquals(told(await waiting), "unavailable: the gateway is stopping");
  assertEquals(told(await forwarder.forward(callOf())), "unavailable: the gateway is stopping");
  assertEquals([client.closed, clock.alarms, forwarder.inFlight], [true, 0, 0]);
});
