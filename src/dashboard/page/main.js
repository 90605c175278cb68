// @ts-check
/// <reference lib="dom" />
/**
 * The dashboard: asks once a second, hears events as they come, and shows what it was told. What
 * concerns the process stands here, what a plane shows in a module of the plane.
 * @module
 */
/** @import { Status } from "./types.d.ts" */
/** @import { Plane } from "./plane.d.ts" */
import { ApiError, get } from "./api.js";
import { confirmConfig, reviewConfig, showConfig } from "./configuration.js";
import { changeLogging, drain, showLogging } from "./controls.js";
import { notice } from "./dialogs.js";
import { byId, remember, remembered, setAttribute, setText } from "./dom.js";
import { readEvents } from "./event_stream.js";
import { clock, duration } from "./format.js";

/** ms between two looks. */
const INTERVAL = 1_000;

const THEMES = /** @type {const} */ (["auto", "light", "dark"]);

/** By the names that the page carries: those that run, and no others, are there to be loaded. */
const LOAD = {
  diameter: async () => new (await import("./diameter.js")).Diameter(() => void look()),
  grpc: async () => new (await import("./grpc.js")).Grpc(() => void look()),
  chat: async () => new (await import("./chat.js")).Chat(() => void look()),
};

/** @type {readonly Plane[]} */
const planes = await Promise.all(
  (document.querySelector('meta[name="planes"]')?.getAttribute("content") ?? "").split(" ")
    .filter((name) => Object.hasOwn(LOAD, name))
    .map((name) => {
      for (const element of document.querySelectorAll(`[data-plane="${name}"]`)) element.removeAttribute("hidden");
      return LOAD[/** @type {keyof typeof LOAD} */ (name)]();
    }),
);

/** @type {Status | undefined} */
let last;
let lastAt = 0;
/** When the connection was lost; undefined while it is there. @type {number | undefined} */
let lostAt;

/** Asks, and shows the answers or that there are none. */
async function look() {
  try {
    /** @type {[Status, ...void[]]} */
    const [status] = await Promise.all([get("/api/v1/status"), ...planes.map((plane) => plane.ask())]);
    const now = Date.now();
    showStatus(status, now);
    for (const plane of planes) plane.show(status, now);
    last = status;
    lastAt = now;
    setAttribute(document.body, "data-loaded", true);
    showConnection(undefined);
  } catch (error) {
    for (const plane of planes) plane.lost();
    showConnection(asApiError(error));
  }
}

async function lookAround() {
  if (document.hidden) return;
  try {
    await Promise.all(planes.map((plane) => plane.lookAround()));
  } catch (error) {
    asApiError(error);
  }
}

/**
 * A defect of this page is shown like an answer that cannot be understood, and the page goes on.
 * @param {unknown} error
 */
function asApiError(error) {
  if (error instanceof ApiError) return error;
  console.error(error);
  return new ApiError(`this page cannot show what it was told (${error})`, 200);
}

/** @param {Status} status @param {number} now */
function showStatus(status, now) {
  const { origin_host: host = location.host, origin_realm: realm, version, uptime_seconds: uptime, state, reason } =
    status;
  document.title = `${state === "ready" ? "" : `${state}: `}${host} · diam-gw`;
  setText(byId("identity", HTMLElement), host);
  setText(
    byId("about", HTMLElement),
    [realm, version, `up ${duration(uptime)}`].filter((part) => part !== undefined).join(" · "),
  );
  const badge = byId("state", HTMLElement);
  setText(badge, state);
  setAttribute(badge, "data-state", state);
  setAttribute(badge, "title", reason ?? null);
  const remark = byId("reason", HTMLElement);
  remark.hidden = reason === undefined;
  setText(remark, reason ?? "");
  showConfig(status, now);
}

/** @param {ApiError | undefined} error */
function showConnection(error) {
  const banner = byId("banner", HTMLElement);
  const live = byId("live", HTMLElement);
  setAttribute(document.body, "data-lost", error !== undefined);
  if (error === undefined) {
    if (lostAt !== undefined) notice("The connection is back.");
    lostAt = undefined;
    banner.hidden = true;
    setText(live, "live");
    return;
  }
  lostAt ??= Date.now();
  setText(live, "lost");
  banner.hidden = false;
  setText(banner, lossText(error));
}

/** @param {ApiError} error */
function lossText(error) {
  if (error.status === 401) return "The gateway wants its token: load this page again and give it as the password.";
  if (error.status !== 0) return `The gateway does not answer as expected: ${error.message}.`;
  const since = duration((Date.now() - (lostAt ?? Date.now())) / 1000);
  const before = last === undefined ? "" : ` What you see is of ${clock(lastAt)}.`;
  const was = last?.state === "draining" ? " It was draining: it has probably ended." : "";
  return `No connection to the gateway for ${since}: ${error.message}.${was}${before} It is tried every second.`;
}

/** @param {(typeof THEMES)[number]} theme */
function useTheme(theme) {
  document.documentElement.dataset["theme"] = theme;
  setText(byId("theme", HTMLElement), `Theme: ${theme}`);
  recolor();
}

function recolor() {
  for (const plane of planes) plane.recolor();
}

function nextTheme() {
  const now = THEMES.indexOf(/** @type {"auto"} */ (document.documentElement.dataset["theme"] ?? "auto"));
  const next = THEMES[(now + 1) % THEMES.length] ?? "auto";
  remember("theme", next);
  useTheme(next);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const isAsking = document.querySelector("dialog[open]") !== null;
  if (event.key === "Escape" && !isAsking) {
    if (planes.some((plane) => plane.close())) event.preventDefault();
    return;
  }
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || isAsking) return;
  if (event.key === "t") nextTheme();
  if (planes.some((plane) => plane.press(event.key))) event.preventDefault();
}

/**
 * Does it for ever, `interval` ms apart.
 * @param {number} interval
 * @param {() => Promise<void>} once
 */
async function repeat(interval, once) {
  for (;;) {
    const began = performance.now();
    await once();
    await new Promise((resolve) => setTimeout(resolve, Math.max(100, interval - (performance.now() - began))));
  }
}

/** @param {string} id @param {() => void} action */
function onClick(id, action) {
  byId(id, HTMLElement).addEventListener("click", action);
}

onClick("theme", nextTheme);
onClick("logging", () => void changeLogging());
onClick("drain", () => void drain(last?.origin_host ?? location.host, planes.map((plane) => plane.atStake())));
onClick("reload", () => void reviewConfig().then(look));
onClick("review", () => void reviewConfig().then(look));
onClick("confirm", () => void confirmConfig().then(look));
document.addEventListener("keydown", onKey);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolor);
useTheme(THEMES.find((theme) => theme === remembered("theme")) ?? "auto");

await Promise.all(planes.map((plane) => plane.begin()));
void showLogging();
void repeat(INTERVAL, look);
void repeat(INTERVAL, lookAround);
void readEvents("/api/v1/events", (event) => {
  for (const plane of planes) plane.take(event);
});
