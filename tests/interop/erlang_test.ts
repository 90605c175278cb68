import { assert, assertEquals } from "@std/assert";
import { AVP, DISCONNECT_CAUSE } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { RESULT } from "../../src/diameter/wire/result_codes.ts";
import { freePort } from "../support/free_port.ts";
import { temporaryDirectory } from "./child.ts";
import { ERLANG, ErlangNode } from "./erlang_node.ts";
import { interopTest } from "./programs.ts";
import { assertRelayedAnswer, assertRelayedRequest, assertSameIdentity } from "./relayed.ts";
import { draAt, GATEWAY, RunningGateway } from "./running_gateway.ts";
import { Tap } from "./tap.ts";
import { waitFor } from "./wait_for.ts";

const APP = { host: "app.erlang.example.net", realm: "app.example.net" } as const;
const DRA = { host: "dra.erlang.example.net", realm: "home.example.net" } as const;

/**
 * Milliseconds between watchdogs of an Erlang node that watches, and of one that leaves it to the
 * gateway.
 */
const OFTEN = 300;
const SILENT = 60_000;

const IMEI = { known: "35674108000001", unknown: "35674108000000" } as const;

interopTest(
  "Erlang's diameter asks and answers through the gateway, in both directions, reopens, and both see the gateway leave (R7 N2 N4 I2 W5 W8 X2)",
  ERLANG,
  async () => {
    await using directory = await temporaryDirectory();
    await ErlangNode.compile(directory.path);
    const port = freePort();
    // The gateway watches the DRA, the Logic App watches the gateway.
    await using dra = await ErlangNode.start(directory.path, { identity: DRA, kind: "listen", port, watchdog: SILENT });
    await using draTap = new Tap(port);
    await using running = await RunningGateway.start([draAt(draTap.port, { originHost: DRA.host })], {
      server: { watchdogInterval: SILENT },
    });
    await using appTap = new Tap(running.port);
    await running.draIs("okay");
    const toGateway = { identity: APP, kind: "connect", port: appTap.port, watchdog: OFTEN } as const;
    await using app = await ErlangNode.start(directory.path, toGateway);
    await app.child.line(/^event up$/);

    assertEquals(await app.ask(DRA.realm, IMEI.known), `answer from ${DRA.host}: result ${RESULT.success} status 1`);
    assertEquals(await app.ask(DRA.realm, IMEI.unknown), `answer from ${DRA.host}: experimental 10415 5422`);
    assertEquals(await dra.ask(APP.realm, IMEI.known), `answer from ${APP.host}: result ${RESULT.success} status 1`);
    await dra.child.line(new RegExp(`^request from ${APP.host} by way of ${APP.host}: imei ${IMEI.known}$`));
    await app.child.line(new RegExp(`^request from ${DRA.host} by way of ${DRA.host}: imei ${IMEI.known}$`));
    for (const turn of [0, 1]) {
      assertRelayedRequest(
        appTap.last.all("dialler", COMMAND.meIdentityCheck, "request")[turn]!,
        draTap.last.all("dialler", COMMAND.meIdentityCheck, "request")[turn]!,
        APP.host,
      );
      assertRelayedAnswer(
        draTap.last.all("listener", COMMAND.meIdentityCheck, "answer")[turn]!,
        appTap.last.all("listener", COMMAND.meIdentityCheck, "answer")[turn]!,
      );
    }

    await draTap.message("listener", COMMAND.deviceWatchdog, "answer", { count: 3 });
    const dwa = await appTap.message("listener", COMMAND.deviceWatchdog, "answer", { count: 3 });
    assertEquals(dwa.number(AVP.resultCode), RESULT.success);

    draTap.cut();
    await running.draIs("reopen");
    await running.draIs("okay");
    assertEquals(await app.ask(DRA.realm, IMEI.known), `answer from ${DRA.host}: result ${RESULT.success} status 1`);

    const [draConnection, appConnection] = [draTap.last, appTap.last];
    const beforeLeave = dra.child.mark;
    await running.gateway.stop();
    await dra.child.line(/^event down$/, 5_000, beforeLeave);
    await app.child.line(/^event down$/);
    await waitFor("end of both connections", () => draConnection.closedFirst && appConnection.closedFirst);
    for (const [connection, self] of [[draConnection, "dialler"], [appConnection, "listener"]] as const) {
      const other = self === "dialler" ? "listener" : "dialler";
      const [dpr] = connection.all(self, COMMAND.disconnectPeer, "request");
      assertEquals(dpr?.number(AVP.disconnectCause), DISCONNECT_CAUSE.rebooting);
      const [dpa] = connection.all(other, COMMAND.disconnectPeer, "answer");
      assertEquals(dpa?.number(AVP.resultCode), RESULT.success);
      assertSameIdentity(connection, self, GATEWAY);
    }
    assertEquals(running.gateway.statistics.sessions_completed, 4);
    await app.leave();
    await dra.leave();
    assertEquals([...app.complaints(), ...dra.complaints()], []);
  },
);

interopTest(
  "Erlang's diameter leaves with DPR on both sides, and reopens its connection to the gateway when it was cut (W8 X3)",
  ERLANG,
  async () => {
    await using directory = await temporaryDirectory();
    await ErlangNode.compile(directory.path);
    const port = freePort();
    // The DRA watches the gateway, the gateway watches the Logic App.
    await using dra = await ErlangNode.start(directory.path, { identity: DRA, kind: "listen", port, watchdog: OFTEN });
    await using draTap = new Tap(port);
    await using running = await RunningGateway.start([draAt(draTap.port)], { draPool: { watchdogInterval: SILENT } });
    await using appTap = new Tap(running.port);
    await running.draIs("okay");
    const toGateway = { identity: APP, kind: "connect", port: appTap.port, watchdog: SILENT } as const;
    await using app = await ErlangNode.start(directory.path, toGateway);
    await app.child.line(/^event up$/);
    await draTap.message("dialler", COMMAND.deviceWatchdog, "answer", { count: 3 });
    await appTap.message("dialler", COMMAND.deviceWatchdog, "answer", { count: 3 });

    await app.leave();
    await waitFor("end of the Logic App", () => running.apps(APP.host) === 0);
    const [dpr] = appTap.last.all("dialler", COMMAND.disconnectPeer, "request");
    const [dpa] = appTap.last.all("listener", COMMAND.disconnectPeer, "answer");
    assertEquals(dpr?.number(AVP.disconnectCause), DISCONNECT_CAUSE.rebooting);
    assertEquals(dpa?.number(AVP.resultCode), RESULT.success);
    assertEquals(appTap.last.closedFirst, "dialler", "who receives the DPA closes (RFC 6733 section 5.4)");
    assertSameIdentity(appTap.last, "listener", GATEWAY);

    await using again = await ErlangNode.start(directory.path, { ...toGateway, watchdog: OFTEN });
    await again.child.line(/^event up$/);
    appTap.cut();
    await again.child.line(/^watchdog reopen -> okay$/, 10_000);
    assertEquals(await again.ask(DRA.realm, IMEI.known), `answer from ${DRA.host}: result ${RESULT.success} status 1`);

    await dra.leave();
    await running.draIs("initial");
    const draConnection = draTap.last;
    assert(draConnection.all("listener", COMMAND.disconnectPeer, "request").length === 1);
    assert(draConnection.all("dialler", COMMAND.disconnectPeer, "answer").length === 1);
    assertEquals(draConnection.closedFirst, "listener");
    await again.leave();
    assertEquals([...app.complaints(), ...again.complaints(), ...dra.complaints()], []);
  },
);
