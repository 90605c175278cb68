/**
 * `deno task cover [PATH...]`: runs the tests (all, or those below the paths) and prints which
 * share of its lines each file of src has run, lowest first.
 * @module
 */
const directory = await Deno.makeTempDir({ prefix: "cover-" });
try {
  const run = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--no-prompt",
      "--allow-all",
      "--quiet",
      "--coverage-raw-data-only",
      `--coverage=${directory}`,
      ...Deno.args,
    ],
  }).spawn().status;
  const report = await new Deno.Command(Deno.execPath(), {
    args: ["coverage", "--lcov", "--quiet", "--include=/src/", directory],
    stderr: "inherit",
  }).output();
  for (const { path, lines, hit } of filesOf(new TextDecoder().decode(report.stdout))) {
    console.log(`${(hit * 100 / lines).toFixed(0).padStart(4)} %  ${String(lines - hit).padStart(4)} missed  ${path}`);
  }
  Deno.exitCode = run.code;
} finally {
  await Deno.remove(directory, { recursive: true });
}

/** Files of an lcov report, the least covered first. */
function filesOf(lcov: string): { path: string; lines: number; hit: number }[] {
  const files = lcov.split("end_of_record").map((record) => ({
    path: /^SF:.*\/(src\/.*)$/m.exec(record)?.[1] ?? "",
    lines: Number(/^LF:(\d+)$/m.exec(record)?.[1] ?? 0),
    hit: Number(/^LH:(\d+)$/m.exec(record)?.[1] ?? 0),
  }));
  return files.filter(({ path, lines }) => path !== "" && lines > 0)
    .sort((a, b) => a.hit / a.lines - b.hit / b.lines || b.lines - a.lines);
}
