import { assertEquals } from "@std/assert";
import { EndToEndIds } from "../../../src/diameter/peer/end_to_end_ids.ts";

Deno.test("an id is the low 12 bits of the time, then a number that starts where the dice say", () => {
  const ids = new EndToEndIds(0x6553_f123 * 1000 + 999, 0.5);
  assertEquals([ids.next(), ids.next()], [0x1238_0001, 0x1238_0002]);
});

Deno.test("behind the last number comes the first one: the time of the start stays as it is", () => {
  const ids = new EndToEndIds(0xfff_000, 0xffffe / 0x100000);
  const seconds = (Math.floor(0xfff_000 / 1000) & 0xfff) * 0x100000;
  assertEquals([ids.next(), ids.next()], [seconds + 0xfffff, seconds]);
});

Deno.test("ids are unsigned, whatever the time", () => {
  assertEquals(new EndToEndIds(0xfff * 1000, 0).next(), 0xfff0_0001);
});
