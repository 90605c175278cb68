import { assert, assertEquals } from "@std/assert";
import type { UniversalClientFn } from "@connectrpc/connect/protocol";
import { encoded } from "../../../src/chat/proto/mod.ts";
import { healthRequest, readHealthResponse, SERVING } from "../../../src/rpc/health_message.ts";
import { until } from "../../support/until.ts";
import { scene } from "./fake_host.ts";
import { overHttp2 } from "./universal_clients.ts";

/** Asks over HTTP/2, in gRPC. */
function ask(client: UniversalClientFn, path: string, body: Uint8Array, open?: Promise<void>) {
  return client({
    url: `http://127.0.0.1${path}`,
    method: "POST",
    header: new Headers({ "content-type": "application/grpc+proto" }),
    body: (async function* () {
      yield body;
      await open;
    })(),
  });
}

Deno.test("L3 a stream that is not read is ended 4008 at once, over either version of HTTP", async () => {
  for (const version of [1, 2]) {
    await scene({ sendQueue: 64 * 1024 }, async (host, port, devices) => {
      const to = version === 1 ? port : devices.grpcAddresses[0]!.port;
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: to });
      if (version === 1) {
        await conn.write(
          new TextEncoder().encode(
            "POST /chat.v1.ChatService/Connect HTTP/1.1\r\nhost: x\r\ncontent-type: application/connect+json\r\ncontent-length: 0\r\n\r\n",
          ),
        );
      } else {
        await conn.write(http2Request());
      }
      const session = await host.session();
      const event = encoded({ payload: { case: "error", value: { message: "x".repeat(8000) } } });
      for (let sent = 0; session.end === undefined; sent++) {
        assert(sent < 10_000, "nobody noticed");
        session.transport.send(event);
        assert(session.transport.queuedBytes <= 64 * 1024 + 9000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      assertEquals(session.end, { code: 4008, reason: "slow consumer" });
      await until(() => devices.streams === 0, "it is cut");
      assertEquals(session.ends, 1);
      conn.close();
    });
  }
});

/** Preface, SETTINGS, and a request to the stream: literal fields that no table knows. */
function http2Request(): Uint8Array {
  const fields: [string, string][] = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", "/chat.v1.ChatService/Connect"],
    [":authority", "x"],
    ["content-type", "application/grpc"],
  ];
  const text = new TextEncoder();
  const block = fields.flatMap((
    [name, value],
  ) => [0, name.length, ...text.encode(name), value.length, ...text.encode(value)]);
  return Uint8Array.of(
    ...text.encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ...[0, 0, 0, 4, 0, 0, 0, 0, 0],
    ...[0, 0, block.length, 1, 4, 0, 0, 0, 1],
    ...block,
  );
}

Deno.test("L3 a stream over HTTP/2 that is read late shows whole messages and its status", async () => {
  await scene({ sendQueue: 64 * 1024 }, async (host, _port, devices) => {
    const { client, close } = await overHttp2(devices.grpcAddresses[0]!.port);
    const event = encoded({ payload: { case: "error", value: { message: "x".repeat(8000) } } });
    host.onOpen = ({ transport }) => {
      // More in one turn than the windows of the peer and the queue hold.
      for (let i = 0; i < 100; i++) transport.send(event);
    };
    const open = Promise.withResolvers<void>();
    const { body, trailer } = await ask(client, "/chat.v1.ChatService/Connect", new Uint8Array(0), open.promise);
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Uint8Array>) bytes += chunk.length;
    open.resolve();
    assertEquals([trailer.get("grpc-status"), trailer.get("grpc-message")], ["8", "slow consumer"]);
    assertEquals(bytes % event.envelope("proto").length, 0);
    assert(bytes > 0);
    await close();
  });
});

Deno.test("the health service tells how it is, for the gateway and for the service", async () => {
  await scene({}, async (host, _port, devices) => {
    const { client, close } = await overHttp2(devices.grpcAddresses[0]!.port);
    const check = async (service: string) => {
      const { body, trailer, header } = await ask(client, "/grpc.health.v1.Health/Check", healthRequest(service));
      const chunks: number[] = [];
      for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(...chunk);
      const status = trailer.get("grpc-status") ?? header.get("grpc-status");
      return status === "0" ? readHealthResponse(Uint8Array.from(chunks)) : `status ${status}`;
    };
    assertEquals(await check(""), SERVING.SERVING);
    assertEquals(await check("chat.v1.ChatService"), SERVING.SERVING);
    assertEquals(await check("other"), "status 5");
    const { body } = await ask(client, "/grpc.health.v1.Health/Watch", healthRequest(""));
    const told = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    assertEquals(readHealthResponse((await told.next()).value!), SERVING.SERVING);
    host.isServing = false;
    devices.servingChanged();
    devices.servingChanged();
    assertEquals(readHealthResponse((await told.next()).value!), SERVING.NOT_SERVING);
    assertEquals(await check(""), SERVING.NOT_SERVING);
    const stopped = devices.stop();
    assertEquals((await told.next()).done, true);
    await stopped;
    await close();
  });
});

Deno.test("L5 a connection of HTTP/2 without a stream ends, and one with a stream stays", async () => {
  await scene({ helloTimeout: 100 }, async (host, _port, devices) => {
    const { port } = devices.grpcAddresses[0]!;
    const busy = await overHttp2(port);
    const open = Promise.withResolvers<void>();
    const { body } = await ask(busy.client, "/chat.v1.ChatService/Connect", new Uint8Array(0), open.promise);
    const idle = await overHttp2(port);
    await idle.closed;
    const session = await host.session();
    const event = encoded({ payload: { case: "pong", value: {} } });
    session.transport.send(event);
    const events = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    assertEquals((await events.next()).value!.length, event.envelope("proto").length);
    open.resolve();
    await busy.close();
  });
});

Deno.test("L5 a call whose body does not come is answered, and its handler never troubled", async () => {
  await scene({ helloTimeout: 100 }, async (host, _port, devices) => {
    const { client, close } = await overHttp2(devices.grpcAddresses[0]!.port);
    const open = Promise.withResolvers<void>();
    const { header } = await ask(client, "/chat.v1.ChatService/SendEvent", new Uint8Array(3), open.promise);
    assertEquals(header.get("grpc-status"), "4");
    assertEquals(host.calls.length, 0);
    open.resolve();
    await close();
  });
});
