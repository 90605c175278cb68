/**
 * Writes TABLE.md: which item of the protocol is tested where. Fails when one is not, or when the
 * table that was there is out of date.
 */
import { coverageFaults, coverageTable, coveringTests } from "./coverage.ts";

const TABLE = new URL("TABLE.md", import.meta.url);

const tests = await coveringTests();
const faults = coverageFaults(tests);
for (const fault of faults) console.error(fault);

const table = coverageTable(tests);
const before = await Deno.readTextFile(TABLE).catch(() => "");
if (table !== before) {
  await Deno.writeTextFile(TABLE, table);
  console.error("tests/compliance/TABLE.md was out of date and is written anew: commit it");
}
Deno.exit(faults.length === 0 && table === before ? 0 : 1);
