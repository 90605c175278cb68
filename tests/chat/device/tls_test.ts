import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { WebSocket as ForeignWebSocket } from "ws";
import { encoded } from "../../../src/chat/proto/mod.ts";
import { Devices } from "../../../src/chat/device/devices.ts";
import { DEFAULT_DEVICE_OPTIONS } from "../../../src/chat/device/options.ts";
import { connectTls } from "../../../src/net/tls.ts";
import { Authority } from "../../interop/certificates.ts";
import { interopTest, program } from "../../interop/programs.ts";
import { FakeHost } from "./fake_host.ts";

const LOOPBACK = [{ hostname: "127.0.0.1", port: 0 }];
const OPTIONS = { ...DEFAULT_DEVICE_OPTIONS, gatewayId: "gateway-1" };

interopTest("with TLS there are wss, https and h2, and certificates can be read again", [
  program("openssl", "openssl"),
], async () => {
  const directory = await Deno.makeTempDir({ prefix: "diam-gw-tls-" });
  const authority = await Authority.create(directory);
  const tls = await authority.sign("localhost");
  const host = new FakeHost();
  const devices = new Devices(host, { ...OPTIONS, helloTimeout: 200 });
  await devices.listenHttp({ listen: LOOPBACK, tls });
  await devices.listenGrpc({ listen: LOOPBACK, tls });
  try {
    const { port } = devices.httpAddresses[0]!;
    const caCerts = [await Deno.readTextFile(tls.ca)];
    using client = Deno.createHttpClient({ caCerts });
    const health = await fetch(`https://localhost:${port}/healthz`, { client });
    assertEquals(await health.text(), "ok");

    const socket = new ForeignWebSocket(`wss://localhost:${port}/ws`, "chat.v1.json", { ca: caCerts });
    await new Promise((resolve) => socket.on("open", resolve));
    const session = await host.session();
    const got = new Promise<string>((resolve) => socket.on("message", (data: Uint8Array) => resolve(`${data}`)));
    session.transport.send(encoded({ replyTo: "x".repeat(100_000), payload: { case: "pong", value: {} } }));
    assertEquals((await got).length, 100_000 + `{"replyTo":"","pong":{}}`.length);
    const closed = new Promise<number>((resolve) => socket.on("close", resolve));
    session.transport.close(4005);
    assertEquals(await closed, 4005);

    // The cookie goes back over TLS only.
    const raw = await Deno.connectTls({ hostname: "localhost", port, caCerts });
    await raw.write(
      new TextEncoder().encode(
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      ),
    );
    const into = new Uint8Array(4096);
    assertStringIncludes(
      new TextDecoder().decode(into.subarray(0, (await raw.read(into))!)),
      "SameSite=Lax; Secure\r\n",
    );
    raw.close();

    const [grpc] = devices.grpcAddresses;
    const files = { ca: tls.ca, cert: "", key: "", serverName: "localhost", protocol: "h2" };
    const connection = await connectTls(grpc!, files, { timeout: 5_000, noDelay: true });
    assertEquals(connection.tls?.protocol, "h2");
    connection.close();

    // L5: a handshake that does not come.
    const silent = await Deno.connect({ hostname: "127.0.0.1", port });
    while (await silent.read(into).catch(() => null) !== null);
    silent.close();

    const other = await authority.sign("localhost");
    await devices.reloadCertificates(other, other);
    await assertRejects(() => devices.reloadCertificates({ cert: "/nowhere", key: "/nowhere" }, undefined));
    using again = Deno.createHttpClient({ caCerts });
    assertEquals(await (await fetch(`https://localhost:${port}/healthz`, { client: again })).text(), "ok");
  } finally {
    await devices.stop();
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("an address that is taken is named, with the reason", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const listen = [{ hostname: "127.0.0.1", port }];
  const devices = new Devices(new FakeHost(), OPTIONS);
  for (
    const attempt of [
      () => devices.listenHttp({ listen, tls: undefined }),
      () => devices.listenGrpc({ listen, tls: undefined }),
    ]
  ) {
    const error = await assertRejects(attempt, Error);
    assertEquals(
      error.message,
      `cannot listen for devices at 127.0.0.1:${port}: the address is in use by another program`,
    );
  }
  listener.close();
  await devices.stop();
});
