// @ts-check
/// <reference lib="dom" />
/**
 * The configuration: what the file would change, putting it into force, and keeping that.
 * @module
 */
/** @import { Reloaded, Status } from "./types.d.ts" */
import { ApiError, ask } from "./api.js";
import { act, notice, question } from "./dialogs.js";
import { byId, h, setText } from "./dom.js";
import { clock, duration, plural } from "./format.js";

const RELOAD = "/api/v1/config/reload";
const TIMES = [["1m", "unless confirmed within 1 minute"], ["10m", "unless confirmed within 10 minutes"], [
  "",
  "never",
]];

/** What is to be done about it. @param {Status} status @param {number} now ms since 1970 */
export function showConfig({ config: { confirm_by: by, file_differs: differs } }, now) {
  const remark = byId("config-remark", HTMLElement);
  const isPending = by !== null;
  remark.hidden = !isPending && !differs;
  byId("confirm", HTMLElement).hidden = !isPending;
  byId("review", HTMLElement).hidden = isPending;
  if (isPending) {
    const left = duration((Date.parse(by) - now) / 1000);
    setText(
      byId("config-text", HTMLElement),
      `The new configuration goes back by itself in ${left} (${clock(by)}), unless somebody keeps it.`,
    );
  } else setText(byId("config-text", HTMLElement), "The configuration file says something else than what is in force.");
}

/** Keeps what was reloaded. */
export async function confirmConfig() {
  await act("The new configuration is kept.", "/api/v1/config/confirm");
}

/** Shows what the file would change, and puts it into force when that is wanted. */
export async function reviewConfig() {
  /** @type {Reloaded} */
  let found;
  try {
    found = await (await ask(`${RELOAD}?dry_run=true`, { method: "POST" })).json();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.faults.length === 0) return notice(`Not done: ${error.message}`, "bad");
    await question({
      title: "The configuration file cannot be used",
      text: [
        h("p", {}, "Nothing was changed. Mend the file and try again."),
        h("ul", { class: "faults" }, ...error.faults.map((fault) => h("li", {}, fault))),
      ],
      isWide: true,
    });
    return;
  }
  if (found.changes.length === 0) {
    await question({
      title: "Nothing would change",
      text: [h("p", {}, "The configuration file says what is in force.")],
    });
    return;
  }
  const time = h("select", { name: "confirm" }, ...TIMES.map(([value, text]) => h("option", { value }, text)));
  const yes = await question({
    title: `${plural(found.changes.length, "change")} in the configuration file`,
    text: [
      changeTable(found),
      found.needs_restart.length === 0 ? null : h(
        "p",
        { class: "warn" },
        `Needs a restart, and is not in force before that: ${found.needs_restart.join(", ")}`,
      ),
      h("p", {}, h("label", {}, "Go back by itself ", time)),
    ],
    yes: "Put into force",
    isWide: true,
  });
  if (!yes) return;
  const done = time.value === ""
    ? "The new configuration is in force."
    : "The new configuration is in force: keep it, or it goes back.";
  await act(done, time.value === "" ? RELOAD : `${RELOAD}?confirm=${time.value}`);
}

/** @param {Reloaded} reloaded */
function changeTable({ changes }) {
  return h(
    "div",
    { class: "list changes", tabindex: 0, role: "region", "aria-label": "Changes" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h("tr", {}, ...["Key", "In force", "In the file"].map((title) => h("th", { scope: "col" }, title))),
      ),
      h(
        "tbody",
        {},
        ...changes.map(({ path, from, to }) =>
          h("tr", {}, h("th", { scope: "row" }, path), h("td", {}, valueText(from)), h("td", {}, valueText(to)))
        ),
      ),
    ),
  );
}

/** @param {unknown} value */
function valueText(value) {
  if (value === null) return "–";
  return typeof value === "string" ? value : JSON.stringify(value, undefined, 1).replace(/\n\s*/g, " ");
}
