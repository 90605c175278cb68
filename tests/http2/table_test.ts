/**
 * What HTTP/2 peers may do wrong, and what they get for it, row by row over real sockets. The rows
 * bear the numbers of the contract's table.
 */
import { assert, assertEquals } from "@std/assert";
import { ERROR_CODE, Http2Connection, type Http2Options, type StreamListener } from "../../src/http2/mod.ts";
import { FRAME, PREFACE } from "../../src/http2/frame.ts";
import { until } from "../support/until.ts";
import {
  ACK,
  block,
  data,
  END_HEADERS,
  END_STREAM,
  type Fields,
  frame,
  goaway,
  headers,
  lineOf,
  PADDED,
  ping,
  PRIORITY,
  priority,
  RawPeer,
  request,
  reset,
  settings,
  settingsAck,
  text,
  windowUpdate,
  word,
} from "./raw_peer.ts";
import { listOf, type Scene, withClient, withServer } from "./recorder.ts";

const {
  PROTOCOL_ERROR,
  FLOW_CONTROL_ERROR,
  STREAM_CLOSED,
  FRAME_SIZE_ERROR,
  REFUSED_STREAM,
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  CANCEL,
} = ERROR_CODE;

type Hello = readonly (readonly [number, number])[];

/** What a client sends, and the GOAWAY that it gets. */
function fatal(
  name: string,
  code: number,
  parts: readonly Uint8Array[],
  { hello = [] as Hello | null, options = {} as Partial<Http2Options> } = {},
): void {
  Deno.test(name, () =>
    withServer(
      async (scene, peer) => {
        await peer.send(...parts);
        await peer.seesGoaway(code);
        await until(() => scene.ends.length === 1, "the listener is told");
        assertEquals([scene.ends[0]!.kind, scene.ends[0]!.code], ["protocol", code]);
        assertEquals(scene.protocolErrors.length, 1);
      },
      options,
      hello,
    ));
}

/** What a client sends, and the RST_STREAM on stream 1 that it gets; another stream goes on. */
function streamError(name: string, code: number, parts: readonly Uint8Array[], opened = false): void {
  Deno.test(name, () =>
    withServer(async (scene, peer) => {
      await peer.send(...parts);
      await peer.seesReset(1, code);
      await peer.send(headers(5, request("/after"), true));
      await until(() => scene.streams.some(({ request }) => request!.get(":path") === "/after"), "the next one comes");
      assertEquals(scene.protocolErrors.length, 1);
      if (opened) assertEquals(scene.streams[0]!.heard.at(-1), `reset ${code} protocol`);
      else assertEquals(scene.streams.length, 1);
    }));
}

const OPEN = headers(1, request("/open"));
const DONE = headers(1, request("/done"), true);

// 1

fatal(
  "1: octets that are no preface get PROTOCOL_ERROR",
  PROTOCOL_ERROR,
  [text("invalid connection preface\r\n\r\n")],
  {
    hello: null,
  },
);
fatal("1: a preface that goes wrong late gets PROTOCOL_ERROR", PROTOCOL_ERROR, [
  text("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"),
], {
  hello: null,
});
fatal("1: a frame before SETTINGS gets PROTOCOL_ERROR", PROTOCOL_ERROR, [PREFACE, OPEN], { hello: null });
fatal("1: an ACK is no first SETTINGS", PROTOCOL_ERROR, [PREFACE, settingsAck], { hello: null });
fatal("1: SETTINGS without a preface get PROTOCOL_ERROR", PROTOCOL_ERROR, [settings()], { hello: null });
fatal("1: a second preface gets PROTOCOL_ERROR", PROTOCOL_ERROR, [PREFACE]);

Deno.test("1: HTTP/1.1 gets 505 with a line of text, then the end", () =>
  withServer(
    async (scene, peer) => {
      await peer.send(text("GET / HTTP/1.1\r\nhost: here\r\n\r\n"));
      await peer.seesEnd();
      assert(/^HTTP\/1\.1 505 [^]*\r\n\r\n[^\r\n]+\n$/.test(peer.text), peer.text);
      assertEquals(scene.ends.length, 1);
    },
    {},
    null,
  ));

Deno.test("1: a preface octet by octet is a preface", () =>
  withServer(
    async (scene, peer) => {
      for (const octet of PREFACE) await peer.send(Uint8Array.of(octet));
      await peer.send(settings());
      await peer.sees("SETTINGS 0 ACK");
      assertEquals(scene.settled, 1);
    },
    {},
    null,
  ));

// 2

fatal("2: a frame above 16,384 gets FRAME_SIZE_ERROR", FRAME_SIZE_ERROR, [
  OPEN,
  frame(FRAME.DATA, 0, 1, new Uint8Array(16_385)),
]);
for (
  const [name, bad] of [
    ["PING of 7", frame(FRAME.PING, 0, 0, [1, 2, 3, 4, 5, 6, 7])],
    ["RST_STREAM of 3", frame(FRAME.RST_STREAM, 0, 1, [0, 0, 8])],
    ["SETTINGS of 5", frame(FRAME.SETTINGS, 0, 0, [0, 1, 0, 0, 1])],
    ["SETTINGS ACK of 6", frame(FRAME.SETTINGS, ACK, 0, [0, 1, 0, 0, 1, 0])],
    ["WINDOW_UPDATE of 5", frame(FRAME.WINDOW_UPDATE, 0, 0, [0, 0, 0, 1, 0])],
    ["GOAWAY of 7", frame(FRAME.GOAWAY, 0, 0, [0, 0, 0, 1, 0, 0, 0])],
    ["HEADERS too short for its priority", frame(FRAME.HEADERS, END_HEADERS | PRIORITY, 3, [0, 0, 0, 0])],
  ] as const
) {
  fatal(`2: ${name} gets FRAME_SIZE_ERROR`, FRAME_SIZE_ERROR, [OPEN, bad]);
}
streamError("2: PRIORITY of 4 gets FRAME_SIZE_ERROR for its stream", FRAME_SIZE_ERROR, [
  OPEN,
  frame(FRAME.PRIORITY, 0, 1, [0, 0, 0, 0]),
], true);

Deno.test("2: our SETTINGS advertise 16,384, the header list and the streams", () =>
  withServer(async (_scene, peer) => {
    const { payload } = await peer.sees("SETTINGS 0");
    const view = new DataView(payload.buffer);
    const said: Record<number, number> = {};
    for (let at = 0; at < payload.length; at += 6) said[view.getUint16(at)] = view.getUint32(at + 2);
    assertEquals(said, { 3: 256, 4: 262_144, 5: 16_384, 6: 65_536 });
    assertEquals(lineOf(await peer.sees("WINDOW_UPDATE 0")), `WINDOW_UPDATE 0 ${4 * 1024 * 1024 - 65_535}`);
  }));

// 3

fatal("3: an index out of range gets COMPRESSION_ERROR", COMPRESSION_ERROR, [
  frame(FRAME.HEADERS, END_HEADERS, 1, [0xff, 0x7f]),
]);
fatal("3: a block that ends inside a field gets COMPRESSION_ERROR", COMPRESSION_ERROR, [
  frame(FRAME.HEADERS, END_HEADERS, 1, [0x00, 0x7f, 0x41]),
]);
fatal("3: a table size update above ours gets COMPRESSION_ERROR", COMPRESSION_ERROR, [
  frame(FRAME.HEADERS, END_HEADERS, 1, [0x3f, 0xe2, 0x1f, ...block(request("/"))]),
]);

// 4

fatal("4: PING inside a header block gets PROTOCOL_ERROR", PROTOCOL_ERROR, [
  frame(FRAME.HEADERS, 0, 1, block(request("/"))),
  ping("12345678"),
]);
fatal("4: CONTINUATION of another stream gets PROTOCOL_ERROR", PROTOCOL_ERROR, [
  frame(FRAME.HEADERS, 0, 1, block(request("/"))),
  frame(FRAME.CONTINUATION, END_HEADERS, 3),
]);
fatal("4: an unknown frame inside a header block gets PROTOCOL_ERROR", PROTOCOL_ERROR, [
  frame(FRAME.HEADERS, 0, 1, block(request("/"))),
  frame(0x77, 0, 1),
]);
fatal("4: CONTINUATION alone gets PROTOCOL_ERROR", PROTOCOL_ERROR, [OPEN, frame(FRAME.CONTINUATION, END_HEADERS, 1)]);

Deno.test("4: a header block in many frames is one", () =>
  withServer(async (scene, peer) => {
    const all = block(request("/parts", [["long", "x".repeat(100)]]));
    await peer.send(
      frame(FRAME.HEADERS, END_STREAM, 1, all.subarray(0, 10)),
      frame(FRAME.CONTINUATION, 0, 1, all.subarray(10, 60)),
      frame(FRAME.CONTINUATION, END_HEADERS, 1, all.subarray(60)),
    );
    await until(() => scene.streams.length === 1, "the request comes");
    assertEquals(scene.streams[0]!.heard, ["request /parts END"]);
    assertEquals(scene.streams[0]!.request!.get("long"), "x".repeat(100));
  }));

// 5

fatal("5: DATA on stream 0 gets PROTOCOL_ERROR", PROTOCOL_ERROR, [data(0, "x")]);
fatal("5: HEADERS on stream 0 gets PROTOCOL_ERROR", PROTOCOL_ERROR, [headers(0, request("/"))]);
fatal("5: an even stream id gets PROTOCOL_ERROR", PROTOCOL_ERROR, [headers(2, request("/"))]);
fatal("5: a stream id that does not rise gets PROTOCOL_ERROR", PROTOCOL_ERROR, [
  headers(5, request("/")),
  headers(3, request("/")),
]);
fatal("5: DATA on an idle stream gets PROTOCOL_ERROR", PROTOCOL_ERROR, [data(1, "x")]);
fatal("5: RST_STREAM on an idle stream gets PROTOCOL_ERROR", PROTOCOL_ERROR, [reset(1, CANCEL)]);
fatal("5: WINDOW_UPDATE on an idle stream gets PROTOCOL_ERROR", PROTOCOL_ERROR, [windowUpdate(1, 1)]);
fatal("5: DATA whose padding is its length gets PROTOCOL_ERROR", PROTOCOL_ERROR, [
  OPEN,
  frame(FRAME.DATA, PADDED, 1, [3, 0, 0]),
]);
fatal("5: padded DATA without a pad length gets PROTOCOL_ERROR", PROTOCOL_ERROR, [OPEN, frame(FRAME.DATA, PADDED, 1)]);
fatal("5: HEADERS with more padding than there is gets PROTOCOL_ERROR", PROTOCOL_ERROR, [
  frame(FRAME.HEADERS, END_HEADERS | PADDED, 1, [9, 0x83, 0x86]),
]);
for (
  const [name, type, length] of [["PING", FRAME.PING, 8], ["SETTINGS", FRAME.SETTINGS, 0], ["GOAWAY", 7, 8]] as const
) {
  fatal(`5: ${name} on a stream gets PROTOCOL_ERROR`, PROTOCOL_ERROR, [
    OPEN,
    frame(type, 0, 1, new Uint8Array(length)),
  ]);
}
for (const [name, bad] of [["RST_STREAM", reset(0, 8)], ["PRIORITY", priority(0, 1)]] as const) {
  fatal(`5: ${name} on stream 0 gets PROTOCOL_ERROR`, PROTOCOL_ERROR, [OPEN, bad]);
}

// 6

streamError("6: DATA behind END_STREAM gets STREAM_CLOSED", STREAM_CLOSED, [DONE, data(1, "late")], true);
streamError(
  "6: HEADERS behind END_STREAM gets STREAM_CLOSED",
  STREAM_CLOSED,
  [DONE, headers(1, [["a", "b"]], true)],
  true,
);

Deno.test("6: DATA on a stream that both have ended gets STREAM_CLOSED, HEADERS end the connection", () =>
  withServer(
    async (scene, peer) => {
      await peer.send(DONE);
      await peer.sees("HEADERS 1 END");
      await peer.send(data(1, "late"));
      await peer.seesReset(1, STREAM_CLOSED);
      await peer.send(headers(3, request("/")));
      await peer.sees("HEADERS 3 END");
      await peer.send(data(3, "", true), headers(3, request("/again")));
      await peer.seesGoaway(STREAM_CLOSED);
      assertEquals(scene.streams.length, 2);
    },
    {},
    [],
    (scene) => scene.onRequest = (stream) => stream.sendHeaders(listOf({ ":status": "200" }), true),
  ));

Deno.test("6: DATA on a stream that the client has reset gets STREAM_CLOSED", () =>
  withServer(async (scene, peer) => {
    await peer.send(OPEN, reset(1, CANCEL), data(1, "late"));
    await peer.seesReset(1, STREAM_CLOSED);
    assertEquals(scene.streams[0]!.heard, ["request /open", "reset 8 peer"]);
  }));

// 7

Deno.test("7: DATA beyond the stream's window gets FLOW_CONTROL_ERROR for the stream", () =>
  withServer(
    async (scene, peer) => {
      await peer.send(OPEN);
      await until(() => scene.streams.length === 1, "the request comes");
      for (let i = 0; i < 7; i++) await peer.send(data(1, new Uint8Array(10_000)));
      await peer.seesReset(1, FLOW_CONTROL_ERROR);
      assertEquals(scene.streams[0]!.heard.at(-1), "reset 3 protocol");
    },
    { streamWindow: 65_535 },
    [],
    (scene) => scene.onRequest = (_stream, record) => record.consumes = false,
  ));

Deno.test("7: DATA beyond the connection's window gets FLOW_CONTROL_ERROR for the connection", () =>
  withServer(
    async (scene, peer) => {
      await peer.send(OPEN, headers(3, request("/other")));
      for (let i = 0; i < 4; i++) await peer.send(data(1, new Uint8Array(10_000)), data(3, new Uint8Array(10_000)));
      await peer.seesGoaway(FLOW_CONTROL_ERROR);
      assertEquals(scene.streams[0]!.heard.at(-1), "reset 3 lost");
    },
    { streamWindow: 65_535, connectionWindow: 65_535 },
    [],
    (scene) => scene.onRequest = (_stream, record) => record.consumes = false,
  ));

fatal("7: WINDOW_UPDATE by 0 on the connection gets PROTOCOL_ERROR", PROTOCOL_ERROR, [windowUpdate(0, 0)]);
fatal("7: a connection window above 2^31-1 gets FLOW_CONTROL_ERROR", FLOW_CONTROL_ERROR, [windowUpdate(0, 0x7fffffff)]);
streamError(
  "7: WINDOW_UPDATE by 0 on a stream gets PROTOCOL_ERROR for it",
  PROTOCOL_ERROR,
  [OPEN, windowUpdate(1, 0)],
  true,
);
streamError("7: a stream window above 2^31-1 gets FLOW_CONTROL_ERROR for it", FLOW_CONTROL_ERROR, [
  OPEN,
  windowUpdate(1, 0x7fffffff),
], true);

Deno.test("7: windows are given back for what is consumed, in large steps", () =>
  withServer(async (scene, peer) => {
    await peer.send(OPEN);
    for (let sent = 0; sent < 256 * 1024; sent += 16 * 1024) await peer.send(data(1, new Uint8Array(16 * 1024)));
    await peer.isAlive();
    const updates = peer.lines.filter((line) => line.startsWith("WINDOW_UPDATE 1 "));
    assertEquals(updates, ["WINDOW_UPDATE 1 131072", "WINDOW_UPDATE 1 131072"]);
    assertEquals(scene.streams[0]!.bytes.length, 256 * 1024);
  }));

Deno.test("7: what a stream leaves unconsumed goes back to the connection's window", () =>
  withServer(
    async (scene, peer) => {
      for (let id = 1; id < 21; id += 2) {
        await peer.send(headers(id, request("/")), data(id, new Uint8Array(10_000)), reset(id, CANCEL));
      }
      await peer.isAlive();
      const given = peer.lines.filter((line) => line.startsWith("WINDOW_UPDATE 0 "));
      assert(given.length >= 2, peer.lines.join());
      assertEquals(scene.streams.length, 10);
    },
    { streamWindow: 65_535, connectionWindow: 65_535 },
    [],
    (scene) => scene.onRequest = (_stream, record) => record.consumes = false,
  ));

// 8

Deno.test("8: SETTINGS are acknowledged, unknown ones ignored", () =>
  withServer(async (_scene, peer) => {
    await peer.send(settings([0x99, 7], [1, 0]));
    await until(() => peer.lines.filter((line) => line === "SETTINGS 0 ACK").length === 2, "both are acknowledged");
    await peer.isAlive();
  }));
fatal("8: ENABLE_PUSH 2 gets PROTOCOL_ERROR", PROTOCOL_ERROR, [settings([2, 2])]);
fatal("8: INITIAL_WINDOW_SIZE 2^31 gets FLOW_CONTROL_ERROR", FLOW_CONTROL_ERROR, [settings([4, 0x80000000])]);
fatal("8: MAX_FRAME_SIZE below 16,384 gets PROTOCOL_ERROR", PROTOCOL_ERROR, [settings([5, 16_383])]);
fatal("8: MAX_FRAME_SIZE of 2^24 gets PROTOCOL_ERROR", PROTOCOL_ERROR, [settings([5, 1 << 24])]);
fatal("8: an open window made larger than 2^31-1 gets FLOW_CONTROL_ERROR", FLOW_CONTROL_ERROR, [
  OPEN,
  windowUpdate(1, 0x7fff0000),
  settings([4, 0x20000]),
]);

Deno.test("8: INITIAL_WINDOW_SIZE changes open streams, below 0 too", () =>
  withServer(
    async (scene, peer) => {
      await peer.send(OPEN);
      await peer.sees(`DATA 1 "0123456789"`);
      const { stream } = scene.streams[0]!;
      assertEquals(stream!.pendingBytes, 10);
      await peer.send(settings([4, 0]));
      await peer.isAlive();
      await peer.send(windowUpdate(1, 10));
      await peer.isAlive();
      assertEquals(stream!.pendingBytes, 10, "the window is 0 again, after -10");
      await peer.send(windowUpdate(1, 1));
      await peer.sees(`DATA 1 "a"`);
      await peer.send(settings([4, 9]));
      await peer.sees(`DATA 1 "bcdefghij" END`);
      assertEquals(scene.streams[0]!.heard, ["request /open", "drained"]);
    },
    {},
    [[4, 10]],
    (scene) =>
      scene.onRequest = (stream) => {
        stream.sendHeaders(listOf({ ":status": "200" }), false);
        stream.sendData(text("0123456789abcdefghij"), true);
      },
  ));

// 9

Deno.test("9: PING is answered with its 8 octets, before data that waits", () =>
  withServer(
    async (_scene, peer) => {
      await peer.send(OPEN, ping("whatever"));
      const { payload } = await peer.sees("PING 0 ACK");
      assertEquals(new TextDecoder().decode(payload), "whatever");
      await peer.sees("DATA 1");
      const pong = peer.lines.indexOf("PING 0 ACK");
      const sent = peer.frames.slice(0, pong).filter(({ type }) => type === FRAME.DATA)
        .reduce((sum, { payload }) => sum + payload.length, 0);
      assert(sent <= 160 * 1024, `${sent} octets came before`);
    },
    {},
    [[4, 1 << 24]],
    (scene) =>
      scene.onRequest = (stream) => {
        stream.sendHeaders(listOf({ ":status": "200" }), false);
        stream.sendData(new Uint8Array(1 << 20), true);
      },
  ));

// 10

Deno.test("10: padding, PRIORITY, unknown frames and flags are accepted; padding counts for windows", () =>
  withServer(async (scene, peer) => {
    const fields = block(request("/padded"));
    await peer.send(
      priority(7, 0),
      frame(0x77, 0xff, 0, [1, 2, 3]),
      frame(FRAME.HEADERS, END_HEADERS | PADDED | PRIORITY | 0x40, 1, [4, ...word(0), 15, ...fields, 0, 0, 0, 0]),
      priority(1, 3),
    );
    for (let i = 0; i < 513; i++) {
      await peer.send(frame(FRAME.DATA, PADDED, 1, [255, ...text("x"), ...new Uint8Array(255)]));
    }
    await peer.send(frame(FRAME.DATA, PADDED | END_STREAM | 0x50, 1, [2, ...text("end"), 0, 0]));
    await peer.isAlive();
    const [stream] = scene.streams;
    assertEquals(stream!.heard[0], "request /padded");
    assertEquals(stream!.heard.at(-1), "data end END");
    assertEquals(stream!.bytes.length, 513 + 3);
    assert(
      peer.lines.includes(`WINDOW_UPDATE 1 ${131_072}`) || peer.lines.some((l) => l.startsWith("WINDOW_UPDATE 1 ")),
    );
  }));

// 11

const malformed: readonly (readonly [string, Fields])[] = [
  ["upper case in a name", request("/", [["Upper", "x"]])],
  ["an unknown pseudo-header", request("/", [[":unknown", "x"]])],
  ["a pseudo-header of responses", request("/", [[":status", "200"]])],
  ["a repeated pseudo-header", [...request("/").slice(0, 3), [":path", "/again"]]],
  ["a missing :method", request("/").filter(([name]) => name !== ":method")],
  ["a missing :scheme", request("/").filter(([name]) => name !== ":scheme")],
  ["a missing :path", request("/").filter(([name]) => name !== ":path")],
  ["an empty :path", request("")],
  ["a late pseudo-header", [...request("/").slice(0, 3), ["a", "b"], [":authority", "here"]]],
  ["connection", request("/", [["connection", "keep-alive"]])],
  ["keep-alive", request("/", [["keep-alive", "1"]])],
  ["proxy-connection", request("/", [["proxy-connection", "x"]])],
  ["transfer-encoding", request("/", [["transfer-encoding", "chunked"]])],
  ["upgrade", request("/", [["upgrade", "h2c"]])],
  ["te that is not trailers", request("/", [["te", "trailers, deflate"]])],
  ["a line feed in a value", request("/", [["a", "b\nc"]])],
  ["a NUL in a value", request("/", [["a", "b\0c"]])],
  ["a blank at the end of a value", request("/", [["a", "b "]])],
  ["a blank in a name", request("/", [["a b", "c"]])],
  ["a colon in a name", request("/", [["a:b", "c"]])],
  ["an empty name", request("/", [["", "c"]])],
  ["a content-length that is none", request("/", [["content-length", "-1"]])],
  ["two lengths", request("/", [["content-length", "1"]]).concat([["content-length", "2"]])],
];
for (const [name, fields] of malformed) {
  streamError(`11: a request with ${name} gets PROTOCOL_ERROR`, PROTOCOL_ERROR, [headers(1, fields)]);
}
streamError("11: less DATA than content-length gets PROTOCOL_ERROR", PROTOCOL_ERROR, [
  headers(1, request("/", [["content-length", "5"]])),
  data(1, "1234", true),
], true);
streamError("11: more DATA than content-length gets PROTOCOL_ERROR", PROTOCOL_ERROR, [
  headers(1, request("/", [["content-length", "5"]])),
  data(1, "123456"),
], true);
streamError("11: content-length without a body gets PROTOCOL_ERROR", PROTOCOL_ERROR, [
  headers(1, request("/", [["content-length", "5"]]), true),
]);
streamError("11: a pseudo-header in trailers gets PROTOCOL_ERROR", PROTOCOL_ERROR, [
  OPEN,
  headers(1, [[":path", "/"]], true),
], true);
streamError("11: a stream that depends on itself gets PROTOCOL_ERROR", PROTOCOL_ERROR, [OPEN, priority(1, 1)], true);

Deno.test("11: what only looks wrong is taken: te trailers, a length that matches, CONNECT, any octets", () =>
  withServer(async (scene, peer) => {
    await peer.send(
      headers(1, request("/a", [["te", "trailers"], ["content-length", "3"], ["content-length", "3"]])),
      data(1, "ab"),
      data(1, "c", true),
      headers(3, [[":method", "CONNECT"], [":authority", "there:1"]], true),
      headers(5, request("/b", [["bin", "\x80\xff\t\x01"], ["empty", ""]]), true),
      headers(7, request("*", [[":method", "OPTIONS"]]), true),
    );
    await until(() => scene.streams.length === 4, "all are taken");
    assertEquals(scene.streams[0]!.heard, ["request /a", "data ab", "data c END"]);
    assertEquals(scene.streams[2]!.request!.get("bin"), "\x80\xff\t\x01");
  }));

// 12

streamError(
  "12: trailers without END_STREAM get PROTOCOL_ERROR",
  PROTOCOL_ERROR,
  [OPEN, headers(1, [["a", "b"]])],
  true,
);

Deno.test("12: trailers end the client's half", () =>
  withServer(async (scene, peer) => {
    await peer.send(OPEN, data(1, "x"), headers(1, [["a", "b"], ["c", "d"]], true));
    await until(() => scene.streams[0]?.heard.length === 3, "the trailers come");
    assertEquals(scene.streams[0]!.heard, ["request /open", "data x", "trailers a c"]);
    assertEquals(scene.streams[0]!.stream!.remoteEnded, true);
  }));

// 13

Deno.test("13: streams above max_concurrent_streams are refused, and their header blocks are still decoded", () =>
  withServer(async (scene, peer) => {
    await peer.send(headers(1, request("/1")), headers(3, request("/2")));
    // With incremental indexing: the refused request brings a table entry that the next one uses.
    await peer.send(frame(FRAME.HEADERS, END_HEADERS, 5, block(request("/3", [["memo", "kept"]]), 0x40)));
    await peer.seesReset(5, REFUSED_STREAM);
    await peer.send(data(5, "in flight"), reset(1, CANCEL));
    await peer.send(frame(FRAME.HEADERS, END_HEADERS, 7, [0xbe, ...block(request("/4"))].toSorted(() => 0)));
    await peer.isAlive();
    // The entry is an ordinary field before pseudo-headers, so that the list is malformed but
    // decoded.
    await peer.seesReset(7, PROTOCOL_ERROR);
    await peer.send(frame(FRAME.HEADERS, END_HEADERS, 9, [...block(request("/5")), 0xbe]));
    await until(() => scene.streams.length === 3, "another one is served");
    assertEquals(scene.streams[2]!.request!.get("memo"), "kept");
    assertEquals(scene.protocolErrors.length, 1);
  }, { maxConcurrentStreams: 2 }));

// 14

Deno.test("14: frames on streams that we reset are ignored, but counted for HPACK and the window", () =>
  withServer(
    async (scene, peer) => {
      await peer.send(OPEN);
      await until(() => scene.streams.length === 1, "the request comes");
      scene.streams[0]!.stream!.reset(CANCEL);
      await peer.sees("RST_STREAM 1 8");
      for (let i = 0; i < 4; i++) await peer.send(data(1, new Uint8Array(10_000)));
      await peer.send(windowUpdate(1, 10), priority(1, 3));
      await peer.send(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, block([["memo", "kept"]], 0x40)));
      await peer.send(frame(FRAME.HEADERS, END_HEADERS, 3, [...block(request("/")), 0xbe]));
      await until(() => scene.streams.length === 2, "the next one is served");
      await peer.isAlive();
      assertEquals(scene.streams[1]!.request!.get("memo"), "kept");
      assertEquals(scene.streams[0]!.heard, ["request /open"]);
      assertEquals(peer.lines.filter((line) => line.startsWith("RST_STREAM")), ["RST_STREAM 1 8"]);
      assertEquals(peer.lines.filter((line) => line.startsWith("WINDOW_UPDATE 0")), ["WINDOW_UPDATE 0 40000"]);
    },
    { connectionWindow: 65_535 },
  ));

// 15

fatal("15: PUSH_PROMISE from a client gets PROTOCOL_ERROR", PROTOCOL_ERROR, [
  OPEN,
  frame(FRAME.PUSH_PROMISE, END_HEADERS, 1, [0, 0, 0, 2]),
]);

// 16 to 20: limits

/** What a client does too much of, and the violation that is counted. */
function excess(
  name: string,
  kind: string,
  act: (peer: RawPeer, scene: Scene) => Promise<void>,
  options: Partial<Http2Options> = {},
  prepare?: (scene: Scene) => void,
): void {
  Deno.test(name, () =>
    withServer(
      async (scene, peer) => {
        await act(peer, scene);
        await peer.seesGoaway(ENHANCE_YOUR_CALM);
        assertEquals(scene.violations, [kind]);
        assertEquals(scene.ends.map(({ kind, code }) => [kind, code]), [["violation", ENHANCE_YOUR_CALM]]);
      },
      options,
      [],
      prepare,
    ));
}

Deno.test("16: a header list above max_header_list is handed on as too large, and HPACK's state is kept", () =>
  withServer(async (scene, peer) => {
    const large = block([["memo", "kept"], ["large", "x".repeat(2_500)]], 0x40);
    await peer.send(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, [...block(request("/large")), ...large]));
    await until(() => scene.streams.length === 1, "the request comes");
    assertEquals(scene.streams[0]!.heard, ["request /large END too large"]);
    await peer.send(frame(FRAME.HEADERS, END_HEADERS, 3, [...block(request("/next")), 0xbf]));
    await until(() => scene.streams.length === 2, "the next one comes");
    assertEquals(scene.streams[1]!.request!.get("memo"), "kept");
    assertEquals(scene.violations, []);
  }, { maxHeaderList: 2_000 }));

Deno.test("16: an HPACK bomb is decoded no further than the limit", () =>
  withServer(async (scene, peer) => {
    const bomb = [...block([["bomb", "x".repeat(3_000)]], 0x40), ...new Array(10_000).fill(0xbe)];
    await peer.send(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, [...block(request("/")), ...bomb]));
    await until(() => scene.streams.length === 1, "the request comes");
    const list = scene.streams[0]!.request!;
    assert(list.tooLarge && list.size <= 65_536, `${list.size}`);
    await peer.isAlive();
  }));

excess("16: an encoded block above twice max_header_list is a violation", "headers", async (peer) => {
  await peer.send(frame(FRAME.HEADERS, 0, 1, block(request("/"))));
  for (let i = 0; i < 3; i++) await peer.send(frame(FRAME.CONTINUATION, 0, 1, new Uint8Array(1_000)));
}, { maxHeaderList: 1_000 });

excess("16: more than 64 CONTINUATIONs are a violation", "headers", async (peer) => {
  await peer.send(frame(FRAME.HEADERS, 0, 1, block(request("/"))));
  for (let i = 0; i < 65; i++) await peer.send(frame(FRAME.CONTINUATION, 0, 1, block([["a", "b"]])));
});

const RESETS = { resets: { burst: 20, perSecond: 10 } };

excess("17: rapid reset is a violation", "resets", async (peer, scene) => {
  for (let id = 1; id < 43; id += 2) await peer.send(headers(id, request("/")), reset(id, CANCEL));
  await peer.seesEnd();
  assertEquals(scene.streams.length, 21);
  assert(scene.streams.every(({ heard }) => heard.at(-1) === "reset 8 peer"));
}, RESETS);

excess("17: making us reset is a violation as well", "resets", async (peer) => {
  for (let id = 1; id < 43; id += 2) await peer.send(headers(id, request("/")), windowUpdate(id, 0));
}, RESETS);

excess("17: so are streams above the limit", "resets", async (peer) => {
  for (let id = 1; id < 49; id += 2) await peer.send(headers(id, request("/")));
}, { ...RESETS, maxConcurrentStreams: 2 });

Deno.test("17: resets come back with time, and finished calls do not count", () =>
  withServer(
    async (scene, peer) => {
      let id = 1;
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 20; i++, id += 2) await peer.send(headers(id, request("/")), reset(id, CANCEL));
        await peer.isAlive();
        scene.clock.advance(2_000);
      }
      for (let i = 0; i < 50; i++, id += 2) await peer.send(headers(id, request("/answer"), true), reset(id, CANCEL));
      await peer.isAlive();
      assertEquals(scene.violations, []);
    },
    RESETS,
    [],
    (scene) =>
      scene.onRequest = (stream, _record, list) => {
        if (list.get(":path") === "/answer") stream.sendHeaders(listOf({ ":status": "200" }), true);
      },
  ));

const CONTROL = { controlFrames: { burst: 20, perSecond: 10 } };
const times = (count: number, part: Uint8Array) => new Array<Uint8Array>(count).fill(part);

for (
  const [name, part] of [
    ["PINGs", ping("12345678")],
    ["SETTINGS", settings()],
    ["acknowledgements of nothing", settingsAck],
    ["PRIORITY frames", priority(9, 0)],
    ["unknown frames", frame(0x99, 0, 0)],
    ["empty DATA frames", data(1, "")],
    ["DATA frames of padding", frame(FRAME.DATA, PADDED, 1, [3, 0, 0, 0])],
    ["GOAWAYs", goaway(0, 0)],
  ] as const
) {
  excess(`18: a flood of ${name} is a violation`, "control", (peer) => peer.send(OPEN, ...times(25, part)), CONTROL);
}
excess("18: a flood of empty CONTINUATIONs is a violation", "control", (peer) =>
  peer.send(
    frame(FRAME.HEADERS, 0, 1, block(request("/"))),
    ...times(25, frame(FRAME.CONTINUATION, 0, 1)),
  ), CONTROL);
excess(
  "18: a flood of WINDOW_UPDATEs is a violation",
  "window",
  (peer) => peer.send(OPEN, ...times(1_001, windowUpdate(0, 1))),
);

Deno.test("18: a PING for each frame that we sent is no flood, nor are 10 WINDOW_UPDATEs", () =>
  withServer(
    async (scene, peer) => {
      for (let id = 1; id < 600; id += 2) {
        await peer.send(
          headers(id, request("/"), true),
          ping("12345678"),
          ping("12345678"),
          ...times(9, windowUpdate(0, 1)),
        );
        if (id % 100 === 1) await peer.isAlive();
      }
      await peer.isAlive();
      assertEquals(scene.violations, []);
    },
    CONTROL,
    [],
    (scene) =>
      scene.onRequest = (stream) => {
        stream.sendHeaders(listOf({ ":status": "200" }), false);
        stream.sendData(text("x"), true);
      },
  ));

Deno.test("19: above send_queue_limit a client's frames are not read; when it reads on, they are", () =>
  withServer(async (scene, peer) => {
    peer.pause();
    // PINGs are answered, whatever windows say.
    let sent = 0;
    const part = times(1_000, ping("12345678"));
    const sending = (async () => {
      for (; sent < 600_000; sent += 1_000) await peer.send(...part);
    })();
    let before = -1;
    await until(
      () => {
        const still = before === scene.connection.bytesIn && before > 0;
        before = scene.connection.bytesIn;
        return still;
      },
      "nothing is read any more",
      10_000,
    ).catch(() => {});
    const read = scene.connection.bytesIn;
    assert(read < 600_000 * 17, `all ${read} octets were read`);
    assertEquals(scene.ends, []);
    peer.resume();
    await sending;
    await until(() => scene.connection.bytesIn >= 600_000 * 17, "all is read");
    assertEquals(scene.ends, []);
  }, { sendQueueLimit: 64 * 1024, controlFrames: { burst: 1e9, perSecond: 1 } }));

Deno.test("19: who does not read for write_timeout is cut off", () =>
  withServer(
    async (scene, peer) => {
      peer.pause();
      await peer.send(windowUpdate(0, 0x7fff0000 - 1), ...[1, 3, 5, 7].map((id) => headers(id, request("/"), true)));
      await until(() => scene.streams.length === 4, "the requests come");
      await until(() => scene.connection.bytesOut > 100_000, "the kernel's buffers fill");
      let before = -1;
      await until(() => {
        const still = before === scene.connection.bytesOut;
        before = scene.connection.bytesOut;
        return still;
      }, "nothing is written any more");
      scene.clock.advance(9_000);
      assertEquals(scene.ends, []);
      scene.clock.advance(1_500);
      assertEquals([scene.violations, scene.ends.map(({ kind }) => kind)], [["queue"], ["violation"]]);
      assert(scene.streams.every(({ heard }) => heard.at(-1) === "reset 11 lost"));
      scene.clock.advance(1_500);
      await until(() => scene.node.size === 0, "the socket is closed");
    },
    {},
    [[4, 0x7fffffff]],
    (scene) =>
      scene.onRequest = (stream) => {
        stream.sendHeaders(listOf({ ":status": "200" }), false);
        stream.sendData(new Uint8Array(4 << 20), true);
      },
  ));

for (const [name, said] of [["nothing", []], ["the preface alone", [PREFACE]]] as const) {
  Deno.test(`19: a client that says ${name} within handshake_timeout is cut off`, () =>
    withServer(
      async (scene, peer) => {
        await peer.send(...said);
        await until(() => scene.connection.bytesIn === (said[0]?.length ?? 0), "it is read");
        scene.clock.advance(9_900);
        assertEquals(scene.ends, []);
        scene.clock.advance(200);
        assertEquals(scene.violations, ["handshake"]);
        await peer.seesEnd();
      },
      {},
      null,
    ));
}

Deno.test("20: a window of one octet at a time stops nobody else, and holds no more than was given", () =>
  withServer(
    async (scene, peer) => {
      await peer.send(headers(1, request("/slow")), headers(3, request("/slow")), windowUpdate(5 - 4, 1));
      await peer.send(windowUpdate(1, 1));
      await peer.send(headers(5, request("/quick")), windowUpdate(5, 10));
      await peer.sees(`DATA 5 "0123456789" END`);
      assertEquals(scene.streams.map(({ stream }) => stream!.pendingBytes), [8, 10, 0]);
      for (let i = 0; i < 8; i++) await peer.send(windowUpdate(1, 1));
      await peer.sees(`DATA 1 "9" END`);
    },
    {},
    [[4, 0]],
    (scene) =>
      scene.onRequest = (stream) => {
        stream.sendHeaders(listOf({ ":status": "200" }), false);
        stream.sendData(text("0123456789"), true);
      },
  ));

Deno.test("20: a stream whose bytes nobody takes holds one window, and the others of its connection go on", () =>
  withServer(
    async (scene, peer) => {
      const block = new Uint8Array(16 * 1024);
      await peer.send(headers(1, request("/stuck")), headers(3, request("/flows")), ...times(16, data(1, block)));
      await until(() => scene.streams.length === 2, "both come");
      // 8 MiB, as the windows of stream 3 and of the connection come back.
      for (let sent = 0; sent < 8 << 20; sent += block.length) {
        await until(() => sent - scene.streams[1]!.bytes.length <= 240 * 1024, "it is taken");
        await peer.send(data(3, block));
      }
      await until(() => scene.streams[1]!.bytes.length === 8 << 20, "all of it is taken");
      assert(!peer.lines.some((line) => line.startsWith("WINDOW_UPDATE 1")), "no window for what nobody takes");
      assertEquals(scene.streams[0]!.bytes.length, 256 * 1024);
      await peer.send(data(1, "one more"));
      await peer.seesReset(1, FLOW_CONTROL_ERROR);
    },
    {},
    [],
    (scene) => scene.onRequest = (_stream, record, list) => record.consumes = list.get(":path") === "/flows",
  ));

// The same on the side of a backend.

const ASK = listOf({ ":method": "POST", ":scheme": "http", ":path": "/", ":authority": "there" });

/** A client of ours that has opened stream 1, at a raw server that has answered its SETTINGS. */
function atServer(
  name: string,
  play: (scene: Scene, peer: RawPeer, heard: string[]) => Promise<void>,
  hello: Hello = [],
  ask = ASK,
): void {
  Deno.test(name, () =>
    withClient(async (scene, peer) => {
      const heard: string[] = [];
      const stream = scene.connection.open(ask, false, recording(heard, () => stream));
      await peer.send(settings(...hello), settingsAck);
      await peer.sees("HEADERS 1");
      await play(scene, peer, heard);
    }));
}

function recording(heard: string[], stream: () => ReturnType<Http2Connection["open"]>): StreamListener {
  return {
    headers: (list, end) => void heard.push(`headers ${list.get(":status")}${end ? " END" : ""}`),
    data(bytes, end) {
      heard.push(`data ${new TextDecoder().decode(bytes)}${end ? " END" : ""}`);
      stream()?.consumed(bytes.length);
    },
    trailers: (list) => void heard.push(`trailers ${list.names.join(" ")}`),
    reset: (code, cause) => void heard.push(`reset ${code} ${cause}`),
    drained: () => void heard.push("drained"),
  };
}

const OK: Fields = [[":status", "200"]];

atServer("backend: a whole answer, interim responses dropped", async (_scene, peer, heard) => {
  await peer.send(
    headers(1, [[":status", "103"]]),
    headers(1, [...OK, ["connection", "x"]]),
    data(1, "hello"),
    headers(1, [["grpc-status", "0"]], true),
  );
  await peer.isAlive();
  assertEquals(heard, ["headers 200", "data hello", "trailers grpc-status"]);
});

for (
  const [name, code, parts] of [
    ["PUSH_PROMISE", PROTOCOL_ERROR, [frame(FRAME.PUSH_PROMISE, END_HEADERS, 1, [0, 0, 0, 2, 0x88])]],
    ["HEADERS on an even stream", PROTOCOL_ERROR, [headers(2, OK)]],
    ["HEADERS on a stream that was not opened", PROTOCOL_ERROR, [headers(3, OK)]],
    ["DATA on a stream that was not opened", PROTOCOL_ERROR, [data(3, "x")]],
    ["ENABLE_PUSH 1", PROTOCOL_ERROR, [settings([2, 1])]],
    ["an index out of range", COMPRESSION_ERROR, [frame(FRAME.HEADERS, END_HEADERS, 1, [0xff, 0x7f])]],
    ["a frame above 16,384", FRAME_SIZE_ERROR, [frame(FRAME.DATA, 0, 1, new Uint8Array(16_385))]],
    ["a window above 2^31-1", FLOW_CONTROL_ERROR, [windowUpdate(0, 0x7fffffff)]],
  ] as const
) {
  atServer(`backend: ${name} ends the connection`, async (scene, peer, heard) => {
    await peer.send(...parts);
    await peer.seesGoaway(code);
    assertEquals(heard, [`reset ${code} lost`]);
    assertEquals(scene.ends.map(({ kind, code }) => [kind, code]), [["protocol", code]]);
  });
}

for (
  const [name, parts] of [
    ["DATA before HEADERS", [data(1, "x")]],
    ["a response without :status", [headers(1, [["a", "b"]])]],
    ["a response with :path", [headers(1, [...OK, [":path", "/"]])]],
    [":status 20", [headers(1, [[":status", "20"]])]],
    ["101", [headers(1, [[":status", "101"]])]],
    ["an interim response that ends", [headers(1, [[":status", "100"]], true)]],
    ["trailers without END_STREAM", [headers(1, OK), headers(1, [["a", "b"]])]],
    ["a length that does not match", [headers(1, [...OK, ["content-length", "3"]]), data(1, "xy", true)]],
  ] as const
) {
  atServer(`backend: ${name} ends the stream`, async (scene, peer, heard) => {
    await peer.send(...parts);
    await peer.seesReset(1, PROTOCOL_ERROR);
    assertEquals(heard.at(-1), "reset 1 protocol");
    assertEquals(scene.connection.streams, 0);
  });
}

atServer(
  "backend: the length of an answer to HEAD is none of its body",
  async (_scene, peer, heard) => {
    await peer.send(headers(1, [...OK, ["content-length", "3"]], true));
    await peer.isAlive();
    assertEquals(heard, ["headers 200 END"]);
  },
  [],
  listOf({ ":method": "HEAD", ":scheme": "http", ":path": "/", ":authority": "there" }),
);

atServer("backend: REFUSED_STREAM is told as such, other codes as the peer's", async (scene, peer, heard) => {
  const other: string[] = [];
  scene.connection.open(ASK, true, recording(other, () => undefined));
  await peer.send(reset(1, REFUSED_STREAM), reset(3, CANCEL));
  await until(() => other.length === 1, "both are told");
  assertEquals([heard, other], [["reset 7 refused"], ["reset 8 peer"]]);
});

atServer(
  "backend: GOAWAY tells streams above its last id, the others go on, and then it is over",
  async (scene, peer, heard) => {
    const other: string[] = [];
    scene.connection.open(ASK, true, recording(other, () => undefined));
    await peer.send(goaway(1, 0));
    await until(() => other.length === 1, "it is told");
    assertEquals([other, scene.goaways], [["reset 7 goaway"], ["1 0 "]]);
    assertEquals(scene.connection.open(ASK, true, recording([], () => undefined)), undefined);
    await peer.send(headers(1, OK), data(1, "bye", true));
    await until(() => heard.length === 2, "the answer comes");
    assertEquals(scene.ends, []);
    await peer.send();
    scene.connection.goaway(0);
    assertEquals(heard, ["headers 200", "data bye END"]);
  },
);

atServer("backend: MAX_CONCURRENT_STREAMS is obeyed, and room is told", async (scene, peer) => {
  await until(() => scene.settled === 1, "its SETTINGS come");
  assertEquals(scene.connection.freeStreams, 1);
  const heard: string[] = [];
  assert(scene.connection.open(ASK, true, recording(heard, () => undefined)) !== undefined);
  assertEquals(scene.connection.open(ASK, true, recording([], () => undefined)), undefined);
  await peer.send(headers(3, OK, true));
  await until(() => scene.rooms === 1, "room is told");
  assertEquals(scene.connection.freeStreams, 1);
}, [[3, 2]]);

atServer("backend: HEADER_TABLE_SIZE 0 is obeyed", async (scene, peer) => {
  await until(() => scene.settled === 1, "its SETTINGS come");
  for (let i = 0; i < 3; i++) {
    scene.connection.open(
      listOf({ ":method": "POST", ":path": "/", "authorization": "secret" }),
      true,
      recording([], () => undefined),
    );
  }
  await peer.sees("HEADERS 7");
  const [first, ...rest] = peer.frames.filter(({ type, id }) => type === FRAME.HEADERS && id > 1);
  // No entry is ever added: all blocks say the same, but for the size update in the first one.
  for (const one of rest.slice(1)) assertEquals(one.payload, rest[0]!.payload);
  assert(first!.payload[0] === 0x20, "the first block says that the table is empty now");
}, [[1, 0]]);
