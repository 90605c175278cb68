import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import {
  ECHO_REQUEST,
  ECHO_RESPONSE,
  EVENT,
  LOGIN_RESPONSE,
  type Message,
  SUBSCRIBE_REQUEST,
} from "../../../src/grpc/sim/my_service.ts";
import { ProtobufError } from "../../../src/grpc/sim/protobuf.ts";

const hex = (bytes: Uint8Array) => bytes.toHex();

Deno.test("messages have the bytes that protoc gives them", () => {
  assertEquals(hex(ECHO_REQUEST.encode({ text: "testing" })), "0a0774657374696e67");
  assertEquals(hex(SUBSCRIBE_REQUEST.encode({ intervalMs: 150, count: 0 })), "089601");
  assertEquals(hex(ECHO_REQUEST.encode({ text: "" })), "");
});

function backAgain<T>(message: Message<T>, values: fc.Arbitrary<T>) {
  fc.assert(fc.property(values, (value) => assertEquals(message.decode(message.encode(value)), value)), {
    numRuns: 50,
  });
}

Deno.test("messages are what they were after encoding and decoding", () => {
  const text = fc.string({ unit: "binary" });
  backAgain(ECHO_RESPONSE, fc.record({ text, instanceId: text, sessionId: text }));
  backAgain(SUBSCRIBE_REQUEST, fc.record({ intervalMs: fc.nat(0xffff_ffff), count: fc.nat(0xffff_ffff) }));
  const safe = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
  backAgain(LOGIN_RESPONSE, fc.record({ sessionId: text, token: text, expiresAt: safe }));
  backAgain(EVENT, fc.record({ number: safe, instanceId: text }));
});

Deno.test("fields of tomorrow are passed over", () => {
  const bytes = Uint8Array.fromHex(
    "0a0161" + "1205" + "6162636465" + "1896" + "01" + "210102030405060708" + "2d01020304",
  );
  assertEquals(ECHO_REQUEST.decode(bytes), { text: "a" });
});

for (
  const [bytes, why] of [
    ["0a05", "ends within a field"],
    ["0a", "ends within a number"],
    ["08ffffffffffffffffffff01", "more than 10 bytes"],
    ["0001", "number 0"],
    ["0b", "unknown wire type 3"],
    ["0a02c328", "no UTF-8"],
  ] as const
) {
  Deno.test(`bytes that are no message are refused: ${why}`, () => {
    assertThrows(() => ECHO_REQUEST.decode(Uint8Array.fromHex(bytes)), ProtobufError, why);
  });
}
