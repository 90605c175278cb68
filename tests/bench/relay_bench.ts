/**
 * `deno task bench:relay --against DIRECTORY`: what this checkout's relay costs beside another's.
 * Each case runs in turn on this one, the other one, and the other one again, so that the noise of
 * the machine is seen beside the difference.
 * @module
 */
import { parseArgs } from "@std/cli";
import { Authority } from "../interop/certificates.ts";
import { CASES, type IdleCase, type LoadCase } from "./relay/cases.ts";
import { Subject, type Times } from "./relay/subject.ts";

const flags = parseArgs(Deno.args, { string: ["against", "seconds", "rounds", "case"] });
const seconds = Number(flags["seconds"] ?? 3);
const rounds = Number(flags["rounds"] ?? 3);
const against = flags["against"];
const wanted = typeof flags["case"] === "string" ? flags["case"].split(";").map((name) => name.trim()) : undefined;
const unknown = wanted?.find((name) => !CASES.some((one) => one.name === name));
if (!(seconds > 0) || !(rounds > 0) || unknown !== undefined) {
  if (unknown !== undefined) console.error(`there is no case "${unknown}"`);
  console.error('Expected [--against DIRECTORY] [--seconds N] [--rounds N] [--case "NAME; NAME"]. Cases:');
  for (const { name } of CASES) console.error(`  ${name}`);
  Deno.exit(2);
}
const times: Times = { warmUp: seconds * 1000 / 2, measured: seconds * 1000 };
const directory = await Deno.makeTempDir({ prefix: "bench-relay-" });
try {
  const certificate = await (await Authority.create(directory)).sign("localhost");
  const here = new Subject("this", new URL("../../", import.meta.url).pathname, certificate);
  const there = typeof against === "string" ? `${await Deno.realPath(against)}/` : undefined;
  const subjects = there === undefined
    ? [here]
    : [here, new Subject("other", there, certificate), new Subject("other again", there, certificate)];
  for (const one of CASES) {
    if (wanted !== undefined && !wanted.includes(one.name)) continue;
    console.log(one.name);
    await (one.kind === "load" ? loads(subjects, one) : idles(subjects, one));
  }
} finally {
  await Deno.remove(directory, { recursive: true });
}

/** The subjects in turn, `rounds` times; the median of each. */
async function loads(subjects: readonly Subject[], one: LoadCase): Promise<void> {
  const figures = subjects.map(() => [] as Awaited<ReturnType<Subject["load"]>>[]);
  for (let round = 0; round < rounds; round++) {
    for (const [nth, subject] of subjects.entries()) figures[nth]!.push(await subject.load(one, times));
  }
  const base = subjects.length > 1 ? median(figures[1]!.map(({ cpu }) => cpu)) : undefined;
  for (const [nth, subject] of subjects.entries()) {
    const all = figures[nth]!;
    const cpu = median(all.map((figure) => figure.cpu));
    const parts = [
      `${cpu.toFixed(3)} s per million`,
      base === undefined ? "" : `${(cpu / base).toFixed(3)} of the other`,
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
  console.log(`  ${name.padEnd(12)} ${parts.filter((part) => part !== "").join(", ")}`);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
