import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  asciiOf,
  AvpLengthError,
  type AvpSlice,
  avpsOf,
  findAvp,
  padded,
  unsigned32Of,
} from "../../../src/diameter/wire/avp.ts";

/** Everything up to the end, or up to the first broken AVP. */
function walk(bytes: Uint8Array, start = 0, end = bytes.length): { avps: AvpSlice[]; error?: AvpLengthError } {
  const avps: AvpSlice[] = [];
  try {
    for (const avp of avpsOf(bytes, start, end)) avps.push(avp);
  } catch (error) {
    assert(error instanceof AvpLengthError, String(error));
    return { avps, error };
  }
  return { avps };
}

const RESULT_CODE = [0, 0, 1, 12, 0x40, 0, 0, 12, 0, 0, 7, 209];
const IMEI_9 = [0, 0, 5, 122, 0xc0, 0, 0, 13, 0, 0, 0x28, 0xaf, 0x39];

Deno.test("an AVP is found with its code, vendor, flags and data", () => {
  const bytes = new Uint8Array([...IMEI_9, 0, 0, 0, ...RESULT_CODE]);
  assertEquals(walk(bytes), {
    avps: [
      { code: 1402, flags: 0xc0, vendor: 10415, start: 0, dataStart: 12, dataEnd: 13 },
      { code: 268, flags: 0x40, vendor: 0, start: 16, dataStart: 24, dataEnd: 28 },
    ],
  });
});

Deno.test("the last AVP may lack its padding", () => {
  assertEquals(walk(new Uint8Array(IMEI_9)).avps.length, 1);
});

Deno.test("no bytes hold no AVPs", () => {
  assertEquals(walk(new Uint8Array()), { avps: [] });
});

const broken: { name: string; bytes: number[]; offset: number; code: number; says: string }[] = [
  { name: "a length of zero", bytes: [0, 0, 1, 12, 0x40, 0, 0, 0], offset: 0, code: 268, says: "length 0 is below 8" },
  { name: "a length of seven", bytes: [0, 0, 1, 12, 0x40, 0, 0, 7], offset: 0, code: 268, says: "length 7 is below 8" },
  {
    name: "a length of eight with Vendor-Id",
    bytes: [0, 0, 5, 122, 0xc0, 0, 0, 8, 0, 0, 0x28, 0xaf],
    offset: 0,
    code: 1402,
    says: "length 8 is below 12",
  },
  {
    name: "a length past the end",
    bytes: [...RESULT_CODE, 0, 0, 1, 7, 0x40, 0, 0, 13, 1, 2, 3, 4],
    offset: 12,
    code: 263,
    says: "length 13 reaches past the end, 12 bytes are left",
  },
  {
    name: "the largest length",
    bytes: [0, 0, 1, 7, 0x40, 255, 255, 255],
    offset: 0,
    code: 263,
    says: "length 16777215 reaches past the end",
  },
  {
    name: "a header of four bytes",
    bytes: [...RESULT_CODE, 0, 0, 1, 8],
    offset: 12,
    code: 264,
    says: "at byte 12: only 4 bytes are left",
  },
  { name: "a header of three bytes", bytes: [0, 0, 1], offset: 0, code: 0, says: "only 3 bytes are left" },
  {
    name: "a header that ends before its Vendor-Id",
    bytes: [0, 0, 5, 122, 0xc0, 0, 0, 12, 0, 0],
    offset: 0,
    code: 1402,
    says: "length 12 reaches past the end",
  },
];
for (const { name, bytes, offset, code, says } of broken) {
  Deno.test(`${name} is refused with its place (A3)`, () => {
    const error = assertThrows(() => [...avpsOf(new Uint8Array(bytes), 0, bytes.length)], AvpLengthError, says);
    assertEquals([error.offset, error.code], [offset, code]);
  });
}

Deno.test("random bytes are walked to the end or to an AvpLengthError, without reading beyond", () => {
  // Small lengths and known codes make long walks likely; plain bytes find the odd corners.
  const plausible = fc.array(
    fc.tuple(fc.constantFrom(0, 0x40, 0x80, 0xc0), fc.integer({ min: 0, max: 24 }), fc.uint8Array({ maxLength: 16 })),
    { maxLength: 12 },
  ).map((parts) =>
    new Uint8Array(parts.flatMap(([flags, length, data]) => [0, 0, 1, 7, flags, 0, 0, length, ...data]))
  );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), plausible), fc.nat(8), fc.nat(8), (bytes, skip, cut) => {
      const start = Math.min(skip, bytes.length);
      const end = Math.max(start, bytes.length - cut);
      const { avps, error } = walk(bytes, start, end);
      let expectedStart = start;
      for (const avp of avps) {
        assertEquals(avp.start, expectedStart);
        assert(avp.dataStart >= avp.start + 8 && avp.dataStart <= avp.dataEnd && avp.dataEnd <= end);
        expectedStart = avp.start + padded(avp.dataEnd - avp.start);
      }
      if (error === undefined) assert(expectedStart >= end && expectedStart - end < 4);
      else assertEquals(error.offset, expectedStart);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("padded is the next multiple of four", () => {
  assertEquals([0, 1, 3, 4, 5, 8, 13].map(padded), [0, 4, 4, 4, 8, 8, 16]);
});

Deno.test("an AVP is found by its code only when no vendor owns it (A5)", () => {
  const vendor282 = [0, 0, 1, 26, 0xc0, 0, 0, 16, 0, 0, 0x28, 0xaf, 1, 2, 3, 4];
  const bytes = new Uint8Array([...vendor282, ...RESULT_CODE]);
  assertEquals(findAvp(bytes, 282, 0, bytes.length), undefined);
  assertEquals(findAvp(bytes, 268, 0, bytes.length)?.start, 16);
});

Deno.test("an AVP behind a broken one is not found, one before it is", () => {
  const bytes = new Uint8Array([...RESULT_CODE, 0, 0, 1, 7, 0, 0, 0, 0, ...IMEI_9]);
  assertEquals(findAvp(bytes, 268, 0, bytes.length)?.start, 0);
  assertEquals(findAvp(bytes, 263, 0, bytes.length), undefined);
});

Deno.test("an Unsigned32 takes exactly four bytes", () => {
  const bytes = new Uint8Array([...RESULT_CODE, ...IMEI_9]);
  const [four, one] = walk(bytes).avps;
  assertEquals(unsigned32Of(bytes, four!), 2001);
  assertEquals(unsigned32Of(bytes, one!), undefined);
});

Deno.test("octets become text one by one", () => {
  assertEquals(asciiOf(new Uint8Array([0x61, 0x2e, 0x62, 0xff]), { dataStart: 1, dataEnd: 4 }), ".b\xff");
});
