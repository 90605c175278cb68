/**
 * Makes plain JavaScript files of the program that need neither the network nor a package cache.
 * @module
 */
import { run } from "./run.ts";

/** A bundled entry point; `name` is relative to the directory that holds all of them. */
export interface BundledFile {
  readonly name: string;
  readonly text: string;
}

const FILE_URL = /new URL\(\s*(["'`])([^"'`]+)\1\s*,\s*import\.meta\.url\s*\)/g;

/**
 * Bundles `entry` (relative to `root`) as `main.js`, and every worker script it mentions as a file
 * beside it: the bundler does not follow `new Worker(new URL("./x.ts", import.meta.url))`.
 *
 * Throws when the program refers to another file by its address, because that file would be missing
 * at run time.
 */
export async function bundle(root: string, entry: string): Promise<BundledFile[]> {
  const scripts = await typeScriptFiles(`${root}/${entry.slice(0, entry.lastIndexOf("/"))}`);
  const files: BundledFile[] = [];
  const queue = [{ path: `${root}/${entry}`, name: "main.js" }];
  for (const { path, name } of queue) {
    const { text, workers } = linkWorkers(asciiOnly(tidyComments(await bundleOne(root, path))), scripts, path);
    files.push({ name, text });
    for (const worker of workers) {
      if (!queue.some((queued) => queued.path === worker)) queue.push({ path: worker, name: workerName(worker) });
    }
  }
  return files;
}

/**
 * Points each `new URL("./any/where/x.ts", import.meta.url)` at `./x.js` and names the sources that
 * are meant. The bundle no longer knows which file wrote the address, so the file name must be the
 * only one of its kind.
 */
export function linkWorkers(
  text: string,
  scripts: readonly string[],
  from: string,
): { text: string; workers: string[] } {
  const workers: string[] = [];
  const linked = text.replaceAll(FILE_URL, (_all, _quote, address: string) => {
    const base = address.slice(address.lastIndexOf("/") + 1);
    const meant = scripts.filter((script) => script.endsWith(`/${base}`));
    if (!base.endsWith(".ts") || meant.length !== 1) {
      throw new Error(
        `Cannot bundle ${from}: it refers to ${address} by its address, and ` +
          (base.endsWith(".ts")
            ? `${meant.length} sources have that name; a worker's file name must be unique`
            : `only workers may be; import a text with { type: "text" }`),
      );
    }
    workers.push(...meant);
    return `new URL("./${workerName(base)}", import.meta.url)`;
  });
  return { text: linked, workers };
}

function workerName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.ts$/, ".js");
}

/**
 * Takes the paths of this machine's package cache out of the bundler's comments, and out of the
 * names that it gives modules: what is built is the same on every machine.
 */
export function tidyComments(text: string): string {
  return text.replaceAll(/^\/\/ \S*\/npm\/[^/\s]+\/(\S+)$/gm, "// npm:$1")
    .replaceAll(/^( *)"[^"\s]*\/npm\/[^/\s"]+\/([^"\s]+)"\(/gm, '$1"npm:$2"(');
}

/**
 * Writes whatever is not ASCII as an escape. One such character, in a comment of a package, and the
 * engine keeps all of the text with two bytes for each character: 2 MB more for as long as it runs.
 */
export function asciiOnly(text: string): string {
  return text.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

async function bundleOne(root: string, path: string): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "diam-gw-bundle-" });
  try {
    const output = `${directory}/out.js`;
    const result = await run(Deno.execPath(), {
      args: ["bundle", "--quiet", "--platform", "deno", "--output", output, path],
      cwd: root,
      timeout: 120_000,
    });
    if (result.code !== 0) throw new Error(`Cannot bundle ${path}: deno bundle said:\n${result.stderr.trim()}`);
    return await Deno.readTextFile(output);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function typeScriptFiles(directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(directory)) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) found.push(...await typeScriptFiles(path));
    else if (entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts")) found.push(path);
  }
  return found;
}
