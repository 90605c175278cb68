/**
 * Answers that are late, missing, twice, out of order, for nobody, or errors.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { until } from "../support/until.ts";
import { cell } from "./rig.ts";

const FOUR = { connections: 4, window: 16 } as const;

cell("a DRA that answers late: every answer finds its request", {
  dras: [{ faults: { delay: 20, delayJitter: 15 } }],
  apps: FOUR,
}, async (rig) => {
  await rig.apps.run({ requests: 600 });
  assertEquals(rig.results, { "2001": 600 });
  assertEquals(rig.sightings.repeated, []);
});

cell("a DRA that answers twice: the second answers reach nobody", {
  dras: [{ faults: { duplicateEvery: 2 } }],
  apps: FOUR,
}, async (rig) => {
  await rig.apps.run({ requests: 600 });
  assertEquals(rig.results, { "2001": 600 });
  await until(() => rig.unmatched("duplicate") === 300, "300 duplicates are counted");
});

cell("a DRA that answers in reverse order: every answer finds its request", {
  dras: [{ faults: { reorder: 8, delayJitter: 5 } }],
  apps: FOUR,
}, async (rig) => {
  await rig.apps.run({ requests: 600 });
  assertEquals(rig.results, { "2001": 600 });
});

cell("the only DRA loses answers: the gateway answers 3002 when the time is up", {
  dras: [{ faults: { dropEvery: 10 } }],
  apps: FOUR,
  gateway: { requestTimeout: 300, answerTimeout: 100 },
}, async (rig) => {
  await rig.apps.run({ requests: 300 });
  assertEquals(rig.results, { "2001": 270, "3002": 30 });
  assertEquals([rig.errorAnswers("3002 timeout"), rig.gateway.statistics.sessions_expired], [30, 30]);
  assertEquals(rig.sightings.repeated, []);
});

cell("one of two DRAs loses answers: the other one is asked, with the T flag", {
  dras: [{ faults: { dropEvery: 10 } }, {}],
  apps: FOUR,
  gateway: { answerTimeout: 100 },
}, async (rig) => {
  await rig.apps.run({ requests: 300 });
  assertEquals(rig.results, { "2001": 300 });
  const { repeated } = rig.sightings;
  assertEquals(repeated.length, 30);
  for (const sightings of repeated) {
    assertEquals(sightings.map(({ dra, retransmitted }) => [dra, retransmitted]), [
      ["dra-1.core.example.net", false],
      ["dra-2.core.example.net", true],
    ]);
  }
});

cell("an answer that comes after answer_timeout, behind that of the second DRA, reaches nobody", {
  dras: [{ faults: { lateEvery: 10, lateBy: 400 } }, {}],
  apps: FOUR,
  gateway: { answerTimeout: 100 },
}, async (rig) => {
  await rig.apps.run({ requests: 300 });
  assertEquals(rig.results, { "2001": 300 });
  assertEquals(rig.sightings.repeated.length, 30);
  await until(() => rig.unmatched("duplicate") === 30, "30 second answers are counted");
});

cell("an answer that comes after answer_timeout wins when the second DRA says nothing", {
  dras: [{ faults: { lateEvery: 10, lateBy: 350 } }, { faults: { dropEvery: 1 } }],
  apps: FOUR,
  gateway: { answerTimeout: 100 },
}, async (rig) => {
  await rig.apps.run({ requests: 300 });
  assertEquals(rig.results, { "2001": 300 });
  assertEquals([rig.sightings.repeated.length, rig.sightings.unmarked], [30, []]);
  assertEquals(rig.gateway.statistics.sessions_completed, 300);
});

cell("an answer that comes after request_timeout reaches nobody: 3002 was the answer", {
  dras: [{ faults: { lateEvery: 10, lateBy: 500 } }],
  apps: FOUR,
  gateway: { requestTimeout: 200, answerTimeout: 100 },
}, async (rig) => {
  await rig.apps.run({ requests: 300 });
  assertEquals(rig.results, { "2001": 270, "3002": 30 });
  await until(() => rig.unmatched("late") === 30, "30 late answers are counted");
});

cell("answers with a wrong hop-by-hop id reach nobody, and the second DRA is asked", {
  dras: [{ faults: { wrongHopByHopEvery: 10 } }, {}],
  apps: FOUR,
  gateway: { answerTimeout: 100 },
}, async (rig) => {
  await rig.apps.run({ requests: 300 });
  assertEquals(rig.results, { "2001": 300 });
  assertEquals([rig.unmatched("unknown"), rig.sightings.unmarked], [30, []]);
});

for (const code of [3002, 3004]) {
  cell(`${code} of one DRA: the next one is asked, without the T flag`, {
    dras: [{ faults: { errorEvery: 3, errorResult: { code, vendor: 0 } } }, {}],
    apps: FOUR,
  }, async (rig) => {
    await rig.apps.run({ requests: 300 });
    assertEquals(rig.results, { "2001": 300 });
    assertEquals([rig.sightings.repeated.length, rig.sightings.marked], [100, 0]);
  });

  cell(`${code} of every DRA: the last one's is passed on, after max_attempts`, {
    dras: Array.from({ length: 4 }, () => ({ faults: { errorEvery: 1, errorResult: { code, vendor: 0 } } })),
    apps: FOUR,
    gateway: { maxAttempts: 3 },
  }, async (rig) => {
    await rig.apps.run({ requests: 100 });
    assertEquals(rig.results, { [code]: 100 });
    assertEquals(rig.dras.map((dra) => dra.counters.requests), [100, 100, 100, 0]);
    assertEquals([rig.sightings.returned, rig.sightings.marked], [[], 0]);
    assertEquals(rig.gateway.statistics.sessions_completed, 100);
  });
}

for (const code of [3001, 3003, 3005, 3006, 3007, 4181, 5001, 5012]) {
  cell(`${code} of a DRA is passed on as it is, and nobody else is asked`, {
    dras: [{ faults: { errorEvery: 4, errorResult: { code, vendor: 0 } } }, {}],
    apps: FOUR,
  }, async (rig) => {
    await rig.apps.run({ requests: 100 });
    assertEquals(rig.results, { "2001": 75, [code]: 25 });
    assertEquals(rig.dras[1]!.counters.requests, 0);
  });
}

cell("silence, then 3004, then a third DRA: T is set because the first may still answer", {
  dras: [{ faults: { dropEvery: 1 } }, { faults: { busyEvery: 1 } }, {}],
  apps: FOUR,
  gateway: { answerTimeout: 100 },
}, async (rig) => {
  await rig.apps.run({ requests: 60 });
  assertEquals(rig.results, { "2001": 60 });
  for (const sightings of rig.sightings.all.values()) {
    assertEquals(sightings.map(({ retransmitted }) => retransmitted), [false, true, true]);
  }
});

cell("3004, then silence: the 3004 is passed on when the time is up", {
  dras: [{ faults: { busyEvery: 1 } }, { faults: { dropEvery: 1 } }],
  apps: FOUR,
  gateway: { answerTimeout: 100, requestTimeout: 300 },
}, async (rig) => {
  await rig.apps.run({ requests: 60 });
  assertEquals(rig.results, { "3004": 60 });
  assertEquals(rig.gateway.statistics.sessions_completed, 60);
  assertEquals(rig.sightings.marked, 0);
});

cell("silence, then 3004 of the last candidate: it is passed on at once, and the late answer reaches nobody", {
  dras: [{ faults: { lateEvery: 1, lateBy: 350 } }, { faults: { busyEvery: 1 } }],
  apps: FOUR,
  gateway: { answerTimeout: 100 },
}, async (rig) => {
  await rig.apps.run({ requests: 60 });
  assertEquals(rig.results, { "3004": 60 });
  await until(() => rig.unmatched("duplicate") === 60, "60 second answers are counted");
});

cell("a 3004 that comes late, while another DRA is being asked, is remembered only", {
  dras: [{ faults: { busyEvery: 1, lateEvery: 1, lateBy: 200 } }, { faults: { lateEvery: 1, lateBy: 250 } }],
  apps: FOUR,
  gateway: { answerTimeout: 100 },
}, async (rig) => {
  await rig.apps.run({ requests: 60 });
  assertEquals(rig.results, { "2001": 60 });
});

cell("a 3004 that comes late, while another DRA is being asked that never answers, is passed on when the time is up", {
  dras: [{ faults: { busyEvery: 1, lateEvery: 1, lateBy: 200 } }, { faults: { dropEvery: 1 } }],
  apps: FOUR,
  gateway: { answerTimeout: 100, requestTimeout: 400 },
}, async (rig) => {
  await rig.apps.run({ requests: 60 });
  assertEquals(rig.results, { "3004": 60 });
  assertEquals([rig.gateway.statistics.sessions_completed, rig.gateway.statistics.sessions_expired], [60, 0]);
});

cell("what is kept of a few unanswered requests among many answered ones is still right when it is sent again", {
  dras: [{ faults: { dropEvery: 400 } }, {}],
  apps: { connections: 4, window: 32, mix: { s13: 2, s6a: 1, ccr: 1 } },
  gateway: { answerTimeout: 1_000 },
}, async (rig) => {
  // 40 segments of 64 KiB and more: those that are mostly answered are emptied.
  await rig.apps.run({ requests: 16_000 });
  assertEquals(rig.results, { "2001": 16_000 });
  assertEquals([rig.sightings.repeated.length, rig.sightings.unmarked], [40, []]);
  assert(rig.accounts.peakBytes < 4 * 1024 * 1024, `${rig.accounts.peakBytes} bytes were in use`);
});

cell("commands of never_retry are sent once, whatever becomes of them", {
  dras: [{ faults: { dropEvery: 5, busyEvery: 3 } }, {}],
  apps: { ...FOUR, mix: { s13: 1, ccr: 1 } },
  gateway: { answerTimeout: 100, requestTimeout: 300, neverRetry: [324, 272] },
}, async (rig) => {
  await rig.apps.run({ requests: 150 });
  assertEquals(rig.results, { "2001": 80, "3004": 40, "3002": 30 });
  assertEquals([rig.dras[0]!.counters.requests, rig.dras[1]!.counters.requests], [150, 0]);
});

cell("transparent mode: the same, and T is set where failover demands it", {
  dras: [{ faults: { dropEvery: 10, duplicateEvery: 7, busyEvery: 9, wrongHopByHopEvery: 31 } }, {
    faults: { reorder: 4 },
  }],
  apps: { ...FOUR, mix: { s13: 2, s6a: 1, ccr: 1 } },
  gateway: { mode: "transparent", answerTimeout: 100 },
}, async (rig) => {
  await rig.apps.run({ requests: 500 });
  assertEquals(rig.results, { "2001": 500 });
  assert(rig.sightings.marked > 0);
  assertEquals(rig.sightings.returned, []);
});
