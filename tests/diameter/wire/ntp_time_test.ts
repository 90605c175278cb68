import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatNtpTime, parseNtpTime } from "../../../src/diameter/wire/ntp_time.ts";

const moments: [number, string][] = [
  [0x80000000, "1968-01-20T03:14:08Z"],
  [2208988800, "1970-01-01T00:00:00Z"],
  [3918240000, "2024-03-01T00:00:00Z"],
  [3918239999, "2024-02-29T23:59:59Z"],
  [0xffffffff, "2036-02-07T06:28:15Z"],
  [0, "2036-02-07T06:28:16Z"],
  [0x7fffffff, "2104-02-26T09:42:23Z"],
];
for (const [seconds, text] of moments) {
  Deno.test(`${seconds} seconds are ${text}`, () => {
    assertEquals(formatNtpTime(seconds), text);
    assertEquals(parseNtpTime(text), seconds);
  });
}

Deno.test("every second survives being written and read, and agrees with the calendar of the runtime", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (seconds) => {
    const text = formatNtpTime(seconds);
    assertEquals(parseNtpTime(text), seconds);
    const unix = seconds - 2208988800 + (seconds < 0x80000000 ? 2 ** 32 : 0);
    assertEquals(text, new Date(unix * 1000).toISOString().replace(".000", ""));
  }));
});

Deno.test("an offset is taken into account, a fraction is dropped", () => {
  assertEquals(parseNtpTime("1970-01-01T02:00:00+02:00"), 2208988800);
  assertEquals(parseNtpTime("1969-12-31T18:30:00.999-05:30"), 2208988800);
});

for (
  const text of [
    "2023-02-29T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-00-01T00:00:00Z",
    "2024-01-00T00:00:00Z",
    "2024-01-01T24:00:00Z",
    "2024-01-01T00:00:00",
    "2024-01-01",
    "1968-01-20T03:14:07Z",
    "2104-02-26T09:42:24Z",
    "now",
  ]
) {
  Deno.test(`"${text}" is no time of an AVP`, () => {
    assertEquals(parseNtpTime(text), undefined);
  });
}
