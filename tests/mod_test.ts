import { assert, assertEquals } from "@std/assert";
import * as library from "../src/mod.ts";

const ROOT = new URL("../", import.meta.url).pathname;

interface Declaration {
  readonly kind: string;
  readonly jsDoc?: { readonly doc?: string };
}

/** What `deno doc` finds in src/mod.ts. */
async function documented(): Promise<
  readonly { readonly name: string; readonly declarations: readonly Declaration[] }[]
> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", "src/mod.ts"],
    cwd: ROOT,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  const [module] = Object.values(nodes) as [{ symbols: [] }];
  return module.symbols;
}

/** The code of every example in src that the tests run. */
async function examples(directory = "src/"): Promise<string> {
  let code = "";
  for await (const entry of Deno.readDir(ROOT + directory)) {
    const path = directory + entry.name;
    if (entry.isDirectory) code += await examples(`${path}/`);
    else if (path.endsWith(".ts")) {
      const text = await Deno.readTextFile(ROOT + path);
      for (const [, block] of text.matchAll(/^ *\* ```ts\n(.*?)^ *\* ```$/gms)) code += block;
    }
  }
  return code;
}

Deno.test("every public name of the library is documented", async () => {
  const symbols = await documented();
  assert(symbols.length > 80, `${symbols.length} names`);
  const bare = symbols.filter(({ declarations }) => !declarations.some(({ jsDoc }) => jsDoc?.doc));
  assertEquals(bare.map(({ name }) => name), []);
});

Deno.test("every public value of the library occurs in an example that runs", async () => {
  const code = await examples();
  const unseen = Object.keys(library).filter((name) => !new RegExp(`\\b${name}\\b`).test(code));
  assertEquals(unseen, []);
});
