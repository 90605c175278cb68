import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { TCP_FLAG, type TcpSegment } from "../../../src/ops/capture/tcp_segment.ts";
import { TcpStream } from "../../../src/ops/capture/tcp_stream.ts";
import { bytes, text } from "./frames.ts";

const seg = (sequence: number, data: string, flags: number = TCP_FLAG.ack): TcpSegment => ({
  sourcePort: 1,
  destinationPort: 2,
  sequence: sequence >>> 0,
  flags,
  data: bytes(data),
});
const syn = (sequence: number, data = "") => seg(sequence, data, TCP_FLAG.syn);

/** What comes out: text with the place of its segment, or a number for a gap. */
function run(segments: readonly TcpSegment[]): (string | number)[] {
  const stream = new TcpStream<number>(segments[0]!);
  const parts = segments.flatMap((segment, i) => [...stream.add(segment, i)]);
  return [...parts, ...stream.end()].map((part) =>
    part.kind === "gap" ? part.length : `${part.origin}:${text(part.bytes)}`
  );
}

const cases: [string, TcpSegment[], (string | number)[]][] = [
  ["segments in order", [syn(9), seg(10, "abc"), seg(13, "de")], ["1:abc", "2:de"]],
  ["segments out of order", [syn(9), seg(13, "de"), seg(15, "f"), seg(10, "abc")], ["3:abc", "1:de", "2:f"]],
  ["retransmissions", [syn(9), seg(10, "abc"), seg(10, "abc"), seg(13, "d"), seg(10, "abc")], ["1:abc", "3:d"]],
  ["a retransmission with more behind it", [syn(9), seg(10, "abc"), seg(10, "abcde")], ["1:abc", "2:de"]],
  ["overlapping segments, the first kept", [syn(9), seg(10, "abcd"), seg(12, "XYef")], ["1:abcd", "2:ef"]],
  ["overlapping segments out of order", [syn(9), seg(12, "cdef"), seg(10, "abXX")], ["2:abXX", "1:ef"]],
  ["one segment within another that waits", [syn(9), seg(12, "cdef"), seg(13, "X"), seg(10, "ab")], ["3:ab", "1:cdef"]],
  ["a gap", [syn(9), seg(10, "ab"), seg(15, "fg"), seg(17, "h")], ["1:ab", 3, "2:fg", "3:h"]],
  ["two gaps", [syn(9), seg(12, "c"), seg(14, "e")], [2, "1:c", 1, "2:e"]],
  ["a keep-alive", [syn(9), seg(10, "ab"), seg(11, "b"), seg(11, ""), seg(12, "c")], ["1:ab", "4:c"]],
  ["data in the SYN", [syn(9, "ab"), seg(12, "c")], ["0:ab", "1:c"]],
  ["a repeated SYN", [syn(9), syn(9), seg(10, "ab")], ["2:ab"]],
  ["a stream caught in the middle", [seg(1000, "ab"), seg(1002, "cd")], ["0:ab", "1:cd"]],
  ["sequence numbers that start again at zero", [syn(0xfffffffd), seg(0xfffffffe, "abcd"), seg(2, "ef")], [
    "1:abcd",
    "2:ef",
  ]],
  ["sequence numbers that start again, out of order", [syn(0xfffffffd), seg(2, "ef"), seg(0xfffffffe, "abcd")], [
    "2:abcd",
    "1:ef",
  ]],
];
for (const [name, segments, expected] of cases) {
  Deno.test(`${name}`, () => assertEquals(run(segments), expected));
}

Deno.test("a connection between the same ports begins with another SYN", () => {
  const known = new TcpStream<number>(syn(9));
  assertEquals([known.isRestartedBy(syn(9)), known.isRestartedBy(syn(5)), known.isRestartedBy(seg(10, "a"))], [
    false,
    true,
    false,
  ]);
  assertEquals(new TcpStream<number>(seg(10, "a")).isRestartedBy(syn(500)), true);
});

Deno.test("what waits for a lost segment is given out when it becomes much", () => {
  const stream = new TcpStream<number>(syn(0));
  const block = "x".repeat(65536);
  let out = 0;
  let gaps = 0;
  for (let i = 0; i < 40; i++) {
    for (const part of stream.add(seg(100 + i * 65536, block), i)) part.kind === "gap" ? gaps++ : out++;
  }
  assertEquals([gaps, out], [1, 40]);
});

Deno.test("a stream comes out whole however its segments are cut, mixed, repeated and overlapped", () => {
  const content = Array.from({ length: 60 }, (_, i) => String.fromCharCode(33 + i)).join("");
  const pieces = fc.array(fc.tuple(fc.nat(59), fc.integer({ min: 1, max: 20 })), { maxLength: 30 });
  fc.assert(fc.property(pieces, fc.integer({ min: 0, max: 0xffffffff }), (pieces, initial) => {
    const covering = Array.from({ length: 6 }, (_, i) => [i * 10, 10] as const);
    const segments = [...pieces, ...covering].map(([at, length]) =>
      seg(initial + 1 + at, content.slice(at, at + length))
    );
    const parts = run([syn(initial), ...segments]);
    assertEquals(parts.map((part) => String(part).replace(/^\d+:/, "")).join(""), content);
  }));
});
