// @ts-check
/**
 * Events as sentences.
 *
 * PURE.
 * @module
 */
/** @import { GatewayEvent } from "./types.d.ts" */
import { duration, plural } from "./format.js";

/** @typedef {"good" | "bad" | "warn" | "plain"} Level */

/**
 * A member by its name, whichever way it is written.
 * @param {GatewayEvent} event
 * @param {string} name
 */
function of(event, name) {
  const value = event[name] ?? event[name.replaceAll(/_(\w)/g, (_, letter) => letter.toUpperCase())];
  return value === null || value === undefined ? "" : String(value);
}

/** @param {GatewayEvent} event */
const because = (event) => of(event, "reason") === "" ? "" : `: ${of(event, "reason")}`;

/** @param {GatewayEvent} event */
const pending = (event) =>
  Number(of(event, "pending")) > 0 ? `; ${plural(Number(of(event, "pending")), "request")} pending` : "";

/** @type {Readonly<Record<string, readonly [Level, (event: GatewayEvent) => string]>>} */
const SENTENCES = {
  dra_up: ["good", (e) => `${of(e, "dra")} is up`],
  dra_down: ["bad", (e) => `${of(e, "dra")} is down${because(e)}${pending(e)}`],
  dra_suspect: ["warn", (e) => `${of(e, "dra")} is suspect${because(e)}${pending(e)}`],
  dra_reopening: [
    "warn",
    (e) => `${of(e, "dra")} is back: ${of(e, "answered")} of ${of(e, "needed")} watchdogs answered`,
  ],
  dra_state: ["plain", (e) => `${of(e, "dra")}: ${of(e, "from")} → ${of(e, "to")}${because(e)}`],
  dra_connect_failed: [
    "warn",
    (e) =>
      `${of(e, "dra")} cannot be reached${because(e)}${
        of(e, "retry_in") === "" ? "" : `; next attempt in ${duration(Number(of(e, "retry_in")) / 1000)}`
      }`,
  ],
  dra_restarted: ["warn", (e) => `${of(e, "dra")} has restarted`],
  dra_identity_changed: ["warn", (e) => `${of(e, "dra")} is ${of(e, "to")} now, it was ${of(e, "from")}`],
  failover: ["bad", (e) => `Failover: priority ${of(e, "from")} → ${of(e, "to")}`],
  failback: ["good", (e) => `Failback: priority ${of(e, "from")} → ${of(e, "to")}`],
  no_dra: ["bad", (e) => `No DRA is usable${because(e)}`],
  resent: ["warn", (e) => `${plural(Number(of(e, "count")), "request")} of ${of(e, "dra")} sent again${because(e)}`],
  app_up: ["plain", (e) => `${of(e, "app")} is connected from ${of(e, "remote")}`],
  app_down: ["plain", (e) => `${of(e, "app")} has gone${because(e)}${pending(e)}`],
  app_refused: ["warn", (e) => `${of(e, "remote")} was refused${because(e)}`],
  breaker_open: ["bad", (e) => `The breaker of ${of(e, "dra")} is open${because(e)}`],
  breaker_half_open: ["warn", (e) => `The breaker of ${of(e, "dra")} is half open: it is probed`],
  breaker_closed: ["good", (e) => `The breaker of ${of(e, "dra")} is closed`],
  config: ["plain", (e) => `The configuration was read again${because(e)}`],
  draining: ["warn", (e) => `Draining${pending(e)}`],
  gap: ["plain", () => "What happened before is not known any more"],
};

/** @param {GatewayEvent} event @returns {{ text: string, level: Level }} */
export function sentenceOf(event) {
  const known = Object.hasOwn(SENTENCES, event.kind) ? SENTENCES[event.kind] : undefined;
  if (known !== undefined) return { level: known[0], text: known[1](event) };
  const members = Object.entries(event).filter(([name]) => name !== "at" && name !== "kind")
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`);
  const level = /(_up|_closed|back)$/.test(event.kind)
    ? "good"
    : /(_down|_failed|error|refused)$/.test(event.kind)
    ? "bad"
    : "plain";
  return {
    level,
    text: [event.kind.replaceAll("_", " "), members.join(", ")].filter((part) => part !== "").join(": "),
  };
}
