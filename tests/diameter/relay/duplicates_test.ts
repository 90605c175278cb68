/**
 * Requests that come a second time, at a real gateway between scripted peers.
 */
import { assertEquals } from "@std/assert";
import { NO_POLICY } from "../../../src/diameter/relay/core/policy_options.ts";
import { type Stage, stage, type StageOptions } from "../../compliance/stage.ts";
import { answer, request } from "../../support/raw_message.ts";
import { until } from "../../support/until.ts";

const AGAIN = 0xd0;

function cached(more: Partial<typeof NO_POLICY.routing.duplicateCache> = {}, options: StageOptions = {}): StageOptions {
  const duplicateCache = { ...NO_POLICY.routing.duplicateCache, enabled: true, ...more };
  return { ...options, gateway: { routing: { ...NO_POLICY.routing, duplicateCache }, ...options.gateway } };
}

const count = (s: Stage, result: string) => s.gateway.runtime.meters.duplicates.of({ result }).value;
const ONE = { endToEnd: 4711, session: "app;1;1" } as const;

Deno.test(
  "DU1 a request that comes again with T gets the same answer under its own hop-by-hop id, and no DRA hears of it",
  stage(cached(), async (s) => {
    const app = await s.app();
    await app.send(request(ONE));
    await s.dra.send(answer(await s.dra.nextRequest()));
    const first = await app.nextAnswer();
    // Over another connection of the same node, too.
    const other = await s.app();
    for (const from of [app, other]) {
      const again = request({ ...ONE, flags: AGAIN });
      await from.send(again);
      const second = await from.nextAnswer();
      assertEquals(second.bytes.slice(12, 16), again.slice(12, 16), "its hop-by-hop id");
      assertEquals(second.bytes.slice(16), first.bytes.slice(16));
      assertEquals(second.bytes.slice(0, 12), first.bytes.slice(0, 12));
    }
    assertEquals([count(s, "hit"), s.dra.inbox.length], [2, 0]);
    assertEquals(s.gateway.statistics.sessions_completed, 3);
  }),
);

Deno.test(
  "DU1 while the first is pending the second joins it, and both get the one answer",
  stage(cached(), async (s) => {
    const app = await s.app();
    await app.send(request(ONE), request({ ...ONE, flags: AGAIN }), request({ ...ONE, flags: AGAIN }));
    const asked = await s.dra.nextRequest();
    await until(() => count(s, "joined") === 2, "they join it");
    assertEquals(s.gateway.statistics.active_sessions, 3);
    await s.dra.send(answer(asked));
    for (let i = 0; i < 3; i++) assertEquals((await app.nextAnswer()).resultCode, 2001);
    assertEquals(s.dra.inbox.length, 0);
  }),
);

Deno.test(
  "DU1 an app that comes back and asks again gets the answer to what it asked before, pending or not",
  stage(cached(), async (s) => {
    const before = await s.app();
    await before.send(request(ONE), request({ ...ONE, endToEnd: 4712 }));
    const asked = [await s.dra.nextRequest(), await s.dra.nextRequest()];
    await before.close();
    await until(() => s.gateway.statistics.sessions_abandoned === 2, "it has gone");
    await s.dra.send(answer(asked[0]!));
    await until(() => s.gateway.parts.duplicates.bytes > 0, "the answer is kept");
    const app = await s.app();
    await app.send(request({ ...ONE, flags: AGAIN }), request({ ...ONE, endToEnd: 4712, flags: AGAIN }));
    assertEquals((await app.nextAnswer()).endToEnd, 4711);
    await s.dra.send(answer(asked[1]!));
    assertEquals((await app.nextAnswer()).endToEnd, 4712);
    assertEquals([count(s, "hit"), count(s, "joined"), s.dra.inbox.length], [1, 1, 0]);
  }),
);

Deno.test(
  "DU1 whoever joined a request whose sender has left is served by its retries, and its end",
  stage(
    cached({}, { dras: [{}, { priority: 2 }], gateway: { answerTimeout: 100, requestTimeout: 5_000 } }),
    async (s) => {
      const before = await s.app();
      await before.send(request(ONE));
      await s.dra.nextRequest();
      await before.close();
      const app = await s.app();
      await app.send(request({ ...ONE, flags: AGAIN }));
      await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest()));
      assertEquals((await app.nextAnswer()).resultCode, 2001);
    },
  ),
);

Deno.test(
  "DU1 when the first ends with an answer of ours, or with an error, those that joined it are told the same",
  stage(cached({}, { gateway: { requestTimeout: 300, answerTimeout: 300, retryResultCodes: [] } }), async (s) => {
    const app = await s.app();
    await app.send(request(ONE), request({ ...ONE, flags: AGAIN }));
    for (let i = 0; i < 2; i++) assertEquals((await app.nextAnswer()).resultCode, 3002);
    await s.dra.nextRequest();
    await app.send(request(ONE), request({ ...ONE, flags: AGAIN }));
    await s.dra.send(answer(await s.dra.nextRequest(), { resultCode: 3004 }));
    for (let i = 0; i < 2; i++) assertEquals((await app.nextAnswer()).resultCode, 3004);
    // Neither is kept.
    await app.send(request({ ...ONE, flags: AGAIN }));
    const asked = await s.dra.nextRequest();
    assertEquals(asked.flags & 0x10, 0x10, "T stays");
    await s.dra.send(answer(asked));
    await app.nextAnswer();
    assertEquals(s.gateway.statistics.sessions_expired, 2);
  }),
);

for (
  const [what, first, second] of [
    ["T is not set", ONE, ONE],
    ["End-to-End is 0", { ...ONE, endToEnd: 0 }, { ...ONE, endToEnd: 0, flags: AGAIN }],
    ["End-to-End is another", ONE, { ...ONE, endToEnd: 4712, flags: AGAIN }],
    ["Session-Id is another", ONE, { ...ONE, session: "app;1;2", flags: AGAIN }],
    ["Origin-Host is another", ONE, { ...ONE, originHost: "other.example.net", flags: AGAIN }],
    ["the application is another", ONE, { ...ONE, application: 4, flags: AGAIN }],
  ] as const
) {
  Deno.test(
    `DU1 ${what}: it is relayed`,
    stage(cached(), async (s) => {
      const app = await s.app();
      for (const wish of [first, second]) {
        await app.send(request(wish));
        await s.dra.send(answer(await s.dra.nextRequest()));
        assertEquals((await app.nextAnswer()).resultCode, 2001);
      }
      assertEquals(count(s, "hit") + count(s, "joined"), 0);
    }),
  );
}

for (
  const [what, more] of [
    ["max_entries", { maxEntries: 1 }],
    ["max_bytes", { maxBytes: 100 }],
    ["window", { window: 1 }],
  ] as const
) {
  Deno.test(
    `DU2 beyond ${what} the oldest is known no more`,
    stage(cached(more), async (s) => {
      const app = await s.app();
      for (const endToEnd of [1, 2]) {
        await app.send(request({ ...ONE, endToEnd }));
        await s.dra.send(answer(await s.dra.nextRequest()));
        await app.nextAnswer();
      }
      if (what === "window") await until(() => s.gateway.parts.duplicates.bytes === 0, "the window has passed");
      await app.send(request({ ...ONE, endToEnd: 1, flags: AGAIN }));
      await s.dra.send(answer(await s.dra.nextRequest()));
      await app.nextAnswer();
      assertEquals(count(s, "miss"), 1);
    }),
  );
}

Deno.test(
  "off: what comes again is relayed again",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request(ONE), request({ ...ONE, flags: AGAIN }));
    for (let i = 0; i < 2; i++) await s.dra.send(answer(await s.dra.nextRequest()));
    for (let i = 0; i < 2; i++) await app.nextAnswer();
    assertEquals(s.gateway.parts.duplicates.isOn, false);
  }),
);
