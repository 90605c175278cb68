import { assert, assertEquals, assertThrows } from "@std/assert";
import { HpackDecoder } from "../../../src/http2/hpack/decoder.ts";
import { HpackError } from "../../../src/http2/hpack/hpack_error.ts";
import { decode, fieldsOf, octetsOf } from "./octets.ts";

const decoderOf = (maxListSize = 65536, tableSize = 4096) => new HpackDecoder({ maxListSize, tableSize });
/** `a: b` into the table. */
const A_B = "4001 6101 62";
const hexOf = (text: string) => new TextEncoder().encode(text).toHex();
/** A literal of less than 127 octets. */
const literal = (text: string) => text.length.toString(16).padStart(2, "0") + hexOf(text);

/** Each refused for its own reason: the pattern is part of the message. */
const REFUSED: Record<string, [hex: string, message: RegExp]> = {
  "index 0": ["80", /index 0/],
  "an index one above the static table, with nothing in the dynamic one": ["be", /index 62/],
  "an index one above the dynamic table": [`${A_B} bf`, /index 63/],
  "a name's index out of range": ["7e 01 62", /index 62/],
  "a huge index": ["ff ff ff ff 7f", /index 2684\d+/],
  "an integer of five more octets": ["ff 80 80 80 80 00", /28 bits/],
  "an integer whose octets never end": ["ff" + "80".repeat(500), /28 bits/],
  "an integer that ends the block": ["ff 80", /inside an integer/],
  "a literal without a name": ["40", /inside a field/],
  "a literal without a value": ["41", /inside a field/],
  "a name longer than the block": ["40 05 61", /5 octets has only 1/],
  "a value longer than the block": ["41 03 61 62", /3 octets has only 2/],
  "a value as long as an integer can say": ["41 7f ff ff ff 7f 61", /has only 1 left/],
  "a table size above ours": ["3f e2 1f", /table size of at most 4096, got an update to 4097/],
  "a table size above ours behind a good one": ["20 3f e2 1f", /got an update to 4097/],
  "a table size behind a field": ["82 20", /behind a field/],
  "a Huffman-coded value with the end-of-string symbol": ["41 84 ff ff ff ff", /end-of-string/],
  "a Huffman-coded value with a whole octet of padding": ["41 82 1f ff", /Huffman/],
  "a Huffman-coded name with padding that is not of ones": ["40 81 18 01 61", /Huffman/],
};

for (const [what, [hex, message]] of Object.entries(REFUSED)) {
  Deno.test(`a block is refused: ${what}`, () => {
    const error = assertThrows(() => decode(decoderOf(), octetsOf(hex)), HpackError);
    assert(message.test(error.message), error.message);
  });
}

Deno.test("every block that is cut short is refused or is a shorter list, and nothing else happens", () => {
  const block = octetsOf(`3f e1 1f 82 86 41 8c f1e3 c2e5 f23a 6ba0 ab90 f4ff ${A_B} be 0001 7801 79`);
  const whole = fieldsOf(decode(decoderOf(), block));
  assertEquals(whole.length, 6);
  let lists = 0;
  for (let length = 0; length < block.length; length++) {
    try {
      const fields = fieldsOf(decode(decoderOf(), block.subarray(0, length)));
      assertEquals(fields, whole.slice(0, fields.length));
      lists++;
    } catch (error) {
      assert(error instanceof HpackError, String(error));
    }
  }
  assertEquals(lists, 7); // behind each of 5 fields, in front of them, and behind the update
});

Deno.test("an entry larger than the table empties it and is a field none the less", () => {
  const decoder = decoderOf(65536, 64);
  decode(decoder, octetsOf(A_B));
  assertEquals(fieldsOf(decode(decoder, octetsOf("be"))), [["a", "b"]]);
  const large = octetsOf(`40 01 63 ${literal("x".repeat(40))}`);
  assertEquals(fieldsOf(decode(decoder, large)), [["c", "x".repeat(40)]]);
  assertThrows(() => decode(decoder, octetsOf("be")), HpackError, "index 62");
});

Deno.test("a literal may take its name from the entry that it drives out", () => {
  const decoder = decoderOf(65536, 40);
  decode(decoder, octetsOf(`40 ${literal("name")} 01 31`));
  assertEquals(fieldsOf(decode(decoder, octetsOf("7e 01 32 be"))), [["name", "2"], ["name", "2"]]);
});

Deno.test("a smaller table forgets its oldest entries, and a larger one again remembers nothing of them", () => {
  const decoder = decoderOf();
  decode(decoder, octetsOf(`${A_B} 40 01 63 01 64`));
  assertEquals(fieldsOf(decode(decoder, octetsOf("3f 03 be"))), [["c", "d"]]); // 34: room for one
  assertThrows(() => decode(decoder, octetsOf("3f e1 1f bf")), HpackError, "index 63");
});

Deno.test("size updates may follow one another in front of a block, and stand alone", () => {
  const decoder = decoderOf();
  decode(decoder, octetsOf(A_B));
  assertEquals(fieldsOf(decode(decoder, octetsOf("20 3f e1 1f"))), []);
  assertThrows(() => decode(decoder, octetsOf("be")), HpackError);
});

Deno.test("thousands of size updates cost their octets and nothing more", () => {
  const decoder = decoderOf();
  assertEquals(fieldsOf(decode(decoder, octetsOf("20".repeat(100_000) + "82"))), [[":method", "GET"]]);
});

Deno.test("a list above its limit is cut there, and the table goes on as if it were not", () => {
  const decoder = decoderOf(100);
  const list = decode(decoder, octetsOf(`82 ${A_B} ${A_B} 40 01 6301 64`));
  assertEquals(list.tooLarge, true);
  assertEquals(fieldsOf(list), [[":method", "GET"], ["a", "b"]]); // 42 + 34 + 34 is too much
  assert(list.size <= 100);
  const next = decode(decoder, octetsOf("be bf"));
  assertEquals(next.tooLarge, false);
  assertEquals(fieldsOf(next), [["c", "d"], ["a", "b"]]);
});

Deno.test("nothing is stored behind the field that was too much, though it were small enough", () => {
  const list = decode(decoderOf(100), octetsOf(`82 00 01 61 ${literal("x".repeat(60))} ${A_B}`));
  assertEquals(fieldsOf(list), [[":method", "GET"]]);
});

Deno.test("a list exactly at its limit is whole", () => {
  const list = decode(decoderOf(42 + 34), octetsOf(`82 ${A_B}`));
  assertEquals(list.tooLarge, false);
  assertEquals(list.size, 76);
});

Deno.test("a block that names one large entry a hundred thousand times is cut at the limit", () => {
  const decoder = decoderOf(65536);
  decode(decoder, octetsOf(`40 01 61 7f a1 1e ${hexOf("x".repeat(4000))}`));
  const list = decode(decoder, octetsOf("be".repeat(100_000)));
  assertEquals(list.tooLarge, true);
  assertEquals(list.names.length, Math.floor(65536 / 4033));
  assertEquals(fieldsOf(decode(decoder, octetsOf("82"))), [[":method", "GET"]]);
});

for (
  const [what, hex] of Object.entries({
    "an upper-case name": `00 ${literal("A")} 01 61`,
    "an empty name": "00 00 01 61",
    "a colon in the middle of a name": `00 ${literal("a:b")} 01 61`,
    "a blank in a name": `00 ${literal("a b")} 01 61`,
    "a control in a name": "00 01 7f 01 61",
    "an octet above 127 in a name": "00 01 e4 01 61",
    "a colon alone as a name": "00 01 3a 01 61",
    "a line feed in a value": "00 01 61 03 61 0a 61",
    "a carriage return in a value": "00 01 61 03 61 0d 61",
    "a NUL in a value": "00 01 61 03 61 00 61",
    "a value with a blank in front": `00 01 61 ${literal(" a")}`,
    "a value with a tab behind": `00 01 61 ${literal("a\t")}`,
    "a bad value that enters the table": "40 01 61 03 61 0a 61",
  })
) {
  Deno.test(`a list says that it is malformed: ${what}`, () => {
    assertEquals(decode(decoderOf(), octetsOf(hex)).malformed, true);
    const again = decoderOf();
    for (let times = 0; times < 4; times++) {
      assertEquals(decode(again, octetsOf(`82 ${hex}`)).malformed, true);
      if (hex.startsWith("40")) assertEquals(decode(again, octetsOf("be")).malformed, true);
      assertEquals(decode(again, octetsOf("82")).malformed, false);
    }
  });
}

Deno.test("a good value under the name of a malformed field is not malformed", () => {
  const decoder = decoderOf();
  assertEquals(decode(decoder, octetsOf("40 01 61 03 61 0a 61")).malformed, true);
  assertEquals(decode(decoder, octetsOf("0f 2f 01 62")).malformed, false);
});

Deno.test("an inner blank, a tab and octets above 127 are allowed in a value", () => {
  assertEquals(
    decode(decoderOf(), octetsOf(`00 01 61 06 61 20 09 e4 ff 62 00 ${literal(":x-y_z.9~")} 00`)).malformed,
    false,
  );
});

Deno.test("a block that repeats gives the very same list", () => {
  const decoder = decoderOf();
  decode(decoder, octetsOf(A_B));
  const block = octetsOf(`82 be 04 ${literal("/service/method")}`);
  const lists = Array.from({ length: 6 }, () => decode(decoder, block));
  assert(lists[5] === lists[4]);
  assertEquals(fieldsOf(lists[5]!), [[":method", "GET"], ["a", "b"], [":path", "/service/method"]]);
});

Deno.test("a block that repeats is read anew when the table has changed between", () => {
  const decoder = decoderOf();
  decode(decoder, octetsOf(A_B));
  for (let times = 0; times < 6; times++) assertEquals(fieldsOf(decode(decoder, octetsOf("be"))), [["a", "b"]]);
  decode(decoder, octetsOf("40 01 63 01 64"));
  for (let times = 0; times < 6; times++) assertEquals(fieldsOf(decode(decoder, octetsOf("be"))), [["c", "d"]]);
  decode(decoder, octetsOf("20"));
  for (let times = 0; times < 6; times++) assertThrows(() => decode(decoder, octetsOf("be")), HpackError);
});

Deno.test("the same block means on each connection what that connection's table says", () => {
  const [one, other] = [decoderOf(), decoderOf()];
  decode(one, octetsOf(A_B));
  decode(other, octetsOf("40 01 63 01 64"));
  for (let times = 0; times < 6; times++) {
    assertEquals(fieldsOf(decode(one, octetsOf("be"))), [["a", "b"]]);
    assertEquals(fieldsOf(decode(other, octetsOf("be"))), [["c", "d"]]);
  }
});

Deno.test("the same block is cut on the connection whose limit is lower, however often it came on the other", () => {
  const [one, other] = [decoderOf(1000), decoderOf(50)];
  for (let times = 0; times < 6; times++) {
    assertEquals(decode(one, octetsOf("82 86 84")).tooLarge, false);
    assertEquals(decode(other, octetsOf("82 86 84")).tooLarge, true);
  }
});
