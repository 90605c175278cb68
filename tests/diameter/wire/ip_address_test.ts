import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { formatIp, parseIp } from "../../../src/diameter/wire/ip_address.ts";

const canonical: [string, string][] = [
  ["0.0.0.0", "0.0.0.0"],
  ["255.255.255.255", "255.255.255.255"],
  ["::", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["2001:DB8::1", "2001:db8::1"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ["0:0:0:0:0:0:0:0", "::"],
  ["::ffff:10.1.2.3", "::ffff:10.1.2.3"],
  ["::ffff:a01:203", "::ffff:10.1.2.3"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
];
for (const [text, expected] of canonical) {
  Deno.test(`${text} is written as ${expected}`, () => {
    assertEquals(formatIp(parseIp(text)!), expected);
  });
}

for (
  const text of [
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4/8",
    " 1.2.3.4",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "fe80::1%eth0",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "host",
  ]
) {
  Deno.test(`"${text}" is no IP address`, () => {
    assertEquals(parseIp(text), undefined);
  });
}

Deno.test("octets survive being written and read", () => {
  const octets = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 }).map((list) => new Uint8Array(list)),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(fc.property(octets, (octets) => assertEquals(parseIp(formatIp(octets)), octets)));
});

Deno.test("an address has 4 or 16 octets", () => {
  assertThrows(() => formatIp(new Uint8Array(5)), RangeError, "got 5");
});
