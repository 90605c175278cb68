import { assert, assertEquals } from "@std/assert";

const SRC = new URL("../../../../src/", import.meta.url);

/**
 * Every file that is loaded with `entry`: static imports, and their imports in turn; types left
 * out.
 */
async function loadedWith(entry: string): Promise<Set<string>> {
  const files = new Set<string>();
  const open = [new URL(entry, SRC)];
  for (let url = open.pop(); url !== undefined; url = open.pop()) {
    if (files.has(url.href)) continue;
    files.add(url.href);
    const text = await Deno.readTextFile(url);
    for (const [, type, specifier] of text.matchAll(/^(?:import|export)\s(type\s)?[^;"]*?"(\.[^"]+\.ts)"/gms)) {
      if (type === undefined) open.push(new URL(specifier!, url));
    }
  }
  return new Set([...files].map((href) => href.slice(SRC.href.length)));
}

Deno.test("the gateway starts without loading the dictionary, but for the result codes that it counts answers by", async () => {
  const files = await loadedWith("host/diameter_plane.ts");
  assert(files.has("diameter/wire/header.ts"), [...files].join(" "));
  assertEquals([...files].filter((file) => file.startsWith("diameter/wire/dictionary/")), [
    "diameter/wire/dictionary/tables/result_codes.ts",
  ]);
});

Deno.test("the admin interface starts without loading the dictionary", async () => {
  const files = await loadedWith("diameter/admin/plane.ts");
  assert(files.has("diameter/admin/transactions.ts"), [...files].join(" "));
  assert(!files.has("diameter/wire/dictionary/standard.ts"));
});

Deno.test("decode loads it", async () => {
  const files = await loadedWith("commands/decode/decode.ts");
  assert(files.has("diameter/wire/dictionary/tables/s6a.ts"));
});
