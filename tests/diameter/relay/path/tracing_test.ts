/** What the ring of recent transactions holds of what goes through a gateway. */
import { assert, assertEquals } from "@std/assert";
import { COMMAND } from "../../../../src/diameter/wire/command_codes.ts";
import { FLAG } from "../../../../src/diameter/wire/header.ts";
import { messagesOf, type Transaction, transactionsOf } from "../../../../src/ops/trace/mod.ts";
import { TraceRing } from "../../../../src/ops/trace/trace_ring.ts";
import { type Stage, stage, type StageOptions } from "../../../compliance/stage.ts";
import { answer, RawMessage, request } from "../../../support/raw_message.ts";
import { until } from "../../../support/until.ts";

const TWO = [{}, { priority: 2 }] as const;

/** A stage whose gateway is traced. */
function traced(options: StageOptions, play: (s: Stage, ring: TraceRing) => Promise<void>): () => Promise<void> {
  return async () => {
    const ring = new TraceRing({ maxBytes: 1 << 20, sample: "auto", bodies: true });
    await stage({ ...options, trace: ring }, (s) => play(s, ring))();
  };
}

/** The one transaction that there is, once it has ended. */
async function ended(ring: TraceRing): Promise<Transaction> {
  let found: readonly Transaction[] = [];
  await until(async () => {
    found = (await transactionsOf(ring, {})).transactions;
    return found.length > 0 && found.every(({ duration_ms: duration }) => duration !== null);
  }, "it has ended");
  assertEquals(found.length, 1);
  return found[0]!;
}

/** Its attempts, and how each ended. */
function outcomes({ attempts }: Transaction): string[] {
  return attempts.map(({ dra, outcome }) => `${dra} ${outcome}`);
}

/** Its messages: which way, whose, and the octets. */
async function messages(ring: TraceRing): Promise<{ way: string; bytes: Uint8Array }[]> {
  const found = [];
  for await (const { connection, sent, bytes } of messagesOf(ring, {})) {
    found.push({ way: `${sent ? "to" : "from"} ${connection.side} ${connection.name}`, bytes });
  }
  return found;
}

Deno.test(
  "an answered request is recorded with both ids, its attempt, and the four messages as they were on the wire",
  traced({}, async (s, ring) => {
    const app = await s.app();
    const sent = request({ session: "app;1;2" });
    await app.send(sent);
    const relayed = await s.dra.nextRequest();
    const reply = answer(relayed);
    await s.dra.send(reply);
    const delivered = await app.nextAnswer();
    const one = await ended(ring);
    assertEquals([one.app, one.dra, one.direction], ["app.example.net", "dra-1", "app_to_dra"]);
    assertEquals([one.application, one.command, one.session_id], [16777252, 324, "app;1;2"]);
    assertEquals([one.app_hop_by_hop, one.dra_hop_by_hop], [new RawMessage(sent).hopByHop, relayed.hopByHop]);
    assertEquals([one.end_to_end, one.reason, one.result_code], [relayed.header.endToEnd, null, 2001]);
    assertEquals(outcomes(one), ["dra-1 answered"]);
    assertEquals(await messages(ring), [
      { way: "from app app.example.net", bytes: sent },
      { way: "to dra dra-1", bytes: relayed.bytes },
      { way: "from dra dra-1", bytes: reply },
      { way: "to app app.example.net", bytes: delivered.bytes },
    ]);
  }),
);

Deno.test(
  "a failover after silence shows which DRA was silent, which one answered, and the request as each got it",
  traced({ dras: TWO, gateway: { answerTimeout: 100 } }, async (s, ring) => {
    const app = await s.app();
    await app.send(request());
    const first = await s.dra.nextRequest();
    const second = await s.dras[1]!.nextRequest();
    await s.dras[1]!.send(answer(second));
    await app.nextAnswer();
    const one = await ended(ring);
    assertEquals(outcomes(one), ["dra-1 timeout", "dra-2 answered"]);
    assertEquals([one.dra, one.dra_hop_by_hop], ["dra-2", second.hopByHop]);
    const sent = (await messages(ring)).filter(({ way }) => way.startsWith("to dra"));
    assertEquals(sent.map(({ bytes }) => bytes), [first.bytes, second.bytes]);
    assert((second.flags & FLAG.retransmitted) !== 0);
  }),
);

Deno.test(
  "a late answer is told of the DRA that gave it, not of the one that was asked after it",
  traced({ dras: TWO, gateway: { answerTimeout: 100 } }, async (s, ring) => {
    const app = await s.app();
    await app.send(request());
    const first = await s.dra.nextRequest();
    await s.dras[1]!.nextRequest();
    await s.dra.send(answer(first));
    await app.nextAnswer();
    assertEquals(outcomes(await ended(ring)), ["dra-1 answered", "dra-2 null"]);
  }),
);

Deno.test(
  "an error answer after which another DRA is asked is recorded, with what it said",
  traced({ dras: TWO }, async (s, ring) => {
    const app = await s.app();
    await app.send(request());
    const error = answer(await s.dra.nextRequest(), { resultCode: 3004 });
    await s.dra.send(error);
    await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest()));
    await app.nextAnswer();
    const one = await ended(ring);
    assertEquals([outcomes(one), one.result_code], [["dra-1 error_answer", "dra-2 answered"], 2001]);
    const ways = await messages(ring);
    assertEquals(ways[2], { way: "from dra dra-1", bytes: error });
    assertEquals(ways.length, 6);
  }),
);

Deno.test(
  "an error answer that nothing better followed is recorded as the answer, and the silent DRA as silent",
  traced({ dras: TWO, gateway: { requestTimeout: 300 } }, async (s, ring) => {
    const app = await s.app();
    await app.send(request());
    await s.dra.send(answer(await s.dra.nextRequest(), { resultCode: 3004 }));
    const delivered = await app.nextAnswer();
    const one = await ended(ring);
    assertEquals([outcomes(one), one.result_code], [["dra-1 error_answer", "dra-2 timeout"], 3004]);
    assertEquals((await messages(ring)).at(-1), { way: "to app app.example.net", bytes: delivered.bytes });
  }),
);

Deno.test(
  "a request that nobody answered in time ends with the reason and the answer of this node",
  traced({ gateway: { requestTimeout: 100 } }, async (s, ring) => {
    const app = await s.app();
    await app.send(request());
    const delivered = await app.nextAnswer();
    const one = await ended(ring);
    assertEquals([outcomes(one), one.reason, one.result_code], [["dra-1 timeout"], "timeout", 3002]);
    assertEquals((await messages(ring)).at(-1), { way: "to app app.example.net", bytes: delivered.bytes });
  }),
);

Deno.test(
  "a request whose DRA was lost ends with that as the reason",
  traced({}, async (s, ring) => {
    const app = await s.app();
    await app.send(request());
    await s.dra.nextRequest();
    await s.dra.close();
    await app.nextAnswer();
    const one = await ended(ring);
    assertEquals([outcomes(one), one.reason], [["dra-1 lost"], "connection_lost"]);
  }),
);

Deno.test(
  "a request that was refused reached no DRA, and is recorded with its answer and why",
  traced({}, async (s, ring) => {
    const app = await s.app();
    const sent = request({ session: "app;9;9", routeRecords: ["gw.example.net"] });
    await app.send(sent);
    const delivered = await app.nextAnswer();
    const one = await ended(ring);
    assertEquals([one.dra, one.attempts, one.reason, one.result_code], [null, [], "loop", 3005]);
    assertEquals(one.session_id, "app;9;9");
    assertEquals((await messages(ring)).map(({ bytes }) => bytes), [sent, delivered.bytes]);
  }),
);

Deno.test(
  "a request that went to the second DRA, or to none, is recorded with why: who was left out, and for what",
  traced({ dras: TWO, gateway: { errorDetail: "none" } }, async (s, ring) => {
    const app = await s.app();
    const disabled = { dra: "dra-1", reason: "is disabled by its operator" };
    const leaves = async (nth: number) => {
      const left = s.gateway.setEnabled(`dra-${nth}`, false);
      await s.dras[nth - 1]!.answerPeerRequest(COMMAND.disconnectPeer);
      await left;
    };
    await leaves(1);
    await app.send(request());
    await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest()));
    await app.nextAnswer();
    const { choice, explanation } = await ended(ring);
    assertEquals([choice, explanation], [{ why: "priority 2", left_out: [disabled] }, null]);
    await leaves(2);
    await app.send(request());
    await app.nextAnswer();
    const [refused] = (await transactionsOf(ring, {})).transactions;
    assertEquals(refused?.choice, {
      why: "no DRA could be asked",
      left_out: [disabled, { ...disabled, dra: "dra-2" }],
    });
    // Logic Apps are told nothing of it.
    assertEquals(
      refused?.explanation,
      "no route: dra-1 is disabled by its operator; dra-2 is disabled by its operator",
    );
  }),
);

Deno.test(
  "a request whose Logic App has left is recorded as abandoned once its answer comes",
  traced({}, async (s, ring) => {
    const app = await s.app();
    await app.send(request());
    const relayed = await s.dra.nextRequest();
    await app.close();
    await until(() => s.gateway.statistics.sessions_abandoned === 1, "it is gone");
    await s.dra.send(answer(relayed));
    const one = await ended(ring);
    assertEquals([outcomes(one), one.reason, one.result_code], [["dra-1 answered"], "abandoned", null]);
    assertEquals((await messages(ring)).length, 3);
  }),
);

Deno.test(
  "a request of a DRA is recorded the other way round, answered or not",
  traced({ gateway: { requestTimeout: 300 } }, async (s, ring) => {
    const app = await s.app();
    const wish = { destinationHost: "app.example.net", destinationRealm: "example.net" };
    await s.dra.send(request(wish));
    const relayed = await app.nextRequest();
    await app.send(answer(relayed));
    await s.dra.nextAnswer();
    const one = await ended(ring);
    assertEquals([one.direction, one.app, one.dra], ["dra_to_app", "app.example.net", "dra-1"]);
    assertEquals([outcomes(one), one.app_hop_by_hop], [["app.example.net answered"], relayed.hopByHop]);
    assertEquals((await messages(ring)).length, 4);
    await s.dra.send(request(wish));
    await app.nextRequest();
    await s.dra.nextAnswer();
    const [silent] = (await transactionsOf(ring, {})).transactions;
    assertEquals([outcomes(silent!), silent?.reason], [["app.example.net timeout"], "timeout"]);
  }),
);

Deno.test(
  "a slot that is used again does not lend its record to a request that is not recorded",
  async () => {
    // One of two: every other request takes the slot of none.
    const ring = new TraceRing({ maxBytes: 1 << 20, sample: 0.5, bodies: false });
    await stage({ trace: ring }, async (s) => {
      const app = await s.app();
      for (let i = 0; i < 10_000; i += 100) {
        await app.send(...Array.from({ length: 100 }, () => request()));
        for (let j = 0; j < 100; j++) await s.dra.send(answer(await s.dra.nextRequest()));
        for (let j = 0; j < 100; j++) await app.nextAnswer();
      }
      const { transactions } = await transactionsOf(ring, {}, { limit: Infinity });
      assertEquals(transactions.length, 5_000);
      for (const one of transactions) assertEquals(outcomes(one), ["dra-1 answered"]);
    })();
  },
);

Deno.test(
  "without a trace a gateway keeps nothing of it",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request());
    const relayed = await s.dra.nextRequest();
    await s.dra.send(answer(relayed));
    await app.nextAnswer();
    assertEquals([...s.gateway.runtime.connections].map(({ traced }) => traced), [undefined, undefined]);
    assertEquals(s.gateway.pool.dras[0]!.links[0]!.table.traceOf(relayed.hopByHop & 0xffff), 0);
  }),
);
