// @ts-check
/**
 * What the numbers of Diameter are called.
 * @module
 */
/** @import { Transaction } from "./types.d.ts" */

/** Names by number. @typedef {Readonly<Record<number, string>>} Names */

/** @type {{ commands: Names, abbreviations: Names, applications: Names, results: Names }} */
let names = { commands: {}, abbreviations: {}, applications: {}, results: {} };

/**
 * Takes the names of the dictionary; until then numbers are numbers.
 * @param {typeof names} known
 */
export function learn(known) {
  names = known;
}

/** `ME-Identity-Check` @param {number} code */
export function commandText(code) {
  return names.commands[code] ?? `Command ${code}`;
}

/** `ECR`, or the name where there is no short one. @param {number} code */
export function requestText(code) {
  const abbreviation = names.abbreviations[code];
  return abbreviation === undefined ? commandText(code) : `${abbreviation}R`;
}

/** `S13 (16777252)` @param {number} id */
export function applicationText(id) {
  const name = names.applications[id];
  return name === undefined ? String(id) : `${name} (${id})`;
}

/** `3002 UNABLE_TO_DELIVER` @param {number} code */
export function codeText(code) {
  const name = names.results[code];
  return name === undefined ? String(code) : `${code} ${name}`;
}

/**
 * @param {Pick<Transaction, "result_code" | "duration_ms">} transaction
 * @returns {"good" | "bad" | "warn" | "pending"}
 */
export function codeLevel({ result_code: code, duration_ms: ended }) {
  if (ended === null) return "pending";
  if (code === null) return "bad";
  return code >= 2000 && code < 3000 ? "good" : code >= 4000 && code < 5000 ? "warn" : "bad";
}
