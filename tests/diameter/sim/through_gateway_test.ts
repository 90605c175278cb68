import { assert, assertEquals } from "@std/assert";
import { InsideGateway } from "../../support/inside.ts";
import { DEFAULT_OPTIONS, type GatewayOptions } from "../../../src/diameter/relay/core/options.ts";
import { AppSimulator, type AppSimulatorOptions } from "../../../src/diameter/sim/app.ts";
import { DraSimulator, type DraSimulatorOptions } from "../../../src/diameter/sim/dra.ts";
import { until } from "./support.ts";

const { test } = Deno;

/**
 * Simulated DRAs of falling priority, a gateway and Logic Apps that are connected to it, for as
 * long as `body` runs.
 */
async function withGateway(
  draOptions: readonly DraSimulatorOptions[],
  appOptions: Omit<AppSimulatorOptions, "connect">,
  body: (apps: AppSimulator, dras: DraSimulator[], gateway: InsideGateway) => Promise<void>,
  options: Partial<GatewayOptions> = {},
): Promise<void> {
  const dras = draOptions.map((one, index) =>
    new DraSimulator({ originHost: `dra-${index + 1}.core.example.net`, ...one })
  );
  const gateway = new InsideGateway({
    ...DEFAULT_OPTIONS,
    drainTimeout: 100,
    ...options,
    server: { ...DEFAULT_OPTIONS.server, listen: [{ hostname: "127.0.0.1", port: 0 }] },
    draPool: {
      ...DEFAULT_OPTIONS.draPool,
      reconnect: { ...DEFAULT_OPTIONS.draPool.reconnect, initial: 20, max: 50 },
      dras: dras.map((dra, index) => ({
        name: `dra-${index + 1}`,
        host: "127.0.0.1",
        port: dra.start().port,
        priority: index + 1,
        weight: 100,
        originHost: dra.originHost,
        bind: "",
      })),
    },
  });
  await gateway.start();
  const apps = new AppSimulator({ connect: gateway.addresses[0]!, ...appOptions });
  try {
    await until(() => gateway.pool.dras.every((dra) => dra.usable), "all DRAs are usable");
    await apps.start();
    await body(apps, dras, gateway);
  } finally {
    await apps.stop();
    await gateway.stop();
    for (const dra of dras) dra.kill();
  }
}

test("every answer passes the check, from many connections at once", async () => {
  await withGateway([{}], { connections: 20, mix: { s13: 3, s6a: 1, ccr: 1 } }, async (apps, [dra]) => {
    await apps.run({ requests: 5_000 });
    const { answered, success, lost, faulty } = apps.counters;
    assertEquals([answered, success, lost, faulty], [5_000, 5_000, 0, 0]);
    assertEquals([dra!.counters.requests, dra!.counters.tFlagged, dra!.counters.duplicates], [5_000, 0, 0]);
  });
});

test("a DRA that is busy now and then costs no answer while there is another", async () => {
  await withGateway([{ faults: { busyEvery: 3 } }, {}], { connections: 2 }, async (apps, dras) => {
    await apps.run({ requests: 300 });
    assertEquals([apps.counters.results, apps.counters.faulty], [[["2001", 300]], 0]);
    assertEquals([dras[1]!.counters.requests, dras[1]!.counters.tFlagged], [100, 0]);
  });
});

test("a DRA that is killed under load costs no answer: what was pending comes to the other one with the T flag", async () => {
  await withGateway([{ faults: { delay: 5 } }, {}], { connections: 4, window: 16 }, async (apps, dras, gateway) => {
    const running = apps.run({ requests: 3_000 });
    await until(() => dras[0]!.counters.requests > 500, "traffic");
    dras[0]!.kill();
    await running;
    const { answered, success, lost, faulty } = apps.counters;
    assertEquals([answered, success, lost, faulty], [3_000, 3_000, 0, 0]);
    assert(dras[1]!.counters.tFlagged > 0);
    assertEquals(gateway.statistics.failover_count, 1);
  });
});

test("answers that are late, twice or to nothing do not reach a Logic App", async () => {
  const faults = { duplicateEvery: 5, wrongHopByHopEvery: 7, reorder: 4 };
  await withGateway([{ faults }], { connections: 3, timeout: 2_000 }, async (apps, _, gateway) => {
    await apps.run({ requests: 700 });
    const { answered, success, lost, faulty } = apps.counters;
    // Those with a wrong id are answered by the gateway when their time is up.
    assertEquals([answered, success, lost, faulty], [700, 600, 0, 0]);
    assertEquals(apps.counters.results, [["2001", 600], ["3002", 100]]);
    assertEquals(gateway.statistics.sessions_expired, 100);
  }, { requestTimeout: 300 });
});

test("a DRA's requests reach the Logic App they name, and its answers the DRA", async () => {
  const options = { connections: 3, applications: [{ id: 4 }, { id: 16777252, vendor: 10415 }] };
  await withGateway([{ faults: { requestEvery: 2 } }], options, async (apps, [dra]) => {
    apps.begin(200);
    await until(() => dra!.counters.answersReceived >= 10, "10 answers");
    await apps.end();
    assert(apps.counters.peerRequests >= 10);
    assertEquals([dra!.counters.unmatchedAnswers, apps.counters.faulty], [0, 0]);
  });
});

test("the event that a DRA is lost says why, and so does its connection", async () => {
  await withGateway([{}, {}], {}, async (_apps, dras, gateway) => {
    const reasons: string[] = [];
    gateway.on((event) => {
      if (event.kind === "dra_down") reasons.push(event.reason);
    });
    dras[0]!.kill();
    await until(() => reasons.length > 0, "the event");
    assert(reasons[0] !== "", "dra_down has no reason");
    assert(gateway.pool.dras[0]!.reason !== "", "the DRA has no reason");
  });
});
