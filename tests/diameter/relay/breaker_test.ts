/**
 * Circuit breakers of a real gateway, between scripted peers.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DEFAULT_OPTIONS } from "../../../src/diameter/relay/core/options.ts";
import { AVP } from "../../../src/diameter/wire/avp_codes.ts";
import { type Stage, stage, type StageOptions } from "../../compliance/stage.ts";
import { answer, request } from "../../support/raw_message.ts";
import type { RawPeer } from "../../support/raw_peer.ts";
import { until } from "../../support/until.ts";

const breakerWith = (more: Partial<typeof DEFAULT_OPTIONS.draPool.circuitBreaker> = {}) => ({
  ...DEFAULT_OPTIONS.draPool.circuitBreaker,
  enabled: true,
  consecutiveFailures: 3,
  openFor: 600_000,
  ...more,
});

/** Two DRAs, the first of them preferred, whose errors go to whoever asked. */
function two(more: Parameters<typeof breakerWith>[0] = {}, options: StageOptions = {}): StageOptions {
  return {
    dras: [{}, { priority: 2 }],
    ...options,
    gateway: { retryResultCodes: [], ...options.gateway },
    draPool: { circuitBreaker: breakerWith(more), ...options.draPool },
  };
}

const breakerOf = (s: Stage, nth = 0) => s.gateway.pool.dras[nth]!.breaker!;

/** One request of `app`, which `dra` gets and answers. */
async function exchange(app: RawPeer, dra: RawPeer, resultCode = 2001, wish = {}): Promise<number | undefined> {
  await app.send(request(wish));
  await dra.send(answer(await dra.nextRequest(), { resultCode }));
  return (await app.nextAnswer()).resultCode;
}

async function opens(s: Stage, app: RawPeer): Promise<void> {
  for (let i = 0; i < 3; i++) await exchange(app, s.dras[0]!, 3004);
  assertEquals(breakerOf(s).state, "open");
}

Deno.test(
  "CB1 CB2 CB3 three busy answers in a row open the breaker: the next one gets the requests, and the events say why",
  stage(two(), async (s) => {
    const app = await s.app();
    await opens(s, app);
    for (let i = 0; i < 3; i++) assertEquals(await exchange(app, s.dras[1]!), 2001);
    const [event] = s.eventsOf("breaker_open");
    assertEquals([event?.dra, event?.reason], ["dra-1", "3 failures in a row"]);
    assert(s.gateway.pool.dras[0]!.usable, "its connection is not at fault");
    const { dras } = await s.gateway.status();
    assertEquals(dras[0]!.breaker?.state, "open");
    assert(dras[0]!.breaker!.nextProbeAt > Date.now());
    assertEquals(s.gateway.runtime.meters.breakerTransitions.of({ dra: "dra-1", to: "open" }).value, 1);
  }),
);

Deno.test(
  "CB1 an error that is not in error_codes is an answer like any other",
  stage(two(), async (s) => {
    const app = await s.app();
    for (let i = 0; i < 5; i++) assertEquals(await exchange(app, s.dra, 5004), 5004);
    assertEquals(breakerOf(s).state, "closed");
  }),
);

Deno.test(
  "CB1 silence for answer_timeout is a failure once, and the answer that comes late does not count",
  stage(two({ consecutiveFailures: 2 }, { gateway: { answerTimeout: 50, requestTimeout: 5_000 } }), async (s) => {
    const app = await s.app();
    await app.send(request());
    const asked = await s.dra.nextRequest();
    const again = await s.dras[1]!.nextRequest();
    assertEquals(breakerOf(s).status().consecutiveFailures, 1);
    await s.dra.send(answer(asked));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    assertEquals(breakerOf(s).status().consecutiveFailures, 1);
    assertEquals(breakerOf(s, 1).state, "closed");
    await s.dras[1]!.send(answer(again));
  }),
);

Deno.test(
  "CB1 each request that is pending when a connection is lost is a failure",
  stage(
    two({ consecutiveFailures: 3 }, { draPool: { circuitBreaker: breakerWith(), reopenWatchdogs: 0 } }),
    async (s) => {
      const app = await s.app();
      await app.send(request(), request(), request());
      for (let i = 0; i < 3; i++) await s.dra.nextRequest();
      await s.dra.close();
      for (let i = 0; i < 3; i++) await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest()));
      for (let i = 0; i < 3; i++) assertEquals((await app.nextAnswer()).resultCode, 2001);
      assertEquals(breakerOf(s).status().consecutiveFailures, 3);
    },
  ),
);

Deno.test(
  "CB3 half-open: so many at a time try it, others go to the next DRA, and as many successes close it",
  stage(two({ openFor: 200, halfOpenProbes: 2 }), async (s) => {
    const app = await s.app();
    await opens(s, app);
    await until(() => breakerOf(s).state === "half_open", "it is tried again");
    await app.send(request(), request(), request());
    const probes = [await s.dra.nextRequest(), await s.dra.nextRequest()];
    await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest()));
    await app.nextAnswer();
    await s.dra.send(...probes.map((probe) => answer(probe)));
    for (const _ of probes) assertEquals((await app.nextAnswer()).resultCode, 2001);
    assertEquals(breakerOf(s).state, "closed");
    assertEquals(s.eventsOf("breaker_closed").length, 1);
  }),
);

Deno.test(
  "CB3 half-open: one failure opens it again",
  stage(two({ openFor: 100 }), async (s) => {
    const app = await s.app();
    await opens(s, app);
    await until(() => breakerOf(s).state === "half_open", "it is tried again");
    assertEquals(await exchange(app, s.dra, 3004), 3004);
    assertEquals(breakerOf(s).state, "open");
    assertEquals(s.eventsOf("breaker_open").length, 2);
  }),
);

Deno.test(
  "CB3 a request that was to try it and whose sender has left does not keep the next one out",
  stage(two({ openFor: 100, halfOpenProbes: 1 }, { gateway: { answerTimeout: 60 } }), async (s) => {
    const app = await s.app();
    await opens(s, app);
    await until(() => breakerOf(s).state === "half_open", "it is tried again");
    const leaver = await s.app("leaver.example.net");
    await leaver.send(request());
    await s.dra.nextRequest();
    await leaver.close();
    // Its silence is a failure, and so it is tried once more.
    await until(() => s.eventsOf("breaker_half_open").length === 2, "it is tried a second time");
    assertEquals(await exchange(app, s.dra), 2001);
    assertEquals(breakerOf(s).state, "closed");
  }),
);

Deno.test(
  "CB4 the only usable DRA never opens, and is held; one that becomes the only one closes",
  stage(two(), async (s) => {
    const app = await s.app();
    await opens(s, app);
    await s.dras[1]!.close();
    await s.usable(1, false);
    assertEquals(breakerOf(s).state, "closed");
    for (let i = 0; i < 3; i++) assertEquals(await exchange(app, s.dra, 3004), 3004);
    assertEquals(breakerOf(s).state, "closed");
    assertEquals(s.gateway.runtime.meters.breakerTransitions.of({ dra: "dra-1", to: "held" }).value, 1);
  }),
);

Deno.test(
  "CB5 Destination-Host passes an open breaker; a retry does not",
  stage({
    ...two(),
    dras: [{}, { priority: 2 }, { priority: 3 }],
    gateway: { retryResultCodes: [5003] },
  }, async (s) => {
    const app = await s.app();
    await opens(s, app);
    assertEquals(await exchange(app, s.dra, 2001, { destinationHost: "dra-1.example.net" }), 2001);
    await app.send(request({ destinationHost: "dra-2.example.net" }), request());
    const first = await s.dras[1]!.nextRequest();
    const second = await s.dras[1]!.nextRequest();
    await s.dras[1]!.send(answer(first), answer(second, { resultCode: 5003, flags: 0x20 }));
    await s.dras[2]!.send(answer(await s.dras[2]!.nextRequest()));
    for (let i = 0; i < 2; i++) assertEquals((await app.nextAnswer()).resultCode, 2001);
    assertEquals(s.dra.inbox.length, 0);
  }),
);

Deno.test(
  "CB3 CB6 who finds every other DRA gone reads why; a reset closes the breaker",
  stage({ ...two({ maxOpenPercent: 100 }), dras: [{}, { applications: [1000] }] }, async (s) => {
    const app = await s.app();
    await opens(s, app);
    await app.send(request());
    const refused = await app.nextAnswer();
    assertEquals(refused.resultCode, 3002);
    assertStringIncludes(refused.text(AVP.errorMessage) ?? "", "dra-1 circuit open until 20");
    await s.gateway.resetBreaker("dra-1");
    assertEquals(await exchange(app, s.dra), 2001);
    assertEquals(s.eventsOf("breaker_closed").at(-1)?.reason, "its operator closed it");
  }),
);
