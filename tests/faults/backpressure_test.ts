/**
 * Peers that do not read, or read slowly; limits that are reached. Memory stays bounded, and nobody
 * else notices.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { answer, patched, peerRequest, type RawMessage, request } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { cell } from "./rig.ts";
import { PADDING_AVP, TallyApp } from "./tally_app.ts";
import { WireEnd } from "./wire_end.ts";

const FOUR = { connections: 4, window: 16 } as const;
/** The test brings its own Logic Apps. */
const NONE = { connections: 0 } as const;
const MiB = 1024 * 1024;

/** An answer of so many bytes more than it needs. */
const longAnswer = (to: RawMessage, padding: number) =>
  answer(to, { more: (builder) => builder.octets(PADDING_AVP, new Uint8Array(padding), { flags: 0 }) });

/** `message` so many times, one behind the other. */
function repeated(message: Uint8Array, times: number): Uint8Array {
  const bytes = new Uint8Array(message.length * times);
  for (let i = 0; i < times; i++) bytes.set(message, i * message.length);
  return bytes;
}

cell("a DRA that stops reading: what waits moves to the other one, and so does all that follows", {
  dras: [{}, {}],
  apps: FOUR,
  gateway: { answerTimeout: 400 },
  // Of the DRA that reads, too, which may be slow to on a busy machine.
  draPool: { sendQueueLimit: MiB, writeTimeout: 1_000 },
}, async (rig) => {
  const app = await TallyApp.open(rig.gateway, "bulk.apps.example.net");
  rig.dras[0]!.setFaults({ readRate: 0 });
  // 8 KiB each: the system's buffers hold a few MiB of them.
  await app.ask(2_000, 8 * 1024);
  await rig.apps.run({ requests: 500 });
  await app.allAnswered();
  assertEquals(app.results, { "2001": 2_000 });
  assertEquals([rig.results, rig.sightings.unmarked], [{ "2001": 500 }, []]);
  assert(rig.accounts.peakBytes < 32 * MiB, `${rig.accounts.peakBytes} bytes were in use`);
  await app.close();
});

cell("the only DRA stops reading: 3002 and 3004 for all, and success again when it reads", {
  dras: [{}],
  apps: FOUR,
  gateway: { answerTimeout: 200, requestTimeout: 400 },
  draPool: { sendQueueLimit: 256 * 1024 },
}, async (rig) => {
  const app = await TallyApp.open(rig.gateway, "bulk.apps.example.net");
  rig.dras[0]!.setFaults({ readRate: 0 });
  await app.ask(2_000, 8 * 1024);
  await app.allAnswered();
  assertEquals(Object.keys(app.results).sort(), ["3002", "3004"]);
  assert(rig.errorAnswers("3004 dra_full") > 0);
  rig.dras[0]!.setFaults({ readRate: Infinity });
  await until(() => rig.gateway.statistics.active_dras === 1, "it is usable");
  const [link] = rig.gateway.pool.links();
  await until(() => link!.relayPeer?.peer.out.queuedBytes === 0, "it has read everything");
  const before = rig.apps.counters.success;
  await rig.apps.run({ requests: 200 });
  assertEquals(rig.apps.counters.success - before, 200);
  await app.close();
});

cell("a DRA that takes nothing for write_timeout is given up, and what it has goes to the other one", {
  dras: [{}, {}],
  apps: FOUR,
  gateway: { answerTimeout: 2_500 },
  draPool: { sendQueueLimit: MiB, writeTimeout: 300 },
}, async (rig) => {
  const app = await TallyApp.open(rig.gateway, "bulk.apps.example.net");
  rig.dras[0]!.setFaults({ readRate: 0 });
  await app.ask(2_000, 8 * 1024);
  await app.allAnswered(2_000);
  assertEquals(app.results, { "2001": 2_000 });
  assertEquals(rig.sightings.unmarked, []);
  assert(rig.events.some((event) => event.kind === "dra_down" && event.reason.includes("did not read")));
  await app.close();
});

cell("a DRA that reads slowly: requests wait or go elsewhere, and each is answered", {
  dras: [{ faults: { readRate: 400_000 } }, {}],
  apps: FOUR,
  gateway: { answerTimeout: 300 },
  draPool: { sendQueueLimit: 64 * 1024, writeTimeout: 10_000 },
}, async (rig) => {
  const app = await TallyApp.open(rig.gateway, "bulk.apps.example.net");
  await app.ask(1_500, 8 * 1024);
  await rig.apps.run({ requests: 300 });
  await app.allAnswered();
  assertEquals([app.results, rig.results], [{ "2001": 1_500 }, { "2001": 300 }]);
  assertEquals(rig.sightings.unmarked, []);
  rig.dras[0]!.setFaults({ readRate: Infinity });
  await app.close();
});

cell("a DRA that stops reading when its queue is neither full nor half empty holds no Logic App back", {
  fakes: [{ priority: 1 }],
  dras: [{ priority: 2 }],
  apps: NONE,
  gateway: { answerTimeout: 1_000, requestTimeout: 5_000 },
  draPool: { sendQueueLimit: 32 * MiB, writeTimeout: 30_000 },
}, async (rig) => {
  await until(() => rig.fakes[0]!.open.size === 1, "it is connected");
  const out = [...rig.gateway.pool.links()].find(({ dra }) => dra.name === "fake-1")!.relayPeer!.peer.out;
  const [wire] = rig.fakes[0]!.open;
  let wasFull = false;
  rig.fakes[0]!.request = () => {
    wasFull ||= out.full;
    wire!.pause();
    // Slower than the Logic App, until the queue was full and is not any more. Then no more.
    if (!wasFull || out.queuedBytes > 28 * MiB) setTimeout(() => wire!.resume(), 1);
  };
  const app = await TallyApp.open(rig.gateway, "bulk.apps.example.net");
  await app.ask(800, 56 * 1024);
  await app.allAnswered(4_000);
  assertEquals(app.results, { "2001": 800 });
  wire!.resume();
  await app.close();
});

cell("a Logic App that stops reading is not read either, others are, and it gets everything when it goes on", {
  fakes: [{ request: (message, wire) => void wire.send(longAnswer(message, 16 * 1024)) }],
  apps: NONE,
  // Sixteen times that is more than all answers together: it is not let go for what it asked for.
  server: { sendQueueLimit: 2 * MiB, writeTimeout: 10_000 },
  draPool: { sendQueueLimit: 8 * MiB },
}, async (rig) => {
  const app = await TallyApp.open(rig.gateway, "lazy.apps.example.net");
  const healthy = await TallyApp.open(rig.gateway, "brisk.apps.example.net");
  app.wire.pause();
  // 24 MiB in either direction: more than the system's buffers hold.
  const sent = app.ask(1_500, 16 * 1024);
  await until(() => [...rig.gateway.apps].some(({ peer }) => peer.out.full), "its queue is full");
  await healthy.ask(200);
  await healthy.allAnswered();
  assertEquals(healthy.results, { "2001": 200 });
  assert(rig.accounts.peakBytes < 48 * MiB, `${rig.accounts.peakBytes} bytes were in use`);
  app.wire.resume();
  await sent;
  await app.allAnswered();
  assertEquals(app.results, { "2001": 1_500 });
  await Promise.all([app.close(), healthy.close()]);
});

cell("a Logic App that never reads again is cut off after write_timeout", {
  fakes: [{ request: (message, wire) => void wire.send(longAnswer(message, 16 * 1024)) }],
  apps: NONE,
  server: { sendQueueLimit: 128 * 1024, writeTimeout: 300 },
}, async (rig) => {
  const app = await TallyApp.open(rig.gateway, "lazy.apps.example.net");
  app.wire.pause();
  void app.ask(1_500, 16 * 1024);
  await until(() => rig.gateway.statistics.sessions_created > 0, "its requests come");
  await until(() => rig.gateway.apps.size === 0, "it was cut off");
  await until(() => rig.gateway.runtime.segments.bytesInUse < MiB, "its memory is back");
  await app.close();
});

cell("a Logic App that reads slowly gets every answer once", {
  fakes: [{ request: (message, wire) => void wire.send(longAnswer(message, 4 * 1024)) }],
  apps: NONE,
  server: { sendQueueLimit: 512 * 1024, writeTimeout: 20_000 },
}, async (rig) => {
  const app = await TallyApp.open(rig.gateway, "slow.apps.example.net");
  let reads = false;
  const pulse = setInterval(() => {
    reads = !reads;
    if (reads) app.wire.resume();
    else app.wire.pause();
  }, 5);
  await app.ask(3_000, 4 * 1024);
  await app.allAnswered();
  clearInterval(pulse);
  app.wire.resume();
  assertEquals(app.results, { "2001": 3_000 });
  await app.close();
});

/** Sends `messages` again and again until nothing more is taken, or 40 MB were. */
async function flood(wire: WireEnd, message: Uint8Array): Promise<void> {
  wire.pause();
  const many = repeated(message, Math.ceil(MiB / message.length));
  let sent = 0;
  let sentAt = performance.now();
  const sending = (async () => {
    for (; sent < 40 && !wire.ended; sent++, sentAt = performance.now()) await wire.send(many);
  })();
  await until(() => sent >= 40 || performance.now() - sentAt > 300, "all of it is taken, or nothing more", 10_000);
  await wire.close();
  await sending;
}

const NOISY = { host: "noisy.example.net", realm: "example.net" } as const;
/** R and E together: refused, with an answer, whoever sends it. */
const BAD_WATCHDOG = patched(peerRequest(NOISY), { 4: 0xa0 });
const SMALL_QUEUES = { sendQueueLimit: 128 * 1024, writeTimeout: 10_000, capabilitiesTimeout: 10_000 } as const;

for (const identified of [true, false]) {
  const who = identified ? "a Logic App" : "somebody without a CER";
  cell(`${who} that sends one bad watchdog after the other, and reads no answer, does not fill the memory`, {
    apps: NONE,
    server: SMALL_QUEUES,
  }, async (rig) => {
    const wire = identified
      ? (await TallyApp.open(rig.gateway, NOISY.host)).wire
      : await WireEnd.connect(rig.gateway.addresses[0]!.port, { message: () => {} });
    await flood(wire, BAD_WATCHDOG);
    assert(rig.accounts.peakBytes < 2 * MiB, `${rig.accounts.peakBytes} bytes were in use`);
  });
}

for (
  const [what, message] of [
    ["bad watchdog", BAD_WATCHDOG],
    ["request to nobody", request({ ...NOISY, destinationHost: "nobody.example.net" })],
  ] as const
) {
  cell(`a DRA that sends one ${what} after the other, and reads no answer, does not fill the memory`, {
    dras: [{}],
    fakes: [{}],
    apps: FOUR,
    draPool: SMALL_QUEUES,
  }, async (rig) => {
    const [wire] = rig.fakes[0]!.open;
    const running = rig.apps.run({ requests: 5_000 });
    await flood(wire!, message);
    assert(rig.accounts.peakBytes < 8 * MiB, `${rig.accounts.peakBytes} bytes were in use`);
    await running;
    assertEquals(rig.results, { "2001": 5_000 });
  });
}

cell("max_in_flight of a DRA is small: what is over it goes to the next, then gets 3004", {
  dras: [{ faults: { delay: 20 } }, { faults: { delay: 20 } }],
  apps: { connections: 4, window: 4 },
  draPool: { maxInFlight: 4 },
}, async (rig) => {
  await rig.apps.run({ requests: 400 });
  assertEquals(rig.apps.counters.answered, 400);
  const { "2001": good = 0, "3004": busy = 0 } = rig.results;
  assert(good >= 8 && busy > 0 && good + busy === 400, JSON.stringify(rig.results));
  assertEquals(rig.errorAnswers("3004 dra_full"), busy);
  assertEquals(rig.sightings.repeated, []);
});

cell("max_in_flight of a Logic App is small: what is over it gets 3004", {
  dras: [{ faults: { delay: 10 } }],
  apps: { connections: 2, window: 8 },
  server: { maxInFlight: 3 },
}, async (rig) => {
  await rig.apps.run({ requests: 300 });
  const { "2001": good = 0, "3004": busy = 0 } = rig.results;
  assert(good >= 6 && busy > 0 && good + busy === 300, JSON.stringify(rig.results));
  assertEquals(rig.errorAnswers("3004 app_in_flight"), busy);
});

cell("a rate limit: what is over it gets 3004", {
  apps: { connections: 1, window: 8 },
  server: { rateLimit: { requestsPerSecond: 100, burst: 20 } },
}, async (rig) => {
  await rig.apps.run({ requests: 300 });
  const { "2001": good = 0, "3004": busy = 0 } = rig.results;
  assert(good >= 20 && good < 150 && good + busy === 300, JSON.stringify(rig.results));
  assertEquals(rig.errorAnswers("3004 app_rate"), busy);
});

cell("queues of 1 KiB in both directions: everything takes its turn", {
  dras: [{}, {}],
  apps: { connections: 8, window: 32 },
  server: { sendQueueLimit: 1024 },
  draPool: { sendQueueLimit: 1024 },
}, async (rig) => {
  await rig.apps.run({ requests: 3_000 });
  const { "2001": good = 0, "3004": busy = 0 } = rig.results;
  assertEquals(good + busy, 3_000);
  assert(good > 100, JSON.stringify(rig.results));
});
