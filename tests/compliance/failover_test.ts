/**
 * Items D1 to D6, and the decisions about further attempts: P6, P8, P14, P15, P17. What takes time
 * is tried on a clock that is turned, in tests/diameter/relay.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG } from "../../src/diameter/wire/header.ts";
import { answer, request } from "../support/raw_message.ts";
import type { RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { type Stage, stage } from "./stage.ts";

const REQUEST = FLAG.request | FLAG.proxiable;
const AGAIN = REQUEST | FLAG.retransmitted;
const TWO = [{}, { priority: 2 }] as const;
const THREE = [{}, { priority: 2 }, { priority: 3 }] as const;

/** One attempt lasts a moment, the transaction a little longer. */
const SHORT = { answerTimeout: 100, requestTimeout: 2_000 } as const;

/** The second connection of the first DRA, when it has two. */
async function sibling(s: Stage): Promise<RawPeer> {
  const peer = await s.listeners[0]!.open();
  const links = s.gateway.pool.dras[0]!.links;
  await until(() => links.every((link) => link.okay), "both connections are open");
  return peer;
}

Deno.test(
  "D1 when a DRA is lost, all its pending requests go to the next one: T set, new hop-by-hop ids, same End-to-End ids, in order",
  stage({ dras: TWO }, async (s) => {
    const app = await s.app();
    await app.send(...[1, 2, 3].map((endToEnd) => request({ endToEnd })));
    const before: number[] = [];
    for (let i = 0; i < 3; i++) before.push((await s.dras[0]!.nextRequest()).hopByHop);
    await s.dras[0]!.close();
    for (const endToEnd of [1, 2, 3]) {
      const again = await s.dras[1]!.nextRequest();
      assertEquals([again.flags, again.endToEnd], [AGAIN, endToEnd]);
      await s.dras[1]!.send(answer(again));
    }
    for (const endToEnd of [1, 2, 3]) {
      const received = await app.nextAnswer();
      assertEquals([received.endToEnd, received.resultCode], [endToEnd, 2001]);
    }
    assertEquals(s.eventsOf("resent").map(({ count, reason }) => [count, reason]), [[3, "lost"]]);
    assertEquals(s.gateway.pool.named("dra-2").meters.retransmissions.lost.value, 3);
  }),
);

Deno.test(
  "D1 requests that wait in a lost DRA's queue, not yet sent, go to the next one",
  stage({ dras: TWO, draPool: { sendQueueLimit: 64 * 1024 * 1024 } }, async (s) => {
    const app = await s.app();
    s.dras[0]!.pause();
    for (let i = 0; i < 200; i++) {
      await app.send(request({ endToEnd: i, more: (b) => b.octets(9999, new Uint8Array(60_000)) }));
    }
    const { out } = s.gateway.pool.dras[0]!.links[0]!.relayPeer!.peer;
    await until(
      () => s.gateway.statistics.sessions_created === 200 && out.queuedBytes > 1_000_000,
      "most of them wait",
    );
    await s.dras[0]!.close();
    for (let i = 0; i < 200; i++) assertEquals((await s.dras[1]!.nextRequest()).endToEnd, i);
  }),
);

Deno.test(
  "D2 a request for the host that was lost is answered 3002",
  stage({ dras: TWO }, async (s) => {
    const app = await s.app();
    await app.send(request({ destinationHost: "DRA-1.example.net" }));
    await s.dras[0]!.nextRequest();
    await s.dras[0]!.close();
    const refusal = await app.nextAnswer();
    assertEquals(refusal.resultCode, 3002);
    await s.dras[1]!.nothingMore();
  }),
);

Deno.test(
  "D2 a request whose Destination-Host is somebody behind the DRA goes to the next one",
  stage({ dras: TWO }, async (s) => {
    const app = await s.app();
    await app.send(request({ destinationHost: "hss.example.net" }));
    await s.dras[0]!.nextRequest();
    await s.dras[0]!.close();
    await s.dras[1]!.nextRequest();
  }),
);

Deno.test(
  "D2 a request is not sent again when its Logic App is gone",
  stage({ dras: TWO }, async (s) => {
    const app = await s.app();
    await app.send(request());
    await s.dras[0]!.nextRequest();
    await app.close();
    await until(() => s.gateway.apps.size === 0, "the Logic App is gone");
    await s.dras[0]!.close();
    await s.usable(0, false);
    await s.dras[1]!.nothingMore();
  }),
);

Deno.test(
  "D2 a command of never_retry is not sent again: not after a loss, not after silence, not after an error",
  stage({ dras: TWO, gateway: { ...SHORT, requestTimeout: 300, neverRetry: [COMMAND.accounting] } }, async (s) => {
    const app = await s.app();
    const accounting = () => request({ command: COMMAND.accounting, application: 3 });
    await app.send(accounting());
    await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest(COMMAND.accounting), { resultCode: 3004 }));
    assertEquals((await app.nextAnswer(COMMAND.accounting)).resultCode, 3004);
    await app.send(accounting());
    await s.dras[0]!.nextRequest(COMMAND.accounting);
    assertStringIncludes((await app.nextAnswer(COMMAND.accounting)).text(AVP.errorMessage)!, "1 attempt");
    await app.send(accounting());
    await s.dras[0]!.nextRequest(COMMAND.accounting);
    await s.dras[0]!.close();
    assertEquals((await app.nextAnswer(COMMAND.accounting)).resultCode, 3002);
    await s.dras[1]!.nothingMore();
  }),
);

Deno.test(
  "D2 with max_attempts 1 a request is sent once",
  stage({ dras: TWO, gateway: { maxAttempts: 1 } }, async (s) => {
    const app = await s.app();
    await app.send(request());
    await s.dras[0]!.nextRequest();
    await s.dras[0]!.close();
    assertEquals((await app.nextAnswer()).resultCode, 3002);
    await s.dras[1]!.nothingMore();
  }),
);

Deno.test(
  "D3 P6 after silence the next DRA is asked with T set; the first answer wins, whoever it comes from",
  stage({ dras: TWO, gateway: SHORT }, async (s) => {
    const app = await s.app();
    for (const winner of [0, 1] as const) {
      await app.send(request());
      const attempts = [await s.dras[0]!.nextRequest(), await s.dras[1]!.nextRequest()];
      assertEquals(attempts.map(({ flags }) => flags), [REQUEST, AGAIN]);
      await s.dras[winner]!.send(answer(attempts[winner]!, { originHost: `winner-${winner}` }));
      assertEquals((await app.nextAnswer()).text(AVP.originHost), `winner-${winner}`);
      const loser = winner === 0 ? 1 : 0;
      await s.dras[loser]!.send(answer(attempts[loser]!));
      await s.dras[loser]!.nothingMore();
      await app.nothingMore();
    }
    assertEquals(s.unmatched("duplicate"), 2);
    assertEquals(s.gateway.statistics.sessions_completed, 2);
  }),
);

/** What the DRAs do in turn, and the flags that each one sees. */
const TURNS: readonly {
  readonly name: string;
  readonly first: "silence" | "error";
  readonly second: "silence" | "error";
  readonly flags?: number;
  readonly seen: readonly number[];
}[] = [
  { name: "an error, an error", first: "error", second: "error", seen: [REQUEST, REQUEST, REQUEST] },
  { name: "silence, an error", first: "silence", second: "error", seen: [REQUEST, AGAIN, AGAIN] },
  { name: "an error, silence", first: "error", second: "silence", seen: [REQUEST, REQUEST, AGAIN] },
  { name: "silence, silence", first: "silence", second: "silence", seen: [REQUEST, AGAIN, AGAIN] },
  {
    name: "an error, an error, T set from the start",
    first: "error",
    second: "error",
    flags: AGAIN,
    seen: [AGAIN, AGAIN, AGAIN],
  },
];
for (const { name, first, second, flags = REQUEST, seen } of TURNS) {
  Deno.test(
    `P6 T is set exactly when an earlier attempt is unanswered: ${name}`,
    stage({ dras: THREE, gateway: SHORT }, async (s) => {
      const app = await s.app();
      await app.send(request({ flags }));
      const asked: number[] = [];
      for (const [i, what] of [first, second].entries()) {
        const message = await s.dras[i]!.nextRequest();
        asked.push(message.flags);
        if (what === "error") await s.dras[i]!.send(answer(message, { resultCode: 3004 }));
      }
      const last = await s.dras[2]!.nextRequest();
      assertEquals([...asked, last.flags], seen);
      await s.dras[2]!.send(answer(last));
      assertEquals((await app.nextAnswer()).resultCode, 2001);
      for (const dra of s.dras) await dra.nothingMore();
      await app.nothingMore();
    }),
  );
}

Deno.test(
  "P6 P17 T is clear again when the silent one has answered with an error after all",
  stage({ dras: THREE, gateway: SHORT }, async (s) => {
    const app = await s.app();
    await app.send(request());
    const first = await s.dras[0]!.nextRequest();
    const second = await s.dras[1]!.nextRequest();
    assertEquals(second.flags, AGAIN);
    await s.dras[0]!.send(answer(first, { resultCode: 3004 }));
    await s.dras[0]!.nothingMore();
    await s.dras[1]!.send(answer(second, { resultCode: 3004 }));
    assertEquals((await s.dras[2]!.nextRequest()).flags, REQUEST);
  }),
);

Deno.test(
  "P6 P17 attempts used up and the last event is an error: it is passed on at once, although another DRA is still silent",
  stage({ dras: TWO, gateway: { answerTimeout: 60, requestTimeout: 30_000 } }, async (s) => {
    const app = await s.app();
    await app.send(request());
    await s.dras[0]!.nextRequest();
    await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest(), { resultCode: 3004 }));
    assertEquals((await app.nextAnswer()).resultCode, 3004);
  }),
);

Deno.test(
  "P17 an error that comes late while another DRA is being asked is remembered only: success of the other one wins",
  stage({ dras: TWO, gateway: { ...SHORT, requestTimeout: 30_000 } }, async (s) => {
    const app = await s.app();
    await app.send(request());
    const first = await s.dras[0]!.nextRequest();
    const second = await s.dras[1]!.nextRequest();
    await s.dras[0]!.send(answer(first, { resultCode: 3004 }));
    await s.dras[0]!.nothingMore();
    await app.nothingMore();
    await s.dras[1]!.send(answer(second));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    await app.nothingMore();
  }),
);

Deno.test(
  "P6 when the last DRA that was asked is lost, the last error that was received is passed on",
  stage({ dras: TWO }, async (s) => {
    const app = await s.app();
    await app.send(request());
    await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest(), { resultCode: 3004 }));
    await s.dras[1]!.nextRequest();
    await s.dras[1]!.close();
    assertEquals((await app.nextAnswer()).resultCode, 3004);
  }),
);

Deno.test(
  "P6 when the DRA that was asked last is lost, an earlier one that is only slow may still answer",
  stage({ dras: TWO, gateway: SHORT }, async (s) => {
    const app = await s.app();
    await app.send(request());
    const first = await s.dras[0]!.nextRequest();
    await s.dras[1]!.nextRequest();
    await s.dras[1]!.close();
    await s.usable(1, false);
    await s.dras[0]!.send(answer(first));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
  }),
);

Deno.test(
  "P8 D2 with two connections to a DRA, a pinned request moves to the other one when its own is lost",
  stage({ dras: TWO, draPool: { connectionsPerDra: 2 }, open: false }, async (s) => {
    const connections = [await s.listeners[0]!.open(), await sibling(s)];
    const app = await s.app();
    await app.send(request({ destinationHost: "dra-1.example.net" }));
    await until(() => connections.some(({ inbox }) => inbox.length > 0), "one of them got it");
    const [first, second] = connections[0]!.inbox.length > 0 ? connections : connections.toReversed();
    await first!.close();
    const again = await second!.nextRequest();
    assertEquals(again.flags, AGAIN);
    await second!.send(answer(again));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
  }),
);

Deno.test(
  "P15 with two connections to a DRA, after silence or an error a request does not go to the other one",
  stage(
    { draPool: { connectionsPerDra: 2 }, open: false, gateway: { answerTimeout: 60, requestTimeout: 250 } },
    async (s) => {
      const connections = [await s.listeners[0]!.open(), await sibling(s)];
      const app = await s.app();
      const receiver = async () => {
        await until(() => connections.some(({ inbox }) => inbox.length > 0), "one of them got it");
        return connections[0]!.inbox.length > 0 ? connections[0]! : connections[1]!;
      };
      await app.send(request());
      const first = await receiver();
      await first.send(answer(await first.nextRequest(), { resultCode: 3004 }));
      assertEquals((await app.nextAnswer()).resultCode, 3004);
      await app.send(request());
      await (await receiver()).nextRequest();
      assertStringIncludes((await app.nextAnswer()).text(AVP.errorMessage)!, "1 attempt");
      for (const connection of connections) await connection.nothingMore();
    },
  ),
);

Deno.test(
  "D4 when the higher priority is back, new requests go there at once; running ones stay where they are",
  stage({ dras: TWO, draPool: { reopenWatchdogs: 0 } }, async (s) => {
    const app = await s.app();
    await s.dras[0]!.close();
    await s.usable(0, false);
    await app.send(request());
    const running = await s.dras[1]!.nextRequest();
    const back = await s.reopened(0);
    await s.usable(0);
    await app.send(request());
    await back.nextRequest();
    await s.dras[1]!.nothingMore();
    await s.dras[1]!.send(answer(running));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    assertEquals(s.eventsOf("failover").length, 1);
    assertEquals(s.eventsOf("failback").map(({ from, to }) => [from, to]), [[2, 1]]);
    const { failover_count, failback_count, active_priority } = s.gateway.statistics;
    assertEquals([failover_count, failback_count, active_priority], [1, 1, 1]);
  }),
);

Deno.test(
  "D4 failback_delay holds nothing back when nobody else works",
  stage({ dras: TWO, draPool: { reopenWatchdogs: 0, failbackDelay: 60_000 } }, async (s) => {
    const app = await s.app();
    await s.dras[0]!.close();
    await s.usable(0, false);
    const back = await s.reopened(0);
    await s.usable(0);
    await s.listeners[1]!.close();
    await s.usable(1, false);
    await app.send(request());
    await back.nextRequest();
  }),
);

Deno.test(
  "D5 the same request twice, with T or without, is two requests",
  stage({}, async (s) => {
    const app = await s.app();
    for (const flags of [REQUEST, AGAIN]) {
      const bytes = request({ flags });
      await app.send(bytes, bytes);
      const relayed = [await s.dra.nextRequest(), await s.dra.nextRequest()];
      assert(relayed[0]!.hopByHop !== relayed[1]!.hopByHop);
      for (const message of relayed) await s.dra.send(answer(message));
      await app.nextAnswer();
      await app.nextAnswer();
    }
  }),
);

Deno.test(
  "D6 requests of a lost DRA are spread over the next priority by weight, and none takes more than max_in_flight",
  stage({
    dras: [{ priority: 1, weight: 100 }, { priority: 2, weight: 50 }, { priority: 2, weight: 50 }],
    draPool: { maxInFlight: 15 },
  }, async (s) => {
    const app = await s.app();
    await app.send(...Array.from({ length: 15 }, () => request()));
    for (let i = 0; i < 15; i++) await s.dras[0]!.nextRequest();
    // Room for ten more there, and for ten here.
    for (const i of [1, 2]) {
      await app.send(...Array.from({ length: 10 }, () => request({ destinationHost: `dra-${i + 1}.example.net` })));
      for (let n = 0; n < 10; n++) await s.dras[i]!.nextRequest();
    }
    await s.dras[0]!.close();
    for (let i = 0; i < 5; i++) assertEquals((await app.nextAnswer()).resultCode, 3002);
    for (const i of [1, 2]) {
      for (let n = 0; n < 5; n++) assertEquals((await s.dras[i]!.nextRequest()).flags, AGAIN);
      await s.dras[i]!.nothingMore();
    }
    await app.nothingMore();
  }),
);
