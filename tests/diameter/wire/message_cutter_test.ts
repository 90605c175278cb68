import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Cut, looksLikeMessage, MessageCutter } from "../../../src/diameter/wire/message_cutter.ts";
import { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";

const HEADER = { flags: 0xc0, command: 324, application: 16777252, hopByHop: 1, endToEnd: 2 };
const message = (text: string) => new MessageBuilder(HEADER).text(263, text).text(264, "mme").finish();

/** Runs pieces through a cutter; a null is a gap. Messages are told by their Session-Id. */
function cut(inSync: boolean, pieces: readonly (Uint8Array | null)[]): unknown[] {
  const cutter = new MessageCutter<number>(inSync);
  const cuts: Cut<number>[] = [];
  pieces.forEach((piece, i) => cuts.push(...(piece === null ? cutter.gap() : cutter.add(piece, i))));
  cuts.push(...cutter.end());
  return cuts.map((cut) =>
    cut.kind === "message"
      ? [new TextDecoder().decode(cut.bytes.subarray(28, 20 + cut.bytes[27]!)), cut.origin]
      : [cut.why, cut.length, cut.origin]
  );
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("messages are found however the stream is divided", () => {
  const texts = ["first", "second one", "3"];
  const stream = concat(...texts.map(message));
  fc.assert(fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), fc.boolean(), (at, inSync) => {
    const ends = [...new Set([...at, stream.length])].sort((a, b) => a - b);
    const pieces = ends.map((end, i) => stream.subarray(ends[i - 1] ?? 0, end));
    assertEquals(cut(inSync, pieces).map((found) => (found as [string])[0]), texts);
  }));
});

Deno.test("a message of a megabyte may come octet by octet", () => {
  const large = new MessageBuilder(HEADER).text(263, "x").octets(264, new Uint8Array(1_000_000)).finish();
  const cutter = new MessageCutter<number>(true);
  const found = [];
  for (let i = 0; i < large.length; i++) {
    for (const cut of cutter.add(large.subarray(i, i + 1), i)) found.push(cut);
    if (cutter.held > 2 * large.length) throw new Error(`${cutter.held} bytes are held for ${i}`);
  }
  assertEquals(found.map(({ kind, origin }) => [kind, origin]), [["message", large.length - 1]]);
  assertEquals(cutter.held, 0);
});

Deno.test("a message belongs to the piece that completes it", () => {
  const bytes = message("a");
  assertEquals(cut(true, [bytes.subarray(0, 3), bytes.subarray(3, 30), concat(bytes.subarray(30), message("b"))]), [
    ["a", 2],
    ["b", 2],
  ]);
});

Deno.test("a stream that begins in the middle of a message is followed from the next one", () => {
  const cut1 = message("cut").subarray(9);
  assertEquals(cut(false, [cut1, message("a")]), [["lost", cut1.length, 0], ["a", 1]]);
  assertEquals(cut(false, [concat(cut1, message("a"))]), [["lost", cut1.length, 0], ["a", 0]]);
});

Deno.test("a gap costs the message it lies in, and no other", () => {
  const lost = message("lost");
  assertEquals(cut(true, [concat(message("a"), lost.subarray(0, 20)), null, concat(lost.subarray(28), message("b"))]), [
    ["a", 0],
    ["lost", 20, 0],
    ["lost", lost.length - 28, 2],
    ["b", 2],
  ]);
});

Deno.test("a gap between messages costs nothing", () => {
  assertEquals(cut(true, [message("a"), null, message("b")]), [["a", 0], ["b", 2]]);
});

Deno.test("foreign bytes are told and passed over", () => {
  const foreign = new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n");
  assertEquals(cut(true, [foreign, message("a"), foreign]), [["foreign", 18, 0], ["a", 1], ["foreign", 18, 2]]);
});

Deno.test("a length that cannot be does not swallow what follows", () => {
  const bytes = message("bad");
  bytes.set([0xff, 0xff, 0xfc], 1);
  assertEquals(cut(true, [bytes, message("a")]), [["foreign", bytes.length, 0], ["a", 1]]);
});

Deno.test("a message that ends too early is lost", () => {
  assertEquals(cut(true, [message("a"), message("b").subarray(0, 25)]), [["a", 0], ["lost", 25, 1]]);
});

const looks: [string, Uint8Array, boolean | undefined][] = [
  ["a message", message("a"), true],
  ["a header alone, length 20", new MessageBuilder(HEADER).finish(), true],
  ["nothing", new Uint8Array(), undefined],
  ["the beginning of a header", message("a").subarray(0, 19), undefined],
  ["a header without its AVP", message("a").subarray(0, 27), undefined],
  ["version 2", message("a").with(0, 2), false],
  ["an odd length", message("a").with(3, 45), false],
  ["reserved flags", message("a").with(4, 0x81), false],
  ["R and E", message("a").with(4, 0xa0), false],
  ["an AVP below its header", message("a").with(27, 7), false],
  ["an AVP longer than the message", message("a").with(27, 200), false],
  ["reserved AVP flags", message("a").with(24, 0x41), false],
];
for (const [name, bytes, expected] of looks) {
  Deno.test(`${name} ${expected === undefined ? "may be" : expected ? "looks like" : "does not look like"} a message`, () => {
    assertEquals(looksLikeMessage(bytes), expected);
  });
}

Deno.test("no byte of any stream is lost or found twice", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ maxLength: 8 }).map(message),
    fc.tuple(fc.string({ maxLength: 8 }), fc.nat(60)).map(([text, end]) => message(text).subarray(0, end)),
    fc.constant(null),
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 10 }), fc.boolean(), (pieces, inSync) => {
    const cutter = new MessageCutter<number>(inSync);
    let counted = 0;
    const count = (cuts: Iterable<Cut<number>>) => {
      for (const cut of cuts) counted += cut.kind === "message" ? cut.bytes.length : cut.length;
    };
    pieces.forEach((piece, i) => count(piece === null ? cutter.gap() : cutter.add(piece, i)));
    count(cutter.end());
    assertEquals(counted, pieces.reduce((sum, piece) => sum + (piece?.length ?? 0), 0));
  }));
});
