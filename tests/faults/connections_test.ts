/**
 * Connections that break, fall silent, take their leave or never open, while requests are on their
 * way.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { cer, RawMessage } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { cell, type Rig } from "./rig.ts";
import { TallyApp } from "./tally_app.ts";
import { WireEnd } from "./wire_end.ts";

const FOUR = { connections: 4, window: 16 } as const;
/** A watchdog that notices within a test. */
const ALERT = { watchdogInterval: 150, watchdogJitter: 20 } as const;
const quiet = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Keeps the Logic Apps busy until `done`, then lets them come to an end. */
async function loadUntil(rig: Rig, done: () => boolean, what: string, patience = 10_000): Promise<void> {
  rig.apps.begin();
  await until(done, what, patience);
  await rig.apps.end();
}

/** Only these results came. */
function onlyResults(rig: Rig, ...allowed: string[]): void {
  assertEquals(Object.keys(rig.results).filter((result) => !allowed.includes(result)), []);
}

cell("a connection that breaks again and again under load: the second DRA gets what was pending, with the T flag", {
  dras: [{ faults: { closeAfter: 40, delay: 2 } }, {}],
  apps: FOUR,
  draPool: { ...ALERT, reopenWatchdogs: 1 },
}, async (rig) => {
  await loadUntil(rig, () => rig.dras[0]!.counters.connections >= 4, "four connections broke");
  onlyResults(rig, "2001");
  assert(rig.sightings.marked > 0);
  assertEquals(rig.sightings.unmarked, []);
  assert(rig.gateway.statistics.failover_count > 0);
});

cell("the only connection breaks under load: what was pending is answered 3002", {
  dras: [{ faults: { closeAfter: 100, delay: 2 } }],
  apps: FOUR,
  draPool: { ...ALERT, reopenWatchdogs: 1 },
}, async (rig) => {
  await loadUntil(rig, () => rig.dras[0]!.counters.connections >= 3, "three connections broke");
  onlyResults(rig, "2001", "3002");
  assert(rig.errorAnswers("3002 connection_lost") > 0);
  assertEquals(rig.sightings.repeated, []);
});

cell("a DRA dies and comes back under load: no request is lost", {
  dras: [{ faults: { delay: 3 } }, { faults: { delay: 3 } }],
  apps: FOUR,
  draPool: { ...ALERT, reopenWatchdogs: 2 },
}, async (rig) => {
  const [first] = rig.dras;
  rig.apps.begin();
  for (let round = 0; round < 3; round++) {
    await until(() => rig.gateway.statistics.active_priority === 1, "the first DRA carries traffic");
    const before = first!.counters.requests;
    await until(() => first!.counters.requests > before + 100, "traffic");
    first!.kill();
    await until(() => rig.gateway.statistics.active_priority === 2, "the second DRA carries traffic");
    first!.start();
  }
  await until(() => rig.gateway.statistics.failback_count === 3, "the third failback");
  await rig.apps.end();
  onlyResults(rig, "2001");
  assertEquals(rig.sightings.unmarked, []);
  assertEquals(rig.gateway.statistics.failover_count, 3);
});

cell("both DRAs die and come back under load: 3002 while there is none, and no request without an answer", {
  dras: [{ faults: { delay: 3 } }, { faults: { delay: 3 } }],
  apps: { ...FOUR, rate: 2_000, pacing: "relaxed" },
  draPool: { ...ALERT, reopenWatchdogs: 1 },
}, async (rig) => {
  rig.apps.begin();
  for (let round = 0; round < 3; round++) {
    const before = rig.apps.counters.success;
    await until(() => rig.apps.counters.success > before + 100, "traffic");
    for (const dra of rig.dras) dra.kill();
    const refused = rig.errorAnswers("3002 no_route");
    await until(() => rig.errorAnswers("3002 no_route") > refused + 20, "requests that nobody can take");
    for (const dra of rig.dras) dra.start();
  }
  const before = rig.apps.counters.success;
  await until(() => rig.apps.counters.success > before + 100, "traffic");
  await rig.apps.end();
  onlyResults(rig, "2001", "3002");
});

cell("a half-open connection: what is pending moves when the watchdog is not answered, and the connection is closed", {
  dras: [{ faults: { silenceAfter: 30, delay: 1 } }, {}],
  apps: FOUR,
  draPool: ALERT,
}, async (rig) => {
  await loadUntil(rig, () => rig.events.some(({ kind }) => kind === "dra_suspect"), "the DRA is suspect");
  await until(() => rig.events.some(({ kind }) => kind === "dra_connect_failed"), "its connection is closed");
  onlyResults(rig, "2001");
  assertEquals(rig.sightings.unmarked, []);
  assert(rig.events.some((event) => event.kind === "resent" && event.reason === "suspect"));
  rig.dras[0]!.setFaults({ silenceAfter: 0 });
  await until(() => rig.gateway.statistics.failback_count === 1, "it is trusted again", 10_000);
});

cell("a half-open connection of the only DRA: 3002 when it is closed at the latest", {
  dras: [{ faults: { silenceAfter: 30, delay: 1 } }],
  apps: FOUR,
  draPool: ALERT,
}, async (rig) => {
  await loadUntil(rig, () => rig.errorAnswers("3002 connection_lost") > 0, "the connection is closed");
  onlyResults(rig, "2001", "3002");
  rig.dras[0]!.setFaults({ silenceAfter: 0 });
  await until(() => rig.gateway.statistics.active_dras === 1, "it is back", 10_000);
  const before = rig.apps.counters.success;
  await rig.apps.run({ requests: 100 });
  assertEquals(rig.apps.counters.success - before, 100);
});

cell("a DRA that answers requests and no watchdog: it comes and goes, and every request is answered", {
  dras: [{ faults: { noWatchdog: true } }, {}],
  apps: FOUR,
  draPool: { watchdogInterval: 60, watchdogJitter: 10 },
}, async (rig) => {
  // Bursts, because traffic stands for a watchdog: only a quiet connection sends one.
  for (let round = 0; rig.dras[0]!.counters.connections < 3; round++) {
    await rig.apps.run({ requests: 20 });
    await quiet([30, 90, 250][round % 3]!);
  }
  onlyResults(rig, "2001");
  assertEquals(rig.sightings.unmarked, []);
  assert(rig.events.some(({ kind }) => kind === "dra_suspect"));
});

cell("in SUSPECT the first DRA may still answer: the first answer wins, whoever gives it", {
  // Suspect after 400 ms, closed after 600.
  dras: [{ faults: { noWatchdog: true, delay: 500 } }, { faults: { dropEvery: 1 } }],
  apps: { connections: 2, window: 10 },
  draPool: { watchdogInterval: 200, watchdogJitter: 10 },
}, async (rig) => {
  await rig.apps.run({ requests: 20 });
  assertEquals(rig.results, { "2001": 20 });
  assertEquals([rig.sightings.repeated.length, rig.sightings.unmarked], [20, []]);
});

for (const [cause, name] of ["REBOOTING", "BUSY", "DO_NOT_WANT_TO_TALK_TO_YOU"].entries()) {
  cell(`a storm of DPRs with cause ${name}: every request is answered with success by one of two DRAs`, {
    dras: [{ faults: { dprAfter: 30, dprCause: cause, delay: 3 } }, {}],
    apps: { ...FOUR, rate: 4_000, pacing: "relaxed" },
  }, async (rig) => {
    await loadUntil(rig, () => rig.dras[0]!.counters.connections >= 5, "five connections were left");
    onlyResults(rig, "2001");
    assertEquals(rig.sightings.unmarked, []);
  });

  cell(`a storm of DPRs with cause ${name} of the only DRA: success or 3002, and one answer each`, {
    dras: [{ faults: { dprAfter: 30, dprCause: cause, delay: 3 } }],
    apps: { ...FOUR, rate: 4_000, pacing: "relaxed" },
  }, async (rig) => {
    await loadUntil(rig, () => rig.dras[0]!.counters.connections >= 5, "five connections were left");
    onlyResults(rig, "2001", "3002");
    assert(rig.apps.counters.success > 0);
  });
}

cell("a DRA that shuts down while it owes answers: those that it still gives are taken", {
  dras: [{ faults: { delay: 30 } }, {}],
  apps: { connections: 2, window: 32 },
}, async (rig) => {
  rig.apps.begin();
  await until(() => rig.dras[0]!.counters.requests >= 64, "traffic");
  const stopped = rig.dras[0]!.stop();
  await until(() => rig.dras[1]!.counters.requests > 200, "the other one takes over");
  await stopped;
  await rig.apps.end();
  onlyResults(rig, "2001");
  assertEquals(rig.sightings.unmarked, []);
});

cell("three connections per DRA, breaking one by one: requests move to the others of the same DRA", {
  dras: [{ faults: { delay: 5 } }],
  apps: { connections: 6, window: 8 },
  draPool: { connectionsPerDra: 3, ...ALERT, reopenWatchdogs: 1 },
  usable: 1,
}, async (rig) => {
  const links = [...rig.gateway.pool.links()];
  rig.apps.begin();
  for (let round = 0; round < 6; round++) {
    await until(() => links.every((link) => link.okay && link.table.size > 5), "requests wait on all three");
    links[round % 3]!.abort("cut by the test");
  }
  await rig.apps.end();
  assertEquals(Object.keys(rig.results), ["2001"]);
  assert(rig.sightings.marked > 30);
  assertEquals(rig.sightings.unmarked, []);
});

cell("three connections to each of two DRAs, all kinds of trouble: only success", {
  dras: [{ faults: { closeAfter: 90, dropEvery: 50, delay: 2 } }, { faults: { delay: 1, delayJitter: 1, reorder: 3 } }],
  apps: { connections: 6, window: 8 },
  gateway: { answerTimeout: 100 },
  draPool: { connectionsPerDra: 3, ...ALERT, reopenWatchdogs: 1 },
}, async (rig) => {
  await loadUntil(rig, () => rig.dras[0]!.counters.connections >= 8, "five connections broke");
  onlyResults(rig, "2001");
  assertEquals(rig.sightings.unmarked, []);
});

cell("thousands of requests wait at a DRA that dies: all of them come to the other one, with the T flag", {
  dras: [{ faults: { delay: 1_000 } }, {}],
  apps: { connections: 10, window: 600 },
}, async (rig) => {
  const running = rig.apps.run({ requests: 7_000 });
  await until(() => rig.dras[0]!.counters.requests === 6_000, "6,000 requests wait");
  rig.dras[0]!.kill();
  await running;
  assertEquals(rig.results, { "2001": 7_000 });
  assertEquals([rig.sightings.repeated.length, rig.sightings.unmarked, rig.sightings.marked], [6_000, [], 6_000]);
});

cell("3004 of one DRA, then the connection to the other is lost: the 3004 is passed on", {
  dras: [{ faults: { busyEvery: 1 } }, { faults: { dropEvery: 1 } }],
  apps: { connections: 2, window: 10 },
}, async (rig) => {
  const running = rig.apps.run({ requests: 20 });
  await until(() => rig.dras[1]!.counters.requests === 20, "the second DRA has them");
  rig.dras[1]!.kill();
  await running;
  assertEquals(rig.results, { "3004": 20 });
  assertEquals([rig.sightings.marked, rig.gateway.statistics.sessions_completed], [0, 20]);
});

cell("weights share the load within a priority, and a DRA of weight 0 gets none", {
  dras: [
    { priority: 1, weight: 75 },
    { priority: 1, weight: 25 },
    { priority: 1, weight: 0 },
    { priority: 2, weight: 100 },
  ],
  apps: FOUR,
}, async (rig) => {
  await rig.apps.run({ requests: 1_000 });
  assertEquals(rig.results, { "2001": 1_000 });
  assertEquals(rig.dras.map((dra) => dra.counters.requests), [750, 250, 0, 0]);
});

cell("two priorities with two DRAs each: the second priority carries traffic when both of the first are gone", {
  dras: [1, 1, 2, 2].map((priority) => ({ priority, faults: { delay: 2 } })),
  apps: FOUR,
  draPool: { balance: "least_pending" },
}, async (rig) => {
  const [a, b, c, d] = rig.dras;
  rig.apps.begin();
  await until(() => a!.counters.requests > 50 && b!.counters.requests > 50, "traffic on both");
  a!.kill();
  const before = b!.counters.requests;
  await until(() => b!.counters.requests > before + 100, "all traffic on the other");
  assertEquals(c!.counters.requests + d!.counters.requests, 0);
  b!.kill();
  await until(() => c!.counters.requests > 50 && d!.counters.requests > 50, "traffic on the second priority");
  await rig.apps.end();
  onlyResults(rig, "2001");
  assertEquals([rig.sightings.unmarked, rig.gateway.statistics.failover_count], [[], 1]);
});

cell("a Logic App that leaves while its requests are pending: their answers reach nobody", {
  dras: [{ faults: { delay: 150 } }],
  apps: { connections: 3, window: 20 },
}, async (rig) => {
  rig.apps.begin();
  await until(() => rig.gateway.statistics.active_sessions === 60, "60 requests wait");
  rig.mayLose = 60;
  await rig.apps.stop();
  await until(() => rig.gateway.statistics.sessions_abandoned === 60, "the gateway noticed");
  assertEquals(rig.gateway.statistics.active_sessions, 0);
  await until(() => rig.unmatched("gone") === 60, "60 answers are counted");
});

cell("a Logic App that is cut off and connects again under the same name gets no answer to its former requests", {
  dras: [{ faults: { delay: 40, delayJitter: 20 } }],
  apps: { connections: 3, window: 20, reconnect: 10 },
}, async (rig) => {
  rig.apps.begin();
  for (let round = 1; round <= 4; round++) {
    await until(() => rig.gateway.apps.size === 3 && rig.gateway.statistics.active_sessions >= 60, "requests wait");
    for (const app of [...rig.gateway.apps]) app.peer.abort("cut by the test");
    await until(() => rig.apps.counters.connectionsLost === round * 3, "the Logic Apps noticed");
  }
  await until(() => rig.apps.openConnections === 3, "all are back");
  await rig.apps.end();
  rig.mayLose = rig.apps.counters.lost;
  assert(rig.apps.counters.lost > 0);
  assertEquals(rig.gateway.statistics.sessions_abandoned, rig.apps.counters.lost);
  await until(() => rig.unmatched("gone") === rig.apps.counters.lost, "their answers are counted");
});

cell("duplicate_origin_host replace: a half-open connection makes way for a new one, and its requests end with it", {
  fakes: [{ request: () => {} }],
  apps: { connections: 0 },
  server: { duplicateOriginHost: "replace", dprTimeout: 100 },
  gateway: { requestTimeout: 20_000, answerTimeout: 20_000 },
}, async (rig) => {
  const old = await TallyApp.open(rig.gateway, "twice.apps.example.net");
  await old.ask(20);
  await until(() => rig.fakes[0]!.requests === 20, "its requests wait");
  const fresh = await TallyApp.open(rig.gateway, "twice.apps.example.net");
  await until(() => old.wire.ended, "the old connection is closed");
  await until(() => rig.gateway.statistics.sessions_abandoned === 20, "its requests are given up");
  rig.fakes[0]!.request = (message, wire) => void wire.send(rig.fakes[0]!.answerTo(message));
  await fresh.ask(20);
  await fresh.allAnswered();
  assertEquals(fresh.results, { "2001": 20 });
  // The 20 slots wait for answers that nobody needs.
  rig.gateway.pool.dras[0]!.links[0]!.abort("cut by the test");
  await fresh.close();
  await old.close();
});

cell("duplicate_origin_host probe: the newcomer gets its word also when that takes longer than a CER may", {
  apps: { connections: 0 },
  server: { duplicateOriginHost: "probe", capabilitiesTimeout: 100 },
}, async (rig) => {
  const old = await TallyApp.open(rig.gateway, "twice.apps.example.net");
  old.answersWatchdogs = false;
  const answers: RawMessage[] = [];
  const fresh = await WireEnd.connect(rig.gateway.addresses[0]!.port, {
    message: (bytes) => answers.push(new RawMessage(bytes)),
  });
  await fresh.send(cer(old.identity));
  await quiet(300);
  // A sign of life.
  await old.settled();
  await until(() => fresh.ended, "the newcomer is sent away");
  assertEquals(answers.map(({ command, resultCode }) => [command, resultCode]), [[257, 4003]]);
  await Promise.all([old.close(), fresh.close()]);
});

cell("a Logic App leaves while its requests are being retried", {
  dras: [{ faults: { dropEvery: 1 } }, { faults: { delay: 200 } }],
  apps: { connections: 2, window: 20 },
  gateway: { answerTimeout: 50 },
}, async (rig) => {
  rig.apps.begin();
  await until(() => rig.dras[1]!.counters.requests >= 40, "all are being retried");
  rig.mayLose = rig.apps.waiting;
  await rig.apps.stop();
  await until(() => rig.gateway.apps.size === 0, "the gateway noticed");
  assertEquals([rig.gateway.statistics.active_sessions, rig.gateway.statistics.sessions_abandoned], [0, rig.mayLose]);
});
