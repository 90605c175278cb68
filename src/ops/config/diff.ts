/**
 * What differs between two configurations.
 * @module
 */

import * as z from "zod";
import type { Config } from "./config.ts";
import { formatPath, isMapping, type Path } from "./path.ts";
import { configSchema, SECRETS } from "./schema.ts";

/** A key whose value changed; the values as a person writes them, undefined where the key is absent. */
export interface ConfigChange {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

/**
 * Every change from `old` to `current`, in the order of the keys. DRAs are told apart by name (`dra_pool.dras[dra-2].port`),
 * so that one more in front does not change all others; other lists change as a whole. A secret shows that it changed
 * and nothing else.
 */
export function diffConfig(old: Config, current: Config): ConfigChange[] {
  return [...differences(z.encode(configSchema, old), z.encode(configSchema, current), [])];
}

function* differences(from: unknown, to: unknown, path: Path): Generator<ConfigChange> {
  if (isMapping(from) && isMapping(to)) {
    for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
      yield* differences(from[key], to[key], [...path, key]);
    }
    return;
  }
  const place = formatPath(path);
  if (place === "dra_pool.dras") return yield* draDifferences(from, to, place);
  if (JSON.stringify(from) === JSON.stringify(to)) return;
  const shown = (value: unknown) => SECRETS.includes(place) && value !== "" ? "********" : value;
  yield { path: place, from: shown(from), to: shown(to) };
}

function* draDifferences(from: unknown, to: unknown, place: string): Generator<ConfigChange> {
  const [before, after] = [byName(from), byName(to)];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    for (const change of differences(before.get(name), after.get(name), [`${place}[${name}]`])) yield change;
  }
}

function byName(dras: unknown): Map<string, unknown> {
  const list: readonly unknown[] = Array.isArray(dras) ? dras : [];
  return new Map(list.map((dra) => [isMapping(dra) ? String(dra["name"]) : "", dra]));
}
