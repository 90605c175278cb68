import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatTimeout, parseTimeout } from "../../src/rpc/timeout.ts";

for (
  const [text, ms] of [
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["5S", 5_000],
    ["100m", 100],
    ["1u", 0.001],
    ["1000n", 0.001],
    ["0S", 0],
    ["00000001S", 1_000],
    ["99999999H", 359_999_996_400_000],
  ] as const
) {
  Deno.test(`grpc-timeout ${text} is ${ms} ms`, () => {
    const parsed = parseTimeout(text) ?? NaN;
    assert(Math.abs(parsed - ms) < 1e-9, `${parsed}`);
  });
}

for (
  const text of [
    "",
    "S",
    "5",
    "5s",
    "5 S",
    "-5S",
    "+5S",
    "1.5S",
    "123456789S",
    "5SS",
    "5h",
    "٥S",
    "0x5S",
    "5constructor",
  ]
) {
  Deno.test(`grpc-timeout ${JSON.stringify(text)} is malformed`, () => {
    assertEquals(parseTimeout(text), undefined);
  });
}

for (
  const [ms, text] of [
    [4_999.8, "4999m"],
    [100.4, "100m"],
    [99.9999, "99999u"],
    [0.05, "50000n"],
    [0, "0n"],
    [-3, "0n"],
    [100_000_000, "100000S"],
    [359_999_996_400_000, "99999999H"],
    [1e20, "99999999H"],
  ] as const
) {
  Deno.test(`${ms} ms that are left are written ${text}`, () => {
    assertEquals(formatTimeout(ms), text);
  });
}

Deno.test("what is written is never more than what is left, and hardly less", () => {
  fc.assert(fc.property(fc.double({ min: 1e-5, max: 3e14, noNaN: true }), (ms) => {
    const written = parseTimeout(formatTimeout(ms));
    assert(written !== undefined && written <= ms * (1 + 1e-12), formatTimeout(ms));
    assert(written >= ms * 0.9 - 1e-6, `${formatTimeout(ms)} for ${ms}`);
  }));
});
