/**
 * The command line of `deno task bench:relay`.
 * @module
 */
import { describeFlags, flagTable, type FlagValues, parseFlags } from "../../../src/commands/cli/flags.ts";
import { nearest } from "../../../src/ops/config/nearest.ts";
import { CASES, type IdleCase, type LoadCase } from "./cases.ts";

const FLAGS = flagTable({
  against: { kind: "string", placeholder: "DIRECTORY", help: "a checkout to compare with; it runs twice" },
  case: { kind: "list", placeholder: "NAME", help: "one of those below; several also as 'NAME; NAME'" },
  seconds: {
    kind: "number",
    placeholder: "N",
    help: "of load in each measurement, after half of that to warm up",
    default: 3,
    least: 0.1,
    most: 3_600,
    fraction: true,
  },
  rounds: {
    kind: "number",
    placeholder: "N",
    help: "of which median and best are shown",
    default: 3,
    least: 1,
    most: 1_000,
  },
  unobserved: { kind: "boolean", help: 'this checkout once more, with admin.listen "": nothing is recorded' },
});

/** What is to be measured. */
export type Plan = Omit<FlagValues<typeof FLAGS>, "case"> & { readonly cases: readonly (LoadCase | IdleCase)[] };

/** The plan, or what to show instead: help for who asked for it, else what is wrong. */
export function planOf(args: readonly string[]): Plan | { readonly help: string } | { readonly problems: string[] } {
  const { values, positionals, help, problems } = parseFlags(FLAGS, args);
  if (help) return { help: helpText() };
  const found = [...problems, ...positionals.map((arg) => `unexpected argument ${JSON.stringify(arg)}`)];
  if (problems.length > 0) return { problems: found };
  const wanted = values.case.flatMap((names) => names.split(";")).map((name) => name.trim());
  const names = CASES.map(({ name }) => name);
  for (const name of wanted) {
    if (names.includes(name)) continue;
    const near = nearest(name, names);
    found.push(`--case: there is no case "${name}"${near === undefined ? "" : `; did you mean "${near}"?`}`);
  }
  if (found.length > 0) return { problems: found };
  const { case: _, ...plan } = values;
  return { ...plan, cases: wanted.length === 0 ? CASES : CASES.filter(({ name }) => wanted.includes(name)) };
}

function helpText(): string {
  return `What this checkout's relay costs, case by case: processor seconds of the gateway per million answers.

Usage: deno task bench:relay [flags]

Flags:
${describeFlags(FLAGS)}
Cases (connections x requests outstanding on each, of 224 bytes unless it says so):
${CASES.map(({ name }) => `  ${name}\n`).join("")}
Example:
  deno task bench:relay --against ../before --unobserved --case "10 x 64; 640 x 1"
      two loads, beside another checkout and beside itself without metrics being read and without a trace

Figures depend on the machine and on what else it does: only ratios within one run can be compared, and the other
checkout runs twice to show what they are worth.
`;
}
