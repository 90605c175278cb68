/** TLS towards clients and towards backends, with certificates of an authority of one's own. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { BackendTlsOptions, TlsListenOptions } from "../../src/grpc/config/options.ts";
import { Authority, type Certificate } from "../interop/certificates.ts";
import { interopTest, program } from "../interop/programs.ts";
import { temporaryDirectory } from "../interop/child.ts";
import { until } from "../support/until.ts";
import { Backend, Client, cluster, config, Stage } from "./support/stage.ts";

const METHOD = "/pkg.Service/Method";
const LOOPBACK = { hostname: "127.0.0.1", port: 0 };
const SERVER = "gateway.example.net";

interface Certificates {
  readonly server: Certificate;
  readonly client: Certificate;
  /** Of another authority. */
  readonly stranger: Certificate;
}

async function certificates(directory: string): Promise<Certificates> {
  await Deno.mkdir(`${directory}/other`);
  const own = await Authority.create(directory);
  const other = await Authority.create(`${directory}/other`);
  return {
    server: await own.sign(SERVER),
    client: await own.sign("client.example.net"),
    stranger: await other.sign("stranger.example.net"),
  };
}

const shown = ({ cert, key }: Certificate, trusted: Certificate): BackendTlsOptions => ({
  ca: trusted.ca,
  cert,
  key,
  serverName: SERVER,
});

/** A gateway in front of `backend` that wants certificates of its clients. */
function secured(backend: Backend, { server }: Certificates): Promise<Stage> {
  const tls: TlsListenOptions = { listen: [LOOPBACK], cert: server.cert, key: server.key, clientCa: server.ca };
  return Stage.start(config([{ prefix: "/pkg" }], { main: cluster([backend]) }, { listen: [], tls }));
}

function tlsTest(name: string, play: (all: Certificates) => Promise<void>): void {
  interopTest(name, [program("openssl", "openssl")], async () => {
    await using directory = await temporaryDirectory();
    await play(await certificates(directory.path));
  });
}

tlsTest("clients show certificates, and those that cannot get no call through", async (all) => {
  await using backend = new Backend("a");
  await using stage = await secured(backend, all);
  await stage.ready(1);
  {
    await using client = await Client.connect(stage.address, {}, shown(all.client, all.server));
    assertEquals((await client.unary(METHOD)).messages, ["a"]);
    const [connection] = await stage.gateway.clients();
    assertEquals([connection?.tls, connection?.calls], [true, 1]);
  }
  // With TLS 1.3 a client hears of it only after it has begun.
  const nothing = { ca: all.server.ca, cert: "", key: "", serverName: SERVER };
  for (const files of [nothing, shown(all.stranger, all.server)]) {
    try {
      await using client = await Client.connect(stage.address, {}, files);
      assert(client.closed !== undefined, "it has been hung up on");
    } catch (error) {
      assertMatch(String(error), /TLS|certificate|alert|reset|closed/i);
    }
  }
  await assertRejects(() => Client.connect(stage.address, {}, shown(all.client, all.stranger)), Error);
  assertEquals(backend.requests.length, 1);
  await until(async () => (await stage.gateway.clients()).length === 0, "all are gone");
});

tlsTest("instances are reached over TLS with a certificate, and those that are somebody else are not", async (all) => {
  await using backend = new Backend("a");
  await using inner = await secured(backend, all);
  const addresses = [inner.address];
  const outer = (tls: BackendTlsOptions) =>
    Stage.start(config([{ prefix: "/pkg" }], { main: { ...cluster([]), addresses, tls } }, {
      retry: { count: 1, attemptTimeout: 500, buffer: 1024, bufferTotal: 1024 },
    }));
  {
    await using stage = await outer(shown(all.client, all.server));
    await stage.ready(1);
    assertEquals((await (await stage.client()).unary(METHOD)).messages, ["a"]);
  }
  const wrong: [why: RegExp, tls: BackendTlsOptions][] = [
    [/certificate/i, { ...shown(all.client, all.stranger) }],
    [/certificate|altnames|name/i, { ...shown(all.client, all.server), serverName: "other.example.net" }],
    [/./, shown(all.stranger, all.server)],
  ];
  for (const [why, tls] of wrong) {
    await using stage = await outer(tls);
    await until(() => stage.told("grpc_instance_failed").length > 0, "the instance cannot be connected");
    assertMatch(stage.told("grpc_instance_failed")[0]!.reason, why);
    const { status, text } = await (await stage.client()).unary(METHOD);
    assertEquals([status, text], ["14", "backend service unavailable"]);
  }
  assertEquals(backend.requests.length, 1);
});
