import { Buffer } from "node:buffer";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { encoded } from "../../../src/chat/proto/mod.ts";
import { CLOSE, type CloseCode } from "../../../src/chat/device/close_codes.ts";
import { until } from "../../support/until.ts";
import { scene } from "./fake_host.ts";
import { frame, RawWebSocket } from "./raw_web_socket.ts";

const [TEXT, BINARY, CLOSE_FRAME, PING, PONG, CONTINUED] = [0x81, 0x82, 0x88, 0x89, 0x8a, 0x80];
const PING_REQUEST = `{"id":"1","ping":{}}`;
const pong = encoded({ replyTo: "1", payload: { case: "pong", value: {} } });
const withCode = (code: number, reason: Uint8Array | string = "") =>
  Buffer.concat([Buffer.of(code >> 8, code & 0xff), Buffer.from(reason as string)]);

Deno.test("C7 the handshake is answered as RFC 6455 wants it, and names the gateway", async () => {
  await scene({}, async (host, port) => {
    await using socket = await RawWebSocket.open(
      port,
      { "Sec-WebSocket-Protocol": "chat.v1.json, bearer.abc" },
      "/ws?device_id=d1",
    );
    assertEquals(socket.status, 101);
    assertStringIncludes(socket.head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assertStringIncludes(socket.head, "sec-websocket-protocol: chat.v1.json\r\n");
    assertStringIncludes(socket.head, "x-gateway-id: gateway-1\r\n");
    assertStringIncludes(socket.head + "\r\n", "set-cookie: gateway_id=gateway-1; Path=/; HttpOnly; SameSite=Lax\r\n");
    assert(!socket.head.includes("abc"), "the token is shown");
    const { handshake, transport } = await host.session();
    assertEquals([handshake.token, handshake.deviceId, handshake.remote], ["abc", "d1", "127.0.0.1"]);
    assertEquals([transport.kind, transport.encoding], ["websocket", "json"]);
  });
});

Deno.test("a handshake that is none is refused with the status that says why", async () => {
  await scene({ allowedOrigins: ["https://chat.example.com"] }, async (host, port) => {
    const cases: [number, Record<string, string>, string?][] = [
      [426, { "Sec-WebSocket-Version": "8" }],
      [426, { "Sec-WebSocket-Version": "" }],
      [400, { "Sec-WebSocket-Key": "" }],
      [400, { "Sec-WebSocket-Key": "short" }],
      [400, { "Sec-WebSocket-Protocol": "mqtt" }],
      [404, {}, "/other"],
      [403, { Origin: "https://evil.example.com" }],
      [403, { Origin: "null" }],
      [403, { Origin: "https://chat.example.com.evil.com" }],
      [403, { Origin: "http://127.0.0.1:1" }],
      [101, { Origin: "https://chat.example.com" }],
      [101, { Origin: `http://127.0.0.1:${port}` }],
      [101, { "Sec-WebSocket-Protocol": "bearer.abc" }],
      [101, { "Sec-WebSocket-Protocol": "mqtt, chat.v1.proto" }],
      [426, { Upgrade: "", Connection: "" }],
    ];
    for (const [status, headers, target] of cases) {
      await using socket = await RawWebSocket.open(port, headers, target);
      assertEquals(socket.status, status, `${JSON.stringify(headers)} ${target ?? ""}`);
      if (status === 426) assertStringIncludes(socket.head.toLowerCase(), "websocket");
    }
    assertEquals(host.sessions.length, 4);
  });
});

Deno.test("A3 a refused handshake says why in Connect's JSON", async () => {
  await scene({}, async (host, port) => {
    host.answerAdmit = () => ({ refused: { status: 401, code: "unauthenticated", message: "the token has expired" } });
    await using socket = await RawWebSocket.open(port);
    assertEquals(socket.status, 401);
    assertStringIncludes(socket.head, "www-authenticate: Bearer");
    assertEquals(JSON.parse(await socket.rest()), { code: "unauthenticated", message: "the token has expired" });
    host.answerAdmit = () => ({ refused: { status: 503, code: "unavailable", message: "x", retryAfterMs: 1200 } });
    await using other = await RawWebSocket.open(port);
    assertStringIncludes(other.head, "retry-after: 2");
    host.answerAdmit = () => Promise.reject(new Error("secret"));
    await using third = await RawWebSocket.open(port);
    assertEquals(third.status, 500);
    assert(!(await third.rest()).includes("secret"));
    assertEquals(host.failures.length, 1);
    assertEquals(host.refusals, ["websocket unauthenticated", "websocket unavailable", "websocket internal"]);
  });
});

Deno.test("C6 above max_connections a handshake gets 503, those that wait for an answer counted", async () => {
  await scene({ maxConnections: 2 }, async (host, port, devices) => {
    const gate = Promise.withResolvers<void>();
    host.answerAdmit = async () => (await gate.promise, { who: "p" });
    const first = [RawWebSocket.open(port), RawWebSocket.open(port)];
    await until(() => devices.streams === 2, "the places are free or taken");
    {
      await using third = await RawWebSocket.open(port);
      assertEquals(third.status, 503);
      assertStringIncludes(third.head, "retry-after: ");
    }
    gate.resolve();
    const open = await Promise.all(first);
    assertEquals(open.map(({ status }) => status), [101, 101]);
    await open[0]![Symbol.asyncDispose]();
    await until(() => devices.streams === 1, "the places are free or taken");
    await using fourth = await RawWebSocket.open(port);
    assertEquals(fourth.status, 101);
    await open[1]![Symbol.asyncDispose]();
  });
});

Deno.test("messages go both ways, in JSON and in protobuf", async () => {
  await scene({}, async (host, port) => {
    await using json = await RawWebSocket.open(port);
    const session = await host.session();
    session.onMessage = () => session.transport.send(pong);
    await json.send(frame(TEXT, PING_REQUEST));
    const answer = await json.frame();
    assertEquals([answer!.first, `${answer!.payload}`], [TEXT, `{"replyTo":"1","pong":{}}`]);

    await using proto = await RawWebSocket.open(port, { "Sec-WebSocket-Protocol": "chat.v1.proto" });
    const second = await host.session(2);
    assertEquals(second.transport.encoding, "proto");
    second.onMessage = () => second.transport.send(pong);
    await proto.send(frame(BINARY, Buffer.of(0x0a, 1, 0x31, 0x32, 0)));
    assertEquals([...(await proto.frame())!.payload], [0x0a, 1, 0x31, 0x3a, 0]);
  });
});

Deno.test("a message may come in fragments, with control frames between, and octet by octet", async () => {
  await scene({}, async (host, port) => {
    await using socket = await RawWebSocket.open(port);
    const session = await host.session();
    await socket.send(
      frame(0x01, PING_REQUEST.slice(0, 5)),
      frame(PING, "are you there"),
      frame(0x00, PING_REQUEST.slice(5, 9)),
      frame(0x00, ""),
      frame(CONTINUED, PING_REQUEST.slice(9)),
    );
    assertEquals(`${(await socket.frame())!.payload}`, "are you there");
    await until(() => session.requests.length === 1, "the request has come");
    assertEquals(session.signs, 1);
    const long = JSON.stringify({ id: "x".repeat(300), ping: {} });
    for (const octet of frame(TEXT, long)) await socket.send(Uint8Array.of(octet));
    await until(() => session.requests.length === 2, "the request has come");
    assertEquals(session.requests[1]!.id.length, 300);
  });
});

Deno.test("what breaks RFC 6455 or the protocol is closed with its code", async () => {
  const huge = Buffer.from(frame(TEXT, "x".repeat(70_000)));
  const announced = (length: bigint) => {
    const head = Buffer.alloc(14);
    head[0] = TEXT;
    head[1] = 0xff;
    head.writeBigUInt64BE(length, 2);
    return head;
  };
  const cases: [string, string, Uint8Array[], ("chat.v1.json" | "chat.v1.proto")?][] = [
    ["1002", "without a mask", [frame(TEXT, PING_REQUEST, { mask: false })]],
    ["1002", "RSV1 without an extension", [frame(0xc1, "x")]],
    ["1002", "RSV2", [frame(0xa1, "x")]],
    ["1002", "RSV3 on a ping", [frame(0x99, "x")]],
    ["1002", "opcode 3", [frame(0x83)]],
    ["1002", "opcode 11", [frame(0x8b)]],
    ["1002", "a fragmented ping", [frame(0x09, "x")]],
    ["1002", "a long ping", [frame(PING, "x".repeat(126))]],
    ["1002", "nothing to continue", [frame(CONTINUED, "x")]],
    ["1002", "two messages in one", [frame(0x01, "x"), frame(TEXT, "y")]],
    ["1002", "a length in the long form", [Buffer.of(TEXT, 0xfe, 0, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5)]],
    ["1002", "a length of 64 bits", [announced(1n << 63n)]],
    ["1002", "a close of one byte", [frame(CLOSE_FRAME, "x")]],
    ["1002", "close code 999", [frame(CLOSE_FRAME, withCode(999))]],
    ["1002", "close code 1005", [frame(CLOSE_FRAME, withCode(1005))]],
    ["1002", "close code 2000", [frame(CLOSE_FRAME, withCode(2000))]],
    ["1002", "close code 5000", [frame(CLOSE_FRAME, withCode(5000))]],
    ["1007", "a reason that is not UTF-8", [frame(CLOSE_FRAME, withCode(1000, Buffer.of(0xff)))]],
    ["1007", "text that is not UTF-8", [frame(TEXT, Buffer.of(0x7b, 0xff, 0x7d))]],
    ["1007", "text cut within a character", [frame(TEXT, Buffer.from("\u00e9").subarray(0, 1))]],
    ["1007", "a surrogate", [frame(TEXT, Buffer.of(0xed, 0xa0, 0x80))]],
    ["1009", "L4 a long message", [huge]],
    ["1009", "L4 a long message that is only announced", [announced(1n << 40n)]],
    ["1009", "L4 many fragments", [frame(0x01, "x".repeat(40_000)), frame(0x00, "x".repeat(40_000))]],
    ["1003", "binary on JSON", [frame(BINARY, "{}")]],
    ["1003", "text on protobuf", [frame(TEXT, "{}")], "chat.v1.proto"],
    ["4007", "C8 no JSON", [frame(TEXT, "hello")]],
    ["4007", "C8 an empty message", [frame(TEXT)]],
    ["4007", "C8 nothing known", [frame(TEXT, `{"id":"1","x":{}}`)]],
    ["4007", "C8 no protobuf", [frame(BINARY, Buffer.of(0xff))], "chat.v1.proto"],
  ];
  await scene({}, async (host, port, devices) => {
    for (const [i, [code, name, frames, protocol = "chat.v1.json"]] of cases.entries()) {
      await using socket = await RawWebSocket.open(port, { "Sec-WebSocket-Protocol": protocol });
      const session = await host.session(i + 1);
      // What follows is not looked at any more.
      await socket.send(...frames, frame(TEXT, PING_REQUEST)).catch(() => {});
      assertEquals((await socket.close()).split(" ")[0], code, name);
      assertEquals(session.end?.code, Number(code), name);
      assertEquals([session.requests.length, session.ends], [0, 1], name);
    }
    await until(() => devices.streams === 0, "the places are free or taken");
    assertEquals(host.failures, []);
  });
});

Deno.test("every close code of this side arrives with its reason, and the session hears it at once", async () => {
  await scene({}, async (host, port) => {
    let count = 0;
    for (const code of Object.keys(CLOSE).map(Number) as CloseCode[]) {
      await using socket = await RawWebSocket.open(port);
      const session = await host.session(++count);
      session.transport.send(pong);
      session.transport.close(code);
      assertEquals(session.end, { code, reason: CLOSE[code] });
      session.transport.send(pong);
      assertEquals((await socket.frame())!.first, TEXT, "what was queued before comes first");
      assertEquals(await socket.close(), `${code} ${CLOSE[code]}`.trimEnd());
      await socket.send(frame(CLOSE_FRAME, withCode(code === 1002 ? 1000 : code)));
      await socket.ended();
    }
  });
});

Deno.test("a device that closes gets its code back, and the session hears both", async () => {
  await scene({}, async (host, port, devices) => {
    const cases = [[withCode(1000, "bye"), "1000", 1000, "bye"], [withCode(4999), "4999", 4999, ""], [
      "",
      "1005",
      1005,
      "",
    ]] as const;
    for (const [i, [payload, answer, code, reason]] of cases.entries()) {
      await using socket = await RawWebSocket.open(port);
      const session = await host.session(i + 1);
      await socket.send(frame(CLOSE_FRAME, payload));
      assertEquals(await socket.close(), answer);
      await socket.ended();
      assertEquals(session.end, { code, reason });
    }
    await until(() => devices.streams === 0, "the places are free or taken");
  });
});

Deno.test("a device that is lost is told as 1006", async () => {
  await scene({}, async (host, port, devices) => {
    const socket = await RawWebSocket.open(port);
    const session = await host.session();
    await socket[Symbol.asyncDispose]();
    await until(() => session.end !== undefined, "the end was told");
    assertEquals(session.end!.code, 1006);
    await until(() => devices.streams === 0, "the places are free or taken");
  });
});

Deno.test("H1 a ping goes out, and its pong is a sign of life", async () => {
  await scene({}, async (host, port) => {
    await using socket = await RawWebSocket.open(port);
    const session = await host.session();
    session.transport.ping();
    const ping = await socket.frame();
    assertEquals([ping!.first, ping!.payload.length], [PING, 0]);
    await socket.send(frame(PONG));
    await until(() => session.signs === 1, "the sign of life has come");
  });
});

Deno.test("B4 what a turn brings for many devices leaves in one write, made once", async () => {
  await scene({}, async (host, port) => {
    const sockets = await Promise.all(Array.from({ length: 5 }, () => RawWebSocket.open(port)));
    await host.session(5);
    const events = ["a", "b", "c"].map((replyTo) => encoded({ replyTo, payload: { case: "pong", value: {} } }));
    for (const event of events) for (const { transport } of host.sessions) transport.send(event);
    host.sessions[0]!.transport.send(pong);
    assertEquals(host.sessions.map(({ transport }) => transport.queuedBytes > 0), [true, true, true, true, true]);
    for (const [i, socket] of sockets.entries()) {
      for (const letter of i === 0 ? ["a", "b", "c", "1"] : ["a", "b", "c"]) {
        assertEquals(`${(await socket.frame())!.payload}`, `{"replyTo":"${letter}","pong":{}}`);
      }
      await socket[Symbol.asyncDispose]();
    }
    await until(() => host.sessions.every(({ transport }) => transport.queuedBytes === 0), "all has left");
  });
});

Deno.test("L3 a device that does not read is closed 4008 at once, and its memory is let go", async () => {
  await scene({ sendQueue: 64 * 1024 }, async (host, port, devices) => {
    await using socket = await RawWebSocket.open(port);
    const session = await host.session();
    const event = encoded({ payload: { case: "error", value: { message: "x".repeat(8000) } } });
    for (let sent = 0; session.end === undefined; sent++) {
      assert(sent < 10_000, "nobody noticed");
      session.transport.send(event);
      assert(session.transport.queuedBytes <= 64 * 1024 + 9000);
      if (sent % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assertEquals(session.end, { code: 4008, reason: "slow consumer" });
    // It never reads: it is cut after a while.
    await until(() => devices.streams === 0, "the places are free or taken");
    assertEquals(session.ends, 1);
    assertEquals(await socket.close(), "cut");
  });
});

Deno.test("L3 a slow device that reads after all sees whole frames and then 4008", async () => {
  await scene({ sendQueue: 64 * 1024 }, async (host, port) => {
    await using socket = await RawWebSocket.open(port);
    const session = await host.session();
    const event = encoded({ payload: { case: "error", value: { message: "x".repeat(8000) } } });
    while (session.end === undefined) {
      session.transport.send(event);
      await new Promise((resolve) => setImmediate(resolve));
    }
    let frames = 0;
    for (;;) {
      const next = await socket.frame();
      assert(next !== undefined, "cut without a close frame");
      if (next.first === 0x88) {
        assertEquals(Buffer.from(next.payload).readUInt16BE(0), 4008);
        break;
      }
      assertEquals(next.payload.length, event.message("json").length);
      frames++;
    }
    assert(frames > 0);
  });
});

Deno.test("a listener that throws costs its device the connection and nobody else", async () => {
  await scene({}, async (host, port) => {
    await using socket = await RawWebSocket.open(port);
    const session = await host.session();
    session.onMessage = () => {
      throw new Error("secret");
    };
    await socket.send(frame(TEXT, PING_REQUEST));
    assertEquals(await socket.close(), "1011 internal error");
    assertEquals(host.failures.length, 1);
    host.onOpen = () => {
      throw new Error("again");
    };
    await using other = await RawWebSocket.open(port);
    await other.ended();
    assertEquals(host.failures.length, 2);
  });
});

Deno.test("messages that come right behind the handshake are not lost", async () => {
  await scene({}, async (host, port) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const head = `GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
    await conn.write(Buffer.concat([Buffer.from(head), frame(TEXT, PING_REQUEST), frame(TEXT, PING_REQUEST)]));
    const session = await host.session();
    await until(() => session.requests.length === 2, "the request has come");
    conn.close();
  });
});

Deno.test("permessage-deflate is agreed on only where it is configured and offered, and then used", async () => {
  const { deflateRawSync, inflateRawSync, constants } = await import("node:zlib");
  const extensions = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" };
  await scene({}, async (_, port) => {
    await using socket = await RawWebSocket.open(port, extensions);
    assert(!socket.head.includes("permessage-deflate"));
  });
  await scene({ compression: true }, async (host, port) => {
    {
      await using plain = await RawWebSocket.open(port);
      assert(!plain.head.includes("permessage-deflate"));
    }
    await using socket = await RawWebSocket.open(port, extensions);
    assertStringIncludes(socket.head, "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    const session = await host.session(2);
    const raw = deflateRawSync(Buffer.from(PING_REQUEST), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
    await socket.send(frame(0xc1, raw), frame(TEXT, PING_REQUEST));
    await until(() => session.requests.length === 2, "the request has come");
    const event = encoded({ payload: { case: "error", value: { message: "x".repeat(8000) } } });
    session.transport.send(event);
    const { first, payload } = (await socket.frame())!;
    assertEquals(first, 0xc1);
    assert(payload.length < 200);
    const back = inflateRawSync(Buffer.concat([payload, Buffer.of(0, 0, 0xff, 0xff)]), {
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    assertEquals(`${back}`, `${Buffer.from(event.message("json"))}`);
    session.transport.send(pong);
    assertEquals((await socket.frame())!.first, TEXT, "small messages are not worth it");
    // A bomb: 10 MB in a few KB.
    const bomb = deflateRawSync(Buffer.alloc(10_000_000, 0x20), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(
      0,
      -4,
    );
    await socket.send(frame(0xc1, bomb));
    assertEquals((await socket.close()).split(" ")[0], "1009");
    await using third = await RawWebSocket.open(port, extensions);
    await host.session(3);
    await third.send(frame(0xc1, Buffer.of(0xff, 0xff, 0xff)));
    assertEquals((await third.close()).split(" ")[0], "1007");
  });
});

Deno.test("health is answered on the same port, and what is nowhere is 404", async () => {
  await scene({}, async (_, port) => {
    const health = await fetch(`http://127.0.0.1:${port}/healthz`);
    assertEquals([health.status, await health.text()], [200, "ok"]);
    const nothing = await fetch(`http://127.0.0.1:${port}/nothing`);
    assertEquals([nothing.status, (await nothing.json()).code], [404, "not_found"]);
    const socket = await RawWebSocket.open(port, { Upgrade: "h2c", Connection: "Upgrade" }, "/healthz");
    assertEquals(socket.status, 200);
    await socket[Symbol.asyncDispose]();
  });
});

Deno.test("L5 whoever opens a connection and says nothing, or not all, loses it", async () => {
  await scene({ helloTimeout: 100 }, async (_, port) => {
    for (const said of ["", "GET /ws HTTP/1.1\r\nHost: x\r\n", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"]) {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port });
      if (said !== "") await conn.write(new TextEncoder().encode(said));
      const into = new Uint8Array(4096);
      while (await conn.read(into).catch(() => null) !== null);
      conn.close();
    }
  });
});
