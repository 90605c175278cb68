/**
 * What a gateway lets its peers hold, on real connections: each bound is reached, and the refusal
 * names it.
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { InsideGateway } from "../../support/inside.ts";
import { DEFAULT_OPTIONS } from "../../../src/diameter/relay/core/options.ts";
import { AVP } from "../../../src/diameter/wire/avp_codes.ts";
import type { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";
import { type Stage, stage } from "../../compliance/stage.ts";
import { answer, patched, peerRequest, type RawMessage, type RawRequest, request } from "../../support/raw_message.ts";
import type { RawPeer } from "../../support/raw_peer.ts";
import { until } from "../../support/until.ts";

const MiB = 1024 * 1024;

/** An AVP of so many bytes that nobody knows. */
const padding = (bytes: number) => (b: MessageBuilder) => void b.octets(0xfffff0, new Uint8Array(bytes), { flags: 0 });

const bulky = (wish: RawRequest = {}) => request({ ...wish, more: padding(58_000) });

const said = (message: RawMessage) => [message.resultCode, message.text(AVP.errorMessage) ?? ""] as const;

/** Sends bulky requests until one is refused. */
async function fill(app: RawPeer, wish: RawRequest = {}): Promise<RawMessage> {
  for (let sent = 0; sent < 2_000 && app.inbox.length === 0; sent += 20) {
    await app.send(...Array.from({ length: 20 }, () => bulky(wish)));
  }
  return await app.nextAnswer();
}

Deno.test(
  "an app that fills the memory at a DRA that does not answer is refused, with the bound by its name; others still get there",
  stage({ gateway: { memoryLimit: 64 * MiB, requestTimeout: 20_000, answerTimeout: 20_000 } }, async (s) => {
    const [greedy, polite] = [await s.app("greedy.example.net"), await s.app("polite.example.net")];
    const [code, message] = said(await fill(greedy));
    assertEquals(code, 3004);
    assertStringIncludes(message, "this Logic App's unanswered ones at dra-1 take all the memory that one may");
    assertStringIncludes(message, "gateway.memory_limit");
    const { budget } = s.gateway.pool.dras[0]!.links[0]!;
    assert(budget.used < 12 * MiB, `${budget.used} bytes are held`);
    const before = s.dra.inbox.length;
    await polite.send(request({ originHost: "polite.example.net" }));
    await until(
      () => s.dra.inbox.length > before && s.dra.inbox.at(-1)!.text(AVP.originHost) === "polite.example.net",
      "the polite one's request arrives",
    );
    await s.dra.send(answer(s.dra.inbox.at(-1)!));
    assertEquals((await polite.nextAnswer()).resultCode, 2001);
  }),
);

Deno.test(
  "DRAs that do not answer fill their own part of the memory, never that of another DRA",
  stage({
    dras: [{ applications: [1000] }, { applications: [1001] }, { applications: [1002] }],
    gateway: { memoryLimit: 64 * MiB, requestTimeout: 20_000, answerTimeout: 20_000 },
  }, async (s) => {
    // Each with less than what is one app's.
    const apps = await Promise.all(Array.from({ length: 12 }, (_, i) => s.app(`app-${i}.example.net`)));
    for (const app of apps) for (const application of [1000, 1001]) await fill(app, { application });
    const { requests } = s.gateway.runtime.budgets;
    assert(requests.used <= requests.limit, `${requests.used} bytes of ${requests.limit} are held`);
    await apps[0]!.send(request({ application: 1002 }));
    const asked = await s.dras[2]!.nextRequest();
    await s.dras[2]!.send(answer(asked));
    await until(() => apps[0]!.inbox.some(({ resultCode }) => resultCode === 2001), "the third DRA answers");
  }),
);

Deno.test(
  "an app that holds less than its share waits until others are answered, and goes first; one that holds more is refused",
  stage({ draPool: { maxInFlight: 4 } }, async (s) => {
    const [greedy, polite] = [await s.app("greedy.example.net"), await s.app("polite.example.net")];
    await greedy.send(...Array.from({ length: 5 }, () => request()));
    const asked = [];
    for (let i = 0; i < 4; i++) asked.push(await s.dra.nextRequest());
    const [code, message] = said(await greedy.nextAnswer());
    assertEquals(code, 3004);
    assertStringIncludes(message, "dra-1 has 4 unanswered (dra_pool.max_in_flight)");
    // Two are its share, the third is not.
    await polite.send(request({ endToEnd: 1 }), request({ endToEnd: 2 }), request({ endToEnd: 3 }));
    assertEquals((await polite.nextAnswer()).endToEnd, 3);
    assertEquals(s.gateway.statistics.active_sessions, 4);
    await greedy.send(request());
    assertEquals((await greedy.nextAnswer()).resultCode, 3004);
    await s.dra.send(answer(asked[0]!), answer(asked[1]!));
    for (const endToEnd of [1, 2]) {
      const passed = await s.dra.nextRequest();
      assertEquals(passed.endToEnd, endToEnd);
      await s.dra.send(answer(passed));
      assertEquals((await polite.nextAnswer()).endToEnd, endToEnd);
    }
    assertEquals([s.gateway.statistics.sessions_completed, s.gateway.statistics.active_sessions], [4, 2]);
  }),
);

Deno.test(
  "a request that waits for its turn is refused after a second, or when the gateway stops, and abandoned when its app goes",
  stage({ draPool: { maxInFlight: 2 }, gateway: { requestTimeout: 20_000, answerTimeout: 20_000 } }, async (s) => {
    const greedy = await s.app("greedy.example.net");
    const [patient, leaving] = [await s.app("patient.example.net"), await s.app("leaving.example.net")];
    await greedy.send(request(), request());
    await s.dra.nextRequest();
    await s.dra.nextRequest();
    await patient.send(request());
    assertEquals((await patient.nextAnswer()).resultCode, 3004);
    await leaving.send(request());
    await leaving.nothingMore();
    await leaving.close();
    await until(() => s.gateway.statistics.sessions_abandoned === 1, "the one that left is booked");
    await patient.send(request());
    await patient.nothingMore();
    const stopped = s.gateway.stop();
    const [code, message] = said(await patient.nextAnswer());
    assertEquals(code, 3004);
    assertStringIncludes(message, "taking its leave");
    for (const peer of [greedy, patient, s.dra]) await peer.close();
    await stopped;
  }),
);

Deno.test(
  "an app that leaves more requests of DRAs unanswered than others can still be sent gets no more of them; another does",
  stage({ draPool: { maxInFlight: 100 }, gateway: { requestTimeout: 20_000 } }, async (s) => {
    const [mute, polite] = [await s.app("mute.example.net"), await s.app("polite.example.net")];
    await s.dra.send(...Array.from({ length: 60 }, () => request({ destinationHost: "mute.example.net" })));
    const [code, message] = said(await s.dra.nextAnswer());
    assertEquals(code, 3004);
    assertStringIncludes(message, "dra_pool.max_in_flight");
    await until(() => s.dra.inbox.length === 21 && mute.inbox.length === 38, "all of them are dealt with");
    s.dra.inbox.splice(0);
    await s.dra.send(request({ destinationHost: "polite.example.net" }));
    await polite.send(answer(await polite.nextRequest()));
    assertEquals((await s.dra.nextAnswer()).resultCode, 2001);
  }),
);

Deno.test(
  "long requests for an app that answers none of them are refused by their bytes; another app gets its own",
  stage({ gateway: { memoryLimit: 64 * MiB, requestTimeout: 20_000 } }, async (s) => {
    const [mute, polite] = [await s.app("mute.example.net"), await s.app("polite.example.net")];
    const [code, message] = said(await fill(s.dra, { destinationHost: "mute.example.net" }));
    assertEquals(code, 3004);
    assertStringIncludes(message, "gateway.memory_limit");
    assert(s.gateway.runtime.budgets.reverse.used < 5 * MiB);
    s.dra.inbox.splice(0);
    await s.dra.send(request({ destinationHost: "polite.example.net" }));
    await polite.send(answer(await polite.nextRequest()));
    await until(() => s.dra.inbox.some(({ resultCode }) => resultCode === 2001), "the polite one's answer arrives");
    assert(mute.inbox.length > 10);
  }),
);

Deno.test(
  "error answers are kept for a retry as long as there is memory for them; then they are passed on at once, whole",
  stage({
    dras: [{}, { priority: 2 }],
    gateway: { memoryLimit: 64 * MiB, requestTimeout: 20_000, answerTimeout: 20_000 },
  }, async (s) => {
    const app = await s.app();
    const error = (to: RawMessage) => answer(to, { resultCode: 3004, more: padding(60_000) });
    let passedOn = 0;
    let asked = 0;
    for (; passedOn === 0 && asked < 200; asked++) {
      await app.send(request());
      const toFirst = await s.dras[0]!.nextRequest();
      await s.dras[0]!.send(error(toFirst));
      await until(() => s.dras[1]!.inbox.length + app.inbox.length > asked, "it went on, or back");
      passedOn = app.inbox.length;
    }
    const { errors } = s.gateway.runtime.budgets;
    assert(errors.used > MiB && errors.used < 2.2 * MiB, `${errors.used} bytes are kept`);
    const passed = await app.nextAnswer();
    assertEquals([passed.resultCode, passed.bytes.length > 60_000], [3004, true]);
    // Those that were kept are as good as ever.
    for (let i = 0; i < asked - 1; i++) {
      await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest(), { resultCode: 3004 }));
      await app.nextAnswer();
    }
    assertEquals(errors.used, 0);
  }),
);

Deno.test(
  "an app that asks for more than it reads is let go at once, counted and told, and what it waited for is abandoned",
  stage({ server: { sendQueueLimit: 256 * 1024, writeTimeout: 60_000 } }, async (s) => {
    const [deaf, polite] = [await s.app("deaf.example.net"), await s.app("polite.example.net")];
    deaf.pause();
    await deaf.send(...Array.from({ length: 3_000 }, () => request()));
    let peak = 0;
    for (let i = 0; i < 3_000 && s.eventsOf("app_down").length === 0; i++) {
      await s.dra.send(answer(await s.dra.nextRequest(), { more: padding(32_000) }));
      peak = Math.max(peak, s.gateway.runtime.budgets.answers.used);
    }
    await until(() => s.eventsOf("app_down").length === 1, "it is let go");
    const { reason, pending } = s.eventsOf("app_down")[0]!;
    assertStringIncludes(reason, "did not read");
    assertStringIncludes(reason, String(4 * MiB));
    assert(peak < 5 * MiB, `${peak} bytes waited for it`);
    assertEquals(s.discarded("send_queue_end"), 1);
    assert(pending > 1_000);
    assertEquals(s.gateway.statistics.sessions_abandoned, pending);
    s.dra.inbox.splice(0);
    await polite.send(request({ endToEnd: 77 }));
    await until(() => s.dra.inbox.some(({ endToEnd }) => endToEnd === 77), "the polite one's request arrives");
    await s.dra.send(answer(s.dra.inbox.find(({ endToEnd }) => endToEnd === 77)!));
    assertEquals((await polite.nextAnswer()).resultCode, 2001);
  }),
);

Deno.test(
  "many deaf apps, each within its own limit: when memory is short, the one for which most waits goes, if that is enough",
  stage({
    gateway: { memoryLimit: 32 * MiB, requestTimeout: 20_000, answerTimeout: 20_000 },
    server: { sendQueueLimit: 16 * MiB, writeTimeout: 60_000 },
  }, async (s) => {
    const deaf = await Promise.all([0, 1, 2].map((i) => s.app(`deaf-${i}.example.net`)));
    for (const app of deaf) app.pause();
    const polite = await s.app("polite.example.net");
    const { answers } = s.gateway.runtime.budgets;
    const round = async (apps: readonly RawPeer[]) => {
      for (const app of apps) {
        await app.send(request());
        await s.dra.send(answer(await s.dra.nextRequest(), { more: padding(50_000) }));
      }
    };
    while (answers.used < 7 * MiB) await round([deaf[0]!, deaf[1]!, deaf[1]!, deaf[2]!]);
    await until(() => {
      const queues = [...s.gateway.apps].map(({ peer }) => peer.out).filter(({ queuedBytes }) => queuedBytes > 0);
      return queues.length === 3 && queues.every(({ writingSince }) => performance.now() - writingSince > 200);
    }, "none of them is written to");
    while (!answers.exhausted && s.eventsOf("app_down").length === 0) await round([deaf[2]!]);
    await until(() => s.eventsOf("app_down").length > 0, "one of them goes");
    assertStringIncludes(s.eventsOf("app_down")[0]!.reason, "gateway.memory_limit");
    await until(() => !answers.exhausted, "there is room again");
    assertEquals(s.eventsOf("app_down").map(({ app }) => app), ["deaf-1.example.net"]);
    await polite.send(request());
    await s.dra.send(answer(await s.dra.nextRequest()));
    assertEquals((await polite.nextAnswer()).resultCode, 2001);
  }),
);

Deno.test(
  "a request that is as long as a message can be before its Route-Record is refused, and nothing of it reaches the DRA",
  stage({ server: { maxMessageSize: 0xffffff } }, async (s) => {
    const app = await s.app();
    // The last AVP takes what is left up to 16 MiB less one word.
    const short = request({ more: padding(0) });
    const longest = request({ more: padding(0xfffffc - short.length) });
    assertEquals(longest.length, 0xfffffc);
    await app.send(longest, request({ endToEnd: 9 }));
    const [code, message] = said(await app.nextAnswer());
    assertEquals(code, 5012);
    assertStringIncludes(message, "Route-Record");
    assertEquals((await s.dra.nextRequest()).endToEnd, 9);
  }),
);

Deno.test(
  "a request_timeout of hours is kept: nothing is answered before, and the end comes by its tick",
  stage({ gateway: { requestTimeout: 5 * 3_600_000, answerTimeout: 5 * 3_600_000 } }, async (s) => {
    const app = await s.app();
    const { runtime } = s.gateway;
    const { tickAt } = runtime;
    let ahead = 0;
    runtime.tickAt = (milliseconds) => tickAt.call(runtime, milliseconds) + ahead;
    await app.send(request());
    await s.dra.nextRequest();
    ahead = 20 * (5 * 3_600 - 60);
    await app.nothingMore();
    const { table } = s.gateway.pool.dras[0]!.links[0]!;
    const looked = runtime.tick();
    await until(() => runtime.tick() > looked + 2, "the wheel has turned");
    assertEquals(table.size, 1);
    ahead += 20 * 61;
    assertEquals(said(await app.nextAnswer()), [3002, `timeout after ${5 * 3_600_000} ms, 1 attempt`]);
  }),
);

Deno.test(
  "DRAs of weight 0 with the identity that Destination-Host names: by least_pending too each is used before one is refused",
  stage({
    dras: [1, 2, 3].map(() => ({ weight: 0, host: "twin.example.net" })),
    draPool: { balance: "least_pending", maxInFlight: 2 },
  }, async (s) => {
    const app = await s.app();
    await app.send(...Array.from({ length: 6 }, () => request({ destinationHost: "twin.example.net" })));
    for (const dra of s.dras) for (let i = 0; i < 2; i++) await dra.nextRequest();
    assertEquals(app.inbox.length, 0);
  }),
);

/** Every defect that the gateway told of. */
const defects = (s: Stage) => s.eventsOf("internal_error").map(({ request }) => request);

Deno.test(
  "an observer that throws is told of once, and takes nothing from the requests and answers that it was shown",
  stage({}, async (s) => {
    const app = await s.app();
    s.gateway.observe(() => {
      throw new TypeError("a defect of the observer");
    });
    await app.send(request({ endToEnd: 1 }), request({ endToEnd: 2, destinationRealm: null }));
    assertEquals(said(await app.nextAnswer())[0], 3001);
    await s.dra.send(answer(await s.dra.nextRequest()));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    await app.nothingMore();
    assertEquals([s.eventsOf("listener_failed").length, defects(s)], [1, []]);
    assertEquals(s.gateway.statistics.sessions_completed, 1);
  }),
);

Deno.test(
  "what goes wrong behind a request, or an answer, that was written is told, and nobody is answered twice",
  stage({ gateway: { requestTimeout: 300, answerTimeout: 300 } }, async (s) => {
    const app = await s.app();
    s.gateway.runtime.observer = () => {
      throw new TypeError("a defect, for this test");
    };
    await app.send(request({ endToEnd: 1 }));
    await s.dra.send(answer(await s.dra.nextRequest()));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    await s.dra.send(request({ destinationHost: "app.example.net" }));
    await app.send(answer(await app.nextRequest()));
    assertEquals((await s.dra.nextAnswer()).resultCode, 2001);
    assertEquals(defects(s), Array(4).fill("lives_on"));
    assertEquals(s.gateway.statistics.sessions_completed, 2);
    for (const peer of [app, s.dra]) await peer.nothingMore();
  }),
);

Deno.test(
  "a defect when the time of a request is up is told, costs no other one its end, and it ends a second later",
  stage({ gateway: { requestTimeout: 200, answerTimeout: 200 } }, async (s) => {
    const app = await s.app();
    const out = [...s.gateway.apps][0]!.peer.out;
    await app.send(request({ endToEnd: 1 }), request({ endToEnd: 2 }));
    await s.dra.nextRequest();
    await s.dra.nextRequest();
    const reserve = out.reserve.bind(out);
    out.reserve = () => {
      out.reserve = reserve;
      throw new RangeError("no memory, for this test");
    };
    const ended = [await app.nextAnswer(), await app.nextAnswer()];
    assertEquals(ended.map(({ resultCode }) => resultCode), [3002, 3002]);
    assertEquals(ended.map(({ endToEnd }) => endToEnd).sort(), [1, 2]);
    assertEquals(defects(s), ["lives_on"]);
    assertEquals(s.gateway.statistics.sessions_expired, 2);
  }),
);

Deno.test(
  "a defect in the way of one answer costs neither the connection nor the answers behind it, and its request ends in time",
  stage({ gateway: { requestTimeout: 300, answerTimeout: 300 } }, async (s) => {
    const app = await s.app();
    await app.send(request({ endToEnd: 1 }), request({ endToEnd: 2 }));
    const asked = [await s.dra.nextRequest(), await s.dra.nextRequest()];
    const out = [...s.gateway.apps][0]!.peer.out;
    const reserve = out.reserve.bind(out);
    out.reserve = () => {
      out.reserve = reserve;
      throw new RangeError("no memory, for this test");
    };
    await s.dra.send(answer(asked[0]!), answer(asked[1]!));
    const good = await app.nextAnswer();
    assertEquals([good.endToEnd, good.resultCode], [2, 2001]);
    const ended = await app.nextAnswer();
    assertEquals([ended.endToEnd, ended.resultCode], [1, 3002]);
    await s.dra.nothingMore();
    assertEquals(defects(s), ["lives_on"]);
  }),
);

Deno.test(
  "a shutdown takes drain_timeout and dpr_timeout, however long a deaf peer that is being closed may take to read",
  stage({
    server: { writeTimeout: 30_000, sendQueueLimit: 16 * MiB, dprTimeout: 300 },
    gateway: { drainTimeout: 0 },
  }, async (s) => {
    const app = await s.app();
    app.pause();
    await app.send(...Array.from({ length: 400 }, () => request()));
    for (let i = 0; i < 400; i++) await s.dra.send(answer(await s.dra.nextRequest(), { more: padding(40_000) }));
    // A version that nobody speaks: answered, and closed when that is written.
    await app.send(patched(peerRequest(app.identity), { 0: 9 }));
    await until(() => s.discarded("frame_version") === 1, "it is being closed");
    for (const dra of s.dras) await dra.close();
    const before = performance.now();
    await s.gateway.stop();
    assert(performance.now() - before < 5_000, `${performance.now() - before} ms`);
  }),
);

Deno.test("more connections than can be told apart are refused when the gateway is made", () => {
  const { server } = DEFAULT_OPTIONS;
  assertThrows(
    () => new InsideGateway({ ...DEFAULT_OPTIONS, server: { ...server, maxConnections: 70_000 } }),
    RangeError,
    "at most 65535 connections in all",
  );
});
