import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { AvpLengthError, avpsOf } from "../../../src/diameter/wire/avp.ts";
import { AVP } from "../../../src/diameter/wire/avp_codes.ts";
import { HEADER_LENGTH, viewOf } from "../../../src/diameter/wire/header.ts";
import { resultCodeIn } from "../../../src/diameter/wire/result_code_in.ts";

/** The same, slowly: by the walk that everybody else uses. */
function slowly(bytes: Uint8Array, start: number, end: number, wanted: number): number {
  const view = viewOf(bytes);
  try {
    for (const { code, vendor, dataStart, dataEnd } of avpsOf(bytes, start, end)) {
      if (vendor !== 0) continue;
      if (code === wanted && dataEnd - dataStart === 4) return view.getUint32(dataStart);
      if (code === AVP.experimentalResult && wanted === AVP.resultCode) {
        return slowly(bytes, dataStart, dataEnd, AVP.experimentalResultCode);
      }
    }
  } catch (error) {
    if (!(error instanceof AvpLengthError)) throw error;
  }
  return 0;
}

/** An AVP as it may come: any length, with or without a vendor, which may be 0. */
const avp = fc.record({
  code: fc.constantFrom(AVP.sessionId, AVP.resultCode, AVP.experimentalResult, AVP.experimentalResultCode, 1),
  vendor: fc.constantFrom(undefined, 0, 10415),
  data: fc.uint8Array({ minLength: 0, maxLength: 20 }),
  number: fc.option(fc.nat(0xffffffff), { nil: undefined }),
  /** What its length says beside the truth. */
  off: fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -16, max: 16 }) }),
});

function bytesOf(avps: readonly (typeof avp extends fc.Arbitrary<infer A> ? A : never)[]): Uint8Array {
  const parts: number[] = new Array(HEADER_LENGTH).fill(0);
  for (const { code, vendor, data, number, off } of avps) {
    const content = number === undefined ? [...data] : [number >>> 24, number >>> 16, number >>> 8, number];
    const length = (vendor === undefined ? 8 : 12) + content.length;
    const word = (vendor === undefined ? 0x40 : 0xc0) * 2 ** 24 + Math.max(0, length + off);
    for (const one of vendor === undefined ? [code, word] : [code, word, vendor]) {
      parts.push(one >>> 24, one >>> 16, one >>> 8, one);
    }
    parts.push(...content, ...new Array(-length & 3).fill(0));
  }
  return Uint8Array.from(parts, (byte) => byte & 0xff);
}

Deno.test("a result code is read as the walk over all AVPs reads it, wherever and whatever it is", () => {
  fc.assert(
    fc.property(fc.array(avp, { maxLength: 6 }), fc.nat(3), (avps, cut) => {
      const bytes = bytesOf(avps);
      const end = Math.max(HEADER_LENGTH, bytes.length - cut * 4);
      assertEquals(resultCodeIn(viewOf(bytes), 0, end), slowly(bytes, HEADER_LENGTH, end, AVP.resultCode));
    }),
    { numRuns: 5_000 },
  );
});
