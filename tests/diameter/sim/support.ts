import { assert } from "@std/assert";
import { AppSimulator, type AppSimulatorOptions } from "../../../src/diameter/sim/app.ts";
import { DraSimulator, type DraSimulatorOptions } from "../../../src/diameter/sim/dra.ts";
import { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";
import { freeAddress } from "../../support/free_port.ts";

/** Resolves when `condition` holds; fails when it does not within `patience` milliseconds. */
export async function until(condition: () => boolean, what: string, patience = 5_000): Promise<void> {
  const deadline = performance.now() + patience;
  while (!condition()) {
    assert(performance.now() < deadline, `not within ${patience} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A simulated DRA and Logic Apps that are connected to it, for as long as `body` runs. */
export async function withPair(
  draOptions: DraSimulatorOptions,
  appOptions: Omit<AppSimulatorOptions, "connect">,
  body: (apps: AppSimulator, dra: DraSimulator) => Promise<void>,
): Promise<void> {
  const dra = new DraSimulator({ listen: freeAddress(), ...draOptions });
  const apps = new AppSimulator({ connect: dra.start(), ...appOptions });
  try {
    await apps.start();
    await body(apps, dra);
  } finally {
    dra.setFaults({ readRate: Infinity });
    await apps.stop();
    dra.kill();
  }
}

/** An ECR (S13) for `imei`, without anything that only a relay needs. */
export function ecr(imei: string, endToEnd = 7, flags = 0xc0): MessageBuilder {
  return new MessageBuilder({ flags, command: 324, application: 16777252, hopByHop: 42, endToEnd })
    .text(263, "app.example.net;1;2")
    .unsigned32(277, 1)
    .text(264, "app.example.net")
    .text(296, "example.net")
    .text(283, "core.example.net")
    .group(1401, (group) => group.text(1402, imei, { vendor: 10415 }), { vendor: 10415 });
}
