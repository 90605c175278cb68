/**
 * Requests of DRAs to Logic Apps, when the Logic Apps or the DRAs misbehave.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { answer, patched, RawMessage, request } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { cell, type Rig } from "./rig.ts";
import { PADDING_AVP, TallyApp } from "./tally_app.ts";
import type { WireEnd } from "./wire_end.ts";

const NONE = { connections: 0 } as const;
/** What the simulated DRAs ask for. */
const RE_AUTH_APPLICATIONS = [{ id: 4 }, { id: 16777252, vendor: 10415 }] as const;
const MiB = 1024 * 1024;

/** Asks the gateway from the fake DRA; what comes back is in the list that is returned. */
class Asking {
  readonly answers: RawMessage[] = [];
  readonly #wire: WireEnd;
  #asked = 0;

  constructor(rig: Rig, answersOf: Asking[]) {
    const [wire] = rig.fakes[0]!.open;
    this.#wire = wire!;
    answersOf.push(this);
  }

  /** `count` requests to the Logic App `host`. */
  ask(host: string, count = 1): void {
    const messages = Array.from({ length: count }, () => request({ destinationHost: host }));
    this.#asked += count;
    void this.#wire.send(...messages);
  }

  /** Resolves when each request has an answer; how often each Result-Code came. */
  async results(): Promise<Record<string, number>> {
    await until(() => this.answers.length >= this.#asked, `${this.#asked} answers`);
    assertEquals(new Set(this.answers.map(({ hopByHop }) => hopByHop)).size, this.#asked);
    const results: Record<string, number> = {};
    for (const { resultCode } of this.answers) results[String(resultCode)] = (results[String(resultCode)] ?? 0) + 1;
    return results;
  }
}

/** A cell whose only DRA asks Logic Apps of the test. */
function reverseCell(
  name: string,
  options: Parameters<typeof cell>[1],
  body: (rig: Rig, dra: Asking) => Promise<void>,
): void {
  cell(
    name,
    { apps: NONE, ...options, fakes: [{ other: (message) => asking.at(-1)?.answers.push(message) }] },
    (rig) => body(rig, new Asking(rig, asking)),
  );
}

const asking: Asking[] = [];

cell("requests in both directions at once, over connections that break on either side: one answer each", {
  dras: [
    { faults: { requestEvery: 1, delay: 2, closeAfter: 400 } },
    { faults: { requestEvery: 1, delay: 2, dropEvery: 20 } },
  ],
  apps: { connections: 6, window: 8, reconnect: 10, applications: RE_AUTH_APPLICATIONS },
  gateway: { answerTimeout: 150 },
  draPool: { watchdogInterval: 150, watchdogJitter: 10, reopenWatchdogs: 1 },
}, async (rig) => {
  rig.apps.begin();
  for (let round = 1; round <= 5; round++) {
    const before = rig.apps.counters.peerRequests;
    await until(() => rig.apps.counters.peerRequests > before + 30, "requests of DRAs arrive");
    const [app] = rig.gateway.apps;
    app!.peer.abort("cut by the test");
  }
  await until(() => rig.apps.openConnections === 6, "all Logic Apps are back");
  for (const dra of rig.dras) dra.setFaults({ requestEvery: 0 });
  await rig.apps.end();
  rig.mayLose = rig.apps.counters.lost;
  assertEquals(rig.sightings.unmarked, []);
  assertEquals(rig.dras.map((dra) => dra.counters.unmatchedAnswers), [0, 0]);
});

cell("requests of a DRA to Logic Apps that are not there, and to those that are: 3002, and success", {
  dras: [{ faults: { requestEvery: 1, requestDestinationHost: "nobody.apps.example.net" } }],
  apps: { connections: 2, applications: RE_AUTH_APPLICATIONS },
}, async (rig) => {
  rig.apps.begin();
  const [dra] = rig.dras;
  await until(() => dra!.counters.answersReceived >= 20, "refusals");
  assertEquals(rig.apps.counters.peerRequests, 0);
  dra!.setFaults({ requestDestinationHost: "APP-2.apps.example.net" });
  await until(() => rig.apps.counters.peerRequests >= 20, "requests arrive");
  dra!.setFaults({ requestEvery: 0 });
  await until(() => dra!.counters.answersReceived === dra!.counters.requestsSent, "every request is answered");
  await rig.apps.end();
  assertEquals([dra!.counters.unmatchedAnswers, rig.errorAnswers("3002 no_app") >= 20], [0, true]);
});

reverseCell("a Logic App that answers nothing: 3002 when the time is up, and late answers reach nobody", {
  gateway: { requestTimeout: 200 },
}, async (rig, dra) => {
  const app = await TallyApp.open(rig.gateway, "mute.apps.example.net");
  dra.ask(app.identity.host, 50);
  assertEquals(await dra.results(), { "3002": 50 });
  await app.wire.send(...app.requests.map((message) => answer(message)));
  await app.settled();
  assertEquals([rig.unmatched("late"), dra.answers.length], [50, 50]);
  await app.close();
});

reverseCell(
  "a Logic App that answers twice, with wrong ids, and out of order: the DRA gets one answer each",
  {},
  async (
    rig,
    dra,
  ) => {
    const app = await TallyApp.open(rig.gateway, "odd.apps.example.net");
    dra.ask(app.identity.host, 50);
    await until(() => app.requests.length === 50, "the requests arrive");
    const answers = app.requests.map((message) => answer(message)).reverse();
    for (const bytes of answers) await app.wire.send(patched(bytes, { 12: bytes[12]! ^ 0x55 }), bytes, bytes);
    assertEquals(await dra.results(), { "2001": 50 });
    await app.settled();
    assertEquals([rig.unmatched("duplicate"), rig.unmatched("unknown"), dra.answers.length], [50, 50, 50]);
    await app.close();
  },
);

reverseCell("an answer to a request that went to another Logic App counts for nothing", {}, async (rig, dra) => {
  const asked = await TallyApp.open(rig.gateway, "asked.apps.example.net");
  const liar = await TallyApp.open(rig.gateway, "liar.apps.example.net");
  dra.ask(asked.identity.host, 10);
  await until(() => asked.requests.length === 10, "the requests arrive");
  await liar.wire.send(...asked.requests.map((message) => answer(message, { resultCode: 5012 })));
  await liar.settled();
  assertEquals([dra.answers.length, rig.unmatched("unknown")], [0, 10]);
  await asked.wire.send(...asked.requests.map((message) => answer(message)));
  assertEquals(await dra.results(), { "2001": 10 });
  await Promise.all([asked.close(), liar.close()]);
});

reverseCell(
  "a Logic App that goes while it owes answers: 3002 for each, and its next connection owes nothing",
  {},
  async (
    rig,
    dra,
  ) => {
    const app = await TallyApp.open(rig.gateway, "gone.apps.example.net");
    dra.ask(app.identity.host, 50);
    await until(() => app.requests.length === 50, "the requests arrive");
    await app.close();
    assertEquals(await dra.results(), { "3002": 50 });
    assertEquals(rig.errorAnswers("3002 connection_lost"), 50);
    const again = await TallyApp.open(rig.gateway, "gone.apps.example.net");
    await again.wire.send(...app.requests.map((message) => answer(message)));
    await again.settled();
    assertEquals(dra.answers.length, 50);
    await again.close();
  },
);

reverseCell(
  "a DRA that goes while it waits for Logic Apps: their answers reach nobody, not even its next connection",
  {},
  async (
    rig,
    dra,
  ) => {
    const app = await TallyApp.open(rig.gateway, "slow.apps.example.net");
    dra.ask(app.identity.host, 50);
    await until(() => app.requests.length === 50, "the requests arrive");
    const [wire] = rig.fakes[0]!.open;
    await wire!.close();
    await until(() => rig.fakes[0]!.open.size === 1, "it is back");
    await app.wire.send(...app.requests.map((message) => answer(message)));
    await app.settled();
    assertEquals([rig.unmatched("gone"), dra.answers.length], [50, 0]);
    assertEquals(rig.gateway.statistics.sessions_abandoned, 50);
    await app.close();
  },
);

reverseCell("more requests of DRAs than max_in_flight are unanswered: the rest is told 3004", {
  draPool: { maxInFlight: 30 },
}, async (rig, dra) => {
  const app = await TallyApp.open(rig.gateway, "busy.apps.example.net");
  dra.ask(app.identity.host, 50);
  await until(() => dra.answers.length === 20, "what is too much is refused");
  await app.wire.send(...app.requests.map((message) => answer(message)));
  assertEquals(await dra.results(), { "2001": 30, "3004": 20 });
  await app.close();
});

reverseCell("a Logic App whose queue is full gets no more: the DRA is told 3004", {
  server: { sendQueueLimit: MiB, writeTimeout: 10_000 },
}, async (rig, dra) => {
  const app = await TallyApp.open(rig.gateway, "lazy.apps.example.net");
  app.wire.pause();
  rig.fakes[0]!.request = (message, wire) =>
    void wire.send(
      answer(message, { more: (builder) => builder.octets(PADDING_AVP, new Uint8Array(32_768), { flags: 0 }) }),
    );
  void app.ask(400);
  await until(() => [...rig.gateway.apps].some(({ peer }) => peer.out.full), "its queue is full");
  dra.ask(app.identity.host, 5);
  assertEquals(await dra.results(), { "3004": 5 });
  assertEquals([rig.errorAnswers("3004 app_full"), rig.gateway.statistics.routing_errors], [5, 0]);
  app.wire.resume();
  await app.allAnswered();
  await app.close();
});

reverseCell("a Logic App that answers no request of DRAs, and gets many answers, does not fill the memory", {
  gateway: { requestTimeout: 20_000, drainTimeout: 0 },
}, async (rig, dra) => {
  const app = await TallyApp.open(rig.gateway, "mute.apps.example.net");
  rig.fakes[0]!.request = (message, wire) =>
    void wire.send(
      answer(message, { more: (builder) => builder.octets(PADDING_AVP, new Uint8Array(32_000), { flags: 0 }) }),
    );
  for (let round = 0; round < 150; round++) {
    dra.ask(app.identity.host);
    await until(() => app.requests.length === round + 1, "the request arrives");
    await app.ask(2);
    await app.allAnswered();
  }
  assert(
    rig.gateway.runtime.segments.bytesInUse < 2 * MiB,
    `${rig.gateway.runtime.segments.bytesInUse} bytes are in use`,
  );
  // What is still owed must have survived.
  await app.wire.send(...app.requests.map((message) => answer(message)));
  assertEquals(await dra.results(), { "2001": 150 });
  assertEquals(app.requests.every(({ command }) => command === COMMAND.meIdentityCheck), true);
  await app.close();
});
