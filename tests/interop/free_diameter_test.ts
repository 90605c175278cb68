import { assert, assertEquals } from "@std/assert";
import { AVP, DISCONNECT_CAUSE } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG } from "../../src/diameter/wire/header.ts";
import { RESULT } from "../../src/diameter/wire/result_codes.ts";
import { temporaryDirectory } from "./child.ts";
import { FREE_DIAMETER, SHORTEST_WATCHDOG } from "./free_diameter.ts";
import { APP_SIDE, appSide, CLIENT, CONNECT_TIMEOUT, DRA_SIDE, draSide, SERVER } from "./free_diameter_chain.ts";
import { interopTest } from "./programs.ts";
import { assertRelayedAnswer, assertRelayedRequest, assertSameIdentity } from "./relayed.ts";
import { draAt, GATEWAY, RunningGateway } from "./running_gateway.ts";
import { equipmentAnswer, equipmentRequest } from "./s13.ts";
import { ScriptedPeer, ScriptedServer } from "./scripted_peer.ts";
import { Tap } from "./tap.ts";
import { waitFor } from "./wait_for.ts";

/** Longer than any of these tests: this side sends no DWR. */
const SILENT = { watchdogInterval: 60_000 } as const;
/** freeDiameter sends its DWR up to 2 s later than its interval says. */
const DWR_TIMEOUT = (SHORTEST_WATCHDOG + 4) * 1000;
interopTest(
  "freeDiameter relays to the gateway and for it, in both directions, and both see the gateway leave (R7 N2 N5 N6 R13 W8 X2)",
  FREE_DIAMETER,
  async () => {
    await using directory = await temporaryDirectory();
    await using server = new ScriptedServer(SERVER, (request) => equipmentAnswer(request, SERVER));
    await using dra = await draSide(directory.path, { next: server.port });
    await using draTap = new Tap(dra.port);
    await using running = await RunningGateway.start([draAt(draTap.port, { originHost: DRA_SIDE.host })], {
      server: SILENT,
    });
    await using appTap = new Tap(running.port);
    await using app = await appSide(directory.path, { next: appTap.port });
    await running.draIs("okay");
    await app.peerIs("STATE_OPEN", GATEWAY.host, CONNECT_TIMEOUT);
    await dra.peerIs("STATE_OPEN", GATEWAY.host);
    await dra.peerIs("STATE_OPEN", SERVER.host, CONNECT_TIMEOUT);
    await using client = await ScriptedPeer.open(app.port, CLIENT, (request) => equipmentAnswer(request, CLIENT));
    const ask = (destinationRealm: string) =>
      client.ask(equipmentRequest({
        sessionId: `${CLIENT.host};1;1`,
        from: CLIENT,
        destinationRealm,
        ids: client.nextIds(),
      }));

    const answer = await ask(SERVER.realm);
    assertEquals(answer.number(AVP.resultCode), RESULT.success);
    assertEquals(answer.texts(AVP.originHost), [SERVER.host]);
    const arrived = await server.peer!.take("ECR", (message) => message.is(COMMAND.meIdentityCheck, "request"));
    assertEquals(arrived.texts(AVP.routeRecord), [CLIENT.host, APP_SIDE.host, GATEWAY.host]);
    assertRelayedRequest(
      appTap.last.all("dialler", COMMAND.meIdentityCheck, "request")[0]!,
      draTap.last.all("dialler", COMMAND.meIdentityCheck, "request")[0]!,
      APP_SIDE.host,
    );
    assertRelayedAnswer(
      draTap.last.all("listener", COMMAND.meIdentityCheck, "answer")[0]!,
      appTap.last.all("listener", COMMAND.meIdentityCheck, "answer")[0]!,
    );

    const unknown = await ask("nowhere.example.net");
    assertEquals(unknown.number(AVP.resultCode), RESULT.unableToDeliver);
    assertEquals(unknown.header.flags & FLAG.error, FLAG.error);
    assertEquals(unknown.texts(AVP.originHost), [DRA_SIDE.host]);

    const fromServer = equipmentRequest({
      sessionId: `${SERVER.host};2;1`,
      from: SERVER,
      destinationRealm: CLIENT.realm,
      ids: server.peer!.nextIds(),
    });
    assertEquals((await server.peer!.ask(fromServer)).number(AVP.resultCode), RESULT.success);
    const reverse = client.received.filter((message) =>
      message.is(COMMAND.meIdentityCheck, "request") && message.texts(AVP.originHost)[0] === SERVER.host
    );
    assertEquals(reverse.map((message) => message.texts(AVP.routeRecord)), [
      [SERVER.host, DRA_SIDE.host, GATEWAY.host],
    ]);

    // Towards the DRA the gateway watches; towards the Logic App it is watched.
    await draTap.message("listener", COMMAND.deviceWatchdog, "answer", { count: 3 });
    const dwa = await appTap.message("listener", COMMAND.deviceWatchdog, "answer", { timeout: DWR_TIMEOUT });
    assertEquals(dwa.number(AVP.resultCode), RESULT.success);

    await running.gateway.stop();
    const farewell = /gw\.example\.net' sent a DPR with cause: REBOOTING/;
    await dra.child.line(farewell);
    await app.child.line(farewell);
    for (const [connection, self] of [[draTap.last, "dialler"], [appTap.last, "listener"]] as const) {
      const other = self === "dialler" ? "listener" : "dialler";
      assertEquals(connection.all(self, COMMAND.disconnectPeer, "request").length, 1);
      assertEquals(connection.all(other, COMMAND.disconnectPeer, "answer").length, 1);
      assertSameIdentity(connection, self, GATEWAY);
    }
    await waitFor("end of both connections", () => draTap.last.closedFirst && appTap.last.closedFirst);
    assertEquals(running.gateway.statistics.sessions_completed, 3);
    await Promise.all([app.child.stop(), dra.child.stop()]);
    assertEquals(dra.complaints([/Routing error: 'No remaining suitable candidate to route/]), []);
    assertEquals(app.complaints(), []);
  },
);

interopTest(
  "freeDiameter watches the gateway as a DRA and is watched as a Logic App, and leaves with DPR on both sides (W8 X3)",
  FREE_DIAMETER,
  async () => {
    await using directory = await temporaryDirectory();
    await using dra = await draSide(directory.path, {});
    await using draTap = new Tap(dra.port);
    await using running = await RunningGateway.start([draAt(draTap.port)], { draPool: SILENT });
    await using appTap = new Tap(running.port);
    await using app = await appSide(directory.path, { next: appTap.port });
    await running.draIs("okay");
    await waitFor("Logic App", () => running.apps(APP_SIDE.host) === 1, CONNECT_TIMEOUT);
    assertEquals(running.gateway.pool.dras[0]!.originHost, DRA_SIDE.host);

    await appTap.message("dialler", COMMAND.deviceWatchdog, "answer", { count: 3 });
    const dwa = await draTap.message("dialler", COMMAND.deviceWatchdog, "answer", { timeout: DWR_TIMEOUT });
    assertEquals(dwa.number(AVP.resultCode), RESULT.success);

    const [draConnection, appConnection] = [draTap.last, appTap.last];
    await Promise.all([app.child.stop(), dra.child.stop()]);
    await waitFor("end of both connections", () => draConnection.closedFirst && appConnection.closedFirst);
    await waitFor("end of the Logic App", () => running.apps(APP_SIDE.host) === 0);
    for (const [connection, self] of [[draConnection, "dialler"], [appConnection, "listener"]] as const) {
      const other = self === "dialler" ? "listener" : "dialler";
      const [dpr] = connection.all(other, COMMAND.disconnectPeer, "request");
      assertEquals(dpr?.number(AVP.disconnectCause), DISCONNECT_CAUSE.rebooting);
      const [dpa] = connection.all(self, COMMAND.disconnectPeer, "answer");
      assertEquals(dpa?.number(AVP.resultCode), RESULT.success);
      assertEquals(dpa?.header.hopByHop, dpr?.header.hopByHop);
      assertSameIdentity(connection, self, GATEWAY);
      // Who receives the DPA closes (RFC 6733 section 5.4).
      assertEquals(connection.closedFirst, other);
    }
    assertEquals([...dra.complaints(), ...app.complaints()], []);
  },
);

interopTest(
  "a freeDiameter that was restarted is OKAY at once after a DPR, and by way of REOPEN after a crash (W5 W7)",
  FREE_DIAMETER,
  async () => {
    await using directory = await temporaryDirectory();
    await using server = new ScriptedServer(SERVER, (request) => equipmentAnswer(request, SERVER));
    await using first = await draSide(directory.path, {});
    await using tap = new Tap(first.port);
    await using running = await RunningGateway.start([draAt(tap.port)]);
    const lastUp = () => running.events.findLast((event) => event.kind === "dra_up");
    await running.draIs("okay");

    await first.child.stop("SIGTERM");
    await running.draIs("initial");
    await using second = await draSide(directory.path, { port: first.port });
    await running.draIs("okay");
    assertEquals(lastUp()?.watchdog, "okay");
    const afterDpr = running.events.filter((event) => event.kind === "dra_up");
    assertEquals(afterDpr.map((event) => event.watchdog), ["okay", "okay"]);

    await second.child.stop("SIGKILL");
    await running.draIs("down");
    await using third = await draSide(directory.path, { next: server.port, port: first.port });
    await running.draIs("reopen");
    const reopened = tap.last;
    await running.draIs("okay");
    const answers = reopened.all("listener", COMMAND.deviceWatchdog, "answer");
    assert(answers.length >= 3, `OKAY after ${answers.length} DWAs instead of 3`);
    assertEquals(tap.last, reopened);
    assertEquals(lastUp()?.watchdog, "reopen", "the only DRA serves while it reopens");
    assertEquals(running.gateway.statistics.dras[0]?.reconnects, 2);

    await third.peerIs("STATE_OPEN", SERVER.host, CONNECT_TIMEOUT);
    await using client = await ScriptedPeer.open(running.port, CLIENT);
    const answer = await client.ask(equipmentRequest({
      sessionId: `${CLIENT.host};3;1`,
      from: CLIENT,
      destinationRealm: SERVER.realm,
      ids: client.nextIds(),
    }));
    assertEquals(answer.number(AVP.resultCode), RESULT.success);
    await running.gateway.stop();
    await third.child.stop();
    assertEquals([...first.complaints(), ...second.complaints(), ...third.complaints()], []);
  },
);
