import { assertEquals } from "@std/assert";
import type { Capabilities } from "../../../../src/diameter/peer/capabilities.ts";
import type { Peer } from "../../../../src/diameter/peer/peer.ts";
import { AppLimits } from "../../../../src/diameter/relay/apps/limits.ts";
import { AppDirectory } from "../../../../src/diameter/relay/apps/directory.ts";
import { DEFAULT_OPTIONS } from "../../../../src/diameter/relay/core/options.ts";
import { RelayPeer } from "../../../../src/diameter/relay/core/relay_peer.ts";
import type { RelayRuntime } from "../../../../src/diameter/relay/core/runtime.ts";
import { ApplicationSet } from "../../../../src/diameter/wire/application_set.ts";

/** One request for the whole test, so that a second one shows whether the bucket is still known. */
const options = {
  ...DEFAULT_OPTIONS,
  server: { ...DEFAULT_OPTIONS.server, rateLimit: { requestsPerSecond: 1e-6, burst: 1 } },
};

function app(originHost: string): RelayPeer {
  return new RelayPeer(
    {} as Peer,
    { originHost, applications: new ApplicationSet([]) } as unknown as Capabilities,
    undefined,
  );
}

Deno.test("ten thousand identities that come and go push out no bucket of a Logic App that is connected", () => {
  const apps = new AppDirectory();
  const limits = new AppLimits({ options } as RelayRuntime, apps);
  const connected = [app("first.example.net"), app("second.example.net")];
  for (const one of connected) {
    apps.add(one);
    assertEquals(limits.check(one, 0), undefined);
  }
  for (let i = 0; i < 25_000; i++) {
    const passing = app(`passing-${i}.example.net`);
    apps.add(passing);
    assertEquals(limits.check(passing, 0), undefined);
    apps.remove(passing);
  }
  for (const one of connected) assertEquals(limits.check(one, 0)?.reason, "app_rate");
  // Of those that are gone the latest are remembered.
  assertEquals(limits.check(app("passing-24999.example.net"), 0)?.reason, "app_rate");
  assertEquals(limits.check(app("passing-0.example.net"), 0), undefined);
});
