// @ts-check
/// <reference lib="dom" />
/**
 * Questions that are asked before something happens to traffic, and what came of it.
 * @module
 */
/** @import { Child } from "./dom.js" */
import { ApiError, ask } from "./api.js";
import { byId, fill, h } from "./dom.js";

/** ms that a notice stays. */
const NOTICE = 6_000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let noticeTimer;

/** Says what came of something. @param {string} text @param {"good" | "bad"} [how] */
export function notice(text, how = "good") {
  const element = byId("notice", HTMLElement);
  fill(element, text);
  element.className = `notice ${how}`;
  element.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => (element.hidden = true), how === "good" ? NOTICE : 2 * NOTICE);
}

/**
 * Does it, and says so. @param {string} done @param {string} path
 * @param {{ method?: string, body?: unknown }} [options]
 */
export async function act(done, path, options = { method: "POST" }) {
  try {
    const response = await ask(path, options);
    notice(done);
    return await response.json();
  } catch (error) {
    notice(`Not done: ${error instanceof ApiError ? error.message : error}`, "bad");
    return undefined;
  }
}

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {readonly Child[]} text
 * @property {string} [yes] what the button says that does it; there is nothing to do without
 * @property {boolean} [isDangerous]
 * @property {boolean} [isWide]
 * @property {() => string | undefined} [check] why it cannot be done as it is filled in
 */

/**
 * Asks; Escape and the other button say no. @param {Question} question
 * @returns {Promise<boolean>}
 */
export function question({ title, text, yes, isDangerous = false, isWide = false, check = () => undefined }) {
  const dialog = byId("ask", HTMLDialogElement);
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const form = h(
    "form",
    {
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        const why = check();
        fill(problem, why);
        problem.hidden = why === undefined;
        if (why === undefined) dialog.close("yes");
      },
    },
    h("h2", { id: "ask-title" }, title),
    ...text,
    problem,
    h(
      "div",
      { class: "choices" },
      h(
        "button",
        { type: "button", onclick: () => dialog.close("no"), autofocus: isDangerous || yes === undefined },
        yes === undefined ? "Close" : "Cancel",
      ),
      yes === undefined ? null : h("button", { type: "submit", class: isDangerous ? "danger solid" : "solid" }, yes),
    ),
  );
  dialog.setAttribute("aria-labelledby", "ask-title");
  dialog.className = isWide ? "wide" : "";
  fill(dialog, form);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
