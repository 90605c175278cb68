/** The client library and `send`, with EIRs that are not ours. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AddressClient } from "../../src/diameter/client/address_client.ts";
import { ConnectionPool } from "../../src/diameter/client/connection_pool.ts";
import { ConnectionFailedError } from "../../src/diameter/client/errors.ts";
import { S13Client } from "../../src/diameter/client/s13_client.ts";
import { EquipmentUnknownError } from "../../src/diameter/client/s13_errors.ts";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { runMain } from "../commands/run_main.ts";
import { freePort } from "../support/free_port.ts";
import { temporaryDirectory } from "./child.ts";
import { ERLANG, ErlangNode } from "./erlang_node.ts";
import { FREE_DIAMETER } from "./free_diameter.ts";
import { CONNECT_TIMEOUT, draSide, SERVER } from "./free_diameter_chain.ts";
import { interopTest } from "./programs.ts";
import { equipmentAnswer } from "./s13.ts";
import { ScriptedServer } from "./scripted_peer.ts";
import { waitFor } from "./wait_for.ts";

const NAMES = { originHost: "client.app.example.net", originRealm: "app.example.net" } as const;
const EIR = { host: "eir.erlang.example.net", realm: "home.example.net" } as const;
/** Of the Erlang node: it knows no IMEI that ends in 0. */
const IMEI = { known: "35674108000001", unknown: "35674108000000" } as const;

/** Erlang says that it is ready a moment before it listens. */
async function onceListening<T>(call: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 5_000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ConnectionFailedError) || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

interopTest("S13Client and send s13 ask Erlang's diameter, which has nothing to complain of", ERLANG, async () => {
  await using directory = await temporaryDirectory();
  await ErlangNode.compile(directory.path);
  const port = freePort();
  const address = `127.0.0.1:${port}`;
  await using eir = await ErlangNode.start(directory.path, { identity: EIR, kind: "listen", port, watchdog: 60_000 });
  {
    await using client = new AddressClient({ ...NAMES, watchdogInterval: 200 });
    const s13 = new S13Client(client.to(address), { destinationRealm: EIR.realm, destinationHost: EIR.host });
    const known = { imei: IMEI.known, softwareVersion: "01", userName: "001010000000001" };
    assertEquals((await onceListening(() => s13.checkEquipment(known))).status, "blacklisted");
    await assertRejects(() => s13.checkEquipment({ imei: IMEI.unknown }), EquipmentUnknownError);
    const before = client.metrics.bytesReceived;
    await waitFor("DWA", () => client.metrics.bytesReceived > before);
    assertEquals((await s13.checkEquipment(known)).status, "blacklisted");
    assertEquals([client.metrics.connectionsCreated, client.metrics.closedTotal], [1, 0]);
  }
  const sent = await runMain(["send", "s13", "--peer", address, "--imei", IMEI.known]);
  assertEquals(sent.code, 0);
  assertStringIncludes(sent.stdout, "Equipment-Status(1445) [3GPP] VM  BLACKLISTED (1)");
  const unknown = await runMain(["send", "s13", "--peer", address, "--imei", IMEI.unknown]);
  assertEquals(unknown.code, 1);
  assertStringIncludes(unknown.stderr, "is unknown");
  assertEquals(eir.complaints(), []);
});

interopTest(
  "a pool and send s13 ask through freeDiameter, which has nothing to complain of",
  FREE_DIAMETER,
  async () => {
    await using directory = await temporaryDirectory();
    await using server = new ScriptedServer(SERVER, (request) => equipmentAnswer(request, SERVER));
    await using dra = await draSide(directory.path, { next: server.port });
    await dra.peerIs("STATE_OPEN", SERVER.host, CONNECT_TIMEOUT);
    {
      await using pool = new ConnectionPool({ host: "127.0.0.1", port: dra.port, connections: 1, ...NAMES });
      await pool.start();
      const s13 = new S13Client(pool, { destinationRealm: SERVER.realm });
      const checks = Array.from({ length: 20 }, () => s13.checkEquipment({ imei: IMEI.known }));
      for (const { status } of await Promise.all(checks)) assertEquals(status, "blacklisted");
      const asked = server.received.filter((message) => message.is(COMMAND.meIdentityCheck, "request"));
      assertEquals(asked.length, 20);
      assertEquals(asked[0]!.texts(AVP.routeRecord), [NAMES.originHost]);
    }
    const flags = ["--origin-host", "sender.app.example.net", "--destination-realm", SERVER.realm];
    const sent = await runMain(["send", "s13", "--peer", `127.0.0.1:${dra.port}`, "--imei", IMEI.known, ...flags]);
    assertEquals([sent.code, sent.stderr.includes("is blacklisted")], [0, true]);
    assertEquals(dra.complaints(), []);
  },
);
