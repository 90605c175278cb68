import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { HpackDecoder } from "../../../src/http2/hpack/decoder.ts";
import { HpackEncoder } from "../../../src/http2/hpack/encoder.ts";
import { HpackError } from "../../../src/http2/hpack/hpack_error.ts";
import { decode, encode, type Field, fieldsOf, listOf } from "./octets.ts";

const text = fc.uint8Array({ maxLength: 60 }).map((octets) => String.fromCharCode(...octets));
/** Some names and values come often, as in life; others are anything. */
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(":path", ":status", "authorization", "session-id", "x-a", "x-b", "date") },
  text,
);
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("", "200", "/", "/pkg.S/M", "t".repeat(300), "u".repeat(900), "v", "w") },
  text,
);
const field: fc.Arbitrary<Field> = fc.tuple(name, value, fc.integer({ min: 0, max: 9 })).map(([name, value, dice]) =>
  dice === 0 ? [name, value, true] : [name, value]
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.array(field, { maxLength: 12 }).map((fields) => ({ fields })) },
  { weight: 1, arbitrary: fc.constantFrom(0, 33, 64, 100, 500, 4096, 65536).map((size) => ({ size })) },
);

Deno.test("every list comes back, whatever came before it and however the table was resized", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder({ maxListSize: 1 << 20, tableSize: 65536 });
      for (const one of steps) {
        if ("size" in one) encoder.setPeerTableSize(one.size);
        else {
          const list = listOf(one.fields);
          const back = decode(decoder, encode(encoder, list));
          assertEquals(fieldsOf(back), one.fields);
          assertEquals(back.size, list.size);
        }
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("few lists in any order, again and again, come back each time", () => {
  const lists = fc.array(fc.array(field, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(lists, fc.array(fc.nat(), { maxLength: 300 }), (lists, order) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder({ maxListSize: 1 << 20 });
      for (const which of order) {
        const fields = lists[which % lists.length]!;
        assertEquals(fieldsOf(decode(decoder, encode(encoder, listOf(fields)))), fields);
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("any octets at all are a list or an HpackError, and no list is above its limit", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (blocks) => {
      const decoder = new HpackDecoder({ maxListSize: 200 });
      try {
        for (const block of blocks) {
          const list = decode(decoder, block);
          const size = list.names.reduce((sum, name, at) => sum + name.length + list.values[at]!.length + 32, 0);
          assertEquals([list.size, size <= 200], [size, true]);
        }
      } catch (error) {
        if (!(error instanceof HpackError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
