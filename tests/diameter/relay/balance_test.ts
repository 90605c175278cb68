/**
 * How a real gateway shares requests among DRAs: by key, by rate, and with those that came back.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { loadDictionary } from "../../../src/diameter/relay/policy/loaded.ts";
import { AVP } from "../../../src/diameter/wire/avp_codes.ts";
import { type Stage, stage } from "../../compliance/stage.ts";
import { answer, request } from "../../support/raw_message.ts";
import type { RawPeer } from "../../support/raw_peer.ts";
import { until } from "../../support/until.ts";

await loadDictionary();

const THREE = { dras: [{}, {}, {}] };

/** Which DRA gets a request; it answers with `resultCode`. */
async function owner(s: Stage, app: RawPeer, wish = {}, resultCode = 2001): Promise<number> {
  await app.send(request(wish));
  await until(() => s.dras.some(({ inbox }) => inbox.length > 0), "it arrives");
  const nth = s.dras.findIndex(({ inbox }) => inbox.length > 0);
  await s.dras[nth]!.send(answer(await s.dras[nth]!.nextRequest(), { resultCode }));
  return nth;
}

async function owners(s: Stage, app: RawPeer): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < 24; i++) {
    found.push(await owner(s, app, { session: `app;1;${i}` }));
    await app.nextAnswer();
  }
  return found;
}

Deno.test(
  "BA2 requests of a session go to one DRA; when it goes only they move, and they return with it",
  stage({ ...THREE, draPool: { balance: "hash", reopenWatchdogs: 0 } }, async (s) => {
    const app = await s.app();
    const before = await owners(s, app);
    assertEquals(new Set(before).size, 3);
    assertEquals(await owners(s, app), before);
    await s.dras[1]!.close();
    await s.usable(1, false);
    s.dras[1] = await s.reopened(1);
    await s.usable(1);
    assertEquals(await owners(s, app), before);
  }),
);

Deno.test(
  "BA2 a retry goes to the next DRA in the key's own order",
  stage({ ...THREE, draPool: { balance: "hash" } }, async (s) => {
    const app = await s.app();
    const wish = { session: "app;1;7" };
    const orders: number[][] = [];
    for (let round = 0; round < 2; round++) {
      const order = [await owner(s, app, wish, 3004)];
      for (let i = 0; i < 2; i++) {
        await until(() => s.dras.some(({ inbox }) => inbox.length > 0), "it is sent again");
        const nth = s.dras.findIndex(({ inbox }) => inbox.length > 0);
        order.push(nth);
        await s.dras[nth]!.send(answer(await s.dras[nth]!.nextRequest(), { resultCode: i === 1 ? 2001 : 3004 }));
      }
      assertEquals((await app.nextAnswer()).resultCode, 2001);
      orders.push(order);
    }
    assertEquals(orders[0], orders[1]);
    assertEquals(new Set(orders[0]).size, 3);
  }),
);

Deno.test(
  "BA2 the key may be any AVP, as its octets came",
  stage({ ...THREE, draPool: { balance: "hash", hashKey: "Origin-Realm" } }, async (s) => {
    const app = await s.app();
    const found = new Set((await owners(s, app)).values());
    assertEquals(found.size, 1, "all of them have one realm");
  }),
);

Deno.test(
  "BA3 a DRA over its rate leaves requests to the next one, and when there is none the answer is 3004 with its name",
  stage({ dras: [{ maxRequestsPerSecond: 2 }, { maxRequestsPerSecond: 1, priority: 2 }] }, async (s) => {
    const app = await s.app();
    await app.send(request(), request(), request(), request());
    const refused = await app.nextAnswer();
    assertEquals(refused.resultCode, 3004);
    assertStringIncludes(
      refused.text(AVP.errorMessage) ?? "",
      "dra-1 gets at most 2 in a second (dra_pool.dras[].max_requests_per_second); dra-2 gets at most 1",
    );
    assertEquals(s.gateway.runtime.meters.errorAnswers.of({ code: "3004", reason: "dra_rate" }).value, 1);
    for (const dra of [0, 0, 1]) {
      await s.dras[dra]!.send(answer(await s.dras[dra]!.nextRequest()));
      await app.nextAnswer();
    }
  }),
);

Deno.test(
  "BA4 a DRA that was lost and is back begins with little of its weight; one that connects at the start does not",
  stage({
    dras: [{}, {}],
    draPool: { reopenWatchdogs: 0, slowStart: { duration: 600_000, minWeightPercent: 10 } },
  }, async (s) => {
    const shown = async () => (await s.gateway.status()).dras.map(({ effectiveWeight }) => effectiveWeight);
    assertEquals(await shown(), [100, 100]);
    await s.dras[1]!.close();
    await s.usable(1, false);
    s.dras[1] = await s.reopened(1);
    await s.usable(1);
    assertEquals(await shown(), [100, 10]);
    const app = await s.app();
    const counts = [0, 0];
    for (let i = 0; i < 22; i++) {
      counts[await owner(s, app)]!++;
      await app.nextAnswer();
    }
    assert(counts[1]! <= 3 && counts[1]! >= 1, `${counts}`);
  }),
);
