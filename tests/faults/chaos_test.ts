/**
 * Everything at once: DRAs whose faults change all the time, Logic Apps that are cut off, requests
 * in both directions. By seed.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type Faults, NO_FAULTS } from "../../src/diameter/sim/faults.ts";
import { until } from "../support/until.ts";
import { Dice } from "./mutations.ts";
import { cell, type Rig } from "./rig.ts";

/** How often something changes. */
const CHANGES = 40;

const TROUBLES: readonly ((dice: Dice) => Partial<Faults>)[] = [
  () => ({}),
  () => ({}),
  (dice) => ({ delay: dice.below(120), delayJitter: dice.below(60) }),
  (dice) => ({ dropEvery: 1 + dice.below(20) }),
  (dice) => ({ duplicateEvery: 1 + dice.below(5) }),
  (dice) => ({ wrongHopByHopEvery: 1 + dice.below(20) }),
  (dice) => ({ busyEvery: 1 + dice.below(5), lateEvery: 1 + dice.below(5), lateBy: dice.below(400) }),
  (dice) => ({ errorEvery: 1 + dice.below(5), errorResult: { code: dice.pick([3002, 3005, 4002, 5012]), vendor: 0 } }),
  (dice) => ({ lateEvery: 1 + dice.below(10), lateBy: dice.below(600), duplicateEvery: 1 + dice.below(10) }),
  (dice) => ({ reorder: 2 + dice.below(10), delayJitter: dice.below(20) }),
  (dice) => ({ closeAfter: 1 + dice.below(100), delay: dice.below(10) }),
  (dice) => ({ silenceAfter: 1 + dice.below(50) }),
  () => ({ noWatchdog: true }),
  (dice) => ({ readRate: dice.pick([0, 20_000, 200_000]) }),
  (dice) => ({ dprAfter: 1 + dice.below(50), dprCause: dice.below(3), delay: dice.below(20) }),
];

for (const [seed, mode] of [[1, "relay"], [2, "transparent"], [3, "relay"]] as const) {
  cell(`faults that change all the time, on both sides and in both directions (${mode} mode, seed ${seed})`, {
    dras: [
      { priority: 1, weight: 70 },
      { priority: 1, weight: 30 },
      { priority: 2 },
    ],
    apps: {
      connections: 5,
      window: 12,
      reconnect: 5,
      mix: { s13: 2, s6a: 1, ccr: 1 },
      applications: [{ id: 4 }, { id: 16777252, vendor: 10415 }, { id: 16777251, vendor: 10415 }],
    },
    gateway: { mode, requestTimeout: 700, answerTimeout: 150 },
    draPool: {
      connectionsPerDra: 1 + seed % 2,
      watchdogInterval: 100,
      watchdogJitter: 10,
      reopenWatchdogs: 1,
      balance: seed % 2 === 0 ? "least_pending" : "round_robin",
      maxInFlight: 30,
      dprTimeout: 50,
      writeTimeout: 400,
      sendQueueLimit: 16 * 1024,
    },
  }, (rig) => chaos(rig, new Dice(seed)));
}

async function chaos(rig: Rig, dice: Dice): Promise<void> {
  rig.apps.begin();
  for (let change = 0; change < CHANGES; change++) {
    const dra = dice.pick(rig.dras);
    if (dice.oneIn(8)) {
      dra.kill();
      // The system needs a moment to give the port free.
      await pause(10 + dice.below(60));
      dra.start();
    }
    dra.setFaults({ ...NO_FAULTS, requestEvery: dice.oneIn(3) ? 1 + dice.below(10) : 0, ...dice.pick(TROUBLES)(dice) });
    if (dice.oneIn(4)) {
      const apps = [...rig.gateway.apps];
      if (apps.length > 0) dice.pick(apps).peer.abort("cut by the test");
    }
    await pause(dice.below(90));
  }
  for (const dra of rig.dras) dra.setFaults(NO_FAULTS);
  await until(() => rig.apps.openConnections === 5, "all Logic Apps are connected");
  await until(() => rig.gateway.statistics.active_dras === 3, "all DRAs are well", 10_000);
  await rig.apps.end();
  // Those that the test cut off lost what was on its way to them; the gateway knows of it, or never
  // saw it.
  rig.mayLose = rig.apps.counters.lost;
  const { sessions_abandoned: abandoned } = rig.gateway.statistics;
  if (rig.apps.counters.connectionsLost === 0) assertEquals(rig.apps.counters.lost, 0);
  assert(abandoned >= 0 && rig.apps.counters.answered > 100, `${rig.apps.counters.answered} answers`);
  await until(() => rig.accounts.pending === 0, `nothing is left: ${rig.accounts.describe()}`);
  const before = rig.apps.counters.success;
  await rig.apps.run({ requests: 100 });
  assertEquals(rig.apps.counters.success - before, 100);
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
