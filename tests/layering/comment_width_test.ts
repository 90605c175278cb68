import { assert, assertEquals } from "@std/assert";
import { longComments } from "./comment_width.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const LONG = "word ".repeat(20) + "end";

Deno.test("no line of a comment in src and tests is longer than 100 columns", async () => {
  const long: string[] = [];
  let files = 0;
  for (const directory of ["src", "tests"]) {
    for await (const path of sources(directory)) {
      files++;
      const lines = longComments(await Deno.readTextFile(ROOT + path));
      long.push(...lines.map((line) => `${path}:${line}`));
    }
  }
  assert(files > 500, `only ${files} files were found`);
  assertEquals(long, []);
});

for (
  const [name, source, lines] of [
    ["a line of a docstring", `/**\n * ${LONG}\n */`, [2]],
    ["a docstring in one line", `/** ${LONG} */`, [1]],
    ["a comment beside nothing", `x;\n  // ${LONG}`, [2]],
    ["words around a quotation of code", `// It is \`${LONG}\` then`, [1]],
    ["a line behind an example", `/**\n * \`\`\`ts\n * x;\n * \`\`\`\n * ${LONG}\n */`, [5]],
  ] as const
) {
  Deno.test(`too long is ${name}`, () => assertEquals(longComments(source), [...lines]));
}

for (
  const [name, source] of [
    ["100 columns", `// ${"x ".repeat(48)}x`],
    ["code", `f("${LONG}");`],
    ["a comment behind code", `f(); // ${LONG}`],
    ["code of an example", `/**\n * \`\`\`ts\n * f("${LONG}");\n * \`\`\`\n */`],
    ["one quotation of code", `/**\n * \`${LONG}\`\n */`],
    ["an address", `// https://example.com/${"x".repeat(100)}`],
    ["a generator's name", `  *#${LONG.replaceAll(" ", "_")}() {`],
  ] as const
) {
  Deno.test(`not too long is ${name}`, () => assertEquals(longComments(source), []));
}

async function* sources(directory: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}${directory}`)) {
    const path = `${directory}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (/\.(ts|js)$/.test(name)) yield path;
  }
}
