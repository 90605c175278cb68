import { assert, assertEquals, assertThrows } from "@std/assert";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  BadMessage,
  decodeRequest,
  encoded,
  encodeEvent,
  type KnownRequest,
  type RequestPayload,
  ServerEventSchema,
  StreamRequestSchema,
} from "../../../src/chat/proto/mod.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("a request in JSON is read in both forms of names and numbers", () => {
  for (
    const written of [
      `{"id":"7","subscribe":{"rooms":[{"roomId":"r1","offset":"41","epoch":"x"}]}}`,
      `{"id":"7","subscribe":{"rooms":[{"room_id":"r1","offset":41,"epoch":"x"}]}}`,
    ]
  ) {
    const { id, payload } = decodeRequest(written, "json");
    assertEquals(id, "7");
    assert(payload.case === "subscribe");
    const [room] = payload.value.rooms;
    assertEquals([room!.roomId, room!.offset, room!.epoch], ["r1", 41n, "x"]);
  }
});

Deno.test("a request in protobuf is read as it was written", () => {
  const request = create(StreamRequestSchema, {
    id: "8",
    payload: { case: "signal", value: { profileId: "p", kind: "offer", data: { sdp: "v=0", n: [1, null, true] } } },
  });
  const { payload } = decodeRequest(toBinary(StreamRequestSchema, request), "proto");
  assert(payload.case === "signal");
  assertEquals(payload.value.data, { sdp: "v=0", n: [1, null, true] });
});

Deno.test("C8 what a newer client says beside is ignored in both encodings", () => {
  const json = decodeRequest(`{"id":"1","later":{"x":[1]},"ping":{"new":1}}`, "json");
  assertEquals(json.payload.case, "ping");
  // Field 99, a string, in front of field 6.
  const proto = decodeRequest(Uint8Array.of(0x9a, 0x06, 2, 0x68, 0x69, 0x32, 0), "proto");
  assertEquals(proto.payload.case, "ping");
});

Deno.test("C8 what is no message is a BadMessage with a reason that fits into a close frame", () => {
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  const cases: [string, Uint8Array | string, "json" | "proto"][] = [
    ["no JSON", "{", "json"],
    ["no object", "7", "json"],
    ["null", "null", "json"],
    ["nothing known", `{"id":"1"}`, "json"],
    ["only unknown", `{"id":"1","later":{}}`, "json"],
    ["two payloads", `{"ping":{},"pong":{}}`, "json"],
    ["a wrong type", `{"id":7,"ping":{}}`, "json"],
    ["a wrong type within", `{"subscribe":{"rooms":{"roomId":"a"}}}`, "json"],
    ["no number", `{"ack":{"positions":[{"roomId":"a","offset":"x"}]}}`, "json"],
    ["a negative offset", `{"ack":{"positions":[{"roomId":"a","offset":"-1"}]}}`, "json"],
    ["an offset beyond 64 bits", `{"ack":{"positions":[{"roomId":"a","offset":"99999999999999999999"}]}}`, "json"],
    ["bad base64", `{"call":{"method":"X","proto":"*"}}`, "json"],
    ["a Struct that is none", `{"call":{"method":"X","json":[]}}`, "json"],
    ["a Struct too deep", `{"call":{"method":"X","json":{"a":${deep(200)}}}}`, "json"],
    ["a Struct without end", `{"call":{"method":"X","json":{"a":${deep(30_000)}}}}`, "json"],
    ["unknown without end", `{"later":${deep(30_000)}}`, "json"],
    ["a long text in the wrong place", `{"ping":"${"x".repeat(5000)}"}`, "json"],
    ["text of a stray surrogate's octets", Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), "json"],
    ["nothing", new Uint8Array(0), "proto"],
    ["text", "{}", "proto"],
    ["a cut varint", Uint8Array.of(0x80), "proto"],
    ["a cut field", Uint8Array.of(0x0a, 5, 1), "proto"],
    ["field 0", Uint8Array.of(0x00, 0x01, 0x32, 0), "proto"],
    ["a wrong wire type", Uint8Array.of(0x30, 0x01), "proto"],
    ["no UTF-8", Uint8Array.of(0x0a, 1, 0xff, 0x32, 0), "proto"],
  ];
  for (const [name, message, encoding] of cases) {
    let caught: unknown;
    try {
      decodeRequest(message, encoding);
    } catch (error) {
      caught = error;
    }
    assert(caught instanceof BadMessage, `${name}: ${caught}`);
    assert(new TextEncoder().encode(caught.message).length <= 123, `${name}: ${caught.message}`);
  }
});

Deno.test("C8 a number in protobuf that JSON has not is refused before anybody has to write it", () => {
  // signal.data = { a: NaN }: Struct.fields{key, value: Value{number_value}}
  const value = [0x11, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f];
  const entry = [0x0a, 1, 0x61, 0x12, value.length, ...value];
  const struct = [0x0a, entry.length, ...entry];
  const signal = [0x22, struct.length, ...struct];
  const bytes = Uint8Array.of(0x5a, signal.length, ...signal);
  assertThrows(() => decodeRequest(bytes, "proto"), BadMessage);
});

Deno.test("C8 a value of a Struct in protobuf that says nothing is refused or read as null, and never thrown later", () => {
  const entry = [0x0a, 1, 0x61, 0x12, 0];
  const struct = [0x0a, entry.length, ...entry];
  const signal = [0x22, struct.length, ...struct];
  let request: KnownRequest;
  try {
    request = decodeRequest(Uint8Array.of(0x5a, signal.length, ...signal), "proto");
  } catch (error) {
    assert(error instanceof BadMessage);
    return;
  }
  assert(request.payload.case === "signal");
  const event = encoded({ payload: { case: "signal", value: request.payload.value } });
  assert(text(event.message("json")).includes(`"a":null`));
  event.message("proto");
});

Deno.test("every request there is has a name, so that none is forgotten", () => {
  const cases: Record<RequestPayload["case"], true> = {
    hello: true,
    subscribe: true,
    unsubscribe: true,
    call: true,
    ping: true,
    pong: true,
    ack: true,
    typing: true,
    presence: true,
    signal: true,
    refresh: true,
  };
  const fields = StreamRequestSchema.oneofs[0]!.fields.map(({ localName }) => localName);
  assertEquals(fields, Object.keys(cases));
  for (const field of fields) assertEquals(decodeRequest(`{"${field}":{}}`, "json").payload.case, field);
});

Deno.test("an event is written as proto3 JSON: 64 bits as text, times as RFC 3339, defaults left out", () => {
  const event = create(ServerEventSchema, {
    payload: {
      case: "event",
      value: {
        id: "e1",
        roomId: "r1",
        type: "m.text",
        payload: { text: "hé" },
        sentAt: { seconds: 1_700_000_000n, nanos: 5_000_000 },
        offset: 41n,
      },
    },
  });
  assertEquals(
    text(encodeEvent(event, "json")),
    `{"event":{"id":"e1","roomId":"r1","type":"m.text","payload":{"text":"hé"},"sentAt":"2023-11-14T22:13:20.005Z","offset":"41"}}`,
  );
});

Deno.test("B1 an event that JSON cannot wholly say is sent all the same, so that there is no gap", () => {
  const event = (value: Record<string, unknown>) =>
    text(encoded({ payload: { case: "event", value: { id: "e", offset: 1n, ...value } } }).message("json"));
  assertEquals(
    event({ payload: { a: NaN, b: [Infinity], c: 1 } }),
    `{"event":{"id":"e","payload":{"a":null,"b":[null],"c":1},"offset":"1"}}`,
  );
  const good = { seconds: 1n, nanos: 0 };
  for (const sentAt of [{ seconds: 1n, nanos: -5 }, { seconds: 10n ** 14n, nanos: 0 }]) {
    assertEquals(event({ sentAt }), `{"event":{"id":"e","offset":"1"}}`);
  }
  assertEquals(
    event({ sentAt: good, payload: { a: NaN } }),
    `{"event":{"id":"e","payload":{"a":null},"sentAt":"1970-01-01T00:00:01Z","offset":"1"}}`,
  );
});

Deno.test("B4 an event is encoded once per kind, however many ask", () => {
  const event = encoded({ payload: { case: "pong", value: {} } });
  assert(event.webSocketFrame("json") === event.webSocketFrame("json"));
  assert(event.webSocketFrame("proto") === event.webSocketFrame("proto"));
  assert(event.envelope("proto") === event.envelope("proto"));
  assert(event.message("json") === event.message("json"));
  assertEquals(text(event.webSocketFrame("json")), `\x81\x0b{"pong":{}}`.replace("\x81", "\ufffd"));
  assertEquals([...event.webSocketFrame("proto")], [0x82, 2, 0x3a, 0]);
  assertEquals([...event.envelope("proto")], [0, 0, 0, 0, 2, 0x3a, 0]);
});

Deno.test("a frame says its length in the shortest of three forms", () => {
  for (const [size, head] of [[120, 2], [126, 4], [65_535, 4], [65_536, 10]] as const) {
    const base = encoded({ payload: { case: "error", value: { message: "" } } }).message("proto").length;
    let event = encoded({ payload: { case: "error", value: { message: "x".repeat(size - base) } } });
    const over = event.message("proto").length - size;
    event = encoded({ payload: { case: "error", value: { message: "x".repeat(size - base - over) } } });
    const frame = event.webSocketFrame("proto");
    const length = event.message("proto").length;
    const view = new DataView(frame.buffer);
    const said = head === 2 ? frame[1]! : head === 4 ? view.getUint16(2) : Number(view.getBigUint64(2));
    assertEquals([frame.length - length, said, length], [head, length, size]);
  }
});
