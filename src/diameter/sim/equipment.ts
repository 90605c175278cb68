/**
 * What a simulated Equipment Identity Register knows (S13, TS 29.272 section 6.1).
 * @module
 */
import { parse } from "@std/yaml";

/**
 * Equipment-Status (TS 29.272 section 7.3.51); `unknown` is answered with Experimental-Result 5422.
 */
export type EquipmentStatus = "whitelisted" | "blacklisted" | "greylisted" | "unknown";

/** The value of the AVP; an unknown equipment has none. */
export const EQUIPMENT_STATUS_VALUE = { whitelisted: 0, blacklisted: 1, greylisted: 2 } as const;

const STATUSES: readonly string[] = [...Object.keys(EQUIPMENT_STATUS_VALUE), "unknown"];

/**
 * The check digit, and what else may follow it, does not identify a device (TS 23.003 section
 * 6.2.1).
 */
const SIGNIFICANT_DIGITS = 14;

/** IMEIs and their status. An IMEI with and without its check digit is the same. */
export class EquipmentTable {
  readonly #statuses = new Map<string, EquipmentStatus>();

  /** A table of these entries. @param otherwise the status of an IMEI that is not in the table */
  constructor(
    entries: Iterable<readonly [imei: string, status: EquipmentStatus]> = [],
    readonly otherwise: EquipmentStatus = "whitelisted",
  ) {
    for (const [imei, status] of entries) this.#statuses.set(imei.slice(0, SIGNIFICANT_DIGITS), status);
  }

  /** How many IMEIs are listed. */
  get size(): number {
    return this.#statuses.size;
  }

  /** The status of `imei`. */
  statusOf(imei: string): EquipmentStatus {
    return this.#statuses.get(imei.slice(0, SIGNIFICANT_DIGITS)) ?? this.otherwise;
  }
}

/**
 * Reads a table: YAML (`"490154203237518": blacklisted`) or lines of `IMEI,STATUS`; empty lines,
 * lines that begin with `#` and a heading are skipped.
 * @throws SyntaxError that names every line or entry that cannot be read
 */
export function parseEquipment(text: string): [imei: string, status: EquipmentStatus][] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const isCsv = lines.some((line) => /^[\w"]+\s*[,;]/.test(line));
  const rows = isCsv ? fromCsv(lines) : fromYaml(text);
  const problems: string[] = [];
  const entries: [string, EquipmentStatus][] = [];
  for (const { where, imei, status } of rows) {
    if (!/^\d{14,16}$/.test(imei)) problems.push(`${where}: expected an IMEI of 14 to 16 digits, got ${imei}`);
    else if (!isStatus(status)) problems.push(`${where}: expected ${STATUSES.join(", ")}, got ${status}`);
    else entries.push([imei, status]);
  }
  if (problems.length > 0) throw new SyntaxError(problems.join("\n"));
  return entries;
}

interface Row {
  readonly where: string;
  readonly imei: string;
  readonly status: string;
}

function fromCsv(lines: readonly string[]): Row[] {
  return lines.flatMap((line, index) => {
    const [imei = "", status = ""] = line.split(/[,;]/).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
    const heading = index === 0 && imei.toLowerCase() === "imei";
    return line === "" || line.startsWith("#") || heading
      ? []
      : [{ where: `line ${index + 1}`, imei, status: status.toLowerCase() }];
  });
}

function fromYaml(text: string): Row[] {
  // Read as plain strings: as a number an IMEI would lose its leading zeros.
  const table = parse(text, { schema: "failsafe" });
  if (table === null || table === undefined || table === "") return [];
  if (typeof table !== "object" || Array.isArray(table)) {
    throw new SyntaxError('expected a mapping such as "490154203237518": blacklisted');
  }
  return Object.entries(table).map(([imei, status]) => ({
    where: `entry ${imei}`,
    imei,
    status: String(status).toLowerCase(),
  }));
}

function isStatus(text: string): text is EquipmentStatus {
  return STATUSES.includes(text);
}
