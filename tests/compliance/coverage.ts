/**
 * Which tests cover which item, told by the names that the tests register under.
 * @module
 */
import { type Item, SECTIONS } from "./items.ts";

const TESTS = new URL("../", import.meta.url);
/** Where tests bear item ids. */
const FOLDERS = [
  "compliance",
  "diameter/peer",
  "diameter/relay",
  "diameter/relay/apps",
  "diameter/relay/core",
  "diameter/relay/dras",
  "diameter/relay/path",
  "diameter/relay/policy",
  "net",
];
const IDS = /^(?:[A-Z]+\d+ )+/;

/** A test that names items. */
export interface CoveringTest {
  /** Relative to tests. */
  readonly file: string;
  readonly name: string;
  readonly items: readonly string[];
}

/** Loads every test file and notes the names under which it registers tests; none of them runs. */
export async function coveringTests(): Promise<CoveringTest[]> {
  const found: CoveringTest[] = [];
  const original = Deno.test;
  try {
    for (const folder of FOLDERS) {
      const files: string[] = [];
      for await (const entry of Deno.readDir(new URL(folder, TESTS))) {
        if (entry.name.endsWith("_test.ts")) files.push(`${folder}/${entry.name}`);
      }
      for (const file of files.sort()) {
        Object.assign(Deno, {
          test: (first: string | { name: string }) => {
            const name = typeof first === "string" ? first : first.name;
            const items = IDS.exec(name)?.[0].trim().split(" ");
            if (items !== undefined) found.push({ file, name, items });
          },
        });
        await import(new URL(file, TESTS).href);
      }
    }
  } finally {
    Object.assign(Deno, { test: original });
  }
  return found;
}

/**
 * What is wrong: items without test and without reason, reasons beside tests, ids that no item has.
 */
export function coverageFaults(tests: readonly CoveringTest[]): string[] {
  const faults: string[] = [];
  const items = SECTIONS.flatMap((section) => section.items);
  const known = new Set(items.map(({ id }) => id));
  if (known.size !== items.length) faults.push("an item id is given twice");
  for (const { file, name, items: named } of tests) {
    for (const id of named) if (!known.has(id)) faults.push(`${file}: "${name}" names ${id}, which is no item`);
  }
  for (const { id, notApplicable } of items) {
    const covered = tests.some(({ items: named }) => named.includes(id));
    if (!covered && notApplicable === undefined) faults.push(`${id} has neither a test nor a reason why not`);
    if (covered && notApplicable !== undefined) faults.push(`${id} has a test, and a reason why it has none`);
  }
  return faults;
}

/** The table, as Markdown. */
export function coverageTable(tests: readonly CoveringTest[]): string {
  const items = SECTIONS.flatMap((section) => section.items);
  const tested = items.filter(({ notApplicable }) => notApplicable === undefined).length;
  const lines = [
    "<!-- deno-fmt-ignore-file -->",
    "",
    "# What is tested of the protocol",
    "",
    `Written by \`deno task compliance\` from the names of the tests: ${tested} of ${items.length} items are tested, the others do not apply. ` +
    "Clauses without a name are of RFC 6733. The name of a test begins with the ids of its items.",
  ];
  for (const { title, items } of SECTIONS) {
    lines.push(
      "",
      `## ${title}`,
      "",
      "| item | clause | behaviour | status | tests |",
      "| --- | --- | --- | --- | --- |",
    );
    for (const item of items) lines.push(row(item, tests));
  }
  return `${lines.join("\n")}\n`;
}

function row({ id, clause, says, notApplicable }: Item, tests: readonly CoveringTest[]): string {
  const files = [...new Set(tests.filter(({ items }) => items.includes(id)).map(({ file }) => file))];
  const links = files.map((file) => `[${file}](../${file})`).join("<br>");
  const status = notApplicable === undefined ? "tested" : `not applicable: ${notApplicable}`;
  return `| ${id} | ${clause} | ${says} | ${status} | ${links} |`.replaceAll("  ", " ");
}
