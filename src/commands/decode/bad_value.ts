/**
 * Values of flags that are not what they should be.
 *
 * PURE.
 * @module
 */
import { nearest } from "../../ops/config/nearest.ts";

/** What is wrong with the value of a flag: a sentence without the flag. */
export class BadValue {
  constructor(readonly text: string) {}

  /** Expected `what`, and the nearest of `names` is a suggestion. */
  static of(what: string, given: string, names: Iterable<string> = []): BadValue {
    const near = nearest(given, new Set(names));
    const hint = near === undefined ? "" : `; did you mean ${near}?`;
    return new BadValue(`expected ${what}, got ${JSON.stringify(given)}${hint}`);
  }
}
