import { Buffer } from "node:buffer";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Transport as RpcClient } from "@connectrpc/connect";
import type { CommonTransportOptions, UniversalClientFn } from "@connectrpc/connect/protocol";
import { createTransport as createConnectTransport } from "@connectrpc/connect/protocol-connect";
import { createTransport as createGrpcTransport } from "@connectrpc/connect/protocol-grpc";
import { createTransport as createGrpcWebTransport } from "@connectrpc/connect/protocol-grpc-web";
import {
  ChatService,
  encoded,
  SendEventRequestSchema,
  SendEventResponseSchema,
  type ServerEvent,
  type StreamRequest,
  StreamRequestSchema,
} from "../../../src/chat/proto/mod.ts";
import { CLOSE, type CloseCode, statusOf } from "../../../src/chat/device/close_codes.ts";
import { until } from "../../support/until.ts";
import { type FakeHost, scene } from "./fake_host.ts";
import { overFetch, overHttp2 } from "./universal_clients.ts";

const pong = encoded({ replyTo: "1", payload: { case: "pong", value: {} } });
const ping = () => create(StreamRequestSchema, { id: "1", payload: { case: "ping", value: {} } });

/**
 * Every client there is: its name, the transport that the gateway sees, and whether it is duplex.
 */
const CLIENTS: readonly (readonly [string, "grpc" | "grpcweb" | "connect", "1" | "2", "json" | "proto"])[] = [
  ["gRPC", "grpc", "2", "proto"],
  ["gRPC, JSON", "grpc", "2", "json"],
  ["gRPC-web, HTTP/2", "grpcweb", "2", "proto"],
  ["gRPC-web, HTTP/1.1", "grpcweb", "1", "proto"],
  ["Connect, HTTP/2, protobuf", "connect", "2", "proto"],
  ["Connect, HTTP/2, JSON", "connect", "2", "json"],
  ["Connect, HTTP/1.1, protobuf", "connect", "1", "proto"],
  ["Connect, HTTP/1.1, JSON", "connect", "1", "json"],
];
const MAKERS = { grpc: createGrpcTransport, grpcweb: createGrpcWebTransport, connect: createConnectTransport };

function clientOf(kind: keyof typeof MAKERS, encoding: string, port: number, httpClient: UniversalClientFn): RpcClient {
  const options: CommonTransportOptions = {
    baseUrl: `http://127.0.0.1:${port}`,
    httpClient,
    useBinaryFormat: encoding === "proto",
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: 1024,
    readMaxBytes: 0xffffff,
    writeMaxBytes: 0xffffff,
  };
  return MAKERS[kind](options);
}

/** A stream of requests that a test feeds. */
class Requests implements AsyncIterable<StreamRequest> {
  #waiting: StreamRequest[] = [];
  #ended = false;
  #wake = () => {};

  send(request: StreamRequest): void {
    this.#waiting.push(request);
    this.#wake();
  }
  end(): void {
    this.#ended = true;
    this.#wake();
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<StreamRequest> {
    for (;;) {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) yield next;
      if (this.#ended) return;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

async function each(
  run: (host: FakeHost, client: ReturnType<typeof createClient<typeof ChatService>>, how: {
    name: string;
    kind: string;
    duplex: boolean;
  }) => Promise<void>,
  options: Parameters<typeof scene>[0] = {},
): Promise<void> {
  for (const [name, kind, version, encoding] of CLIENTS) {
    await scene(options, async (host, port, devices) => {
      const grpcPort = devices.grpcAddresses[0]!.port;
      const http2 = version === "2" ? await overHttp2(grpcPort) : undefined;
      const transport = clientOf(kind, encoding, http2 === undefined ? port : grpcPort, http2?.client ?? overFetch);
      try {
        await run(host, createClient(ChatService, transport), { name, kind, duplex: version === "2" });
      } catch (error) {
        throw new Error(`${name}: ${error}`, { cause: error });
      } finally {
        await http2?.close();
      }
      assertEquals(host.failures, [], name);
    });
  }
}

const codeOf = async (events: AsyncIterator<ServerEvent>): Promise<[string, string]> => {
  try {
    for (;;) if ((await events.next()).done) return ["", ""];
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    return [Code[code]!.replaceAll(/(?<!^)[A-Z]/g, "_$&").toLowerCase(), rawMessage];
  }
};

Deno.test("F1 F2 unary calls are handed on with their body, and answered, by every client", async () => {
  await each(async (host, client, { name }) => {
    host.answerCall = ({ method, encoding, body }) => {
      assertEquals(method, "SendEvent");
      if (encoding === "json") return { body: Buffer.from(`{"events":[{"id":"e1","later":1}]}`) };
      const { events } = fromBinary(SendEventRequestSchema, body);
      return { body: toBinary(SendEventResponseSchema, create(SendEventResponseSchema, { events })) };
    };
    const { events } = await client.sendEvent({ events: [{ id: "e1", roomId: "r" }] }, {
      headers: { authorization: "Bearer abc", "x-device-id": "d1" },
      timeoutMs: 5_000,
    });
    assertEquals(events.map(({ id }) => id), ["e1"]);
    const [call] = host.calls;
    assert(call!.timeoutMs! > 4_000 && call!.timeoutMs! <= 5_000, `${name}: ${call!.timeoutMs}`);
    assertEquals(host.handshakes.map(({ kind, token, deviceId }) => [kind, token, deviceId]), [["call", "abc", "d1"]]);
  });
});

Deno.test("F4 the core's error reaches every client with code, message and details", async () => {
  await each(async (host, client) => {
    host.answerCall = () => ({
      error: {
        code: "failed_precondition",
        message: "no, ž 100 %",
        details: [{
          type: "chat.v1.SendEventRequest",
          value: toBinary(SendEventRequestSchema, create(SendEventRequestSchema, { idempotencyKey: "k" })),
        }],
      },
    });
    const error = await client.getHistory({ roomId: "r" }).then(() => undefined, ConnectError.from);
    assertEquals([error!.code, error!.rawMessage], [Code.FailedPrecondition, "no, ž 100 %"]);
    assertEquals(error!.findDetails(SendEventRequestSchema).map(({ idempotencyKey }) => idempotencyKey), ["k"]);
  });
});

Deno.test("A3 a call or stream that is not let in gets unauthenticated in its protocol's form", async () => {
  await each(async (host, client, { name }) => {
    host.answerAdmit = () => ({ refused: { status: 401, code: "unauthenticated", message: "the token has expired" } });
    const error = await client.getHistory({}).then(() => undefined, ConnectError.from);
    assertEquals([error!.code, error!.rawMessage], [Code.Unauthenticated, "the token has expired"], name);
    const requests = new Requests();
    requests.end();
    const events = client.connect(requests)[Symbol.asyncIterator]();
    assertEquals(await codeOf(events), ["unauthenticated", "the token has expired"], name);
    assertEquals([host.calls.length, host.sessions.length], [0, 0]);
  });
});

Deno.test("streams go both ways over HTTP/2, and over HTTP/1.1 in halves", async () => {
  await each(async (host, client, { kind, duplex, name }) => {
    const requests = new Requests();
    const events = client.connect(requests, { headers: { "x-device-id": "d2" } })[Symbol.asyncIterator]();
    const first = events.next();
    requests.send(ping());
    if (!duplex) requests.end();
    const session = await host.session();
    session.transport.send(pong);
    session.transport.ping();
    assertEquals((await first).value!.replyTo, "1", name);
    assertEquals((await events.next()).value!.payload.case, "ping");
    assertEquals([session.transport.kind, session.handshake.deviceId], [kind, "d2"]);
    await until(() => session.requests.length === 1, "the request has come");
    if (duplex) {
      requests.send(create(StreamRequestSchema, { payload: { case: "pong", value: {} } }));
      await until(() => session.signs === 1, "the pong has come");
      requests.end();
    }
    const more = Array.from(
      { length: 100 },
      (_, i) => encoded({ replyTo: `${i}`, payload: { case: "error", value: { message: "x".repeat(i * 50) } } }),
    );
    for (const event of more) session.transport.send(event);
    for (const { event } of more) assertEquals((await events.next()).value!.replyTo, event.replyTo);
    session.transport.close(1000);
    assertEquals((await events.next()).done, true);
    assertEquals(session.end, { code: 1000, reason: "" });
  });
});

Deno.test("a stream ends with the status that fits the code, and the reason as its message", async () => {
  await each(async (host, client, { name, duplex }) => {
    let count = 0;
    for (const code of Object.keys(CLOSE).map(Number) as CloseCode[]) {
      const requests = new Requests();
      if (!duplex) requests.end();
      const events = client.connect(requests)[Symbol.asyncIterator]();
      const ended = codeOf(events);
      const session = await host.session(++count);
      session.transport.close(code);
      assertEquals(
        await ended,
        [statusOf(code) ?? "", statusOf(code) === undefined ? "" : CLOSE[code]],
        `${name} ${code}`,
      );
      assertEquals([session.end?.code, session.ends], [code, 1]);
      requests.end();
    }
  });
});

Deno.test("F11 a device that leaves ends its stream and its calls", async () => {
  await each(async (host, client, { duplex }) => {
    const leaving = new AbortController();
    const requests = new Requests();
    if (!duplex) requests.end();
    const events = client.connect(requests, { signal: leaving.signal })[Symbol.asyncIterator]();
    const ended = codeOf(events);
    const session = await host.session();
    host.answerCall = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("left"))));
    const call = client.getHistory({}, { signal: leaving.signal }).catch(() => {});
    await until(() => host.calls.length === 1, "the call has come");
    leaving.abort();
    await until(() => session.end !== undefined && host.calls[0]!.signal.aborted, "both have ended");
    assertEquals(session.end!.code, 1006);
    await Promise.all([ended, call]);
    requests.end();
  });
});

Deno.test("L4 too much in one message ends a call and a stream", async () => {
  await each(async (host, client, { duplex }) => {
    const roomId = "x".repeat(5000);
    const error = await client.getHistory({ roomId }).then(() => undefined, ConnectError.from);
    assertEquals(error!.code, Code.ResourceExhausted);
    assertEquals(host.calls.length, 0);
    const requests = new Requests();
    requests.send(create(StreamRequestSchema, { id: roomId, payload: { case: "ping", value: {} } }));
    if (!duplex) requests.end();
    assertEquals((await codeOf(client.connect(requests)[Symbol.asyncIterator]()))[0], "resource_exhausted");
    assertEquals(host.sessions[0]!.end?.code, 1009);
    requests.end();
  }, { maxMessageSize: 4096 });
});

Deno.test("C6 above max_connections a stream gets unavailable", async () => {
  await each(async (host, client, { duplex }) => {
    const requests = new Requests();
    if (!duplex) requests.end();
    const first = client.connect(requests)[Symbol.asyncIterator]();
    const ended = codeOf(first);
    const session = await host.session();
    const second = new Requests();
    second.end();
    assertEquals((await codeOf(client.connect(second)[Symbol.asyncIterator]()))[0], "unavailable");
    session.transport.close(1012);
    assertEquals((await ended)[0], "unavailable");
    requests.end();
  }, { maxConnections: 1 });
});

/** Posts octets to the gateway over HTTP/1.1. */
async function post(
  port: number,
  path: string,
  type: string,
  body: Uint8Array | string,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`http://127.0.0.1:${port}/chat.v1.ChatService/${path}`, {
    method: "POST",
    headers: { "content-type": type, ...headers },
    body: body as BodyInit,
  });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

Deno.test("what is no call of a protocol gets the status of HTTP that says so", async () => {
  await scene({}, async (_, port) => {
    const cases: [number, string, string, string?][] = [
      [415, "SendEvent", "text/plain"],
      [415, "SendEvent", "application/connect+json"],
      [415, "SendEvent", "application/grpc"],
      [415, "Connect", "application/json"],
    ];
    for (const [status, path, type] of cases) {
      const answer = await post(port, path, type, "{}");
      assertEquals(answer.status, status, `${path} ${type}`);
      assert(answer.headers.get("accept-post") !== null);
    }
    const got = await fetch(`http://127.0.0.1:${port}/chat.v1.ChatService/SendEvent`);
    assertEquals([got.status, got.headers.get("allow")], [405, "POST"]);
    await got.body?.cancel();
    const zipped = await post(port, "SendEvent", "application/json", "{}", { "content-encoding": "gzip" });
    assertEquals([zipped.status, JSON.parse(zipped.body).code], [501, "unimplemented"]);
  });
});

Deno.test("L1 F5 the errors of Connect have their status of HTTP", async () => {
  await scene({}, async (host, port) => {
    for (
      const [code, status] of [["resource_exhausted", 429], ["unauthenticated", 401], ["unavailable", 503], [
        "deadline_exceeded",
        504,
      ]] as const
    ) {
      host.answerCall = () => ({ error: { code, message: "m", retryAfterMs: 300 } });
      const answer = await post(port, "SendEvent", "application/json", "{}");
      assertEquals([answer.status, JSON.parse(answer.body)], [status, { code, message: "m" }]);
      assertEquals(answer.headers.get("retry-after"), "1");
    }
  });
});

Deno.test("C8 what is no message ends a stream with invalid_argument", async () => {
  const message = (flags: number, body: string, length = body.length) =>
    Buffer.concat([Buffer.of(flags, 0, 0, length >> 8, length & 0xff), Buffer.from(body)]);
  await scene({}, async (host, port) => {
    const cases: [string, Uint8Array][] = [
      ["no JSON", message(0, "{")],
      ["nothing known", message(0, `{"x":1}`)],
      ["compressed", message(1, "x")],
      ["the end of a server", message(2, "{}")],
      ["cut", message(0, "{}", 10)],
      ["cut in its prefix", Buffer.of(0, 0)],
    ];
    for (const [name, body] of cases) {
      const answer = await post(port, "Connect", "application/connect+json", body);
      assertEquals(answer.status, 200, name);
      assertStringIncludes(answer.body, `"code":"invalid_argument"`, name);
    }
    assertEquals(host.sessions.map(({ end }) => end?.code), cases.map(() => 4007));
  });
});

Deno.test("A8 pages of allowed origins get CORS on both kinds of listeners, others 403", async () => {
  const allowed = "https://chat.example.com";
  await scene({ allowedOrigins: [allowed] }, async (host, port) => {
    const ask = (origin: string) =>
      fetch(`http://127.0.0.1:${port}/chat.v1.ChatService/SendEvent`, {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST" },
      });
    const yes = await ask(allowed);
    assertEquals([yes.status, yes.headers.get("access-control-allow-origin")], [204, allowed]);
    for (
      const name of [
        "Authorization",
        "Content-Type",
        "X-Device-Id",
        "Connect-Protocol-Version",
        "Connect-Timeout-Ms",
        "X-Grpc-Web",
        "Grpc-Timeout",
      ]
    ) {
      assertStringIncludes(yes.headers.get("access-control-allow-headers")!, name);
    }
    const no = await ask("https://evil.example.com");
    assertEquals([no.status, no.headers.get("access-control-allow-origin")], [403, null]);
    await no.body?.cancel();
    const called = await post(port, "SendEvent", "application/json", "{}", { origin: allowed });
    assertEquals([called.status, called.headers.get("access-control-allow-origin")], [200, allowed]);
    for (const name of ["Grpc-Status", "Grpc-Message", "Grpc-Status-Details-Bin"]) {
      assertStringIncludes(called.headers.get("access-control-expose-headers")!, name);
    }
    assertEquals(
      (await post(port, "SendEvent", "application/json", "{}", { origin: "https://evil.example.com" })).status,
      403,
    );
    assertEquals(host.calls.length, 1);
  });
});

Deno.test("F3 the address of the device is the last that no trusted proxy has", async () => {
  await scene({ trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] }, async (host, port) => {
    await post(port, "SendEvent", "application/json", "{}", { "x-forwarded-for": "1.2.3.4, 5.6.7.8, 10.1.1.1" });
    await post(port, "SendEvent", "application/json", "{}", { "x-forwarded-for": "[2001:db8::1]:4711" });
    await post(port, "SendEvent", "application/json", "{}");
    assertEquals(host.handshakes.map(({ remote }) => remote), ["5.6.7.8", "2001:db8::1", "127.0.0.1"]);
  });
  await scene({}, async (host, port) => {
    await post(port, "SendEvent", "application/json", "{}", { "x-forwarded-for": "1.2.3.4" });
    assertEquals(host.handshakes.map(({ remote }) => remote), ["127.0.0.1"]);
  });
});
