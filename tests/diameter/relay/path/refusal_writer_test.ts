import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Block } from "../../../../src/net/block.ts";
import { RefusalWriter } from "../../../../src/diameter/relay/path/refusal_writer.ts";
import { AVP, AVP_FLAG } from "../../../../src/diameter/wire/avp_codes.ts";
import { errorAnswerWith, errorAvps } from "../../../../src/diameter/wire/error_answer.ts";
import { HEADER_LENGTH, OFFSET } from "../../../../src/diameter/wire/header.ts";

const LOCAL = { originHost: "gw.example.net", originRealm: "example.net", originStateId: 7 };

interface Avp {
  readonly code: number;
  /** -1: without a vendor. */
  readonly vendor: number;
  readonly data: Uint8Array;
  /** Added to its length: what is in it is not true then. */
  readonly lie: number;
}

const avp: fc.Arbitrary<Avp> = fc.record({
  code: fc.constantFrom<number>(AVP.sessionId, AVP.proxyInfo, AVP.proxyInfo, AVP.originHost, 999),
  vendor: fc.constantFrom(-1, -1, 0, 10415),
  data: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 250, maxLength: 600 })),
  lie: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: -20, max: 2000 })),
});

/** Octets of a request, every padding octet 0xff. */
function requestOf(avps: readonly Avp[], header: readonly number[]): Uint8Array<ArrayBuffer> {
  const parts = avps.map(({ code, vendor, data, lie }) => {
    const start = vendor < 0 ? 8 : 12;
    const bytes = new Uint8Array((start + data.length + 3) & ~3).fill(0xff);
    const view = new DataView(bytes.buffer);
    const length = Math.max(0, start + data.length + lie);
    view.setUint32(0, code);
    view.setUint32(4, (((vendor < 0 ? 0 : AVP_FLAG.vendor) << 24) | length) >>> 0);
    if (vendor >= 0) view.setUint32(8, vendor);
    bytes.set(data, start);
    return bytes;
  });
  const total = HEADER_LENGTH + parts.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  for (const [nth, word] of header.entries()) view.setUint32(4 * (nth + 1), word);
  view.setUint32(0, (0x01000000 | total) >>> 0);
  let at = HEADER_LENGTH;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function blockOf(bytes: Uint8Array, at = 0): Block {
  const block = new Block(at + bytes.length);
  block.bytes.fill(0xee);
  block.bytes.set(bytes, at);
  return block;
}

Deno.test("a refusal written into a queue has the same bytes as one made by itself, whatever the request", () => {
  const writer = new RefusalWriter();
  const word = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(
      fc.array(avp, { maxLength: 12 }),
      fc.array(word, { minLength: 4, maxLength: 4 }),
      word,
      fc.constantFrom(undefined, "", "every DRA has as much as it may".repeat(12)),
      fc.nat(50),
      (avps, header, hopByHop, message, shift) => {
        const at = 4 * shift;
        const block = blockOf(requestOf(avps, header), at);
        const before = block.bytes.slice();
        const ours = errorAvps({ ...LOCAL, resultCode: 3004, ...(message === undefined ? {} : { message }) });
        const expected = errorAnswerWith(block.bytes, at, block.size, ours);
        new DataView(expected.buffer).setUint32(OFFSET.hopByHop, hopByHop);
        const prepared = blockOf(ours);
        const length = writer.measure(block, at, block.size, prepared);
        assertEquals(length, expected.length);
        const target = blockOf(new Uint8Array(length).fill(0xdd), 8);
        writer.write(block, at, hopByHop, prepared, target, 8);
        assertEquals(target.bytes.subarray(8), expected);
        assertEquals(target.bytes.subarray(0, 8), new Uint8Array(8).fill(0xee), "what lies before it is another's");
        assertEquals(block.bytes, before, "the request is as it was");
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("what one request carried is not in the refusal of the next", () => {
  const writer = new RefusalWriter();
  const ours = blockOf(errorAvps({ ...LOCAL, resultCode: 3002 }));
  const data = new Uint8Array(9).fill(65);
  const rich = blockOf(
    requestOf([AVP.sessionId, AVP.proxyInfo].map((code) => ({ code, vendor: -1, data, lie: 0 })), []),
  );
  const bare = blockOf(requestOf([], []));
  const first = writer.measure(rich, 0, rich.size, ours);
  assertEquals(writer.measure(bare, 0, bare.size, ours), first - 2 * 20);
});
