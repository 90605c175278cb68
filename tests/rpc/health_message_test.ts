import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  framed,
  healthRequest,
  healthResponse,
  MessageError,
  readHealthRequest,
  readHealthResponse,
  SERVING,
} from "../../src/rpc/health_message.ts";

Deno.test("messages of the health service are those of protobuf", () => {
  assertEquals([...healthRequest("")], [0, 0, 0, 0, 0]);
  assertEquals([...healthRequest("ab")], [0, 0, 0, 0, 4, 0x0a, 2, 97, 98]);
  assertEquals([...healthResponse(SERVING.SERVING)], [0, 0, 0, 0, 2, 0x08, 1]);
  assertEquals([...healthResponse(SERVING.UNKNOWN)], [0, 0, 0, 0, 0]);
});

Deno.test("what is asked for and answered is understood", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (service) => {
    assertEquals(readHealthRequest(healthRequest(service)), service);
  }));
  for (const status of Object.values(SERVING)) assertEquals(readHealthResponse(healthResponse(status)), status);
});

Deno.test("fields that are not known are passed over", () => {
  const message = [0x10, 0x96, 0x01, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x0a, 1, 120, 0x25, 1, 2, 3, 4, 0x1a, 1, 0];
  assertEquals(readHealthRequest(framed(Uint8Array.from(message))), "x");
});

for (
  const [what, bytes] of [
    ["nothing", []],
    ["less than a prefix", [0, 0, 0, 0]],
    ["less than a message", [0, 0, 0, 0, 2, 8]],
    ["more than a message", [0, 0, 0, 0, 0, 8]],
    ["a compressed message", [1, 0, 0, 0, 0]],
    ["a name longer than its message", [0, 0, 0, 0, 2, 0x0a, 5]],
    ["a number that does not end", [0, 0, 0, 0, 2, 0x08, 0x80]],
    ["a fixed field that does not end", [0, 0, 0, 0, 2, 0x0d, 1]],
    ["a group", [0, 0, 0, 0, 1, 0x0b]],
  ] as const
) {
  Deno.test(`${what} is no message of the health service`, () => {
    assertThrows(() => readHealthRequest(Uint8Array.from(bytes)), MessageError);
    assertThrows(() => readHealthResponse(Uint8Array.from(bytes)), MessageError);
  });
}

Deno.test("no bytes make the reader fail in another way", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    try {
      readHealthRequest(framed(bytes));
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
    }
  }));
});
