/**
 * Items W1 to W12: the watchdog over real connections. Its table is tested row by row in
 * tests/diameter/peer, and what takes time on a clock that is turned, in tests/diameter/relay/dras.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG } from "../../src/diameter/wire/header.ts";
import { DEFAULT_OPTIONS } from "../../src/diameter/relay/core/options.ts";
import { answer, patched, peerAnswer, peerRequest, RawMessage, request } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { GATEWAY, type Stage, stage } from "./stage.ts";

const TW = 80;
/** A watchdog that is quick and exact. */
const QUICK = { watchdogInterval: TW, watchdogJitter: 0 } as const;
/** Where a DWA must come in time, on a machine that is busy with something else. */
const UNHURRIED = { watchdogInterval: 300, watchdogJitter: 0 } as const;
const REQUEST = FLAG.request | FLAG.proxiable;

/** The watchdog of DRA `index`. */
function watchdog(s: Stage, index = 0) {
  return s.gateway.pool.dras[index]!.links[0]!.watchdog;
}

/** Waits until the watchdog of DRA `index` is in `state`. */
async function watchdogIs(s: Stage, state: string, index = 0): Promise<void> {
  await until(() => watchdog(s, index).state === state, `the watchdog is ${state}`);
}

Deno.test("W1 Tw is 30 s, give or take 2 s, by default; three DWAs bring a lost DRA back", () => {
  const { server, draPool } = DEFAULT_OPTIONS;
  assertEquals([server.watchdogInterval, server.watchdogJitter], [30_000, 2_000]);
  assertEquals([draPool.watchdogInterval, draPool.watchdogJitter, draPool.reopenWatchdogs], [30_000, 2_000, 3]);
});

Deno.test(
  "W2 a DWR comes after Tw of silence, with our identity, and only one at a time",
  stage({ draPool: QUICK }, async (s) => {
    const before = performance.now();
    const dwr = await s.dra.nextRequest(COMMAND.deviceWatchdog);
    assert(performance.now() - before >= TW / 2, "too early");
    assertEquals([dwr.flags, dwr.text(AVP.originHost), dwr.text(AVP.originRealm)], [
      FLAG.request,
      GATEWAY.host,
      GATEWAY.realm,
    ]);
    await watchdogIs(s, "suspect");
    assertEquals(s.dra.inbox, [], "a DWR was repeated");
  }),
);

Deno.test(
  "W3 D1 D3 SUSPECT: pending requests go to the next DRA with T set, new ones too, the connection stays and its answer counts",
  stage({ dras: [{}, { priority: 2 }], draPool: { watchdogInterval: 150, watchdogJitter: 0 } }, async (s) => {
    const [first, second] = [s.dras[0]!, s.dras[1]!];
    second.answersWatchdogs = true;
    const app = await s.app();
    await app.send(request({ hopByHop: 1, endToEnd: 41 }), request({ hopByHop: 2, endToEnd: 42 }));
    const waiting = [await first.nextRequest(), await first.nextRequest()];
    await watchdogIs(s, "suspect");
    const again = [await second.nextRequest(), await second.nextRequest()];
    assertEquals(again.map(({ flags, endToEnd }) => [flags, endToEnd]), [
      [REQUEST | FLAG.retransmitted, 41],
      [REQUEST | FLAG.retransmitted, 42],
    ]);
    // The suspect one answers the first request after all: that answer wins, and it is OKAY again.
    await first.send(answer(waiting[0]!, { originHost: "first.example.net" }));
    const received = await app.nextAnswer();
    assertEquals([received.hopByHop, received.text(AVP.originHost)], [1, "first.example.net"]);
    await second.send(answer(again[0]!), answer(again[1]!));
    assertEquals((await app.nextAnswer()).hopByHop, 2);
    await second.nothingMore();
    await app.nothingMore();
    assertEquals(s.unmatched("duplicate"), 1);
  }),
);

Deno.test(
  "W3 a SUSPECT DRA gets no new requests, and is told in the events",
  stage({ dras: [{}, { priority: 2 }], draPool: { watchdogInterval: 200, watchdogJitter: 0 } }, async (s) => {
    s.dras[1]!.answersWatchdogs = true;
    const app = await s.app();
    await watchdogIs(s, "suspect");
    await app.send(request());
    assertEquals((await s.dras[1]!.nextRequest()).flags, REQUEST);
    assertEquals(s.eventsOf("dra_suspect").length, 1);
    assertEquals(s.eventsOf("failover").map(({ from, to }) => [from, to]), [[1, 2]]);
  }),
);

Deno.test(
  "W4 a message of a SUSPECT DRA makes it OKAY again: the next request is its",
  stage({ dras: [{}, { priority: 2 }], draPool: { watchdogInterval: 150, watchdogJitter: 0 } }, async (s) => {
    const [first, second] = [s.dras[0]!, s.dras[1]!];
    second.answersWatchdogs = true;
    const app = await s.app();
    const dwr = await first.nextRequest(COMMAND.deviceWatchdog);
    await watchdogIs(s, "suspect");
    await first.send(peerAnswer(first.identity, dwr));
    await watchdogIs(s, "okay");
    await app.send(request());
    await first.nextRequest();
    assertEquals(s.eventsOf("failback").length, 1);
  }),
);

Deno.test(
  "W5 P9 a DRA that was lost comes back through REOPEN: three DWAs before it gets a request",
  stage({ dras: [{}, { priority: 2 }], draPool: UNHURRIED }, async (s) => {
    s.dras[1]!.answersWatchdogs = true;
    const app = await s.app();
    await s.dras[0]!.close();
    await s.usable(0, false);
    const back = await s.reopened(0);
    for (let i = 0; i < 3; i++) {
      await app.send(request());
      await s.dras[1]!.nextRequest();
      assertEquals(watchdog(s).state, "reopen");
      await back.answerPeerRequest(COMMAND.deviceWatchdog);
    }
    await watchdogIs(s, "okay");
    await app.send(request());
    await back.nextRequest();
  }),
);

Deno.test(
  "W5 in REOPEN messages that are no DWA are thrown away",
  stage({ dras: [{}, { priority: 2 }], draPool: QUICK }, async (s) => {
    s.dras[1]!.answersWatchdogs = true;
    const app = await s.app();
    await s.dras[0]!.close();
    await s.usable(0, false);
    const back = await s.reopened(0);
    await back.send(request({ destinationHost: "app.example.net" }));
    await back.nextRequest(COMMAND.deviceWatchdog);
    await back.nothingMore();
    await app.nothingMore();
    assertEquals(s.discarded("reopen"), 1);
  }),
);

Deno.test(
  "W5 the first connection ever is OKAY at once",
  stage({}, async (s) => {
    assertEquals(watchdog(s).state, "okay");
    await s.dra.nothingMore();
  }),
);

Deno.test(
  "W5 reopen_watchdogs 0 leaves REOPEN out",
  stage({ dras: [{}, { priority: 2 }], draPool: { reopenWatchdogs: 0 } }, async (s) => {
    await s.dras[0]!.close();
    await s.usable(0, false);
    const back = await s.reopened(0);
    await watchdogIs(s, "okay");
    const app = await s.app();
    await app.send(request());
    await back.nextRequest();
  }),
);

for (const [name, cause] of [["REBOOTING", 0], ["BUSY", 1]] as const) {
  Deno.test(
    `W7 P9 a DRA that left with a DPR (${name}) comes back OKAY`,
    stage({ dras: [{}, { priority: 2 }] }, async (s) => {
      const first = s.dras[0]!;
      await first.send(peerRequest(first.identity, cause));
      await first.nextAnswer(COMMAND.disconnectPeer);
      await first.close();
      const back = await s.reopened(0);
      await watchdogIs(s, "okay");
      const app = await s.app();
      await app.send(request());
      await back.nextRequest();
    }),
  );
}

Deno.test(
  "W7 P9 a DRA that we left with a DPR comes back OKAY",
  stage({}, async (s) => {
    s.gateway.pool.dras[0]!.links[0]!.reconnect("told to");
    const dpr = await s.dra.answerPeerRequest(COMMAND.disconnectPeer);
    assertEquals(dpr.number(AVP.disconnectCause), 0);
    await s.dra.nextEnd();
    await s.reopened();
    await watchdogIs(s, "okay");
  }),
);

Deno.test(
  "W7 P9 a Logic App that was lost is OKAY at once when it is back",
  stage({ server: QUICK }, async (s) => {
    const app = await s.app();
    await app.close();
    const back = await s.app();
    await back.send(request());
    await s.dra.nextRequest();
  }),
);

Deno.test(
  "W8 a DWR is answered while OKAY, with both ids, our identity and success",
  stage({}, async (s) => {
    const dwr = new RawMessage(peerRequest(s.dra.identity));
    await s.dra.send(dwr.bytes);
    const dwa = await s.dra.nextAnswer(COMMAND.deviceWatchdog);
    assertEquals([dwa.hopByHop, dwa.endToEnd, dwa.resultCode], [dwr.hopByHop, dwr.endToEnd, 2001]);
    assertEquals([dwa.text(AVP.originHost), dwa.text(AVP.originRealm)], [GATEWAY.host, GATEWAY.realm]);
  }),
);

Deno.test(
  "W8 a DWR is answered in SUSPECT, in REOPEN, after a DPR of either side",
  stage({ draPool: { watchdogInterval: 150, watchdogJitter: 0, dprTimeout: 2_000 } }, async (s) => {
    const answered = async (dra: typeof s.dra) => {
      await dra.send(peerRequest(dra.identity));
      await dra.nextAnswer(COMMAND.deviceWatchdog);
    };
    await s.dra.nextRequest(COMMAND.deviceWatchdog);
    await watchdogIs(s, "suspect");
    await answered(s.dra);
    await s.dra.close();
    const reopening = await s.reopened();
    await reopening.nextRequest(COMMAND.deviceWatchdog);
    assertEquals(watchdog(s).state, "reopen");
    await answered(reopening);
    await reopening.send(peerRequest(reopening.identity, 0));
    await reopening.nextAnswer(COMMAND.disconnectPeer);
    await answered(reopening);
    await reopening.close();
    const closing = await s.reopened();
    await watchdogIs(s, "okay");
    const stopping = s.gateway.stop();
    await closing.nextRequest(COMMAND.disconnectPeer);
    await answered(closing);
    await closing.close();
    await stopping;
  }),
);

Deno.test(
  "W9 DWRs of a DRA do not count as the DWAs that bring it back from REOPEN",
  stage({ dras: [{}, { priority: 2 }] }, async (s) => {
    await s.dras[0]!.close();
    await s.usable(0, false);
    const back = await s.reopened(0);
    await back.nextRequest(COMMAND.deviceWatchdog);
    for (let i = 0; i < 5; i++) await back.nothingMore();
    assertEquals(watchdog(s).state, "reopen");
    assertEquals(watchdog(s).numDwa, 0);
  }),
);

Deno.test(
  "W9 a DWA that answers no DWR counts for nothing",
  stage({ dras: [{}, { priority: 2 }] }, async (s) => {
    await s.dras[0]!.close();
    await s.usable(0, false);
    const back = await s.reopened(0);
    const dwr = await back.nextRequest(COMMAND.deviceWatchdog);
    const dwa = peerAnswer(back.identity, dwr);
    // Hop-by-hop id 0, another one, the right one, and the right one again.
    await back.send(patched(dwa, { 12: 0, 13: 0, 14: 0, 15: 0 }), patched(dwa, { 12: dwa[12]! ^ 1 }), dwa, dwa);
    await back.nothingMore();
    assertEquals(watchdog(s).numDwa, 1);
    assertEquals(s.discarded("unknown_answer"), 3);
  }),
);

Deno.test(
  "P20 while no DRA is OKAY, one in REOPEN that has answered a DWR is served in both directions",
  stage({}, async (s) => {
    const app = await s.app();
    await s.dra.close();
    await s.usable(0, false);
    const back = await s.reopened();
    await app.send(request());
    assertEquals((await app.nextAnswer()).resultCode, 3002);
    await back.answerPeerRequest(COMMAND.deviceWatchdog);
    await s.usable();
    assertEquals(watchdog(s).state, "reopen");
    await app.send(request());
    await back.send(answer(await back.nextRequest()));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    await back.send(request({ destinationHost: "app.example.net" }));
    await app.send(answer(await app.nextRequest()));
    assertEquals((await back.nextAnswer()).resultCode, 2001);
  }),
);

Deno.test(
  "P20 with reopen_last_resort false it is not",
  stage({ draPool: { reopenLastResort: false } }, async (s) => {
    const app = await s.app();
    await s.dra.close();
    await s.usable(0, false);
    const back = await s.reopened();
    await back.answerPeerRequest(COMMAND.deviceWatchdog);
    await back.nothingMore();
    await app.send(request());
    assertEquals((await app.nextAnswer()).resultCode, 3002);
    await back.nothingMore();
  }),
);

Deno.test(
  "P18 a SUSPECT DRA without an alternative is waited for: its answer counts",
  stage({ draPool: { watchdogInterval: 100, watchdogJitter: 0 } }, async (s) => {
    const app = await s.app();
    await app.send(request());
    const relayed = await s.dra.nextRequest();
    await watchdogIs(s, "suspect");
    await s.dra.send(answer(relayed));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
  }),
);

Deno.test(
  "W2 W4 a Logic App is watched the same way: DWR, then the end",
  stage({ server: QUICK }, async (s) => {
    const app = await s.app();
    await app.answerPeerRequest(COMMAND.deviceWatchdog);
    const before = performance.now();
    await app.nextRequest(COMMAND.deviceWatchdog);
    await app.nextEnd();
    const waited = performance.now() - before;
    assert(waited >= 2.5 * TW, `${waited} ms`);
    assertStringIncludes(s.eventsOf("app_down")[0]!.reason, "answered no watchdog");
  }),
);

Deno.test(
  "X6 idle peers stay connected as long as they answer their watchdogs",
  stage(
    { server: { watchdogInterval: 50, watchdogJitter: 0 }, draPool: { watchdogInterval: 50, watchdogJitter: 0 } },
    async (s) => {
      s.dra.answersWatchdogs = true;
      const app = await s.app();
      for (let i = 0; i < 6; i++) await app.answerPeerRequest(COMMAND.deviceWatchdog);
      assertEquals([app.ended, s.dra.ended], [false, false]);
      app.answersWatchdogs = true;
      await app.send(request());
      await s.dra.nextRequest();
    },
  ),
);
