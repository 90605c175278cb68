/**
 * Makes dist/diam-gw, one self-contained executable, and dist/diam-gw.sha256.
 *
 *     deno task build [--kind auto|compiled|self-extracting]
 *
 * `auto` is `deno compile` where its runtime can be had, else a self-extracting file. Whatever was
 * made is run before it is called good, in an empty directory and with an empty environment.
 * @module
 */
import { parseArgs } from "@std/cli";
import { VERSION } from "../version.ts";
import { bundle, type BundledFile } from "./bundle.ts";
import { compile, NotCompiled } from "./compiled.ts";
import { RUN_FLAGS } from "./run_flags.ts";
import { run } from "./run.ts";
import { contentName, pack, sha256 } from "./self_extracting.ts";

const NAME = "diam-gw";
const KINDS = ["auto", "compiled", "self-extracting"] as const;
type Kind = typeof KINDS[number];

const HOST_SYSTEMS: Readonly<Record<string, string>> = { linux: "Linux", darwin: "Darwin" };

/** The host as `uname -s` and `uname -m` name it. */
function platform(): string {
  const system = HOST_SYSTEMS[Deno.build.os];
  if (system === undefined) throw new Error(`Cannot build for ${Deno.build.os}: expected linux or darwin`);
  const arm = system === "Darwin" ? "arm64" : "aarch64";
  return `${system} ${Deno.build.arch === "aarch64" ? arm : Deno.build.arch}`;
}

/**
 * Writes the self-extracting kind. Runtime and program are kept apart in the cache: a new version
 * brings only itself.
 */
async function selfExtracting(files: readonly BundledFile[], output: string): Promise<void> {
  const encoder = new TextEncoder();
  const program = files.map((file) => ({ name: file.name, contents: encoder.encode(file.text) }));
  const programName = `${NAME}-${VERSION}-${await contentName(...program.map((file) => file.contents))}`;
  const deno = await Deno.readFile(Deno.execPath());
  const denoName = `deno-${Deno.version.deno}-${await contentName(deno)}`;
  const bytes = await pack({
    name: NAME,
    version: VERSION,
    platform: platform(),
    files: [
      ...program.map((file) => ({ path: `${programName}/${file.name}`, contents: file.contents })),
      { path: `${denoName}/deno`, contents: deno },
    ],
    runtime: `${denoName}/deno`,
    flags: ["run", "--no-config", "--no-lock", "--no-remote", "--no-npm", ...RUN_FLAGS],
    main: `${programName}/main.js`,
  });
  await Deno.writeFile(output, bytes, { mode: 0o755 });
}

/**
 * Runs the finished file twice, because the second start of a self-extracting one goes another way.
 * A base executable that is not Deno's runtime gives a file that starts and exits well, but is not
 * this program: only its own words tell.
 */
async function prove(file: string): Promise<void> {
  const cwd = await Deno.makeTempDir({ prefix: "diam-gw-build-" });
  try {
    for (let start = 0; start < 2; start++) {
      const result = await run(file, {
        args: ["version"],
        cwd,
        env: { PATH: "", DIAM_GW_CACHE_DIR: `${cwd}/cache` },
        clearEnv: true,
        timeout: 60_000,
      });
      if (result.code !== 0 || !result.stdout.startsWith(`${NAME} ${VERSION}`)) {
        const said = `${result.stdout}${result.stderr}`.trim().split("\n", 1)[0] || "nothing";
        throw new Error(`it does not run: \`${NAME} version\` exited ${result.code} and said: ${said}`);
      }
    }
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

/** Makes the file and says which kind it is and why. */
async function make(kind: Kind, files: readonly BundledFile[], output: string): Promise<string> {
  if (kind === "self-extracting") {
    await selfExtracting(files, output);
    await prove(output);
    return "a self-extracting file, as asked for";
  }
  const directory = await Deno.makeTempDir({ prefix: "diam-gw-build-" });
  try {
    for (const file of files) await Deno.writeTextFile(`${directory}/${file.name}`, file.text);
    await compile(directory, files.map((file) => file.name), RUN_FLAGS, output);
    await prove(output);
    return "an executable made by deno compile";
  } catch (error) {
    if (!(error instanceof Error) || kind === "compiled") throw error;
    const why = error instanceof NotCompiled ? `no runtime for it: ${error.message}` : error.message;
    await selfExtracting(files, output);
    await prove(output);
    return `a self-extracting file, because deno compile could not be used (${why})`;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, { string: ["kind"], default: { kind: "auto" } });
  const kind = KINDS.find((known) => known === args["kind"]);
  if (kind === undefined) {
    console.error(`build: --kind: expected ${KINDS.join(", ")}, got ${args["kind"]}`);
    Deno.exit(2);
  }
  const root = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
  const dist = `${root}/dist`;
  await Deno.mkdir(dist, { recursive: true });
  // Under another name first: the old file may be running.
  const unfinished = `${dist}/.${NAME}-${Deno.pid}`;
  try {
    const made = await make(kind, await bundle(root, "src/main.ts"), unfinished);
    const bytes = await Deno.readFile(unfinished);
    const sum = await sha256(bytes);
    await Deno.rename(unfinished, `${dist}/${NAME}`);
    await Deno.writeTextFile(`${dist}/${NAME}.sha256`, `${sum}  ${NAME}\n`);
    console.log(`dist/${NAME} ${VERSION} for ${platform()}: ${made}`);
    console.log(`${(bytes.length / 1e6).toFixed(1)} MB, sha256 ${sum}`);
  } finally {
    await Deno.remove(unfinished).catch(() => {});
  }
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(`build: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
