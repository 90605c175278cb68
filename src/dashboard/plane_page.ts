/**
 * What a plane brings to the page.
 * @module
 */
import type { Asset } from "../ops/admin/options.ts";

/**
 * The files of one plane: the module `NAME.js`, which `main.js` loads, and all that it loads. Files
 * that planes share are in each of them, and the same.
 */
export interface PlanePage {
  readonly name: string;
  /** By their names. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Style sheets of packages, which those of the page overrule. */
  readonly styles?: readonly string[];
  /** By their names. */
  readonly files?: Readonly<Record<string, Asset>>;
}

/** A module as a file. */
export function script(body: string): Asset {
  return { type: "text/javascript; charset=utf-8", body };
}
