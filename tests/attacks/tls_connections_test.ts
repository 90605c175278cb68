/** What the TLS listener outlives: connections that say nothing, and descriptors that run out. */
import { assert, assertEquals } from "@std/assert";
import type { Endpoint } from "../../src/net/connection.ts";
import { Authority, type Certificate } from "../interop/certificates.ts";
import { interopTest, program } from "../interop/programs.ts";
import { limited } from "../support/gateway_process.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { Scene, type SceneOptions } from "./scene.ts";

/** A test with a scene whose second listener speaks TLS. */
function secureScene(
  name: string,
  options: SceneOptions,
  play: (scene: Scene, secure: Endpoint, certificate: Certificate) => Promise<void>,
): void {
  interopTest(name, [program("openssl", "openssl")], async () => {
    const directory = await Deno.makeTempDir({ prefix: "diam-gw-tls-" });
    try {
      const certificate = await (await Authority.create(directory)).sign("localhost");
      const tls = { listen: ["127.0.0.1:0"], cert: certificate.cert, key: certificate.key };
      await using scene = await Scene.start({ ...options, server: { ...options.server, tls } });
      await until(() => scene.gateway.addresses.length === 2, "it listens with TLS");
      await play(scene, scene.gateway.addresses[1]!, certificate);
      await scene.unharmed();
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

/** The result code with which a Logic App over TLS is let in; undefined when it gets no answer. */
async function opensOverTls({ port }: Endpoint, { ca }: Certificate): Promise<number | undefined> {
  const caCerts = [await Deno.readTextFile(ca)];
  let conn: Deno.TlsConn;
  try {
    conn = await Deno.connectTls({ hostname: "localhost", port, caCerts });
  } catch {
    return undefined;
  }
  const peer = new RawPeer(conn, { host: "secure.example.net", realm: "example.net" });
  try {
    return (await peer.exchangeCapabilities()).resultCode;
  } catch {
    return undefined;
  } finally {
    await peer.close();
  }
}

secureScene(
  "a TLS listener hears again after silent connections took every descriptor",
  { command: limited("ulimit -n 120"), server: { capabilities_timeout: "1s", max_connections: 60 } },
  async (scene, secure, certificate) => {
    const silent: Deno.Conn[] = [];
    for (let i = 0; i < 200; i++) silent.push(await Deno.connect(secure));
    try {
      await until(() => scene.gateway.logged("app_refused").length > 0, "some are refused");
    } finally {
      for (const connection of silent) connection.close();
    }
    await until(async () => await opensOverTls(secure, certificate) === 2001, "a Logic App is let in over TLS", 10_000);
  },
);

secureScene(
  "handshakes that are never finished count as connections, and make room when they are a second old",
  { server: { capabilities_timeout: "10s", max_connections: 20 } },
  async (scene, secure, certificate) => {
    const before = (await scene.gateway.sample()).openFiles;
    const silent: Deno.Conn[] = [];
    for (let i = 0; i < 60; i++) silent.push(await Deno.connect(secure));
    try {
      await until(() => scene.gateway.logged("app_refused").length > 0, "some are refused");
      const { openFiles } = await scene.gateway.sample();
      assert(openFiles <= before + 25, `${openFiles - before} of 60 connections are held with max_connections 20`);
      await until(async () => await opensOverTls(secure, certificate) === 2001, "one of them makes room", 5_000);
    } finally {
      for (const connection of silent) connection.close();
    }
  },
);

secureScene(
  "what is no TLS is refused with its address, and a flood of it is told in a few lines",
  {},
  async (scene, secure) => {
    const ports = new Set<string>();
    for (let i = 0; i < 300; i++) {
      const connection = await Deno.connect(secure);
      ports.add(`127.0.0.1:${(connection.localAddr as Deno.NetAddr).port}`);
      await connection.write(new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"));
      await connection.read(new Uint8Array(64)).catch(() => null);
      connection.close();
    }
    const told = () => scene.gateway.logged("app_refused");
    await until(() => told().some((entry) => Number(entry["repeated"]) > 0), "the rest is told as a number");
    for (const { remote } of told()) assert(ports.has(String(remote)), `refused ${remote}`);
    assert(told().length < 40, `${told().length} lines for 300 connections`);
    const all = () => told().reduce((sum, entry) => sum + Number(entry["repeated"] ?? 1), 0);
    await until(() => all() === 300, "every one was counted");
  },
);

secureScene(
  "a health check that opens the TLS port and closes it is no line in the log",
  {},
  async (scene, secure) => {
    for (let i = 0; i < 20; i++) (await Deno.connect(secure)).close();
    for (let i = 0; i < 20; i++) (await Deno.connect(scene.address)).close();
    // What comes behind them is told, so that their silence is seen.
    const connection = await Deno.connect(scene.address);
    await connection.write(new Uint8Array(20));
    await until(() => scene.gateway.logged("app_refused").length > 0, "a connection with nonsense is told");
    connection.close();
    assertEquals(scene.gateway.logged("app_refused").length, 1);
    assertEquals(scene.gateway.logged("app_silent"), []);
  },
);
