/**
 * `deno task bench:relay --against DIRECTORY`: what this checkout's relay costs beside another's.
 * Each case runs in turn on this one, the other one, and the other one again, so that the noise of
 * the machine is seen beside the difference.
 * @module
 */
import { Authority } from "../interop/certificates.ts";
import { planOf } from "./relay/arguments.ts";
import type { IdleCase, LoadCase } from "./relay/cases.ts";
import { type LoadFigures, Subject, type Times } from "./relay/subject.ts";

/** Names of subjects. */
const OTHER = "other";
const UNOBSERVED = "this, unobserved";

const plan = planOf(Deno.args);
if ("help" in plan) {
  console.log(plan.help);
  Deno.exit(0);
}
if ("problems" in plan) {
  for (const problem of plan.problems) console.error(problem);
  console.error("Try deno task bench:relay --help");
  Deno.exit(2);
}
const { against, cases, rounds, seconds, unobserved } = plan;
const times: Times = { warmUp: seconds * 1000 / 2, measured: seconds * 1000 };
const directory = await Deno.makeTempDir({ prefix: "bench-relay-" });
try {
  const certificate = await (await Authority.create(directory)).sign("localhost");
  const root = new URL("../../", import.meta.url).pathname;
  const subjects = [new Subject("this", root, certificate)];
  if (unobserved) subjects.push(new Subject(UNOBSERVED, root, certificate, { admin: { listen: "" } }));
  if (against !== undefined) {
    const other = `${await Deno.realPath(against)}/`;
    for (const name of [OTHER, `${OTHER} again`]) subjects.push(new Subject(name, other, certificate));
  }
  for (const one of cases) {
    console.log(one.name);
    await (one.kind === "load" ? loads(subjects, one) : idles(subjects, one));
  }
} finally {
  await Deno.remove(directory, { recursive: true });
}

/**
 * The subjects in turn, `rounds` times; the median of each, and the best: what else the machine
 * does only ever adds to a figure.
 */
async function loads(subjects: readonly Subject[], one: LoadCase): Promise<void> {
  const figures = subjects.map((): LoadFigures[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [nth, subject] of subjects.entries()) figures[nth]!.push(await subject.load(one, times));
  }
  const other = subjects.findIndex(({ name }) => name === OTHER);
  const base = other < 0 ? undefined : costOf(figures[other]!);
  for (const [nth, subject] of subjects.entries()) {
    const all = figures[nth]!;
    const cost = costOf(all);
    const parts = [
      `${cost.median.toFixed(3)} s per million, best ${cost.best.toFixed(3)}`,
      base === undefined
        ? ""
        : `${(cost.median / base.median).toFixed(3)} of the other, best ${(cost.best / base.best).toFixed(3)}`,
      `${Math.round(median(all.map(({ perSecond }) => perSecond)))}/s`,
      `${Math.round(median(all.map(({ memory }) => memory)) / 1e6)} MB`,
    ];
    const refused = median(all.map((figure) => figure.refused));
    if (refused > 0) parts.push(`${(refused * 100).toFixed(1)} % refused`);
    show(subject.name, parts);
  }
}

async function idles(subjects: readonly Subject[], one: IdleCase): Promise<void> {
  for (const subject of subjects) {
    const { perConnection, atStart } = await subject.idle(one);
    show(subject.name, [
      `${(perConnection / 1024).toFixed(1)} KiB per connection of ${one.connections}`,
      `${(atStart / 1e6).toFixed(0)} MB before`,
    ]);
  }
}

function show(name: string, parts: readonly string[]): void {
  console.log(`  ${name.padEnd(UNOBSERVED.length)} ${parts.filter((part) => part !== "").join(", ")}`);
}

/** Processor seconds per million answers. */
function costOf(figures: readonly LoadFigures[]): { readonly median: number; readonly best: number } {
  const all = figures.map(({ cpu }) => cpu);
  return { median: median(all), best: Math.min(...all) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
