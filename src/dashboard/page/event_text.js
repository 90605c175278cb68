// @ts-check
/**
 * Events as sentences.
 *
 * PURE.
 * @module
 */
/** @import { GatewayEvent, KnownEvent } from "./types.d.ts" */
import { duration, plural } from "./format.js";

/** @typedef {"good" | "bad" | "warn" | "plain"} Level */
/**
 * @template {KnownEvent["kind"]} K
 * @typedef {KnownEvent & { kind: K }} Event
 */

/** @param {string} reason */
const because = (reason) => reason === "" ? "" : `: ${reason}`;

/** @param {number} milliseconds */
const soon = (milliseconds) =>
  milliseconds < 1000 ? `${(milliseconds / 1000).toFixed(1)} s` : duration(milliseconds / 1000);

/** @param {number} number */
const waiting = (number) => number > 0 ? `; ${plural(number, "request")} pending` : "";

/** @param {{ cluster: string, instance: string }} event */
const instance = (event) => `${event.instance} of ${event.cluster}`;

/** The breaker before the core. @type {Readonly<Record<string, string>>} */
const BREAKER = {
  closed: "The core answers again",
  "half-open": "The core is tried with one call",
  open: "The core does not answer: calls fail at once for a while",
};

/** Why requests went to another DRA. @type {Readonly<Record<string, string>>} */
const RESENT = {
  suspect: "it does not answer its watchdog",
  lost: "its connection was lost",
  timeout: "it gave no answer in time",
  error_answer: "it answered with an error",
};

/** @type {Readonly<Record<Event<"config">["action"], (event: Event<"config">) => string>>} */
const CONFIG = {
  reloaded: ({ changes, needs_restart: later }) =>
    `Configuration in force: ${changes.length === 0 ? "nothing changed" : changes.join(", ")}${
      later.length === 0 ? "" : `; at the next start: ${later.join(", ")}`
    }`,
  refused: ({ errors }) => `Configuration refused, nothing was changed: ${errors.join("; ")}`,
  confirmed: () => "The new configuration was confirmed",
  gone_back: () => "Nobody confirmed the new configuration: the one before is in force again",
};

/**
 * A kind that is missing here does not compile.
 * @type {{ readonly [K in KnownEvent["kind"]]: readonly [Level, (event: Event<K>) => string] }}
 */
const SENTENCES = {
  listening: ["plain", (e) => `It listens on ${e.address}`],
  dra_state: ["plain", (e) => `${e.dra}: ${e.from} → ${e.to}${because(e.reason)}`],
  dra_connect_failed: [
    "warn",
    (e) =>
      `${e.dra} ${e.reason.startsWith("cannot be reached") ? e.reason : `is not connected: ${e.reason}`}${
        e.hint === "" ? "" : ` (${e.hint})`
      }; next attempt in ${soon(e.retry_in_ms)}`,
  ],
  dra_identity_changed: ["warn", (e) => `${e.dra} says that it is ${e.to}, before it was ${e.from}`],
  dra_restarted: ["warn", (e) => `${e.dra} has restarted`],
  dra_reopening: ["warn", (e) => `${e.dra} is connected: ${e.answered} of ${e.needed} watchdogs answered`],
  dra_up: ["good", (e) => `${e.dra} is up`],
  dra_suspect: ["warn", (e) => `${e.dra} ${e.reason}${waiting(e.pending)}`],
  dra_down: ["bad", (e) => `${e.dra} ${e.reason}${waiting(e.pending)}`],
  breaker_open: ["bad", (e) => `${e.dra} gets no requests for now: ${e.reason}`],
  breaker_half_open: ["warn", (e) => `${e.dra} is tried again`],
  breaker_closed: ["good", (e) => `${e.dra} gets requests again: ${e.reason}`],
  queue_begin: ["warn", (e) => `Requests wait for a DRA${because(e.reason)}`],
  queue_end: ["good", (e) => `No request waits for a DRA any more: ${e.sent} went on`],
  failover: ["bad", (e) => `Failover: priority ${e.from} → ${e.to}`],
  failback: ["good", (e) => `Failback: priority ${e.from} → ${e.to}`],
  no_dra: ["bad", (e) => `No DRA is usable${because(e.reason)}`],
  resent: [
    "warn",
    (e) => `${plural(e.count, "request")} to ${e.dra} went to the next one${because(RESENT[e.reason] ?? e.reason)}`,
  ],
  app_up: ["plain", (e) => `${e.app} is connected from ${e.remote}`],
  app_down: ["plain", (e) => `${e.app} has gone${because(e.reason)}${waiting(e.pending)}`],
  screened: [
    "warn",
    (e) =>
      `Requests of ${e.peer} ${e.action === "reject" ? "are" : "would be"} rejected: ${
        e.rule === "none" ? "no screening rule allows them" : `screening rule ${e.rule}`
      }`,
  ],
  app_refused: ["warn", (e) => `${e.remote} was refused${because(e.reason)}`],
  app_silent: ["plain", (e) => `${e.remote} closed again without a byte`],
  accept_failed: ["bad", (e) => `No connection can be accepted on ${e.address}${because(e.reason)}`],
  internal_error: ["bad", (e) => `A defect of this program befell a request${because(e.reason)}`],
  listener_failed: ["bad", (e) => `A defect of this program befell who listens to events${because(e.reason)}`],
  draining: ["warn", (e) => `Draining${waiting(e.pending)}`],
  leaving: ["warn", () => "Every request is answered; peers are told goodbye"],
  stopped: ["bad", () => "It has stopped"],
  grpc_listening: ["plain", (e) => `It listens on ${e.address}${e.tls ? " with TLS" : ""}`],
  grpc_accept_failed: ["bad", (e) => `No connection can be accepted on ${e.address}${because(e.reason)}`],
  grpc_client_refused: ["warn", (e) => `${e.remote} was refused${because(e.reason)}`],
  grpc_violation: ["warn", (e) => `${e.remote} went beyond a limit and was closed: ${e.what}`],
  grpc_instance_added: ["plain", (e) => `${instance(e)} came${e.instance === e.address ? "" : `, at ${e.address}`}`],
  grpc_instance_removed: ["warn", (e) => `${instance(e)} has left its cluster`],
  grpc_instance_ready: ["good", (e) => `${instance(e)} is connected`],
  grpc_instance_failed: [
    "bad",
    (e) => `${instance(e)} failed${because(e.reason)}; next attempt in ${soon(e.retry_in_ms)}`,
  ],
  grpc_instance_unhealthy: ["bad", (e) => `${instance(e)} gets no calls${because(e.reason)}`],
  grpc_instance_healthy: ["good", (e) => `${instance(e)} is healthy again`],
  grpc_instance_enabled: ["warn", (e) => `${instance(e)} was ${e.enabled ? "enabled" : "disabled"}`],
  grpc_instance_skipped: [
    "warn",
    (e) => `The discoverer of ${e.cluster} lists what cannot be used${because(e.reason)}`,
  ],
  grpc_discoverer_failed: [
    "bad",
    (e) => `The discoverer of ${e.cluster} failed${because(e.reason)}; the last list stays in use`,
  ],
  grpc_discoverer_recovered: [
    "good",
    (e) => `The discoverer of ${e.cluster} answers again: ${plural(e.instances, "instance")}`,
  ],
  grpc_unregister_failed: ["warn", (e) => `${instance(e)} could not be unregistered${because(e.reason)}`],
  grpc_part_failed: ["bad", (e) => `A ${e.part} failed, and its call with it${because(e.reason)}`],
  grpc_internal_error: ["bad", (e) => `A defect of this program befell a call${because(e.reason)}`],
  grpc_listener_failed: ["bad", (e) => `A defect of this program befell who listens to events${because(e.reason)}`],
  grpc_draining: ["warn", (e) => `Draining; ${plural(e.calls, "call")} in flight`],
  grpc_stopped: ["bad", () => "It has stopped"],
  chat_listening: ["plain", (e) => `It listens for devices on ${e.address}${e.tls ? " with TLS" : ""}`],
  chat_limit: [
    "warn",
    (e) =>
      `${e.profile === "" ? "Somebody" : `${e.profile} (${e.device})`} was closed: ${
        e.what === "slow" ? "it read too slowly" : "it went on above its limit"
      }`,
  ],
  chat_breaker: ["plain", (e) => BREAKER[e.state] ?? e.state],
  chat_cache_up: ["good", () => "The cache can be used"],
  chat_cache_down: [
    "bad",
    (e) => `The cache cannot be reached${because(e.reason)}; events go to the devices of this gateway alone for now`,
  ],
  chat_cache_error: ["warn", (e) => `The cache failed at ${e.what}${because(e.reason)}`],
  chat_cache_overflow: [
    "bad",
    (e) => `The cache was away too long: events of room ${e.room} will not reach other gateways`,
  ],
  chat_issuer_up: ["good", () => "The keys of the issuer were read"],
  chat_issuer_down: ["bad", (e) => `The keys of the issuer cannot be read${because(e.reason)}`],
  chat_defect: ["bad", (e) => `A defect of this program${because(e.reason)}`],
  chat_draining: ["warn", (e) => `Draining: ${plural(e.connections, "device")} to send away`],
  chat_stopped: ["bad", () => "It has stopped"],
  config: ["plain", (e) => CONFIG[e.action](e)],
  gap: ["plain", () => "What happened before is not known any more"],
};

/**
 * Of events that are good or bad by what they say. @param {GatewayEvent} event
 * @returns {Level | undefined}
 */
function levelOf({ kind, action, state }) {
  if (kind === "config") return action === "refused" || action === "gone_back" ? "bad" : undefined;
  if (kind === "chat_breaker") return state === "open" ? "bad" : state === "closed" ? "good" : "warn";
  return undefined;
}

/** @param {GatewayEvent} event @returns {{ text: string, level: Level }} */
export function sentenceOf(event) {
  const { at: _, kind, ...members } = event;
  if (Object.hasOwn(SENTENCES, kind)) {
    const [level, text] = SENTENCES[/** @type {"gap"} */ (kind)];
    return { level: levelOf(event) ?? level, text: text(/** @type {any} */ (event)) };
  }
  const said = Object.entries(members)
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`);
  const level = /(_up|_closed|back)$/.test(kind)
    ? "good"
    : /(_down|_failed|error|refused)$/.test(kind)
    ? "bad"
    : "plain";
  return { level, text: [kind.replaceAll("_", " "), said.join(", ")].filter((part) => part !== "").join(": ") };
}
