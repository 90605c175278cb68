/**
 * The first choice: `deno compile`, which joins the program with Deno's small runtime (denort).
 * @module
 */
import { run } from "./run.ts";

/** Why no executable came out, in one line. */
export class NotCompiled extends Error {
  override name = "NotCompiled";
}

const COMPILE_TIMEOUT = 60_000;

/**
 * Writes an executable of `directory`/main.js and the other files there to `output`. The runtime
 * comes from `DENORT_BIN`, from Deno's own cache, or from Deno's download host; where none of them
 * has it, throws `NotCompiled`.
 */
export async function compile(
  directory: string,
  names: readonly string[],
  flags: readonly string[],
  output: string,
): Promise<void> {
  const includes = names.filter((name) => name !== "main.js").flatMap((name) => ["--include", name]);
  const result = await run(Deno.execPath(), {
    args: [
      "compile",
      "--quiet",
      "--no-config",
      "--no-lock",
      "--no-check",
      "--no-remote",
      "--no-npm",
      ...flags,
      ...includes,
      "--output",
      output,
      "main.js",
    ],
    cwd: directory,
    timeout: COMPILE_TIMEOUT,
  });
  if (result.code !== 0) throw new NotCompiled(reason(result.stderr));
}

/**
 * The innermost cause of what `deno compile` reports: its last numbered line, or its error line.
 */
export function reason(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  const causes = lines.filter((line) => /^\d+: /.test(line) && !line.endsWith("<unknown>"));
  const line = causes[1] ?? causes[0] ?? lines.find((line) => line.startsWith("error")) ??
    "deno compile gave no reason";
  return line.replace(/^\d+: |^error: /, "").replace(/ for url \(\S+\)/, "");
}
