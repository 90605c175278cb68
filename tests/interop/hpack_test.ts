/** Header blocks between our codec and libnghttp2's. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { HpackDecoder } from "../../src/http2/hpack/decoder.ts";
import { HpackEncoder } from "../../src/http2/hpack/encoder.ts";
import { decode, encode, type Field, fieldsOf, listOf } from "../http2/hpack/octets.ts";
import { nghttp2, Nghttp2Hpack } from "./nghttp2_hpack.ts";
import { interopTest } from "./programs.ts";

const NAMES = [":path", ":status", ":authority", "authorization", "session-id", "grpc-timeout", "cookie", "x-a", "x-b"];
const VALUES = ["", "200", "/", "/pkg.S/M", "5S", "t".repeat(300), "u".repeat(1200), "v", "w", "application/grpc"];
const text = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((octets) => String.fromCharCode(...octets));
const field: fc.Arbitrary<Field> = fc.tuple(
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...NAMES) }, text),
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...VALUES) }, text),
  fc.integer({ min: 0, max: 9 }),
).map(([name, value, dice]) => dice === 0 ? [name, value, true] : [name, value]);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.array(field, { maxLength: 12 }).map((fields) => ({ fields })) },
  { weight: 1, arbitrary: fc.constantFrom(0, 33, 64, 100, 500, 4096).map((size) => ({ size })) },
);
const steps = fc.array(step, { minLength: 1, maxLength: 80 });
const nameOf = ([name]: Field) => name;
const valueOf = ([, value]: Field) => value;

interopTest(
  "libnghttp2 reads what we encode, whatever came before and however its table was resized",
  [nghttp2()],
  () => {
    fc.assert(
      fc.property(steps, (steps) => {
        using theirs = new Nghttp2Hpack(4096);
        const ours = new HpackEncoder();
        for (const one of steps) {
          if ("size" in one) {
            theirs.setDecoderTableSize(one.size);
            ours.setPeerTableSize(one.size);
          } else assertEquals(theirs.decode(encode(ours, listOf(one.fields))), one.fields);
        }
      }),
      { numRuns: 200 },
    );
    return Promise.resolve();
  },
);

interopTest(
  "we read what libnghttp2 encodes, whatever came before and however it resized its table",
  [nghttp2()],
  () => {
    fc.assert(
      fc.property(steps, (steps) => {
        using theirs = new Nghttp2Hpack(4096);
        const ours = new HpackDecoder({ maxListSize: 1 << 20 });
        for (const one of steps) {
          if ("size" in one) theirs.setEncoderTableSize(one.size);
          else {
            const list = fieldsOf(decode(ours, theirs.encode(one.fields)));
            // It decides by itself that some values, those of authorization say, are never indexed.
            assertEquals([list.map(nameOf), list.map(valueOf)], [one.fields.map(nameOf), one.fields.map(valueOf)]);
            one.fields.forEach(([, , never], at) => never === true && assertEquals(list[at]![2], true));
          }
        }
      }),
      { numRuns: 200 },
    );
    return Promise.resolve();
  },
);

interopTest("a client's requests through us to libnghttp2 keep every octet, 500 paths in turn", [nghttp2()], () => {
  using client = new Nghttp2Hpack(4096);
  using backend = new Nghttp2Hpack(4096);
  const decoder = new HpackDecoder({ maxListSize: 65536 });
  const encoder = new HpackEncoder();
  for (let count = 0; count < 3000; count++) {
    const fields: Field[] = [
      [":method", "POST"],
      [":scheme", "http"],
      [":path", `/pkg.Service/Method${count % 500}`],
      [":authority", "gateway.of.this.test:1"],
      ["user-agent", "nghttp2"],
      ["te", "trailers"],
      ["content-type", "application/grpc"],
      ["authorization", `Bearer ${String(count % 7).repeat(300)}`],
      ["session-id", `${count % 7}`],
      ["grpc-timeout", `${count % 3}S`],
    ];
    const arrived = backend.decode(encode(encoder, decode(decoder, client.encode(fields))));
    // That library never indexes any authorization, and neither may we.
    assertEquals(
      arrived,
      fields.map(([name, value]) => name === "authorization" ? [name, value, true] : [name, value]),
    );
  }
  return Promise.resolve();
});
