/**
 * The dashboard's files, embedded. Whoever wants no admin interface does not load them: `await
 * import("../diameter/admin/dashboard/assets.ts")`.
 *
 * Their paths have a hash of all of them, so that a browser may keep what it has and never mixes
 * the files of two versions.
 * @module
 */
import { createHash } from "node:crypto";
import chartStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import chartScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import type { Asset, Assets } from "../../../ops/admin/options.ts";
import { standardDictionary } from "../../wire/dictionary/standard.ts";
import { APPLICATION, VENDOR } from "../../wire/application_ids.ts";
import api from "./page/api.js" with { type: "text" };
import apps from "./page/apps.js" with { type: "text" };
import charts from "./page/charts.js" with { type: "text" };
import configuration from "./page/configuration.js" with { type: "text" };
import controls from "./page/controls.js" with { type: "text" };
import detail from "./page/detail.js" with { type: "text" };
import diameter from "./page/diameter.js" with { type: "text" };
import dialogs from "./page/dialogs.js" with { type: "text" };
import dom from "./page/dom.js" with { type: "text" };
import dras from "./page/dras.js" with { type: "text" };
import eventStream from "./page/event_stream.js" with { type: "text" };
import eventText from "./page/event_text.js" with { type: "text" };
import format from "./page/format.js" with { type: "text" };
import history from "./page/history.js" with { type: "text" };
import icon from "./page/icon.svg" with { type: "text" };
import page from "./page/index.html" with { type: "text" };
import ladder from "./page/ladder.js" with { type: "text" };
import main from "./page/main.js" with { type: "text" };
import meanings from "./page/meanings.js" with { type: "text" };
import message from "./page/message.js" with { type: "text" };
import baseStyle from "./page/style/base.css" with { type: "text" };
import dialogStyle from "./page/style/dialog.css" with { type: "text" };
import draStyle from "./page/style/dras.css" with { type: "text" };
import listStyle from "./page/style/lists.css" with { type: "text" };
import narrowStyle from "./page/style/narrow.css" with { type: "text" };
import overviewStyle from "./page/style/overview.css" with { type: "text" };
import transactionStyle from "./page/style/transactions.css" with { type: "text" };
import tiles from "./page/tiles.js" with { type: "text" };
import timeline from "./page/timeline.js" with { type: "text" };
import transactions from "./page/transactions.js" with { type: "text" };

/** Where the page names its files; {@link dashboardAssets} puts the hash behind it. */
const DIRECTORY = "/assets/";
/** Digits of the hash. */
const HASH_LENGTH = 12;

/** In the order in which they overrule each other. */
const STYLES = [baseStyle, overviewStyle, draStyle, listStyle, transactionStyle, dialogStyle, narrowStyle];

const SCRIPTS: Readonly<Record<string, string>> = {
  "api.js": api,
  "apps.js": apps,
  "charts.js": charts,
  "configuration.js": configuration,
  "controls.js": controls,
  "detail.js": detail,
  "diameter.js": diameter,
  "dialogs.js": dialogs,
  "dom.js": dom,
  "dras.js": dras,
  "event_stream.js": eventStream,
  "event_text.js": eventText,
  "format.js": format,
  "history.js": history,
  "ladder.js": ladder,
  "main.js": main,
  "meanings.js": meanings,
  "message.js": message,
  "tiles.js": tiles,
  "timeline.js": timeline,
  "transactions.js": transactions,
};

/** The page and all that it loads, by path. */
export function dashboardAssets(): Assets {
  const files: Record<string, Asset> = {
    "uplot.js": script(`${chartScript}\nexport default uPlot;\n`),
    "uplot.css": { type: "text/css; charset=utf-8", body: chartStyle },
    "style.css": { type: "text/css; charset=utf-8", body: STYLES.join("\n") },
    "icon.svg": { type: "image/svg+xml", body: icon },
    "names.json": { type: "application/json", body: JSON.stringify(names()) },
  };
  for (const [name, text] of Object.entries(SCRIPTS)) files[name] = script(located(text));
  const hash = createHash("sha256");
  for (const [name, { body }] of Object.entries(files)) hash.update(`${name}\n`).update(body);
  const directory = `${DIRECTORY}${hash.digest("hex").slice(0, HASH_LENGTH)}/`;
  const assets: Record<string, Asset> = {
    "/": { type: "text/html; charset=utf-8", body: page.replaceAll(DIRECTORY, directory) },
  };
  for (const [name, file] of Object.entries(files)) assets[directory + name] = { ...file, isImmutable: true };
  return assets;
}

function script(body: string): Asset {
  return { type: "text/javascript; charset=utf-8", body };
}

/** A browser finds packages by their files. */
function located(text: string): string {
  return text.replace(`from "uplot"`, `from "./uplot.js"`);
}

/** The numbers that a transaction may carry: ranges of codes in use, and where they begin. */
const RANGE = {
  commands: [[257, 330], [8388608, 8388750]],
  applications: [[0, 20], [16777216, 16777400], [APPLICATION.relay, APPLICATION.relay]],
  results: [[1001, 1999], [2001, 2999], [3001, 3999], [4001, 4999], [5001, 5999]],
} as const;

/** What the dictionary calls commands, applications and result codes. */
function names(): Record<string, Record<number, string>> {
  const dictionary = standardDictionary();
  return {
    commands: named(RANGE.commands, (code) => dictionary.command(code)?.name),
    abbreviations: named(RANGE.commands, (code) => dictionary.command(code)?.abbreviation),
    applications: named(RANGE.applications, (id) => dictionary.applicationName(id)),
    results: named(
      RANGE.results,
      (code) =>
        (dictionary.resultCodeName(code) ?? dictionary.resultCodeName(code, VENDOR.threeGpp))?.replace(
          /^DIAMETER_/,
          "",
        ),
    ),
  };
}

function named(
  ranges: readonly (readonly [number, number])[],
  name: (code: number) => string | undefined,
): Record<number, string> {
  const found: Record<number, string> = {};
  for (const [first, last] of ranges) {
    for (let code = first; code <= last; code++) {
      const text = name(code);
      if (text !== undefined) found[code] = text;
    }
  }
  return found;
}
