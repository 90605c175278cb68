/**
 * The static table, from fields to indexes (RFC 7541 appendix A).
 * @module
 */
import { STATIC_TABLE } from "./static_table.ts";

/** What the static table has for a name. */
export interface StaticName {
  /** The first entry of that name. */
  readonly index: number;
  /** Indexes by value. */
  readonly values: ReadonlyMap<string, number>;
}

/** By name. */
export const STATIC_NAMES: ReadonlyMap<string, StaticName> = namesOf();

function namesOf(): Map<string, StaticName> {
  const names = new Map<string, { index: number; values: Map<string, number> }>();
  STATIC_TABLE.forEach(({ name, value }, index) => {
    if (index === 0) return;
    let known = names.get(name);
    if (known === undefined) names.set(name, known = { index, values: new Map() });
    known.values.set(value, index);
  });
  return names;
}
