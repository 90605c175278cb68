// @ts-check
/// <reference lib="dom" />
/**
 * What concerns the whole process: its log, and its end.
 * @module
 */
/** @import { Logging } from "./types.d.ts" */
import { get } from "./api.js";
import { act, question } from "./dialogs.js";
import { byId, h, setText } from "./dom.js";

const LEVELS = ["debug", "info", "warning", "error"];
const TIMES = [["", "until changed again"], ["10m", "for 10 minutes"], ["1h", "for an hour"], ["24h", "for a day"]];

/** @returns {Promise<Logging | undefined>} */
export async function showLogging() {
  try {
    /** @type {Logging} */
    const logging = await get("/api/v1/logging");
    setText(byId("logging", HTMLElement), `Log: ${logging.level}`);
    return logging;
  } catch {
    // The banner says it when nobody answers.
    return undefined;
  }
}

/** Asks which lines the log gets. */
export async function changeLogging() {
  const logging = await showLogging();
  const level = h(
    "select",
    { name: "level", autofocus: true },
    ...LEVELS.map((name) => h("option", { value: name, selected: name === logging?.level }, name)),
  );
  const requests = h("input", { type: "checkbox", name: "requests", checked: logging?.requests === true });
  const responses = h("input", { type: "checkbox", name: "responses", checked: logging?.responses === true });
  const time = h("select", { name: "for" }, ...TIMES.map(([value, text]) => h("option", { value }, text)));
  const yes = await question({
    title: "What the log writes",
    text: [
      logging?.for ? h("p", {}, `As it is now it stays for ${logging.for}.`) : null,
      h("p", {}, h("label", {}, "Level ", level)),
      h("p", {}, h("label", { class: "check" }, requests, " a line for each request")),
      h("p", {}, h("label", { class: "check" }, responses, " a line for each answer")),
      h("p", {}, h("label", {}, "Keep it so ", time)),
    ],
    yes: "Set",
  });
  if (!yes) return;
  const body = {
    level: level.value,
    requests: requests.checked,
    responses: responses.checked,
    ...(time.value === "" ? {} : { for: time.value }),
  };
  await act(`The log writes ${level.value} and above.`, "/api/v1/logging", { method: "PUT", body });
  await showLogging();
}

/**
 * Asks whether it shall end.
 * @param {string | undefined} host
 * @param {readonly string[]} atStake sentences
 */
export async function drain(host = "this gateway", atStake) {
  const yes = await question({
    title: `Drain ${host}?`,
    text: [
      h(
        "p",
        {},
        "It accepts nothing new, waits for the answers that are pending, takes leave of its peers, and exits. It cannot be called off.",
      ),
      ...atStake.map((sentence) => h("p", {}, sentence)),
    ],
    yes: "Drain and exit",
    isDangerous: true,
  });
  if (yes) await act("It is draining.", "/api/v1/drain");
}
