import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { EntryLog, UNIT } from "../../../src/ops/trace/entry_log.ts";

Deno.test("an entry is there unchanged until it is overwritten, and says when it is", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 60, maxLength: 200, size: "max" });
  fc.assert(fc.property(fc.integer({ min: 160, max: 300 }), sizes, (units, lengths) => {
    const log = new EntryLog(units * UNIT + 5);
    const entries: { place: number; units: number; mark: number }[] = [];
    let mark = 0;
    for (const length of lengths) {
      const place = log.append(1, length * UNIT);
      assert(place > 0);
      log.words.fill(++mark, log.wordAt(place) + 1, log.wordAt(place) + length * 2);
      entries.push({ place, units: length, mark });
      let kept = 0;
      for (const entry of entries) {
        if (!log.has(entry.place)) continue;
        kept += entry.units;
        const at = log.wordAt(entry.place);
        for (let i = 1; i < entry.units * 2; i++) assertEquals(log.words[at + i], entry.mark);
      }
      const written = entries.reduce((sum, entry) => sum + entry.units, 0);
      // What is lost to the end of the memory, and to the one entry that is cut.
      assert(kept >= Math.min(written, units - 40), `${kept} of ${units} units are in use`);
    }
    // From any entry one comes to all that are behind it, and to the end.
    const kept = entries.map(({ place }) => place).filter((place) => log.has(place));
    let place = kept[0]!;
    for (const expected of kept) {
      assertEquals(place, expected);
      place = log.after(place);
    }
    assertEquals(place, log.end);
    const live = entries.map(({ place }) => log.has(place));
    assert(!live[0], "the oldest entry should be gone");
    assertEquals(live.indexOf(true), live.lastIndexOf(false) + 1, "what is gone is older than what is there");
  }));
});

Deno.test("places of an earlier round are gone, also after they have been counted through", () => {
  const log = new EntryLog(2 ** 24);
  const units = 2 ** 18;
  let places: number[] = [];
  for (let i = 0; i < 3 * 2 ** 12; i++) {
    const place = log.append(1, units * UNIT);
    assert(place > 0 && place <= 2 ** 30, `place ${place}`);
    assert(!places.includes(place), "two entries have one place");
    places = [...places, place].slice(-40);
    assertEquals(places.map((one) => log.has(one)), places.map((_, i) => i >= places.length - 8));
  }
});

Deno.test("an entry that would take an eighth of the memory, or more than there is, is not kept", () => {
  const log = new EntryLog(800 * UNIT);
  const place = log.append(1, 100 * UNIT);
  assertEquals(log.append(1, 100 * UNIT + 1), 0);
  assertEquals(log.has(place), true);
  assertEquals(log.has(0), false);
  assertEquals(new EntryLog(UNIT).append(1, 1), 0);
});
