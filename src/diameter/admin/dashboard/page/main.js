// @ts-check
/// <reference lib="dom" />
/**
 * The dashboard: asks once a second, hears events as they come, and shows what it was told.
 * @module
 */
/** @import { App, Dra, Status } from "./types.d.ts" */
import { ApiError, get } from "./api.js";
import { AppList } from "./apps.js";
import { Charts } from "./charts.js";
import { notice } from "./dialogs.js";
import { byId, remember, remembered, setAttribute, setText } from "./dom.js";
import { DraList } from "./dras.js";
import { readEvents } from "./event_stream.js";
import { clock, duration } from "./format.js";
import { History } from "./history.js";
import { changeLogging, drain, showLogging } from "./controls.js";
import { learn } from "./meanings.js";
import { Tiles } from "./tiles.js";
import { Timeline } from "./timeline.js";
import { Transactions } from "./transactions.js";

/** ms between two looks. */
const INTERVAL = 1_000;
/** With more Logic Apps than this they are looked at less often: a look is long. */
const MANY_APPS = 500;
const INTERVAL_MANY_APPS = 5_000;

const THEMES = /** @type {const} */ (["auto", "light", "dark"]);

const history = new History();
const charts = new Charts(history);
const tiles = new Tiles();
const dras = new DraList(history, () => void look());
const timeline = new Timeline(history, () => charts.seconds);
const transactions = new Transactions();
const apps = new AppList((app) => {
  transactions.filter({ app: app.origin_host });
  byId("transactions", HTMLElement).scrollIntoView();
});

/** @type {Status | undefined} */
let last;
let lastAt = 0;
/** When the connection was lost; undefined while it is there. @type {number | undefined} */
let lostAt;
let appsAt = 0;

/** Asks, and shows the answers or that there are none. */
async function look() {
  try {
    /** @type {[Status, Dra[]]} */
    const [status, found] = await Promise.all([get("/api/v1/status"), get("/api/v1/dras")]);
    const now = Date.now();
    // Right behind another look there is nothing to take a rate from.
    if (now - lastAt > INTERVAL / 2) history.add(now, found, status.statistics.active_priority);
    showStatus(status, now);
    tiles.show(status, found, apps.size, now);
    dras.show(found);
    timeline.draw(status.statistics, found.map(({ name }) => name));
    charts.draw();
    last = status;
    lastAt = now;
    setAttribute(document.body, "data-loaded", true);
    showConnection(undefined);
  } catch (error) {
    history.addGap(Date.now());
    charts.draw();
    showConnection(asApiError(error));
  }
}

async function lookAtApps() {
  const now = Date.now();
  if (now - appsAt < (apps.size > MANY_APPS ? INTERVAL_MANY_APPS : 0)) return;
  appsAt = now;
  try {
    apps.show(/** @type {App[]} */ (await get("/api/v1/apps")), Date.now());
  } catch (error) {
    // When nobody answers, the other look says so.
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
  const { origin_host: host, origin_realm: realm, version, uptime_seconds: uptime, state, reason, config } = status;
  document.title = `${state === "ready" ? "" : `${state}: `}${host} · diam-gw`;
  setText(byId("identity", HTMLElement), host);
  setText(byId("about", HTMLElement), `${realm} · ${version} · up ${duration(uptime)}`);
  const badge = byId("state", HTMLElement);
  setText(badge, state);
  setAttribute(badge, "data-state", state);
  setAttribute(badge, "title", reason ?? null);
  const remarks = [
    reason,
    config?.confirm_by &&
    `The new configuration goes back by itself in ${
      duration((Date.parse(config.confirm_by) - now) / 1000)
    }, unless confirmed.`,
    config?.file_differs && "The configuration file says something else than what is in force: it has to be reloaded.",
  ].filter((remark) => typeof remark === "string");
  const banner = byId("remarks", HTMLElement);
  banner.hidden = remarks.length === 0;
  setText(banner, remarks.join(" · "));
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
  charts.recolor();
}

function nextTheme() {
  const now = THEMES.indexOf(/** @type {"auto"} */ (document.documentElement.dataset["theme"] ?? "auto"));
  const next = THEMES[(now + 1) % THEMES.length] ?? "auto";
  remember("theme", next);
  useTheme(next);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.key === "Escape" && document.querySelector("dialog[open]") === null) {
    if (transactions.close()) event.preventDefault();
    return;
  }
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") !== null) {
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    transactions.focusFilter();
  }
  if (event.key === "p") transactions.pause();
  if (event.key === "t") nextTheme();
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

byId("theme", HTMLElement).addEventListener("click", nextTheme);
byId("logging", HTMLElement).addEventListener("click", () => void changeLogging());
byId("drain", HTMLElement).addEventListener("click", () => void drain(last, apps.size));
document.addEventListener("keydown", onKey);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.recolor());
useTheme(THEMES.find((theme) => theme === remembered("theme")) ?? "auto");

await get(import.meta.resolve("./names.json")).then(learn, () => {});
void showLogging();
void repeat(INTERVAL, look);
void repeat(INTERVAL, async () => {
  if (document.hidden) return;
  await Promise.all([lookAtApps(), transactions.refresh()]);
});
void readEvents("/api/v1/events", (event) => timeline.take(event));
