/**
 * The sources that the layering rules are about.
 * @module
 */
import type { SourceFile } from "./rules.ts";

const SRC = new URL("../../src/", import.meta.url).pathname;

/** Every TypeScript file below src, declarations included. */
export async function sourceFiles(directory = ""): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for await (const entry of Deno.readDir(SRC + directory)) {
    const path = directory + entry.name;
    if (entry.isDirectory) files.push(...await sourceFiles(`${path}/`));
    else if (path.endsWith(".ts")) files.push({ path, text: await Deno.readTextFile(SRC + path) });
  }
  return files;
}
