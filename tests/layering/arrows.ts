/**
 * `deno task arrows`: rooms and the arrows between them, as the layering test sees them. With a
 * room's name: the files in it, and what each imports.
 * @module
 */
import { importsOf, tokensOf } from "./tokens.ts";
import { ARROWS, resolve, roomOf } from "./rules.ts";
import { sourceFiles } from "./source_files.ts";

const [wanted] = Deno.args;
if (wanted !== undefined && !Object.hasOwn(ARROWS, wanted)) {
  console.error(`there is no room "${wanted}". Rooms: ${Object.keys(ARROWS).join(", ")}`);
  Deno.exit(2);
}
const arrows = new Map<string, Map<string, number>>();
for (const { path, text } of await sourceFiles()) {
  const room = roomOf(path) ?? "(no room)";
  if (wanted !== undefined && room !== wanted) continue;
  const from = wanted === undefined ? room : path;
  for (const { specifier } of importsOf(tokensOf(text))) {
    const target = resolve(path, specifier);
    const to = target === undefined ? specifier : wanted === undefined ? roomOf(target) ?? target : target;
    if (to === from) continue;
    const row = arrows.get(from) ?? new Map<string, number>();
    row.set(to, (row.get(to) ?? 0) + 1);
    arrows.set(from, row);
  }
}
const order = Object.keys(ARROWS);
for (const [from, row] of [...arrows].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b) || a.localeCompare(b))) {
  const targets = [...row].sort((a, b) => b[1] - a[1])
    .map(([to, count]) => wanted === undefined ? `${to} (${count})` : to);
  console.log(`${from}\n  ${targets.join(", ")}`);
}
