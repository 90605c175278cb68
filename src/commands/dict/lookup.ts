/**
 * What a dictionary has of a name, a part of one, or a code.
 *
 * PURE.
 * @module
 */
import type { AvpDefinition, CommandDefinition, Dictionary } from "../../diameter/wire/dictionary/dictionary.ts";
import { nearest } from "../../ops/config/nearest.ts";

/** One thing in a dictionary. */
export type Entry =
  | { readonly kind: "avp"; readonly definition: AvpDefinition }
  | { readonly kind: "command"; readonly definition: CommandDefinition }
  | { readonly kind: "application"; readonly code: number; readonly name: string }
  | { readonly kind: "result"; readonly code: number; readonly vendor: number; readonly name: string };

/** An entry with all that it is called, its full name first. */
interface Named {
  readonly entry: Entry;
  readonly code: number;
  /** Undefined where codes belong to no vendor. */
  readonly vendor?: number;
  readonly names: readonly string[];
}

/**
 * Entries of exactly that name or code (`vendor:code` is one of AVPs and results); where there are
 * none, those with `text` in their name. Capitals do not matter.
 */
export function lookUp(text: string, dictionary: Dictionary): Entry[] {
  const all = [...namedIn(dictionary)];
  const numbers = /^(?:(\d{1,10}):)?(\d{1,10})$/.exec(text);
  if (numbers !== null) {
    const [, vendor, code] = numbers;
    return all.filter((named) =>
      named.code === Number(code) && (vendor === undefined || named.vendor === Number(vendor))
    ).map(({ entry }) => entry);
  }
  const wanted = text.toLowerCase();
  const exact = all.filter(({ names }) => names.some((name) => name.toLowerCase() === wanted));
  const found = exact.length > 0 ? exact : all.filter(({ names }) => names[0]!.toLowerCase().includes(wanted));
  return found.map(({ entry }) => entry);
}

/** The name that was meant by one that is none. */
export function nearestName(text: string, dictionary: Dictionary): string | undefined {
  return nearest(text, new Set([...namedIn(dictionary)].flatMap(({ names }) => names)));
}

function* namedIn(dictionary: Dictionary): Generator<Named> {
  for (const definition of dictionary.avps()) {
    const { code, vendor, name } = definition;
    yield { entry: { kind: "avp", definition }, code, vendor, names: [name] };
  }
  for (const definition of dictionary.commands()) {
    const { code, name, abbreviation } = definition;
    const short = name.replace(/^3GPP-/, "");
    const names = [name, short].flatMap((full) => [full, `${full}-Request`, `${full}-Answer`]);
    const entry = { kind: "command", definition } as const;
    yield { entry, code, names: [...names, abbreviation, `${abbreviation}R`, `${abbreviation}A`] };
  }
  for (const [code, name] of dictionary.applications()) {
    const short = name.replace(/^3GPP /, "");
    yield { entry: { kind: "application", code, name }, code, names: [name, short, ...short.split("/")] };
  }
  for (const result of dictionary.resultCodes()) {
    const { code, vendor, name } = result;
    yield { entry: { kind: "result", ...result }, code, vendor, names: [name, name.replace(/^DIAMETER_/, "")] };
  }
}
