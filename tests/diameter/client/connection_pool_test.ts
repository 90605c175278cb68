import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { ConnectionPool } from "../../../src/diameter/client/connection_pool.ts";
import {
  ConnectionClosedError,
  ConnectionFailedError,
  HandshakeFailedError,
  InvalidConfigError,
  PoolClosedError,
  QueueFullError,
} from "../../../src/diameter/client/errors.ts";
import { EncodeError, encodeMessage } from "../../../src/diameter/wire/codec.ts";
import { COMMAND } from "../../../src/diameter/wire/command_codes.ts";
import { readHeader } from "../../../src/diameter/wire/header.ts";
import { freePort } from "../../support/free_port.ts";
import { answer, cea, peerAnswer, peerRequest, request } from "../../support/raw_message.ts";
import { until } from "../../support/until.ts";
import { DRA, NAMES, QUICK, watch, withDra, withPool } from "./support.ts";

const { test } = Deno;

test("each connection exchanges capabilities, and requests go to them in turn", async () => {
  await withPool({ connections: 3 }, async ({ pool, peers }) => {
    const calls = Array.from({ length: 6 }, () => pool.request(request()));
    for (const peer of peers) {
      for (let i = 0; i < 2; i++) await peer.send(answer(await peer.nextRequest()));
      await peer.nothingMore();
    }
    assertEquals((await Promise.all(calls)).map((one) => one.result), Array(6).fill({ code: 2001, vendor: 0 }));
    assertEquals(pool.peer?.originHost, "dra.core.example.net");
    assertEquals(pool.statistics.connections.map((one) => [one.messagesSent, one.state]), Array(3).fill([2, "OPEN"]));
  });
});

test("the CER says who the client is, and S13 unless told otherwise", async () => {
  await withDra(async (dra) => {
    const pool = new ConnectionPool({ host: "127.0.0.1", port: dra.port, connections: 1, dprTimeout: 20, ...NAMES });
    const started = pool.start();
    const peer = await dra.accept();
    const cer = await peer.acceptCapabilities();
    await started;
    assertEquals([cer.text(264), cer.text(296), cer.text(269), cer.number(266)], [
      "client.example.net",
      "example.net",
      "diam-gw",
      10415,
    ]);
    assertEquals(cer.find(260)?.data.at(-1), 16777252 & 0xff);
    await pool.close();
  });
});

test("hop-by-hop ids are unique on the wire; the answer has that of the caller", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    const bytes = request({ hopByHop: 7, endToEnd: 8 });
    const calls = [pool.request(bytes), pool.request(bytes)];
    // It was copied: what becomes of it now does not matter.
    bytes.fill(0);
    const seen = [await peer!.nextRequest(), await peer!.nextRequest()];
    assertEquals(seen.map((one) => one.endToEnd), [8, 8]);
    assert(seen[0]!.hopByHop !== seen[1]!.hopByHop);
    // In reverse order: each finds its own.
    await peer!.send(answer(seen[1]!, { resultCode: 5012 }), answer(seen[0]!));
    const answers = await Promise.all(calls);
    assertEquals(answers.map((one) => one.result?.code), [2001, 5012]);
    assertEquals(answers.map((one) => [one.header.hopByHop, one.header.endToEnd]), [[7, 8], [7, 8]]);
  });
});

test("keepIds leaves the hop-by-hop id as it is, once at a time", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    const call = pool.request(request({ hopByHop: 77 }), { keepIds: true });
    await assertRejects(() => pool.request(request({ hopByHop: 77 }), { keepIds: true }), RangeError, "77");
    const seen = await peer!.nextRequest();
    assertEquals(seen.hopByHop, 77);
    await peer!.send(answer(seen));
    assertEquals((await call).header.hopByHop, 77);
  });
});

test("a message given by names gets an end-to-end id of its own", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    const message = { command: "ECR", avps: { "Session-Id": "a;1;2", "Origin-Host": "a" } };
    const calls = [pool.request(message), pool.request(message), pool.request({ ...message, endToEnd: 5 })];
    const seen = [await peer!.nextRequest(), await peer!.nextRequest(), await peer!.nextRequest()];
    assertEquals(new Set(seen.map((one) => one.endToEnd)).size, 3);
    assertEquals(seen[2]!.endToEnd, 5);
    for (const one of seen) await peer!.send(answer(one));
    await Promise.all(calls);
  });
});

test("send resolves when the message is written, and its answer belongs to nothing", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    await Promise.all([pool.send(request({ session: "one" })), pool.send(request({ session: "two" }))]);
    const seen = [await peer!.nextRequest(), await peer!.nextRequest()];
    assertEquals(seen.map((one) => one.text(263)), ["one", "two"]);
    await peer!.send(answer(seen[0]!));
    await until(() => pool.statistics.unmatchedAnswers === 1, "the answer came");
  });
});

const UNSENDABLE: [what: string, message: Uint8Array, error: typeof RangeError | typeof TypeError, text: string][] = [
  ["no message", new Uint8Array(3), RangeError, "Cannot send 3 bytes"],
  [
    "half a message",
    request().subarray(0, 40),
    RangeError,
    "Cannot send 40 bytes as one message: the length at byte 1",
  ],
  ["another version", request().map((octet, i) => i === 0 ? 2 : octet), RangeError, "version 2"],
  ["a DWR", peerRequest({ host: "a", realm: "b" }), TypeError, "Cannot send command 280"],
  ["an answer", encodeMessage({ command: "ECA", avps: {} }), TypeError, "the R flag at byte 4 is clear"],
];

for (const [what, message, error, text] of UNSENDABLE) {
  test(`request is rejected when it is given ${what}`, async () => {
    await withPool({}, async ({ pool, peers: [peer] }) => {
      await assertRejects(() => pool.request(message), error, text);
      await peer!.nothingMore();
    });
  });
}

test("request is rejected when a value does not suit its AVP", async () => {
  await withPool({}, async ({ pool }) => {
    const error = await assertRejects(
      () => pool.request({ command: "ECR", avps: { "Auth-Session-State": 2 ** 40 } }),
      EncodeError,
      "AVP Auth-Session-State (277)",
    );
    assertEquals(error.path, "Auth-Session-State");
  });
});

test("an aborted request is rejected with the reason of its signal, and its answer is late", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    const controller = new AbortController();
    const call = pool.request(request(), { signal: controller.signal });
    const seen = await peer!.nextRequest();
    const reason = new Error("changed my mind");
    controller.abort(reason);
    assertEquals(await call.catch((error) => error), reason);
    assertEquals(pool.statistics.pending, 0);
    await peer!.send(answer(seen));
    await until(() => pool.statistics.unmatchedAnswers === 1, "the late answer came");
    assertEquals(await pool.request(request(), { signal: controller.signal }).catch((error) => error), reason);
    await peer!.nothingMore();
  });
});

test("a request without an answer in time is rejected with a TimeoutError; others go on", async () => {
  await withPool({ requestTimeout: 5_000 }, async ({ pool, peers: [peer] }) => {
    const patient = pool.request(request());
    const seen = await peer!.nextRequest();
    const error = await assertRejects(() => pool.request(request(), { timeout: 20 }), DOMException, "No answer from");
    assertEquals(error.name, "TimeoutError");
    await peer!.send(answer(seen));
    assertEquals((await patient).result?.code, 2001);
    assertEquals([pool.statistics.timeouts, pool.statistics.pending], [1, 0]);
  });
});

test("a signal that times out ends a request too", async () => {
  await withPool({}, async ({ pool }) => {
    const error = await pool.request(request(), { signal: AbortSignal.timeout(10) }).catch((error) => error);
    assertEquals([error instanceof DOMException, error.name], [true, "TimeoutError"]);
  });
});

test("close takes leave with a DPR that speaks of no reboot, and rejects what is pending and what comes after", async () => {
  await withPool({ dprTimeout: 5_000 }, async ({ pool, peers: [peer] }) => {
    const call = watch([pool.request(request())]);
    await peer!.nextRequest();
    const closing = pool.close();
    const dpr = await peer!.answerPeerRequest(COMMAND.disconnectPeer);
    assertEquals(dpr.number(273), 2);
    await closing;
    await peer!.nextEnd();
    assert(call.failed[0] instanceof PoolClosedError, String(call.failed[0]));
    await assertRejects(() => pool.request(request()), PoolClosedError, "The pool is closed");
    await assertRejects(() => pool.send(request()), PoolClosedError);
    await assertRejects(() => pool.start(), PoolClosedError);
    await pool.close();
  });
});

test("close waits for pending requests if it is told to", async () => {
  await withPool({ dprTimeout: 5_000 }, async ({ pool, peers: [peer] }) => {
    const call = pool.request(request());
    const seen = await peer!.nextRequest();
    const closing = pool.close({ drain: 5_000 });
    await assertRejects(() => pool.request(request()), PoolClosedError);
    await peer!.send(answer(seen));
    assertEquals((await call).result?.code, 2001);
    await peer!.answerPeerRequest(COMMAND.disconnectPeer);
    await closing;
  });
});

test("an answer that comes while the client takes its leave still counts", async () => {
  await withPool({ dprTimeout: 5_000 }, async ({ pool, peers: [peer] }) => {
    const call = pool.request(request());
    const seen = await peer!.nextRequest();
    const closing = pool.close();
    await peer!.send(answer(seen));
    await peer!.answerPeerRequest(COMMAND.disconnectPeer);
    assertEquals((await call).result?.code, 2001);
    await closing;
  });
});

test("a lost connection rejects its own requests only, and is opened again", async () => {
  await withPool({ connections: 2, reconnect: QUICK }, async ({ pool, peers, dra, events }) => {
    const calls = [pool.request(request()), pool.request(request())];
    const [first, second] = [await peers[0]!.nextRequest(), await peers[1]!.nextRequest()];
    const seen = watch(calls);
    await peers[0]!.close();
    await until(() => seen.settled === 1, "one is rejected");
    const [error] = seen.failed as [ConnectionClosedError];
    assert(error instanceof ConnectionClosedError);
    assertEquals([error.address, error.reason], [`127.0.0.1:${dra.port}`, "the peer closed it"]);
    await peers[1]!.send(answer(second));
    assertEquals((await calls[1]!).result?.code, 2001);
    assert(first.hopByHop !== 0);

    const again = await dra.open();
    await until(() => pool.health.openConnections === 2, "both are open");
    const { statistics } = pool;
    assertEquals([statistics.reconnects, statistics.connections.map((one) => one.reconnects)], [1, [1, 0]]);
    assertStringIncludes(statistics.connections[0]!.lastError, "the peer closed it");
    assertEquals(events.filter(({ kind }) => kind !== "state").map(({ kind }) => kind), ["up", "up", "down", "up"]);
    const states = events.flatMap((one) => one.kind === "state" && one.connection === 0 ? [one.to] : []);
    assertEquals(states, [
      "CONNECTING",
      "CER_SENT",
      "OPEN",
      "FAILED",
      "RECONNECTING",
      "CONNECTING",
      "CER_SENT",
      "OPEN",
    ]);
    // And it is in turn again.
    const more = [pool.request(request()), pool.request(request())];
    for (const peer of [again, peers[1]!]) await peer.send(answer(await peer.nextRequest()));
    await Promise.all(more);
  });
});

test("with resend, the requests of a lost connection go to another one with the T flag", async () => {
  await withPool({ connections: 2 }, async ({ pool, peers }) => {
    const bytes = request({ endToEnd: 99, hopByHop: 5 });
    const calls = [pool.request(bytes, { resend: true }), pool.request(request(), { resend: true })];
    bytes.fill(0);
    const first = await peers[0]!.nextRequest();
    const second = await peers[1]!.nextRequest();
    assertEquals([first.flags, second.flags], [0xc0, 0xc0]);
    await peers[0]!.close();
    const again = await peers[1]!.nextRequest();
    assertEquals([again.flags, again.endToEnd, again.text(263)], [0xd0, 99, first.text(263)]);
    await peers[1]!.send(answer(again), answer(second));
    const [one] = await Promise.all(calls);
    assertEquals([one!.result?.code, one!.header.hopByHop], [2001, 5]);
  });
});

test("when nothing listens, start says so, and the pool goes on trying", async () => {
  const port = freePort();
  const pool = new ConnectionPool({ host: "127.0.0.1", port, connections: 2, reconnect: QUICK, ...NAMES });
  const failures: (number | undefined)[] = [];
  pool.on((event) => event.kind === "connect_failed" && failures.push(event.retryIn));
  try {
    const error = await assertRejects(() => pool.start(), ConnectionFailedError, `Cannot connect to 127.0.0.1:${port}`);
    assertEquals(error.address, `127.0.0.1:${port}`);
    assertEquals([pool.health.healthy, pool.health.openConnections], [false, 0]);
    assertStringIncludes(pool.health.reason, "refused");
    await until(() => failures.length >= 4, "further attempts");
    assertEquals(failures[0], 5);
  } finally {
    await pool.close();
  }
});

const REFUSALS: [what: string, resultCode: number, text: string][] = [
  ["refuses", 5010, "5010 DIAMETER_NO_COMMON_APPLICATION (not here)"],
  ["does not know the client", 3010, "3010 DIAMETER_UNKNOWN_PEER (not here)"],
];

for (const [what, resultCode, text] of REFUSALS) {
  test(`start is rejected with the CEA's result code when the peer ${what}`, async () => {
    await withDra(async (dra) => {
      const pool = new ConnectionPool({
        host: "127.0.0.1",
        port: dra.port,
        connections: 1,
        reconnect: false,
        ...NAMES,
      });
      const started = assertRejects(() => pool.start(), HandshakeFailedError, text);
      const peer = await dra.accept();
      const cer = await peer.nextRequest(COMMAND.capabilitiesExchange);
      await peer.send(cea(dra.identity, cer, resultCode, (builder) => builder.text(281, "not here")));
      const error = await started;
      assertEquals([error.resultCode, error.errorMessage], [resultCode, "not here"]);
      // Nothing is going to change, so nobody has to wait.
      await assertRejects(() => pool.request(request()), ConnectionClosedError, text);
      await pool.close();
    });
  });
}

test("a refusal with nothing but the code is understood", async () => {
  await withDra(async (dra) => {
    const pool = new ConnectionPool({ host: "127.0.0.1", port: dra.port, connections: 1, reconnect: false, ...NAMES });
    const started = assertRejects(() => pool.start(), HandshakeFailedError, "3010 DIAMETER_UNKNOWN_PEER");
    const peer = await dra.accept();
    const cer = await peer.nextRequest(COMMAND.capabilitiesExchange);
    await peer.send(answer(cer, { resultCode: 3010 }));
    assertEquals((await started).resultCode, 3010);
    await pool.close();
  });
});

test("start is rejected when no CEA comes", async () => {
  await withDra(async (dra) => {
    const options = { host: "127.0.0.1", port: dra.port, connections: 1, capabilitiesTimeout: 30, ...NAMES };
    const pool = new ConnectionPool(options);
    const error = await assertRejects(() => pool.start(), HandshakeFailedError, "no CEA in time");
    assertEquals(error.resultCode, undefined);
    await pool.close();
  });
});

test("a peer with another name than expected is refused", async () => {
  await withDra(async (dra) => {
    const options = { host: "127.0.0.1", port: dra.port, connections: 1, expectedHost: "other.example.net", ...NAMES };
    const pool = new ConnectionPool(options);
    const started = assertRejects(() => pool.start(), HandshakeFailedError, "dra.core.example.net");
    await dra.open();
    await started;
    await pool.close();
  });
});

test("close while connecting ends start", async () => {
  await withDra(async (dra) => {
    const pool = new ConnectionPool({ host: "127.0.0.1", port: dra.port, ...NAMES });
    const started = assertRejects(() => pool.start(), PoolClosedError);
    await pool.close();
    await started;
  });
});

test("no more than maxPending requests are sent before an answer comes", async () => {
  await withPool({ maxPending: 2 }, async ({ pool, peers: [peer] }) => {
    const calls = [1, 2, 3].map((i) => pool.request(request({ session: `s${i}` })));
    const first = await peer!.nextRequest();
    await peer!.nextRequest();
    await peer!.nothingMore();
    assertEquals([pool.statistics.pending, pool.statistics.waiting], [2, 1]);
    await peer!.send(answer(first));
    assertEquals((await peer!.nextRequest()).text(263), "s3");
    assertEquals((await calls[0]!).result?.code, 2001);
    assertEquals([pool.statistics.pending, pool.statistics.waiting], [2, 0]);
    watch(calls);
  });
});

test("room that a timeout makes goes to whoever waits", async () => {
  await withPool({ maxPending: 1 }, async ({ pool, peers: [peer] }) => {
    const calls = watch([pool.request(request(), { timeout: 20 }), pool.request(request({ session: "second" }))]);
    await peer!.nextRequest();
    assertEquals((await peer!.nextRequest()).text(263), "second");
    assertEquals([calls.failed.length, pool.statistics.pending], [1, 1]);
  });
});

test("a peer that reads slowly makes senders wait, and all is sent when it reads again", async () => {
  const options = { sendQueueLimit: 64 * 1024, watchdogInterval: 60_000 };
  await withPool(options, async ({ pool, peers: [peer] }) => {
    peer!.pause();
    // What is being read when it pauses still comes.
    await pool.send(request());
    const message = request({ more: (builder) => void builder.octets(1, new Uint8Array(32 * 1024)) });
    const sends = Array.from({ length: 1_000 }, () => pool.send(message, { timeout: 60_000 }));
    const seen = watch(sends);
    let before = -1;
    await until(() => {
      const same = before === seen.settled;
      before = seen.settled;
      return same && seen.settled > 0;
    }, "no more is written");
    const { waiting, bytesSent } = pool.statistics;
    assert(waiting > 500, `${waiting} wait`);
    assert(bytesSent < 20 * 1024 * 1024, `${bytesSent} bytes were taken by the system`);
    peer!.resume();
    await Promise.all(sends);
    assertEquals([seen.done, pool.statistics.waiting], [1_000, 0]);
    await until(() => peer!.inbox.length === 1_001, "all have come");
    peer!.inbox.length = 0;
  });
});

test("more calls than may wait are rejected, and what waits can be given up", async () => {
  await withPool({ maxPending: 1, maxWaiting: 2 }, async ({ pool, peers: [peer] }) => {
    const controller = new AbortController();
    const calls = [pool.request(request()), pool.request(request(), { signal: controller.signal })];
    calls.push(pool.request(request(), { timeout: 20 }));
    const seen = watch(calls);
    const error = await assertRejects(() => pool.request(request()), QueueFullError, "2 calls are waiting");
    assertEquals(error.limit, 2);
    controller.abort();
    await until(() => seen.failed.length === 2, "both are given up");
    const texts = seen.failed.map((one) => (one as DOMException).name);
    assertEquals(texts, ["AbortError", "TimeoutError"]);
    assertStringIncludes((seen.failed[1] as Error).message, "slower than this client sends");
    await peer!.nextRequest();
    await peer!.nothingMore();
  });
});

test("calls wait while no connection is open, and are sent when one is", async () => {
  await withPool({ reconnect: QUICK }, async ({ pool, peers: [peer], dra }) => {
    await peer!.close();
    await until(() => !pool.health.healthy, "it is noticed");
    const call = pool.request(request());
    const next = await dra.open();
    await next.send(answer(await next.nextRequest()));
    assertEquals((await call).result?.code, 2001);
  });
});

test("with waitWhileDown false, calls are rejected while no connection is open", async () => {
  await withPool({ reconnect: { ...QUICK, initial: 60_000, max: 60_000 }, waitWhileDown: false }, async (stage) => {
    const { pool, peers: [peer] } = stage;
    await peer!.close();
    await until(() => !pool.health.healthy, "it is noticed");
    await assertRejects(() => pool.request(request()), ConnectionClosedError, "no connection is open");
    await until(() => pool.statistics.connections[0]!.nextAttemptAt > 0, "the next attempt is planned");
    await assertRejects(() => pool.request(request()), ConnectionClosedError, "next attempt in ");
  });
});

test("a call before start is rejected", async () => {
  const pool = new ConnectionPool({ host: "127.0.0.1", ...NAMES });
  await assertRejects(() => pool.request(request()), ConnectionClosedError, "start() was not called");
  await pool.close();
});

test("a peer that takes its leave gets no new requests, and is connected to again", async () => {
  await withPool({ connections: 2, reconnect: QUICK }, async ({ pool, peers, dra }) => {
    await peers[0]!.send(peerRequest(dra.identity, 0));
    await peers[0]!.nextAnswer(COMMAND.disconnectPeer);
    const calls = [pool.request(request()), pool.request(request())];
    for (let i = 0; i < 2; i++) await peers[1]!.send(answer(await peers[1]!.nextRequest()));
    await Promise.all(calls);
    await peers[0]!.close();
    await dra.open();
    await until(() => pool.health.openConnections === 2, "both are open");
  });
});

test("watchdogs are sent and answered, and a peer that answers none is given up", async () => {
  const options = { connections: 2, watchdogInterval: 150, reconnect: false } as const;
  await withPool(options, async ({ pool, peers: [silent, alive], events }) => {
    alive!.answersWatchdogs = true;
    await silent!.nextRequest(COMMAND.deviceWatchdog);
    await until(() => pool.health.openConnections === 1, "it is suspect");
    const calls = [pool.request(request()), pool.request(request())];
    for (let i = 0; i < 2; i++) await alive!.send(answer(await alive!.nextRequest()));
    await Promise.all(calls);
    await until(() => events.some(({ kind }) => kind === "down"), "it is given up");
    const states = events.flatMap((one) => one.kind === "state" && one.connection === 0 ? [one.to] : []);
    assertEquals(states.slice(3), ["DWR_SENT", "FAILED", "DISCONNECTED"]);
    await silent!.nextEnd();
  });
});

test("a pool that is closed while a watchdog is unanswered does not say that it was answered", async () => {
  const options = { watchdogInterval: 150, watchdogJitter: 0, dprTimeout: 400, reconnect: false } as const;
  await withPool(options, async ({ pool, peers: [peer], events }) => {
    await peer!.nextRequest(COMMAND.deviceWatchdog);
    const closed = pool.close();
    await peer!.nextRequest(COMMAND.disconnectPeer);
    // Two watchdog intervals pass meanwhile, and no DWR leaves.
    await peer!.nextEnd();
    await closed;
    const states = events.flatMap((one) => one.kind === "state" ? [`${one.to} (${one.reason})`] : []);
    const reason = "this client is being closed";
    assertEquals(states.slice(3), [
      "DWR_SENT (a watchdog is unanswered)",
      `CLOSING (${reason})`,
      `DISCONNECTED (The connection to 127.0.0.1:${pool.statistics.connections[0]!.address.split(":")[1]} is closed: ` +
      `${reason}; no DPA in time)`,
    ]);
  });
});

test("a peer whose DWA carries an identifier of its own is told that, and not that it was silent", async () => {
  await withPool({ watchdogInterval: 60, reconnect: false }, async ({ pool, peers: [peer] }) => {
    const dwa = peerAnswer(DRA, await peer!.nextRequest(COMMAND.deviceWatchdog));
    dwa[15]! ^= 1;
    await peer!.send(dwa);
    await until(() => pool.statistics.connections[0]!.lastError.includes("its DWA carries another"), "it is told");
  });
});

test("a peer with the client's own name is not used, and the reason is told", async () => {
  await withDra(async (dra) => {
    const pool = new ConnectionPool({ host: "127.0.0.1", port: dra.port, connections: 1, reconnect: false, ...NAMES });
    const started = assertRejects(() => pool.start(), HandshakeFailedError, "our own Origin-Host, client.example.net");
    const peer = await dra.accept();
    const cer = await peer.nextRequest(COMMAND.capabilitiesExchange);
    await peer.send(cea({ host: "CLIENT.example.net", realm: "example.net" }, cer));
    await started;
    await pool.close();
  });
});

test("bytes and messages are counted as they lie on the wire", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    const before = pool.statistics;
    const message = request();
    const call = pool.request(message);
    const reply = answer(await peer!.nextRequest());
    await peer!.send(reply);
    await call;
    const after = pool.statistics;
    assertEquals([after.bytesSent - before.bytesSent, after.bytesReceived - before.bytesReceived], [
      message.length,
      reply.length,
    ]);
    assertEquals([after.messagesSent, after.messagesReceived], [1, 1]);
    assert(before.bytesSent > 100, "the CER counts");
  });
});

test("everything that is wrong with the options is said at once", () => {
  const error = assertThrows(() =>
    new ConnectionPool({
      host: "",
      port: 70000,
      connections: 0,
      originHost: "",
      originRealm: "with space",
      requestTimeout: -1,
      maxPending: 0.5,
      applications: [{ id: -1 }],
      reconnect: { multiplier: 0 },
    }), InvalidConfigError);
  assertEquals(error.problems, [
    'host: expected a host name or an address, got ""',
    "port: expected a whole number 1..65535, got 70000",
    "connections: expected a whole number 1..1000, got 0",
    'originHost: expected a host or realm name in ASCII, got ""',
    'originRealm: expected a host or realm name in ASCII, got "with space"',
    "maxPending: expected a whole number 1..1000000, got 0.5",
    "requestTimeout: expected a whole number 1..2147483647, got -1",
    "applications[0].id: expected a whole number 0..4294967295, got -1",
    "reconnect.multiplier: expected a number 1..100, got 0",
  ]);
});

test("the defaults are those of the original client", async () => {
  const pool = new ConnectionPool({ host: "dra.example.com", ...NAMES });
  assertEquals([pool.address, pool.health.totalConnections], ["dra.example.com:3868", 5]);
  assertEquals(readHeader(request()).version, 1);
  await pool.close();
});

test("one signal gives up all calls that hang on it, and none that have ended", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    const controller = new AbortController();
    const { signal } = controller;
    const calls = Array.from({ length: 10 }, () => pool.request(request(), { signal }));
    const seen = watch(calls);
    for (let i = 0; i < 5; i++) await peer!.send(answer(await peer!.nextRequest()));
    await until(() => seen.done === 5, "five are answered");
    controller.abort("enough");
    await until(() => seen.settled === 10, "the others are given up");
    assertEquals([seen.failed, pool.statistics.pending], [Array(5).fill("enough"), 0]);
    for (let i = 0; i < 5; i++) await peer!.nextRequest();
  });
});

test("a pool that gave up can be started again", async () => {
  await withDra(async (dra) => {
    const options = { host: "127.0.0.1", port: dra.port, connections: 2, reconnect: false, dprTimeout: 20 } as const;
    const pool = new ConnectionPool({ ...options, ...NAMES });
    const failed = assertRejects(() => pool.start(), HandshakeFailedError);
    for (let i = 0; i < 2; i++) await (await dra.accept()).close();
    await failed;
    const started = pool.start();
    for (let i = 0; i < 2; i++) await dra.open();
    await started;
    await until(() => pool.health.openConnections === 2, "both are open");
    await pool.close();
  });
});

test("start waits for every connection's first attempt before it fails, however often one is tried", async () => {
  await withDra(async (dra) => {
    const options = { host: "127.0.0.1", port: dra.port, connections: 2, reconnect: QUICK, dprTimeout: 20 } as const;
    const pool = new ConnectionPool({ ...options, ...NAMES });
    const started = watch([pool.start()]);
    const [hesitant] = [await dra.accept(), await (await dra.accept()).close()];
    for (let i = 0; i < 3; i++) await (await dra.accept()).close();
    assertEquals(started.settled, 0);
    await hesitant.acceptCapabilities();
    await until(() => started.done === 1, "it is started");
    await pool.close();
  });
});

test("closing while a watchdog is unanswered is never told as an answer to it", async () => {
  await withPool({ watchdogInterval: 400, watchdogJitter: 0, reconnect: false }, async ({ pool, peers, events }) => {
    await peers[0]!.nextRequest(COMMAND.deviceWatchdog);
    await until(() => pool.statistics.connections[0]!.state === "DWR_SENT", "the watchdog is unanswered");
    await pool.close();
    const told = events.flatMap((one) => one.kind === "state" ? [`${one.from} -> ${one.to} (${one.reason})`] : []);
    assertEquals(told.at(3), "OPEN -> DWR_SENT (a watchdog is unanswered)");
    assertEquals(told.at(4), "DWR_SENT -> CLOSING (this client is being closed)");
    assertEquals(told.filter((line) => line.includes("was answered")), []);
  });
});
