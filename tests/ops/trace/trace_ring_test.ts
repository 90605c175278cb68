import { assert, assertEquals, assertRejects } from "@std/assert";
import { messagesOf, transactionsOf } from "../../../src/ops/trace/trace_reader.ts";
import { createTraceRing, TraceRing } from "../../../src/ops/trace/trace_ring.ts";
import { bytesIn, connectionFacts, piece, TraceStage } from "./stage.ts";

Deno.test("an answered request is shown with everything that was said of it", async () => {
  const { ring, app, east, request, at } = new TraceStage();
  const handle = ring.begun(request({ now: at(0), session: "app1;1;2", hopByHop: 0x80000001, endToEnd: 0xfffffffe }));
  ring.routed(handle, ring.word("imsi"), ring.word("home"));
  const choice = { why: "priority 1", left_out: [{ dra: "dra-west", reason: "is not connected" }] };
  ring.chosen(handle, choice);
  ring.attempt(handle, east, 0x90000002, at(100));
  ring.outcome(handle, ring.word("answered"));
  ring.ended(handle, at(2_500), 2001, 0);
  assertEquals(await transactionsOf(ring, {}), {
    transactions: [{
      id: 1,
      at: "2026-01-02T03:04:05.000Z",
      app: app.name,
      dra: "dra-east",
      direction: "app_to_dra",
      application: 16777252,
      command: 324,
      session_id: "app1;1;2",
      app_hop_by_hop: 0x80000001,
      dra_hop_by_hop: 0x90000002,
      end_to_end: 0xfffffffe,
      route: "imsi",
      pool: "home",
      attempts: [{ dra: "dra-east", at: "2026-01-02T03:04:05.000Z", outcome: "answered" }],
      choice,
      reason: null,
      explanation: null,
      result_code: 2001,
      duration_ms: 2.5,
    }],
    cursor: null,
    sampledOneIn: 1,
  });
});

Deno.test("nothing is recorded any more once nobody can look", async () => {
  for (const sample of ["auto", 0.5] as const) {
    const { ring, request, at } = new TraceStage({ sample });
    ring.begun(request({ now: at(0) }));
    ring.begun(request({ now: at(1) }));
    const { transactions: before } = await transactionsOf(ring, {});
    ring.stop();
    for (let i = 2; i < 20; i++) assertEquals(ring.begun(request({ now: at(i) })), 0);
    assertEquals((await transactionsOf(ring, {})).transactions, before);
  }
});

Deno.test("a failover shows each attempt with its time and how it ended", async () => {
  const { ring, east, west, request, at } = new TraceStage();
  const handle = ring.begun(request({ now: at(0) }));
  ring.attempt(handle, east, 1, at(1_000));
  ring.outcome(handle, ring.word("timeout"));
  ring.attempt(handle, west, 2, at(10_001_000));
  const [pending] = (await transactionsOf(ring, {})).transactions;
  assertEquals(pending?.attempts, [
    { dra: "dra-east", at: "2026-01-02T03:04:05.001Z", outcome: "timeout" },
    { dra: "dra-west", at: "2026-01-02T03:04:15.001Z", outcome: null },
  ]);
  assertEquals([pending?.dra, pending?.dra_hop_by_hop], ["dra-west", 2]);
  assertEquals([pending?.result_code, pending?.duration_ms], [null, null]);
});

Deno.test("a request that was answered here reached no DRA, and has a reason", async () => {
  const { ring, app, request, at } = new TraceStage();
  const handle = ring.begun(request({ now: at(0) }));
  ring.explained(handle, "no route: dra-east is not connected");
  ring.ended(handle, at(50), 3002, ring.word("no_dra"));
  const [one] = (await transactionsOf(ring, {})).transactions;
  assertEquals([one?.choice, one?.explanation], [null, "no route: dra-east is not connected"]);
  assertEquals([one?.app, one?.dra, one?.dra_hop_by_hop, one?.attempts], [app.name, null, null, []]);
  assertEquals([one?.reason, one?.result_code, one?.duration_ms], ["no_dra", 3002, 0.05]);
});

Deno.test("a request of a DRA for a Logic App is shown the other way round", async () => {
  const { ring, app, east, request, at } = new TraceStage();
  const handle = ring.begun(request({ now: at(0), connection: east, hopByHop: 7 }));
  ring.attempt(handle, app, 8, at(10));
  ring.ended(handle, at(20), 2001, 0);
  const [one] = (await transactionsOf(ring, {})).transactions;
  assertEquals(
    [one?.direction, one?.app, one?.dra, one?.app_hop_by_hop, one?.dra_hop_by_hop],
    ["dra_to_app", app.name, "dra-east", 8, 7],
  );
});

Deno.test("an answer without a code, or whose requester left, has no result code", async () => {
  const { ring, request, at } = new TraceStage();
  ring.ended(ring.begun(request({ now: at(0) })), at(9), 0, ring.word("abandoned"));
  const [one] = (await transactionsOf(ring, {})).transactions;
  assertEquals([one?.result_code, one?.reason, one?.duration_ms], [null, "abandoned", 0.009]);
});

Deno.test("filters leave what fits all of them", async () => {
  const { ring, app, east, west, request, at } = new TraceStage();
  const other = ring.opened(connectionFacts("app2.example.com", "app", 2));
  const say = (nth: number, connection = app, targets = [east], code = 2001) => {
    const handle = ring.begun(request({ now: at(nth * 1000), session: `s;${nth}`, connection, endToEnd: nth }));
    for (const target of targets) ring.attempt(handle, target, nth, at(nth * 1000));
    if (code !== 0) ring.ended(handle, at(nth * 1000 + 1), code, 0);
  };
  say(1);
  say(2, other, [east, west]);
  say(3, app, [west], 5012);
  say(4, other, [], 3002);
  say(5, app, [east], 0);
  say(6, east, [app]);
  const found = async (filter: Parameters<typeof transactionsOf>[1]) =>
    (await transactionsOf(ring, filter)).transactions.map(({ end_to_end }) => end_to_end);
  assertEquals(await found({}), [6, 5, 4, 3, 2, 1]);
  assertEquals(await found({ session: "s;3" }), [3]);
  assertEquals(await found({ session: "s;" }), []);
  assertEquals(await found({ app: app.name }), [6, 5, 3, 1]);
  assertEquals(await found({ app: "dra-east" }), []);
  assertEquals(await found({ dra: "dra-east" }), [6, 5, 2, 1]);
  assertEquals(await found({ dra: "dra-west" }), [3, 2]);
  assertEquals(await found({ dra: "nobody" }), []);
  assertEquals(await found({ code: 2001 }), [6, 2, 1]);
  assertEquals(await found({ code: 0 }), []);
  assertEquals(await found({ code: 2001, dra: "dra-west", app: other.name }), [2]);
});

Deno.test("pages go on where the one before ended, whatever comes meanwhile", async () => {
  const { ring, request, at } = new TraceStage();
  const say = (nth: number) => ring.begun(request({ now: at(nth), endToEnd: nth }));
  for (let i = 1; i <= 5; i++) say(i);
  const first = await transactionsOf(ring, {}, { limit: 2 });
  say(6);
  const second = await transactionsOf(ring, {}, { limit: 2, cursor: first.cursor! });
  const third = await transactionsOf(ring, {}, { limit: 2, cursor: second.cursor! });
  assertEquals(
    [first, second, third].map(({ transactions }) => transactions.map(({ end_to_end }) => end_to_end)),
    [[5, 4], [3, 2], [1]],
  );
  assertEquals(third.cursor, null);
  assertEquals((await transactionsOf(ring, {}, { limit: 6 })).cursor, null);
});

for (const cursor of ["", "x", "-1", "1.5", "99999999999", "4294967296"]) {
  Deno.test(`the cursor "${cursor}" is refused`, async () => {
    const { ring } = new TraceStage();
    await assertRejects(() => transactionsOf(ring, {}, { cursor }), RangeError, "cursor of an earlier answer");
  });
}

Deno.test("the oldest transactions are overwritten, whole, and late news of them is ignored", async () => {
  const { ring, app, east, request, at } = new TraceStage({ maxBytes: 64 * 1024 });
  const handles: number[] = [];
  for (let i = 0; i < 3_000; i++) {
    const handle = ring.begun(request({ now: at(i * 200), endToEnd: i, session: `s;${i}`, size: 100 + i % 50 }));
    handles.push(handle);
    ring.attempt(handle, east, i, at(i * 200 + 10));
    ring.sent(handle, east, at(i * 200 + 10), piece(100, i));
    // Answers come much later than other requests, in another order, for many of which nothing is
    // left.
    const late = handles[(i * 7) % handles.length]!;
    ring.received(late, east, at(i * 200 + 20), piece(60, i));
    ring.outcome(late, ring.word("answered"));
    ring.ended(late, at(i * 200 + 20), 2001, 0);
  }
  const { transactions } = await transactionsOf(ring, {}, { limit: 10_000 });
  assert(transactions.length > 50, `${transactions.length} are left`);
  assertEquals(
    transactions.map((
      { end_to_end, session_id, app: name, attempts },
    ) => [end_to_end, session_id, name, attempts.length]),
    transactions.map((_, i) => [2_999 - i, `s;${2_999 - i}`, app.name, 1]),
  );
});

Deno.test("what is overwritten while somebody reads is left out, and nothing is mixed up", async () => {
  const { ring, east, request, at } = new TraceStage({ maxBytes: 256 * 1024 });
  let nth = 0;
  const say = () => {
    const handle = ring.begun(request({ now: at(nth * 200), endToEnd: nth, session: `s;${nth}` }));
    ring.attempt(handle, east, nth, at(nth * 200));
    ring.ended(handle, at(nth * 200), 2001, 0);
    nth++;
  };
  while (nth < 2_000) say();
  let now = 0;
  const pace = {
    now: () => now += 1,
    pause: () => {
      for (let i = 0; i < 200; i++) say();
      return Promise.resolve();
    },
  };
  const { transactions } = await transactionsOf(ring, {}, { limit: 10_000, pace });
  assert(nth > 2_000 && transactions.length > 100 && transactions.length < 1_000, `${transactions.length} of ${nth}`);
  assertEquals(
    transactions.map(({ end_to_end, session_id, dra_hop_by_hop }) => [end_to_end, session_id, dra_hop_by_hop]),
    transactions.map((_, i) => [1_999 - i, `s;${1_999 - i}`, 1_999 - i]),
  );
});

Deno.test("messages are copied as they are, with connection, way and time", async () => {
  const { ring, app, east, request, at } = new TraceStage();
  const handle = ring.begun(request({ now: at(0), size: 1500 }));
  ring.attempt(handle, east, 1, at(40));
  ring.sent(handle, east, at(40), piece(300, 1));
  ring.received(handle, east, at(900), piece(301, 2));
  ring.sent(handle, app, at(950), piece(0, 3));
  // Also from where no word begins.
  ring.received(handle, east, at(960), piece(77, 4, 13));
  const messages = await Array.fromAsync(messagesOf(ring, {}));
  const start = Date.parse("2026-01-02T03:04:05Z");
  assertEquals(messages.map(({ at, connection, sent }) => [(at - start).toFixed(3), connection.name, sent]), [
    ["0.000", app.name, false],
    ["0.040", east.name, true],
    ["0.900", east.name, false],
    ["0.950", app.name, true],
    ["0.960", east.name, false],
  ]);
  assertEquals(messages.map(({ bytes }) => bytes.length), [1500, 300, 301, 0, 77]);
  assertEquals(
    [1, 2, 4].map((nth) => messages[nth]?.bytes),
    [piece(300, 1), piece(301, 2), piece(77, 4, 13)].map(bytesIn),
  );
});

Deno.test("messages are read once and in order wherever the memory ends, and however fast it is written meanwhile", async () => {
  for (const burst of [0, 1, 7, 60]) {
    for (let before = 0; before < 200; before++) {
      const { ring, request, at } = new TraceStage({ maxBytes: 16 * 1024 });
      let nth = 0;
      const say = () => {
        const { block, ...rest } = request({ now: at(nth * 100), size: 60 + nth % 90 });
        block.view.setUint32(rest.at, ++nth);
        ring.begun({ block, ...rest });
      };
      for (let i = 0; i < 200 + before; i++) say();
      const last = nth;
      let now = 0;
      const pace = {
        now: () => now += 1,
        pause: () => {
          for (let i = 0; i < burst; i++) say();
          return Promise.resolve();
        },
      };
      const seen: number[] = [];
      for await (const { bytes } of messagesOf(ring, {}, Infinity, pace)) {
        seen.push(new DataView(bytes.buffer).getUint32(0));
        assert(seen.length <= 200, "it does not end");
      }
      assertEquals(seen, [...new Set(seen)].sort((a, b) => a - b), "each once, in order");
      assert(seen.every((one) => one <= last), "none that came later");
      if (burst < 7) assertEquals(seen.at(-1), last);
    }
  }
});

Deno.test("without bodies nothing is copied but the session id", async () => {
  const { ring, east, request, at } = new TraceStage({ bodies: false });
  const handle = ring.begun(request({ now: at(0), session: "s;1" }));
  ring.attempt(handle, east, 1, at(1));
  ring.sent(handle, east, at(1), piece(300, 1));
  assertEquals(await Array.fromAsync(messagesOf(ring, {})), []);
  assertEquals((await transactionsOf(ring, { session: "s;1" })).transactions.length, 1);
});

Deno.test("a message too large for the ring is left out, its transaction is not", async () => {
  const { ring, east, request, at } = new TraceStage({ maxBytes: 64 * 1024 });
  const handle = ring.begun(request({ now: at(0), size: 10_000 }));
  ring.sent(handle, east, at(1), piece(100, 1));
  assertEquals((await Array.fromAsync(messagesOf(ring, {}))).map(({ sent }) => sent), [true]);
  assertEquals((await transactionsOf(ring, {})).transactions.length, 1);
});

Deno.test("requests that are not recorded have the handle 0, for which nothing is written", async () => {
  const { ring, east, request, at } = new TraceStage({ sample: 0.5 });
  const handles = [0, 1, 2, 3].map((nth) => ring.begun(request({ now: at(nth), endToEnd: nth })));
  assertEquals(handles.map((handle) => handle > 0), [false, true, false, true]);
  for (const handle of handles) {
    ring.routed(handle, 1, 1);
    ring.attempt(handle, east, 1, at(5));
    ring.outcome(handle, ring.word("answered"));
    ring.ended(handle, at(5), 2001, 0);
  }
  const { transactions, sampledOneIn } = await transactionsOf(ring, {});
  assertEquals(transactions.map(({ end_to_end, attempts }) => [end_to_end, attempts.length]), [[3, 1], [1, 1]]);
  assertEquals(sampledOneIn, 2);
});

Deno.test("a page says the smallest share that its transactions were recorded with", async () => {
  const { ring, request, at } = new TraceStage({ sample: 0.3 });
  for (let i = 0; i < 20; i++) ring.begun(request({ now: at(i) }));
  assertEquals((await transactionsOf(ring, {})).sampledOneIn, 3.3333);
});

for (const bodies of [true, false]) {
  Deno.test(`a closed connection is known as long as the ring speaks of it, and no longer, ${bodies ? "with" : "without"} bodies`, async () => {
    const { ring, request, at } = new TraceStage({ maxBytes: 64 * 1024, bodies });
    for (let i = 0; i < 2_000; i++) {
      const app = ring.opened(connectionFacts(`app-${i}`, "app", i));
      if (i % 2 === 0) ring.begun(request({ now: at(i), connection: app, endToEnd: i }));
      ring.closed(app);
    }
    const { transactions } = await transactionsOf(ring, {}, { limit: 10_000 });
    assertEquals(transactions.map(({ app }) => app), transactions.map(({ end_to_end }) => `app-${end_to_end}`));
    assert(ring.connections.size < 1_000, `${ring.connections.size} connections are kept`);
  });
}

Deno.test("a DRA whose connection closed is named in what it was sent last, long after it was asked first", async () => {
  const { ring, request, at } = new TraceStage({ maxBytes: 64 * 1024 });
  const dra = ring.opened(connectionFacts("dra-north", "dra", 9));
  for (let i = 0; i < 2_000; i++) ring.begun(request({ now: at(i) }));
  ring.attempt(ring.begun(request({ now: at(2_000), endToEnd: 7 })), dra, 1, at(2_000));
  ring.closed(dra);
  ring.closed(ring.opened(connectionFacts("app", "app", 1)));
  assertEquals((await transactionsOf(ring, { dra: "dra-north" })).transactions.map(({ end_to_end }) => end_to_end), [
    7,
  ]);
});

Deno.test("a storm of connections without a request leaves nothing behind", () => {
  const { ring } = new TraceStage();
  const before = ring.connections.size;
  for (let i = 0; i < 10_000; i++) ring.closed(ring.opened(connectionFacts("app", "app", i)));
  assertEquals(ring.connections.size, before);
});

Deno.test("times stay right over an hour without traffic, and over a wall clock that is set", async () => {
  const { ring, request, clock } = new TraceStage();
  const times = async () => (await transactionsOf(ring, {}, { limit: 1 })).transactions[0]?.at;
  ring.begun(request({ now: 0 }));
  // Two rounds of the 32 bit clock, and one millisecond.
  clock.wall += 2 * 2 ** 32 / 1000 + 1;
  ring.begun(request({ now: 1000 }));
  assertEquals(await times(), new Date(clock.wall).toISOString());
  clock.wall -= 86_400_000;
  ring.begun(request({ now: 2000 }));
  assertEquals(await times(), new Date(clock.wall).toISOString());
});

Deno.test("texts above the bound are called other", () => {
  const ring = new TraceRing({ maxBytes: 4096, sample: "auto", bodies: false });
  const numbers = new Set(Array.from({ length: 10_000 }, (_, i) => ring.word(`route-${i}`)));
  assert(numbers.size <= 4096, `${numbers.size}`);
  assertEquals(ring.words.text(ring.word("route-9999")), "other");
  assertEquals(ring.words.text(ring.word("route-17")), "route-17");
});

for (const off of [{ maxBytes: 0 }, { sample: 0 }]) {
  Deno.test(`with ${JSON.stringify(off)} there is no ring`, () => {
    assertEquals(createTraceRing({ maxBytes: 1 << 20, sample: "auto", bodies: true, ...off }), undefined);
  });
}
