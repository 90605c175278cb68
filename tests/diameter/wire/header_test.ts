import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Header, HEADER_LENGTH, readHeader, viewOf, writeHeader } from "../../../src/diameter/wire/header.ts";

const uint = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
const headers: fc.Arbitrary<Header> = fc.record({
  version: uint(8),
  length: uint(24),
  flags: uint(8),
  command: uint(24),
  application: uint(32),
  hopByHop: uint(32),
  endToEnd: uint(32),
});

Deno.test("a header is read field by field", () => {
  const bytes = new Uint8Array(24);
  bytes.set([1, 0, 0, 0x98, 0xc0, 0, 1, 0x44, 1, 0, 0, 0x24, 0xff, 0, 0, 1, 0x80, 0, 0, 2], 4);
  assertEquals(readHeader(bytes, 4), {
    version: 1,
    length: 152,
    flags: 0xc0,
    command: 324,
    application: 16777252,
    hopByHop: 0xff000001,
    endToEnd: 0x80000002,
  });
});

Deno.test("a header that was written is read back, wherever it lies", () => {
  fc.assert(fc.property(headers, fc.integer({ min: 0, max: 9 }), (header, at) => {
    const bytes = new Uint8Array(at + HEADER_LENGTH + 3).subarray(1);
    writeHeader(viewOf(bytes), at, header);
    assertEquals(readHeader(bytes, at), header);
  }));
});

Deno.test("a header of fewer than 20 bytes cannot be read", () => {
  for (const length of [0, 1, 19]) {
    assertThrows(() => readHeader(new Uint8Array(length)), RangeError, `it takes 20 bytes, ${length} are left`);
  }
  assertThrows(() => readHeader(new Uint8Array(30), 11), RangeError, "at byte 11");
});
