/**
 * What policy needs beyond its own code, loaded only for those who configure something that needs
 * it: the dictionary for names, and expressions that are matched in linear time.
 * @module
 */
import type { Dictionary } from "../../wire/dictionary/dictionary.ts";
import { SESSION_ID } from "../core/balance_name.ts";
import type { GatewayOptions } from "../core/options.ts";
import type { PolicyOptions } from "../core/policy_options.ts";

let known: Dictionary | undefined;
let engine: typeof import("re2js")["RE2JS"] | undefined;

const standard = () => import("../../wire/dictionary/standard.ts");

/** Loads the dictionary, for {@link dictionary}. */
export async function loadDictionary(): Promise<void> {
  known ??= (await standard()).standardDictionary();
}

/** Loads what these options need. To be awaited before a policy is used that was made of them. */
export async function loadForPolicy(
  { routing, limits, screening, draPool }: PolicyOptions & Partial<Pick<GatewayOptions, "draPool">>,
): Promise<void> {
  const rules = [...routing.routes, ...limits, ...screening.rules];
  const keys = [...draPool === undefined ? [] : [draPool], ...routing.pools].some(({ hashKey }) =>
    hashKey !== SESSION_ID
  );
  if (rules.length === 0 && !keys) return;
  await loadDictionary();
  if (engine === undefined && rules.some(hasPattern)) engine = (await import("re2js")).RE2JS;
}

/** The dictionary. @throws TypeError before it was loaded */
export function dictionary(): Dictionary {
  if (known === undefined) throw new TypeError("the dictionary is not loaded: await loadDictionary() first");
  return known;
}

/** A compiled expression. */
export interface Expression {
  test(text: string): boolean;
}

/**
 * @param anyCase whether the case of letters does not count
 * @throws TypeError before it was loaded
 */
export function expression(pattern: string, anyCase: boolean): Expression {
  if (engine === undefined) throw new TypeError("expressions are not loaded: await loadForPolicy() first");
  return engine.compile(pattern, anyCase ? engine.CASE_INSENSITIVE : 0);
}

/** Whether there is an expression anywhere in it. */
function hasPattern(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return "regex" in value || Object.values(value).some(hasPattern);
}
