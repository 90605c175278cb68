import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CODE_LENGTHS, CODES } from "../../../src/http2/hpack/huffman_code.ts";
import { huffmanDecode, huffmanEncode, huffmanLength } from "../../../src/http2/hpack/huffman.ts";
import { HpackError } from "../../../src/http2/hpack/hpack_error.ts";

function coded(text: string): Uint8Array {
  const into = new Uint8Array(text.length * 4 + 8);
  const end = huffmanEncode(text, into, 3);
  assertEquals(end - 3, huffmanLength(text));
  return into.slice(3, end);
}

function decoded(bytes: Uint8Array): string {
  const into = new Uint8Array(bytes.length * 2);
  const count = huffmanDecode(bytes, 0, bytes.length, into);
  return String.fromCharCode(...into.subarray(0, count));
}

Deno.test("the Huffman code is complete: every row of bits is some symbol's", () => {
  let sum = 0;
  for (const length of CODE_LENGTHS) sum += 2 ** -length;
  assertEquals(sum, 1);
  assertEquals(CODES[256], 0x3fffffff);
});

Deno.test("every text of octets comes back from its Huffman code", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
    const text = String.fromCharCode(...octets);
    assertEquals(decoded(coded(text)), text);
  }));
});

Deno.test("every symbol, doubled and between others, comes back from its Huffman code", () => {
  for (let symbol = 0; symbol < 256; symbol++) {
    const octet = String.fromCharCode(symbol);
    for (const text of [octet, octet + octet, `a${octet}/${octet}`]) assertEquals(decoded(coded(text)), text);
  }
});

for (
  const [what, octets] of Object.entries({
    "eight bits of padding": [0x1f, 0xff],
    "padding that is not of ones": [0x18],
    "end-of-string symbol alone": [0xff, 0xff, 0xff, 0xff],
    "end-of-string symbol behind a letter": [0x1f, 0xff, 0xff, 0xff, 0xff],
    "a code cut short": [0xff, 0xfe],
    "nothing but padding": [0xff],
  })
) {
  Deno.test(`a Huffman-coded string is refused: ${what}`, () => {
    if (what === "nothing but padding") octets.push(0xff);
    assertThrows(() => decoded(Uint8Array.from(octets)), HpackError);
  });
}
