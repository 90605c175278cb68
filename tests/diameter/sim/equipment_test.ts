import { assertEquals, assertThrows } from "@std/assert";
import { EquipmentTable, parseEquipment } from "../../../src/diameter/sim/equipment.ts";

const ENTRIES = [["490154203237518", "blacklisted"], ["012345678901234", "unknown"]];

Deno.test("a table of IMEIs is read from YAML, leading zeros and all", () => {
  assertEquals(parseEquipment(`# stolen\n"490154203237518": blacklisted\n012345678901234: Unknown\n`), ENTRIES);
  assertEquals(parseEquipment(""), []);
});

Deno.test("a table of IMEIs is read from lines of IMEI and status", () => {
  assertEquals(
    parseEquipment(`imei,status\n# stolen\n490154203237518, blacklisted\n\n"012345678901234";unknown\n`),
    ENTRIES,
  );
});

Deno.test("every line that cannot be read is named", () => {
  assertThrows(
    () => parseEquipment("490154203237518,blacklisted\nnonsense,whitelisted\n490154203237519,lost"),
    SyntaxError,
    "line 2: expected an IMEI of 14 to 16 digits, got nonsense\n" +
      "line 3: expected whitelisted, blacklisted, greylisted, unknown, got lost",
  );
  assertThrows(() => parseEquipment("- 1\n- 2"), SyntaxError, "expected a mapping");
});

Deno.test("an IMEI is the same with and without its check digit, and any other has the default status", () => {
  const table = new EquipmentTable([["490154203237518", "greylisted"]], "unknown");
  for (const imei of ["490154203237518", "49015420323751", "4901542032375101"]) {
    assertEquals(table.statusOf(imei), "greylisted");
  }
  assertEquals(table.statusOf("350000000000000"), "unknown");
  assertEquals(new EquipmentTable().statusOf(""), "whitelisted");
});
