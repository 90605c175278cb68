import { assertEquals } from "@std/assert";
import { AVP, DISCONNECT_CAUSE } from "../../src/diameter/wire/avp_codes.ts";
import { APPLICATION, VENDOR } from "../../src/diameter/wire/application_ids.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import type { AdvertisedApplication } from "../../src/diameter/peer/capabilities.ts";
import type { DraOptions } from "../../src/diameter/relay/core/options.ts";
import { RESULT } from "../../src/diameter/wire/result_codes.ts";
import { freePort } from "../support/free_port.ts";
import { temporaryDirectory } from "./child.ts";
import { CX, GATEWAY_OF_KAMAILIO, KAMAILIO, Kamailio, NOBODY, USER_AUTHORIZATION } from "./kamailio.ts";
import { interopTest } from "./programs.ts";
import { assertRelayedAnswer, assertRelayedRequest, assertSameIdentity } from "./relayed.ts";
import { type Changes, draAt, RunningGateway } from "./running_gateway.ts";
import { Tap } from "./tap.ts";
import { waitFor } from "./wait_for.ts";

const APP = { host: "app.kamailio.example.net", realm: "app.example.net" } as const;
/**
 * Identities before and behind the gateway's: the first loses an election against it, the second
 * wins.
 */
const DRA = { host: "dra.kamailio.example.net", realm: "home.example.net" } as const;
const WINNER = { host: "zra.kamailio.example.net", realm: "home.example.net" } as const;

/**
 * Kamailio does not route to a peer that says no more than Relay: these serve both kinds of peers.
 */
const BOTH_KINDS = [{ id: APPLICATION.relay }, { id: CX, vendor: VENDOR.threeGpp }] as const;
/** It may leave Host-IP-Address out of a CER, which is refused, and tries again a second later. */
const PATIENCE = 20_000;
/** Longer than any of these tests: this side sends no DWR. */
const SILENT = { watchdogInterval: 60_000 } as const;
/** Nobody is suspect because the machine is busy with something else for a second. */
const UNHURRIED = { watchdogInterval: 1_000, watchdogJitter: 50 } as const;
const IN_A_MINUTE = { initial: 60_000, multiplier: 1, max: 60_000, jitter: 0, afterRefusal: 60_000 } as const;

/** A gateway as Kamailio knows it. */
function start(dras: readonly DraOptions[], { gateway, server, draPool }: Changes = {}): Promise<RunningGateway> {
  const { host: originHost, realm: originRealm } = GATEWAY_OF_KAMAILIO;
  return RunningGateway.start(dras, {
    gateway: { originHost, originRealm, applications: BOTH_KINDS, ...gateway },
    server: { ...UNHURRIED, dprTimeout: 100, ...server },
    draPool: { ...UNHURRIED, dprTimeout: 100, ...draPool },
  });
}

/** A request of `from` to `realm` gets an answer of the other side. */
async function serves({ gateway }: RunningGateway, from: Kamailio, realm: string): Promise<void> {
  const before = gateway.statistics.sessions_completed;
  await from.askUntil(realm, () => gateway.statistics.sessions_completed > before);
}

interopTest(
  "Kamailio asks and answers through the gateway, in both directions, watches it and is watched, and both see the gateway leave (C4 R7 N2 I2 W8 X2)",
  KAMAILIO,
  async () => {
    await using directory = await temporaryDirectory();
    const port = freePort();
    await using dra = await Kamailio.start(directory.path, { identity: DRA, gatewayPort: NOBODY, port });
    await using draTap = new Tap(port);
    await using running = await start([draAt(draTap.port, { originHost: DRA.host })], { server: SILENT });
    await using appTap = new Tap(running.port);
    await running.draIs("okay");
    await using app = await Kamailio.start(directory.path, { identity: APP, gatewayPort: appTap.port });
    await waitFor("Logic App", () => running.apps(APP.host) === 1, PATIENCE);

    await serves(running, app, DRA.realm);
    await serves(running, dra, APP.realm);
    const record = (avps: Awaited<ReturnType<Kamailio["asked"]>>) =>
      avps.filter(({ avpCode }) => avpCode === AVP.routeRecord).map(({ string }) => string);
    assertEquals(record(await dra.asked()), [APP.host]);
    assertEquals(record(await app.asked()), [DRA.host]);
    const [draConnection, appConnection] = [draTap.last, appTap.last];
    for (const [from, to, peer] of [["dialler", "listener", APP.host], ["listener", "dialler", DRA.host]] as const) {
      const [before, after] = from === "dialler" ? [appConnection, draConnection] : [draConnection, appConnection];
      assertRelayedRequest(
        before.all(from, USER_AUTHORIZATION, "request").at(-1)!,
        after.all(from, USER_AUTHORIZATION, "request").at(-1)!,
        peer,
      );
      assertRelayedAnswer(
        after.all(to, USER_AUTHORIZATION, "answer").at(-1)!,
        before.all(to, USER_AUTHORIZATION, "answer").at(-1)!,
      );
    }

    // Towards the DRA the gateway watches; towards the Logic App it is watched.
    await draTap.message("listener", COMMAND.deviceWatchdog, "answer", { timeout: PATIENCE });
    const dwa = await appTap.message("listener", COMMAND.deviceWatchdog, "answer", { timeout: PATIENCE });
    assertEquals(dwa.number(AVP.resultCode), RESULT.success);

    // Kamailio answers no DPR: the gateway closes when it has waited long enough.
    await running.gateway.stop();
    await waitFor("end of both connections", () => draConnection.closedFirst && appConnection.closedFirst);
    for (const [connection, self] of [[draConnection, "dialler"], [appConnection, "listener"]] as const) {
      const dprs = connection.all(self, COMMAND.disconnectPeer, "request");
      assertEquals(dprs.map((dpr) => dpr.number(AVP.disconnectCause)), [DISCONNECT_CAUSE.rebooting]);
      assertEquals(connection.closedFirst, self);
      assertSameIdentity(connection, self, GATEWAY_OF_KAMAILIO);
    }
  },
);

interopTest(
  "Kamailio refuses a gateway that advertises Relay alone, sends it nothing, and serves one that names its application (C4 R13)",
  KAMAILIO,
  async () => {
    await using directory = await temporaryDirectory();
    const port = freePort();
    const gatewayPort = freePort();
    const options = (applications: readonly AdvertisedApplication[]) => ({
      gateway: { applications },
      server: { listen: [{ hostname: "127.0.0.1", port: gatewayPort }] },
    });
    await using _dra = await Kamailio.start(directory.path, { identity: DRA, gatewayPort: NOBODY, port });
    await using appTap = new Tap(gatewayPort);
    await using app = await Kamailio.start(directory.path, { identity: APP, gatewayPort: appTap.port });
    {
      await using relay = await start([draAt(port)], options([]));
      const [link] = relay.gateway.pool.dras[0]!.links;
      await waitFor("refusal", () => link!.lastError.includes(`${RESULT.noCommonApplication}`));
      await waitFor("Logic App", () => relay.apps(APP.host) === 1, PATIENCE);
      // It answers watchdogs: the connection is open to its mind too.
      await appTap.message("dialler", COMMAND.deviceWatchdog, "answer", { timeout: PATIENCE });
      assertEquals(await app.ask(DRA.realm), false);
      assertEquals(relay.gateway.statistics.sessions_created, 0);
    }
    await using named = await start([draAt(port)], options([{ id: CX, vendor: VENDOR.threeGpp }]));
    await named.draIs("okay");
    await waitFor("Logic App", () => named.apps(APP.host) === 1, PATIENCE);
    await serves(named, app, DRA.realm);
  },
);

interopTest(
  "a Kamailio that crashed and comes back is a Logic App again, or a DRA by way of REOPEN, and it finds a gateway that comes back (W5 D1)",
  KAMAILIO,
  async () => {
    await using directory = await temporaryDirectory();
    const port = freePort();
    const asDra = { identity: DRA, gatewayPort: NOBODY, port } as const;
    await using firstDra = await Kamailio.start(directory.path, asDra);
    const gatewayPort = freePort();
    const asApp = { identity: APP, gatewayPort } as const;
    const listen = [{ hostname: "127.0.0.1", port: gatewayPort }];
    await using running = await start([draAt(port)], { server: { listen }, draPool: { reopenWatchdogs: 2 } });
    await using firstApp = await Kamailio.start(directory.path, asApp);
    await running.draIs("okay");
    await waitFor("Logic App", () => running.apps(APP.host) === 1, PATIENCE);

    await firstApp.kill();
    await waitFor("end of the Logic App", () => running.apps(APP.host) === 0);
    await firstDra.kill();
    await running.draIs("down");
    await using app = await Kamailio.start(directory.path, asApp);
    await using dra = await Kamailio.start(directory.path, asDra);
    await running.draIs("okay");
    assertEquals(running.events.findLast((event) => event.kind === "dra_up")?.watchdog, "reopen");
    await waitFor("Logic App", () => running.apps(APP.host) === 1, PATIENCE);
    await serves(running, app, DRA.realm);

    await running.gateway.stop();
    await using again = await start([draAt(port)], { server: { listen } });
    await again.draIs("okay");
    await waitFor("Logic App", () => again.apps(APP.host) === 1, PATIENCE);
    await serves(again, app, DRA.realm);
    await serves(again, dra, APP.realm);
  },
);

interopTest(
  "a Kamailio that has the gateway as its peer and dials it within the gateway's back-off is the DRA, again after a restart, and no Logic App (C12)",
  KAMAILIO,
  async () => {
    await using directory = await temporaryDirectory();
    // Nothing listens where the gateway dials: all that opens is what Kamailio opens.
    await using running = await start([draAt(NOBODY, { originHost: DRA.host })], {
      draPool: { reconnect: IN_A_MINUTE, reopenWatchdogs: 2 },
    });
    const asDra = { identity: DRA, gatewayPort: running.port } as const;
    await using first = await Kamailio.start(directory.path, asDra);
    await using app = await Kamailio.start(directory.path, { identity: APP, gatewayPort: running.port });
    await running.draIs("okay", PATIENCE);
    await waitFor("Logic App", () => running.apps(APP.host) === 1, PATIENCE);
    await serves(running, app, DRA.realm);
    await serves(running, first, APP.realm);

    await first.kill();
    await running.draIs("down");
    await using second = await Kamailio.start(directory.path, asDra);
    await running.draIs("okay", PATIENCE);
    await serves(running, app, DRA.realm);
    await serves(running, second, APP.realm);
    assertEquals(running.apps(DRA.host), 0);
    assertEquals(running.events.filter((event) => event.kind === "app_up").map(({ app }) => app), [APP.host]);
  },
);

for (const identity of [DRA, WINNER]) {
  interopTest(
    `Kamailio as ${identity.host} and the gateway dial each other, and are left with one connection that serves both ways (C12)`,
    KAMAILIO,
    async () => {
      await using directory = await temporaryDirectory();
      const port = freePort();
      // Both dial as soon as they can.
      const reconnect = { ...IN_A_MINUTE, initial: 5, max: 5 };
      await using running = await start([draAt(port, { originHost: identity.host })], { draPool: { reconnect } });
      const setup = { identity, gatewayPort: running.port, port };
      await using dra = await Kamailio.start(directory.path, setup);
      await using app = await Kamailio.start(directory.path, { identity: APP, gatewayPort: running.port });
      await running.draIs("okay", PATIENCE);
      await waitFor("Logic App", () => running.apps(APP.host) === 1, PATIENCE);
      await serves(running, app, identity.realm);
      await serves(running, dra, APP.realm);
      assertEquals(running.apps(identity.host), 0);
      assertEquals(running.gateway.pool.dras[0]!.links[0]!.okay, true);
    },
  );
}
