/** The wall clock is for people and for Origin-State-Id: nothing waits by it. */
import { assertEquals } from "@std/assert";
import type { GatewayEvent } from "../../../src/diameter/relay/core/events.ts";
import { freeAddress } from "../../support/free_port.ts";
import { InsideGateway } from "../../support/inside.ts";
import { DEFAULT_OPTIONS } from "../../../src/diameter/relay/core/options.ts";
import { AppSimulator } from "../../../src/diameter/sim/app.ts";
import { DraSimulator } from "../../../src/diameter/sim/dra.ts";
import { until } from "../../support/until.ts";

const HOUR = 3_600_000;

/** Runs `play` with a wall clock that is `by` ms off. */
async function withJump(by: number, play: () => Promise<void>): Promise<void> {
  const real = Date.now;
  Date.now = () => real() + by;
  try {
    await play();
  } finally {
    Date.now = real;
  }
}

for (const [way, by] of [["ahead", HOUR], ["back", -HOUR]] as const) {
  Deno.test(`a clock that jumps an hour ${way} ends no connection, loses no request and keeps no DRA away`, async () => {
    const dra = new DraSimulator({ listen: freeAddress(), faults: { delay: 20 } });
    const gateway = new InsideGateway({
      ...DEFAULT_OPTIONS,
      drainTimeout: 100,
      server: {
        ...DEFAULT_OPTIONS.server,
        listen: [{ hostname: "127.0.0.1", port: 0 }],
        watchdogInterval: 500,
        watchdogJitter: 0,
      },
      draPool: {
        ...DEFAULT_OPTIONS.draPool,
        watchdogInterval: 500,
        watchdogJitter: 0,
        reconnect: { initial: 20, multiplier: 1, max: 20, jitter: 0, afterRefusal: 20 },
        dras: [
          {
            name: "dra-1",
            host: "127.0.0.1",
            port: dra.start().port,
            priority: 1,
            weight: 100,
            originHost: "",
            bind: "",
          },
        ],
      },
    });
    const events: GatewayEvent[] = [];
    gateway.on((event) => events.push(event));
    await gateway.start();
    const [link] = gateway.pool.dras[0]!.links;
    const app = new AppSimulator({ connect: gateway.addresses[0]!, window: 16 });
    try {
      await until(() => gateway.pool.dras[0]!.usable, "the DRA is usable");
      await app.start();
      // The jump comes while requests are on their way and watchdogs are armed.
      const running = app.run({ requests: 400 });
      await until(() => app.counters.answered > 20, "answers flow");
      await withJump(by, async () => {
        await running;
        assertEquals([app.counters.success, app.counters.lost], [400, 0]);
        await until(() => link!.state === "DWR_SENT", "the next watchdog is sent");
        await until(() => link!.okay && !link!.watchdog.pending, "and answered");
        const ended = events.filter(({ kind }) => kind === "dra_down" || kind === "dra_suspect" || kind === "app_down");
        assertEquals(ended, []);
        dra.kill();
        await until(() => !gateway.pool.dras[0]!.usable, "the DRA is gone");
        dra.start();
        await until(() => gateway.pool.dras[0]!.usable, "the DRA is back");
      });
    } finally {
      await app.stop();
      await gateway.stop();
      dra.kill();
    }
  });
}
