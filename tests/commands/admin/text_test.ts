import { assertEquals } from "@std/assert";
import { ageText, latencyText, troubleText, useText } from "../../../src/commands/admin/text.ts";
import { draRow } from "./fake_gateway.ts";

Deno.test("time spans are told in their two greatest units", () => {
  const spans: [seconds: number, text: string][] = [
    [-1, "0s"],
    [59.9, "59s"],
    [303, "5m 3s"],
    [3_600, "1h 0m"],
    [90_061, "1d 1h"],
  ];
  for (const [seconds, text] of spans) assertEquals(ageText(seconds), text);
});

Deno.test("latencies have as many digits as count", () => {
  const given: [value: number | null | undefined, text: string][] = [
    [0.0512, "0.05"],
    [9.876, "9.88"],
    [12.34, "12.3"],
    [1234.5, "1,235"],
    [null, "-"],
    [undefined, "-"],
  ];
  for (const [value, text] of given) assertEquals(latencyText(value), text);
});

Deno.test("a DRA without requests has a word for it, and a reason", () => {
  const lost = draRow("a", { usable: false, reason: "", last_error: "reset" });
  const disabled = draRow("a", { usable: false, enabled: false, reason: null });
  const told = [draRow("a", { last_error: "an old one" }), lost, disabled].map((
    dra,
  ) => [useText(dra), troubleText(dra)]);
  assertEquals(told, [["yes", ""], ["no", "reset"], ["off", ""]]);
});
