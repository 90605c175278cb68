import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseHexText } from "../../../src/ops/capture/hex_text.ts";

// 40 bytes: two lines of 16 and one of 8.
const DATA = Uint8Array.from({ length: 40 }, (_, i) => i === 0 ? 1 : (i * 37) & 0xff);
const pairs = (from: number, to: number) => [...DATA.subarray(from, to)].map((b) => b.toString(16).padStart(2, "0"));
const ascii = (from: number, to: number) =>
  [...DATA.subarray(from, to)].map((b) => b >= 32 && b < 127 ? String.fromCharCode(b) : ".").join("");
const lines = (line: (from: number, to: number) => string) =>
  [[0, 16], [16, 32], [32, 40]].map(([a, b]) => line(a!, b!)).join("\n");
const offset = (n: number, width: number) => n.toString(16).padStart(width, "0");

const spellings: [string, string][] = [
  ["digits", pairs(0, 40).join("")],
  ["upper case", pairs(0, 40).join("").toUpperCase()],
  ["pairs", pairs(0, 40).join(" ")],
  ["colons", pairs(0, 40).join(":")],
  ["0x before all", "0x" + pairs(0, 40).join("")],
  ["0x before each, with commas", pairs(0, 40).map((p) => `0x${p}`).join(", ")],
  ["lines", lines((a, b) => pairs(a, b).join(" "))],
  [
    "xxd",
    lines((a, b) => {
      const groups = pairs(a, b).join("").match(/.{4}/g)!.join(" ");
      return `${offset(a, 8)}: ${groups.padEnd(39)}  ${ascii(a, b)}`;
    }),
  ],
  ["xxd -g1", lines((a, b) => `${offset(a, 8)}: ${pairs(a, b).join(" ").padEnd(47)}  ${ascii(a, b)}`)],
  [
    "hexdump -C",
    lines((a, b) =>
      `${offset(a, 8)}  ${pairs(a, a + 8).join(" ")}  ${pairs(Math.min(a + 8, b), b).join(" ").padEnd(23)}  |${
        ascii(a, b)
      }|`
    ) + "\n00000028\n",
  ],
  ["Wireshark", lines((a, b) => `${offset(a, 4)}   ${pairs(a, b).join(" ").padEnd(47)}   ${ascii(a, b)}`) + "\n"],
  [
    "Wireshark with a wide middle",
    lines((a, b) =>
      `${offset(a, 4)}  ${pairs(a, a + 8).join(" ")}  ${pairs(Math.min(a + 8, b), b).join(" ").padEnd(23)}   ${
        ascii(a, b)
      }`
    ),
  ],
  ["offsets and bytes alone", lines((a, b) => `${offset(a, 6)} ${pairs(a, b).join(" ")}`)],
];
for (const [name, spelled] of spellings) {
  Deno.test(`bytes are understood as ${name}`, () => {
    assertEquals(parseHexText(spelled), DATA);
    assertEquals(parseHexText(spelled.replaceAll("\n", "\r\n")), DATA);
  });
}

Deno.test("text beside the bytes may look like bytes", () => {
  const line =
    "00000000: 6162 6364 6566 2061 6263 6420 6162 6364  abcdef abcd abcd\n00000010: 6161 2062                                aa b\n";
  assertEquals(new TextDecoder().decode(parseHexText(line)!), "abcdef abcd abcdaa b");
});

for (const bad of ["", "  ", "0", "012", "xy", "0x", "01 0g", "hello world", "00000000: zz", "0000: 01 02\n0008: 03"]) {
  Deno.test(`${JSON.stringify(bad)} spells no bytes`, () => {
    assertEquals(parseHexText(bad), undefined);
  });
}

Deno.test("any bytes are read back, with any separators", () => {
  const separator = fc.constantFrom("", " ", ":", "\n", ", ", "-", " 0x");
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), separator, (bytes, separator) => {
    // A beginning that reads like the offset of a dump would make it one.
    bytes[0] = 1;
    const spelled = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join(separator);
    assertEquals(parseHexText(spelled), bytes);
  }));
});
