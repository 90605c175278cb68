import { assertEquals, assertRejects } from "@std/assert";
import { ConnectionPool } from "../../../src/diameter/client/connection_pool.ts";
import { ConnectionFailedError, HandshakeFailedError } from "../../../src/diameter/client/errors.ts";
import { S13Client } from "../../../src/diameter/client/s13_client.ts";
import { Gateway } from "../../../src/diameter/relay/gateway.ts";
import { DEFAULT_OPTIONS } from "../../../src/diameter/relay/core/options.ts";
import { DraSimulator } from "../../../src/diameter/sim/dra.ts";
import { Authority } from "../../interop/certificates.ts";
import { interopTest, program } from "../../interop/programs.ts";
import { until } from "../../support/until.ts";
import { NAMES } from "./support.ts";

interopTest("a pool uses TLS with a certificate of its own", [program("openssl", "openssl")], async () => {
  const directory = await Deno.makeTempDir();
  const authority = await Authority.create(directory);
  const [server, client, other] = await Promise.all(
    ["localhost", NAMES.originHost, "other"].map((n) => authority.sign(n)),
  );
  const dra = new DraSimulator();
  const { hostname, port: draPort } = dra.start();
  const gateway = new Gateway({
    ...DEFAULT_OPTIONS,
    drainTimeout: 0,
    server: {
      ...DEFAULT_OPTIONS.server,
      listen: [],
      tls: {
        listen: [{ hostname: "127.0.0.1", port: 0 }],
        cert: server!.cert,
        key: server!.key,
        clientCa: server!.ca,
      },
    },
    draPool: {
      ...DEFAULT_OPTIONS.draPool,
      dras: [{ name: "dra", host: hostname, port: draPort, priority: 1, weight: 1, originHost: "", bind: "" }],
    },
  });
  await gateway.start();
  const { port } = gateway.addresses[0]!;
  const pool = (tls: { ca: string; cert: string; key: string }, serverName = "localhost") =>
    new ConnectionPool({
      host: "127.0.0.1",
      port,
      connections: 2,
      reconnect: false,
      tls: { ...tls, serverName },
      ...NAMES,
    });
  try {
    await until(() => gateway.statistics.active_dras === 1, "the DRA is usable");
    const secure = pool(client!);
    await secure.start();
    const s13 = new S13Client(secure, { destinationRealm: "core.example.net" });
    const checks = await Promise.all(Array.from({ length: 100 }, () => s13.checkEquipment({ imei: "35209900176148" })));
    assertEquals(checks.length, 100);
    await secure.close();

    const impostor = pool(other!);
    const error = await assertRejects(() => impostor.start(), HandshakeFailedError, "3010 DIAMETER_UNKNOWN_PEER");
    assertEquals(error.resultCode, 3010);
    await impostor.close();

    const mistaken = pool(client!, "elsewhere.example.net");
    await assertRejects(() => mistaken.start(), ConnectionFailedError, "Cannot connect");
    await mistaken.close();
  } finally {
    await gateway.stop();
    dra.kill();
    await Deno.remove(directory, { recursive: true });
  }
});
