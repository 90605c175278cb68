/**
 * `deno task fuzz --seconds N --seed S`: one gateway in one shower of broken messages after the
 * other, each with the next seed. Exit code 1, with the seed and the bytes, when somebody healthy
 * notices, and when memory or open files grow.
 * @module
 */
import { parseArgs } from "@std/cli";
import { Authority } from "../interop/certificates.ts";
import { program } from "../interop/programs.ts";
import { growthOf } from "../support/growth.ts";
import { Fuzz } from "./fuzz.ts";

/** Broken messages of Logic Apps over TCP in one shower. */
const MESSAGES = 1_000;
/** Showers without which nothing can be said about growth. */
const ENOUGH_SAMPLES = 12;
/**
 * What the last third of a run may hold more than the first: of the heap after a collection, and of
 * all memory.
 */
const HEAP_ALLOWED = { share: 0.1, more: 3e6 };
const MEMORY_ALLOWED = { share: 0.1, more: 16e6 };
const FILES_ALLOWED = { share: 0, more: 8 };

const flags = parseArgs(Deno.args, { string: ["seconds", "seed", "mode"] });
const seconds = Number(flags["seconds"] ?? 30);
const first = Number(flags["seed"] ?? Math.floor(Math.random() * 1_000_000));
const mode = flags["mode"] ?? (first % 2 === 0 ? "relay" : "transparent");
if (!(seconds > 0) || !Number.isInteger(first) || (mode !== "relay" && mode !== "transparent")) {
  console.error("Expected --seconds N (more than 0), --seed S (a whole number), --mode relay or transparent");
  Deno.exit(2);
}

const directory = await Deno.makeTempDir({ prefix: "diam-gw-fuzz-" });
try {
  Deno.exitCode = await run(mode);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exitCode = 1;
} finally {
  await Deno.remove(directory, { recursive: true });
}

/** What is held when a shower is over, in bytes; files are descriptors. */
interface Sample {
  readonly heap: number;
  readonly memory: number;
  readonly files: number;
}

async function run(mode: "relay" | "transparent"): Promise<number> {
  const { missing } = program("openssl", "openssl");
  if (missing !== undefined) console.log(`Without TLS: ${missing}`);
  const certificate = missing === undefined ? await (await Authority.create(directory)).sign("localhost") : undefined;
  const signal = AbortSignal.timeout(seconds * 1000);
  const samples: Sample[] = [];
  const fuzz = await Fuzz.start({ seed: first, mode, certificate });
  try {
    for (let seed = first; !signal.aborted; seed++) {
      await fuzz.rain(seed, MESSAGES, signal);
      const sample = await takeSample();
      samples.push(sample);
      console.log(`seed ${seed} (${mode}): ${progress(fuzz)}, ${held(sample)}`);
    }
    await fuzz.verdict();
  } finally {
    await fuzz.stop();
  }
  for (const [end, count] of [...fuzz.report.ends].sort((a, b) => b[1] - a[1])) {
    console.log(`${String(count).padStart(7)}  ${end}`);
  }
  return judgeGrowth(samples);
}

function progress({ report }: Fuzz): string {
  return [
    `${report.fromApps} broken messages of Logic Apps`,
    `${report.fromSecureApps} over TLS and ${report.handshakes} broken handshakes`,
    `${report.fromDras} of DRAs`,
    `${report.healthy} healthy answers`,
    `${report.healthyDras} to DRAs`,
    `${report.pinned} to requests for broken DRAs`,
  ].join(", ");
}

/** After a collection, so that only what is held counts. */
async function takeSample(): Promise<Sample> {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed, external } = Deno.memoryUsage();
  let files = 0;
  for await (const _ of Deno.readDir("/proc/self/fd")) files++;
  return { heap: heapUsed + external, memory: rss, files };
}

function held({ heap, memory, files }: Sample): string {
  return `${megabytes(heap)} MB of heap, ${megabytes(memory)} MB in all, ${files} open files`;
}

function judgeGrowth(samples: readonly Sample[]): number {
  if (samples.length < ENOUGH_SAMPLES) {
    console.log(`Too short to say whether memory grows: ${samples.length} samples, ${ENOUGH_SAMPLES} are needed`);
    return 0;
  }
  const heap = growthOf(samples.map(({ heap }) => heap), HEAP_ALLOWED);
  const memory = growthOf(samples.map(({ memory }) => memory), MEMORY_ALLOWED);
  const files = growthOf(samples.map(({ files }) => files), FILES_ALLOWED);
  for (const [what, { before, after, flat }] of [["heap", heap], ["memory", memory]] as const) {
    console.log(
      `${what}: ${megabytes(before)} MB in the first third, ${megabytes(after)} MB in the last: ${verdict(flat)}`,
    );
  }
  console.log(`open files: ${files.before} in the first third, ${files.after} in the last: ${verdict(files.flat)}`);
  return heap.flat && memory.flat && files.flat ? 0 : 1;
}

function verdict(flat: boolean): string {
  return flat ? "flat" : "NOT FLAT";
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
