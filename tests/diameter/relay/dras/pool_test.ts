import { assertEquals, assertStringIncludes } from "@std/assert";
import type { DraLink } from "../../../../src/diameter/relay/dras/link.ts";
import { peerRequest } from "../../../support/raw_message.ts";
import { type Line, type Scene, scene, TW, WAIT } from "./scene.ts";

const S13 = 16777252;
const TWO = [{}, { priority: 2 }] as const;
/** A DRA that is back is OKAY at once. */
const NO_REOPEN = { reopenWatchdogs: 0 } as const;

/** The name of the DRA that the next request goes to, or why there is none. */
function next(s: Scene): string {
  const link = s.pool.pick(s.pool.planFor(S13), "first");
  return typeof link === "string" ? link : link.dra.name;
}

/** `line` is lost and its DRA, which is the only one that is dialled, connects again. */
async function comesBack(s: Scene, line: Line): Promise<Line> {
  await line.ends();
  await s.passes(WAIT);
  return await s.opened();
}

Deno.test(
  "D4 when the higher priority is lost the next one carries traffic, and when it is back traffic returns at once",
  scene({ dras: TWO, draPool: NO_REOPEN }, async (s) => {
    const [first] = await s.open();
    assertEquals([next(s), s.pool.activePriority], ["dra-1", 1]);
    await first!.ends();
    assertEquals([next(s), s.pool.activePriority], ["dra-2", 2]);
    assertEquals(s.eventsOf("dra_down").map(({ dra, reason }) => [dra, reason]), [
      ["dra-1", "is not connected: the peer closed the connection"],
    ]);
    await s.passes(WAIT);
    await s.opened();
    assertEquals([next(s), s.pool.activePriority], ["dra-1", 1]);
    assertEquals(s.eventsOf("failover").map(({ from, to }) => [from, to]), [[1, 2]]);
    assertEquals(s.eventsOf("failback").map(({ from, to }) => [from, to]), [[2, 1]]);
    const { failovers, failbacks } = s.runtime.meters;
    assertEquals([failovers.of({}).value, failbacks.of({}).value], [1, 1]);
  }),
);

Deno.test(
  "D4 P14 failback_delay: a DRA that is back waits that long for traffic, the first connections after the start do not",
  scene({ dras: TWO, draPool: { ...NO_REOPEN, failbackDelay: 20_000 } }, async (s) => {
    const [first] = await s.open();
    assertEquals(next(s), "dra-1");
    await comesBack(s, first!);
    assertEquals([s.dra().usable, s.dra().held, next(s)], [true, true, "dra-2"]);
    await s.passes(19_999);
    assertEquals(next(s), "dra-2", "too early");
    await s.passes(1);
    assertEquals([s.dra().held, next(s), s.pool.activePriority], [false, "dra-1", 1]);
    assertEquals(s.eventsOf("failback").length, 1);
  }),
);

Deno.test(
  "P14 a DRA that is lost while it is held back begins its time anew",
  scene({ dras: TWO, draPool: { ...NO_REOPEN, failbackDelay: 20_000 } }, async (s) => {
    const [first] = await s.open();
    const back = await comesBack(s, first!);
    await s.passes(15_000);
    await back.ends();
    assertEquals(s.dra().held, false);
    await s.passes(2 * WAIT);
    await s.opened();
    await s.passes(19_999);
    assertEquals(next(s), "dra-2");
    await s.passes(1);
    assertEquals(next(s), "dra-1");
  }),
);

Deno.test(
  "D4 failback_delay holds nothing back when nobody else works",
  scene({ dras: TWO, draPool: { ...NO_REOPEN, failbackDelay: 60_000 } }, async (s) => {
    const [first, second] = await s.open();
    await comesBack(s, first!);
    await second!.ends();
    assertEquals([s.dra().held, next(s)], [true, "dra-1"]);
  }),
);

Deno.test(
  "W3 a SUSPECT DRA gets no new requests, is told once, and gets them again with its next message",
  scene({ dras: TWO }, async (s) => {
    const [first, second] = await s.open();
    await quiet(s, second!);
    await quiet(s, second!);
    assertEquals([next(s), s.link().watchdog.state], ["dra-2", "suspect"]);
    assertEquals(s.eventsOf("dra_suspect").length, 1);
    assertEquals(s.told, ["suspect dra-1"]);
    await first!.answersWatchdog();
    assertEquals(next(s), "dra-1");
    assertEquals(s.eventsOf("failback").length, 1);
  }),
);

/** Tw passes, in which only `lines` say something. */
async function quiet(s: Scene, ...lines: readonly Line[]): Promise<void> {
  await s.passes(TW - 1);
  for (const line of lines) await line.sends(peerRequest(line.identity));
  await s.passes(1);
}

Deno.test(
  "P20 while no DRA is OKAY, one in REOPEN that has answered a DWR is the last resort, until another one is OKAY",
  scene({ dras: TWO }, async (s) => {
    const [first, second] = await s.open();
    await second!.ends();
    await first!.ends();
    assertEquals([next(s), s.eventsOf("no_dra").length], ["none", 1]);
    await s.passes(WAIT);
    // In the order in which they were lost.
    const backs = [await s.opened(), await s.opened()].toSorted((a, b) => a.identity.host < b.identity.host ? -1 : 1);
    assertEquals(next(s), "none", "nobody has answered yet");
    await backs[1]!.answersWatchdog();
    assertEquals([next(s), s.link(1).watchdog.state], ["dra-2", "reopen"]);
    await backs[0]!.answersWatchdog();
    assertEquals(next(s), "dra-1");
    for (let i = 0; i < 2; i++) {
      await s.passes(TW);
      await backs[1]!.answersWatchdog();
      if (i === 0) await backs[0]!.answersWatchdog();
    }
    assertEquals([s.link(1).okay, s.link(0).reopening, next(s)], [true, true, "dra-2"]);
  }),
);

Deno.test(
  "P20 with reopen_last_resort false there is none",
  scene({ draPool: { reopenLastResort: false } }, async (s) => {
    const [first] = await s.open();
    const back = await comesBack(s, first!);
    await back.answersWatchdog();
    assertEquals([next(s), s.link().reopening], ["none", true]);
  }),
);

Deno.test(
  "D6 requests go round by weight, evenly mixed",
  scene({ dras: [{ weight: 3 }, { weight: 1 }, { weight: 0 }] }, async (s) => {
    await s.open();
    const names = Array.from({ length: 8 }, () => next(s));
    assertEquals(names, ["dra-1", "dra-1", "dra-2", "dra-1", "dra-1", "dra-1", "dra-2", "dra-1"]);
  }),
);

/** Fills the table of `link` with so many requests of nobody. */
function holds(link: DraLink, count: number): void {
  const { out } = link.relayPeer!.peer;
  for (let i = 0; i < count; i++) {
    const segment = out.reserve(20);
    const slot = link.table.open(1, i, 0, segment, 0, 20);
    segment.view.setUint32(segment.head, (1 << 24) | 20);
    segment.view.setUint32(segment.head + 12, link.table.idOf(slot));
    out.commit(20);
  }
}

Deno.test(
  "least_pending: the one with the fewest open requests for its weight",
  scene({ dras: [{ weight: 2 }, { weight: 1 }], draPool: { balance: "least_pending" } }, async (s) => {
    await s.open();
    holds(s.link(0), 3);
    holds(s.link(1), 1);
    assertEquals(next(s), "dra-2");
    holds(s.link(1), 1);
    assertEquals(next(s), "dra-1");
  }),
);

for (const balance of ["round_robin", "least_pending"] as const) {
  Deno.test(
    `${balance}: a DRA that has max_in_flight is passed over, and when all have, the reason names them`,
    scene({ dras: [{}, {}], draPool: { balance, maxInFlight: 2 } }, async (s) => {
      await s.open();
      holds(s.link(0), 2);
      for (let i = 0; i < 3; i++) assertEquals(next(s), "dra-2");
      holds(s.link(1), 2);
      assertEquals(next(s), "full");
      const { message } = s.pool.refusalOf(s.pool.planFor(S13));
      assertStringIncludes(message, "dra-1 has 2 unanswered (dra_pool.max_in_flight); dra-2 has 2 unanswered");
    }),
  );
}

Deno.test(
  "a pool that is stopped takes leave of all, dials nobody any more, and leaves no alarm",
  scene({ dras: [{}, {}, { priority: 2 }], draPool: { ...NO_REOPEN, failbackDelay: 60_000 } }, async (s) => {
    const [first] = await s.open();
    await comesBack(s, first!);
    assertEquals(s.dra().held, true);
    await s.finish();
    assertEquals(s.calls.length, 0);
    assertEquals(s.pool.dras.map(({ links }) => links[0]!.state), ["DISCONNECTED", "DISCONNECTED", "DISCONNECTED"]);
  }),
);
