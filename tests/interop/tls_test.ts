import { assertEquals } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { RESULT } from "../../src/diameter/wire/result_codes.ts";
import { freePort } from "../support/free_port.ts";
import { Authority } from "./certificates.ts";
import { temporaryDirectory } from "./child.ts";
import { ERLANG_TLS, ErlangNode } from "./erlang_node.ts";
import { FREE_DIAMETER } from "./free_diameter.ts";
import { APP_SIDE, appSide, CLIENT, CONNECT_TIMEOUT, DRA_SIDE, draSide, SERVER } from "./free_diameter_chain.ts";
import { interopTest, program } from "./programs.ts";
import { draAt, GATEWAY, RunningGateway } from "./running_gateway.ts";
import { equipmentAnswer, equipmentRequest } from "./s13.ts";
import { ScriptedPeer, ScriptedServer } from "./scripted_peer.ts";
import { waitFor } from "./wait_for.ts";

const APP = { host: "app.tls.example.net", realm: "app.example.net" } as const;
const DRA = { host: "dra.tls.example.net", realm: "home.example.net" } as const;

const IMEI = "35674108000001";

/**
 * What freeDiameter says of every connection with TLS 1.3: of session tickets, which it did not
 * expect, and of the socket that it closed itself.
 */
const OWN_TROUBLE = [
  /gnutls_record_recv.*Resource temporarily unavailable/,
  /fd_tls_rcvthr_core.*Transport endpoint is not connected/,
];

/** A gateway that speaks TLS only, and asks for certificates on both sides. */
async function secureGateway(authority: Authority, draPort: number, draHost: string): Promise<RunningGateway> {
  const { cert, key, ca } = await authority.sign(GATEWAY.host);
  return await RunningGateway.start(
    [draAt(draPort, { originHost: draHost, tls: { ca, cert, key, serverName: draHost } })],
    { server: { listen: [], tls: { listen: [{ hostname: "127.0.0.1", port: 0 }], cert, key, clientCa: ca } } },
  );
}

interopTest("Erlang's diameter asks and answers through the gateway over mutual TLS (C14)", ERLANG_TLS, async () => {
  await using directory = await temporaryDirectory();
  const authority = await Authority.create(directory.path);
  await ErlangNode.compile(directory.path);
  const port = freePort();
  await using dra = await ErlangNode.start(directory.path, {
    ...{ identity: DRA, kind: "listen", port, watchdog: 60_000 },
    tls: await authority.sign(DRA.host),
  });
  await using running = await secureGateway(authority, port, DRA.host);
  await running.draIs("okay");
  await using app = await ErlangNode.start(directory.path, {
    ...{ identity: APP, kind: "connect", port: running.port, watchdog: 60_000 },
    tls: await authority.sign(APP.host),
  });
  await app.child.line(/^event up$/);
  assertEquals(await app.ask(DRA.realm, IMEI), `answer from ${DRA.host}: result ${RESULT.success} status 1`);
  assertEquals(await dra.ask(APP.realm, IMEI), `answer from ${APP.host}: result ${RESULT.success} status 1`);
  await app.leave();
  await waitFor("end of the Logic App", () => running.apps(APP.host) === 0);
  await dra.leave();
  await running.draIs("initial");
  assertEquals([...app.complaints(), ...dra.complaints()], []);
});

interopTest(
  "freeDiameter relays to the gateway and for it over mutual TLS (C14)",
  [...FREE_DIAMETER, program("openssl", "openssl")],
  async () => {
    await using directory = await temporaryDirectory();
    const authority = await Authority.create(directory.path);
    await using server = new ScriptedServer(SERVER, (request) => equipmentAnswer(request, SERVER));
    await using dra = await draSide(directory.path, { next: server.port, tls: await authority.sign(DRA_SIDE.host) });
    await using running = await secureGateway(authority, dra.securePort, DRA_SIDE.host);
    await running.draIs("okay");
    await using app = await appSide(directory.path, { next: running.port, tls: await authority.sign(APP_SIDE.host) });
    await dra.peerIs("STATE_OPEN", SERVER.host, CONNECT_TIMEOUT);
    await app.peerIs("STATE_OPEN", GATEWAY.host, CONNECT_TIMEOUT);
    await using client = await ScriptedPeer.open(app.port, CLIENT);
    const answer = await client.ask(equipmentRequest({
      sessionId: `${CLIENT.host};4;1`,
      from: CLIENT,
      destinationRealm: SERVER.realm,
      ids: client.nextIds(),
    }));
    assertEquals(answer.number(AVP.resultCode), RESULT.success);
    await app.child.stop();
    await waitFor("end of the Logic App", () => running.apps(APP_SIDE.host) === 0);
    await dra.child.stop();
    await running.draIs("initial");
    assertEquals([...dra.complaints(OWN_TROUBLE), ...app.complaints(OWN_TROUBLE)], []);
  },
);
