/**
 * Dictionaries that users write.
 * @module
 */
import { DATA_TYPES, type DataType } from "./data_type.ts";
import type { ApplicationRow, AvpRow, CommandRow, MandatoryRule, Specification, ValueNames } from "./specification.ts";

/** What is wrong with a dictionary that a user wrote: every problem, each with its place. */
export class DictionaryError extends TypeError {
  /**
   * All problems at once.
   * @param problems one line each: `avps[3].type: expected one of OctetString ..., got "Text"`
   */
  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "DictionaryError";
  }
}

const RULES: Readonly<Record<string, MandatoryRule>> = { must: "M", may: "", "must not": "-" };
const UINT32 = 0xffffffff;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.\-]*$/;

/**
 * Checks what a user's dictionary file holds, parsed from JSON or YAML, and turns it into
 * specifications, one per vendor, for {@link Dictionary.extendedBy}. Everything but the codes,
 * names and types of AVPs may be left out:
 *
 *     title: Example operator
 *     vendor: {id: 99999, name: Example} # of all AVPs that name none themselves; 0 when absent
 *     applications:
 *       - {id: 16777999, name: Example}
 *     commands: # EXR and EXA
 *       - {code: 8388999, name: Example-Check, abbreviation: EX, application: 16777999}
 *     avps:
 *       - {code: 1, name: Example-Info, type: Grouped, mandatory: must} # must | may | must not
 *       - {code: 2, name: Example-Level, type: Enumerated, values: {0: LOW, 1: HIGH}}
 *       - {code: 3, name: Other-Text, type: UTF8String, vendor: 88888}
 *     result_codes: {5999: EXAMPLE_ERROR} # of `vendor`: experimental results, unless it is 0
 *
 * @throws DictionaryError with all problems
 */
export function specificationsFrom(content: unknown): Specification[] {
  const check = new Check();
  const root = check.record("", content, ["title", "vendor", "applications", "commands", "avps", "result_codes"]);
  const title = root["title"] === undefined ? "user's dictionary" : check.text("title", root["title"]);
  const vendor = readVendor(check, root["vendor"]);
  const applications = check.list("applications", root["applications"]).map((entry, i): ApplicationRow => {
    const at = `applications[${i}]`;
    const row = check.record(at, entry, ["id", "name"]);
    return [check.integer(`${at}.id`, row["id"], UINT32), check.text(`${at}.name`, row["name"])];
  });
  const commands = check.list("commands", root["commands"]).map((entry, i): CommandRow => {
    const at = `commands[${i}]`;
    const row = check.record(at, entry, ["code", "name", "abbreviation", "application"]);
    return [
      check.integer(`${at}.code`, row["code"], 0xffffff),
      check.name(`${at}.name`, row["name"]),
      check.name(`${at}.abbreviation`, row["abbreviation"]),
      row["application"] === undefined ? 0 : check.integer(`${at}.application`, row["application"], UINT32),
    ];
  });
  const resultCodes = readNames(check, "result_codes", root["result_codes"]);
  const vendors = new Map<number, { avps: AvpRow[]; values: Record<string, ValueNames> }>();
  const bucketOf = (id: number) => {
    let bucket = vendors.get(id);
    if (bucket === undefined) vendors.set(id, bucket = { avps: [], values: {} });
    return bucket;
  };
  bucketOf(vendor.id);
  check.list("avps", root["avps"]).forEach((entry, i) => {
    const { row, values, owner } = readAvp(check, `avps[${i}]`, entry, vendor.id);
    const bucket = bucketOf(owner);
    if (bucket.avps.some(([code]) => code === row[0])) {
      check.problem(`avps[${i}].code`, `expected a code that is used once, got ${row[0]} again`);
    }
    bucket.avps.push(row);
    if (values !== undefined) bucket.values[row[1]] = values;
  });
  if (check.problems.length > 0) throw new DictionaryError(check.problems);
  return [...vendors].map(([id, { avps, values }]) => ({
    title,
    vendor: id,
    avps,
    values,
    ...(id === vendor.id ? { applications, commands, resultCodes } : {}),
    ...(id === vendor.id && vendor.name !== undefined ? { vendorName: vendor.name } : {}),
  }));
}

function readVendor(check: Check, value: unknown): { id: number; name?: string } {
  if (value === undefined) return { id: 0 };
  if (typeof value === "number") return { id: check.integer("vendor", value, UINT32) };
  const row = check.record("vendor", value, ["id", "name"]);
  const id = check.integer("vendor.id", row["id"], UINT32);
  return row["name"] === undefined ? { id } : { id, name: check.text("vendor.name", row["name"]) };
}

function readAvp(check: Check, at: string, entry: unknown, vendor: number) {
  const avp = check.record(at, entry, ["code", "name", "type", "vendor", "mandatory", "values"]);
  const type = check.oneOf(`${at}.type`, avp["type"], DATA_TYPES) as DataType;
  const rule = check.oneOf(`${at}.mandatory`, avp["mandatory"] ?? "may", Object.keys(RULES));
  const row: AvpRow = [
    check.integer(`${at}.code`, avp["code"], UINT32),
    check.name(`${at}.name`, avp["name"]),
    type,
    RULES[rule] ?? "",
  ];
  const values = avp["values"] === undefined ? undefined : readNames(check, `${at}.values`, avp["values"]);
  return {
    row,
    values,
    owner: avp["vendor"] === undefined ? vendor : check.integer(`${at}.vendor`, avp["vendor"], UINT32),
  };
}

/** `{0: LOW, 1: HIGH}`. */
function readNames(check: Check, at: string, value: unknown): Record<string, string> {
  const names: Record<string, string> = {};
  if (value === undefined) return names;
  for (const [key, name] of Object.entries(check.record(at, value))) {
    if (!/^-?\d{1,10}$/.test(key)) check.problem(`${at}.${key}`, `expected a number as key, got "${key}"`);
    else names[key] = check.text(`${at}.${key}`, name);
  }
  return names;
}

/**
 * Collects problems instead of stopping at the first; what it returns for a bad value is never
 * used.
 */
class Check {
  readonly problems: string[] = [];

  problem(at: string, text: string): void {
    this.problems.push(at === "" ? text : `${at}: ${text}`);
  }

  record(at: string, value: unknown, keys?: readonly string[]): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.problem(at, `expected an object, got ${show(value)}`);
      return {};
    }
    for (const key of Object.keys(value)) {
      if (keys !== undefined && !keys.includes(key)) {
        this.problem(at === "" ? key : `${at}.${key}`, `unknown key; known are ${keys.join(", ")}`);
      }
    }
    return { ...value };
  }

  list(at: string, value: unknown): readonly unknown[] {
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    this.problem(at, `expected a list, got ${show(value)}`);
    return [];
  }

  text(at: string, value: unknown): string {
    if (typeof value === "string" && value !== "") return value;
    this.problem(at, `expected text, got ${show(value)}`);
    return "";
  }

  name(at: string, value: unknown): string {
    if (typeof value === "string" && NAME.test(value)) return value;
    this.problem(at, `expected a name of letters, digits and "-", got ${show(value)}`);
    return "";
  }

  integer(at: string, value: unknown, max: number): number {
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max) return value;
    this.problem(at, `expected a whole number 0..${max}, got ${show(value)}`);
    return 0;
  }

  oneOf(at: string, value: unknown, choices: readonly string[]): string {
    if (typeof value === "string" && choices.includes(value)) return value;
    this.problem(at, `expected one of ${choices.join(", ")}, got ${show(value)}`);
    return "";
  }
}

/** Short whatever it is: aliases make a few lines of YAML into a list without end. */
function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "[]" : "a list";
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0 ? "{}" : "an object";
  return value === undefined ? "nothing" : JSON.stringify(value) ?? String(value);
}
