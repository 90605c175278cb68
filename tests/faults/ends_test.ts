/**
 * Beginnings and ends: DRAs that refuse, shutting down under load, connections that end while
 * answers still wait in their queue.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { answer, nextId, patched, peerAnswer, request } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { cell } from "./rig.ts";
import { PADDING_AVP, TallyApp } from "./tally_app.ts";

const FOUR = { connections: 4, window: 16 } as const;
const NONE = { connections: 0 } as const;

for (
  const [what, welcome] of [["refuses every CER with 5010", 5010], ["refuses every CER with 3010", 3010], [
    "never answers a CER",
    0,
  ]] as const
) {
  cell(`a DRA that ${what} is tried again and again, and the other one serves`, {
    fakes: [{ welcome, priority: 1 }],
    dras: [{ priority: 2 }],
    apps: FOUR,
    usable: 1,
    draPool: { capabilitiesTimeout: 50 },
  }, async (rig) => {
    await rig.apps.run({ requests: 300 });
    assertEquals(rig.results, { "2001": 300 });
    await until(
      () => rig.events.filter((event) => event.kind === "dra_connect_failed" && event.dra === "fake-1").length >= 4,
      "four attempts failed",
    );
    assertEquals(rig.fakes[0]!.requests, 0);
  });
}

cell("no DRA at all lets the gateway in: 3002 for every request", {
  fakes: [{ welcome: 5012 }],
  apps: FOUR,
  usable: 0,
}, async (rig) => {
  await rig.apps.run({ requests: 300 });
  assertEquals(rig.results, { "3002": 300 });
  assertEquals(rig.gateway.statistics.sessions_rejected, 300);
});

cell("the gateway shuts down under load: every request that it took has its answer, the rest gets 3004", {
  dras: [{ faults: { delay: 60, delayJitter: 30 } }, {}],
  apps: { connections: 6, window: 32 },
  gateway: { drainTimeout: 2_000 },
}, async (rig) => {
  rig.apps.begin();
  await until(() => rig.apps.counters.success > 500, "traffic");
  await rig.gateway.stop();
  assertEquals(rig.gateway.statistics.sessions_abandoned, 0);
  await rig.apps.end();
  const others = Object.keys(rig.results).filter((result) => result !== "2001");
  assertEquals(others.filter((result) => result !== "3004"), []);
});

cell("the gateway shuts down while DRAs owe answers that never come: 3002 after drain_timeout", {
  dras: [{ faults: { dropEvery: 1 } }, { faults: { dropEvery: 1 } }],
  apps: { connections: 4, window: 8 },
  gateway: { drainTimeout: 100, answerTimeout: 50, requestTimeout: 10_000 },
}, async (rig) => {
  rig.apps.begin();
  await until(() => rig.dras[1]!.counters.requests >= 32, "all requests wait at the second DRA");
  const stopped = rig.gateway.stop();
  await until(() => (rig.results["3002"] ?? 0) === 32, "all of them are answered");
  await stopped;
  await rig.apps.end();
  assertEquals(rig.errorAnswers("3002 draining"), 32);
});

cell("the gateway shuts down with both sides owing answers, and nobody answers its DPR", {
  fakes: [{ request: () => {}, other: () => {} }],
  apps: NONE,
  gateway: { drainTimeout: 100, requestTimeout: 10_000 },
  server: { dprTimeout: 100 },
  draPool: { dprTimeout: 100 },
}, async (rig) => {
  const app = await TallyApp.open(rig.gateway, "app.apps.example.net");
  await app.ask(20);
  const [wire] = rig.fakes[0]!.open;
  await wire!.send(...Array.from({ length: 20 }, () => request({ destinationHost: app.identity.host })));
  await until(() => app.requests.length === 20 && rig.fakes[0]!.requests === 20, "everybody waits");
  await rig.gateway.stop();
  await until(() => app.wire.ended, "its connection is closed");
  assertEquals(app.tally.missing, 0);
  assertEquals(app.results, { "3002": 20 });
  assertEquals([rig.gateway.statistics.sessions_rejected, rig.gateway.statistics.active_sessions], [40, 0]);
  await app.close();
});

cell("answers to what came before a DPA leave before the connection is closed", {
  apps: NONE,
  server: { sendQueueLimit: 1024 * 1024, dprTimeout: 5_000 },
}, async (rig) => {
  const app = await TallyApp.open(rig.gateway, "late.apps.example.net");
  const stopped = rig.gateway.stop();
  await until(() => app.requests.some(({ command }) => command === COMMAND.disconnectPeer), "a DPR comes");
  const dpr = app.requests.find(({ command }) => command === COMMAND.disconnectPeer)!;
  app.wire.pause();
  // More refusals than the system's buffers hold, and the DPA right behind the requests.
  const sent = app.ask(40_000);
  void app.wire.send(peerAnswer(app.identity, dpr));
  await until(() => rig.gateway.statistics.sessions_created > 10_000, "the requests come");
  app.wire.resume();
  await sent;
  await app.allAnswered();
  assertEquals(app.results, { "3004": 40_000 });
  await stopped;
  await app.close();
});

cell("answers that wait leave before a connection is closed because of a message that cannot be", {
  fakes: [{
    request: (message, wire) =>
      void wire.send(
        answer(message, { more: (builder) => builder.octets(PADDING_AVP, new Uint8Array(16_384), { flags: 0 }) }),
      ),
  }],
  apps: NONE,
  server: { sendQueueLimit: 64 * 1024 * 1024 },
}, async (rig) => {
  const app = await TallyApp.open(rig.gateway, "wrong.apps.example.net");
  app.wire.pause();
  await app.ask(1_000);
  await until(() => rig.gateway.statistics.sessions_completed === 1_000, "its answers wait");
  // Version 2: answered 5011, and the end.
  const bad = nextId();
  await app.wire.send(patched(request({ hopByHop: bad }), { 0: 2 }));
  await app.ask(0);
  await until(
    () => rig.gateway.runtime.meters.discarded.of({ reason: "frame_version" }).value === 1,
    "the message is seen",
  );
  app.wire.resume();
  await until(() => app.wire.ended, "the connection is closed");
  assertEquals([app.tally.missing, app.results], [0, { "2001": 1_000, "5011": 1 }]);
  await app.close();
});

cell("what was sent to a DRA in its last resort is still answered when another DRA is well again", {
  dras: [{ faults: { delay: 400 } }, {}],
  apps: { connections: 2, window: 8 },
  gateway: { answerTimeout: 2_000 },
  draPool: { watchdogInterval: 300, watchdogJitter: 10, reopenWatchdogs: 4 },
}, async (rig) => {
  const [first, second] = rig.dras;
  // Both are lost; the first one comes back first, and serves before it is trusted.
  for (const dra of rig.dras) dra.kill();
  await until(() => rig.gateway.statistics.active_dras === 0, "both are lost");
  first!.start();
  const [link, other] = rig.gateway.pool.links();
  await until(() => link!.dra.usable, "the last resort is used");
  assertEquals(link!.watchdog.state, "reopen");
  const running = rig.apps.run({ requests: 16 });
  await until(() => first!.counters.requests === 16, "the requests are on their way");
  // As if it had only taken its leave: back in OKAY at once, and the last resort is needed no more.
  other!.watchdog.left();
  second!.start();
  await until(() => other!.okay && !link!.dra.usable, "the second DRA is well");
  await running;
  assertEquals([rig.results, rig.sightings.marked], [{ "2001": 16 }, 0]);
});

cell("a message that is longer than max_message_size ends its connection, and nobody else's", {
  apps: FOUR,
  server: { maxMessageSize: 8192 },
}, async (rig) => {
  const app = await TallyApp.open(rig.gateway, "long.apps.example.net");
  const running = rig.apps.run({ requests: 2_000 });
  await app.ask(10);
  await app.allAnswered();
  await app.ask(1, 8192);
  await until(() => app.wire.ended, "its connection is closed");
  await running;
  assertEquals(rig.results, { "2001": 2_000 });
  assert(!rig.gateway.runtime.segments.exhausted);
  await app.close();
});
