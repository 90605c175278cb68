import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { SendBuffer } from "../../src/http2/send_buffer.ts";

/** Takes up to so many octets, as its stream does. */
function take(buffer: SendBuffer, most: number): number[] {
  const count = Math.min(most, buffer.ready);
  const octets = [...buffer.piece.subarray(buffer.at, buffer.at + count)];
  buffer.take(count);
  return octets;
}

Deno.test("octets come out in the order in which they went in, however both are cut", () => {
  const step = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 50 }).map((bytes) => ({ bytes })),
    fc.integer({ min: 1, max: 60 }).map((most) => ({ most })),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const buffer = new SendBuffer();
    const expected: number[] = [];
    for (const one of steps) {
      if ("bytes" in one) {
        const from = one.bytes.length >> 2;
        buffer.add(one.bytes, from);
        expected.push(...one.bytes.subarray(from));
      } else if (buffer.length > 0) {
        const out = take(buffer, one.most);
        assert(out.length > 0);
        assertEquals(out, expected.splice(0, out.length));
      }
      assertEquals([buffer.length, buffer.ready > 0], [expected.length, expected.length > 0]);
    }
  }));
});

Deno.test("what comes octet by octet lies in few pieces", () => {
  const buffer = new SendBuffer();
  for (let count = 0; count < 100_000; count++) buffer.add(Uint8Array.of(count & 0xff), 0);
  let pieces = 0;
  let room = 0;
  let next = 0;
  while (buffer.length > 0) {
    pieces++;
    room += buffer.piece.length;
    for (const octet of take(buffer, Infinity)) assertEquals(octet, next++ & 0xff);
  }
  assertEquals(next, 100_000);
  assert(pieces < 30 && room < 120_000, `${pieces} pieces of ${room} octets`);
});

Deno.test("what comes at once is held in exactly its size", () => {
  const buffer = new SendBuffer();
  buffer.add(new Uint8Array(100), 40);
  assertEquals(buffer.piece.length, 60);
});
