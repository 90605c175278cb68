/**
 * `deno task fuzz --seconds N --seed S`: rounds of fuzzing with one seed after the other. Exit code 1 with the seed and the bytes when one fails.
 * @module
 */
import { parseArgs } from "@std/cli";
import { fuzz } from "./fuzz.ts";

const MESSAGES_PER_ROUND = 2_000;

const { seconds: secondsText, seed: seedText } = parseArgs(Deno.args, { string: ["seconds", "seed"] });
const seconds = Number(secondsText ?? 30);
const first = Number(seedText ?? Math.floor(Math.random() * 1_000_000));
if (!(seconds > 0) || !Number.isInteger(first)) {
  console.error("Expected --seconds N (more than 0) and --seed S (a whole number)");
  Deno.exit(2);
}

const signal = AbortSignal.timeout(seconds * 1000);
const ends = new Map<string, number>();
for (let seed = first; !signal.aborted; seed++) {
  const mode = seed % 2 === 0 ? "relay" : "transparent";
  try {
    const report = await fuzz({ seed, mode, messages: MESSAGES_PER_ROUND, signal });
    for (const [end, count] of report.ends) ends.set(end, (ends.get(end) ?? 0) + count);
    console.log(
      `seed ${seed} (${mode}): ${report.fromApps} broken messages of Logic Apps, ${report.fromDra} of the DRA, ` +
        `${report.healthy} healthy answers, ${report.pinned} to the broken DRA, ` +
        `${(Deno.memoryUsage().rss / 1e6).toFixed(0)} MB`,
    );
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
for (const [end, count] of [...ends].sort((a, b) => b[1] - a[1])) console.log(`${String(count).padStart(7)}  ${end}`);
