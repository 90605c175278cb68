/**
 * The dashboard's files, embedded. Whoever wants no admin interface does not load them: `await
 * import("../dashboard/assets.ts")`; nor those of planes that do not run.
 *
 * Their paths have a hash of all of them, so that a browser may keep what it has and never mixes
 * the files of two versions.
 * @module
 */
import { createHash } from "node:crypto";
import type { Asset, Assets } from "../ops/admin/options.ts";
import api from "./page/api.js" with { type: "text" };
import configuration from "./page/configuration.js" with { type: "text" };
import controls from "./page/controls.js" with { type: "text" };
import dialogs from "./page/dialogs.js" with { type: "text" };
import dom from "./page/dom.js" with { type: "text" };
import eventStream from "./page/event_stream.js" with { type: "text" };
import eventText from "./page/event_text.js" with { type: "text" };
import format from "./page/format.js" with { type: "text" };
import main from "./page/main.js" with { type: "text" };
import icon from "./page/icon.svg" with { type: "text" };
import page from "./page/index.html" with { type: "text" };
import baseStyle from "./page/style/base.css" with { type: "text" };
import chatStyle from "./page/style/chat.css" with { type: "text" };
import dialogStyle from "./page/style/dialog.css" with { type: "text" };
import draStyle from "./page/style/dras.css" with { type: "text" };
import grpcStyle from "./page/style/grpc.css" with { type: "text" };
import listStyle from "./page/style/lists.css" with { type: "text" };
import narrowStyle from "./page/style/narrow.css" with { type: "text" };
import overviewStyle from "./page/style/overview.css" with { type: "text" };
import transactionStyle from "./page/style/transactions.css" with { type: "text" };
import { type PlanePage, script } from "./plane_page.ts";

/** Where the page names its files; {@link dashboardAssets} puts the hash behind it. */
const DIRECTORY = "/assets/";
/** Where the page is told which planes run. */
const PLANES = '<meta name="planes" content="">';
/** Digits of the hash. */
const HASH_LENGTH = 12;

/** In the order in which they overrule each other. */
const STYLES = [
  baseStyle,
  overviewStyle,
  draStyle,
  listStyle,
  transactionStyle,
  grpcStyle,
  chatStyle,
  dialogStyle,
  narrowStyle,
];

/** What every page needs. */
const SCRIPTS: Readonly<Record<string, string>> = {
  "api.js": api,
  "configuration.js": configuration,
  "controls.js": controls,
  "dialogs.js": dialogs,
  "dom.js": dom,
  "event_stream.js": eventStream,
  "event_text.js": eventText,
  "format.js": format,
  "main.js": main,
};

/** The page for the planes that run, and all that it loads, by path. */
export function dashboardAssets(planes: readonly PlanePage[]): Assets {
  const styles = [...planes.flatMap(({ styles = [] }) => styles), ...STYLES];
  const files: Record<string, Asset> = {
    "style.css": { type: "text/css; charset=utf-8", body: styles.join("\n") },
    "icon.svg": { type: "image/svg+xml", body: icon },
  };
  for (const { files: own = {} } of planes) Object.assign(files, own);
  for (const scripts of [SCRIPTS, ...planes.map((plane) => plane.scripts)]) {
    for (const [name, text] of Object.entries(scripts)) files[name] = script(located(text));
  }
  const hash = createHash("sha256");
  for (const [name, { body }] of Object.entries(files)) hash.update(`${name}\n`).update(body);
  const directory = `${DIRECTORY}${hash.digest("hex").slice(0, HASH_LENGTH)}/`;
  const running = PLANES.replace('""', `"${planes.map(({ name }) => name).join(" ")}"`);
  const assets: Record<string, Asset> = {
    "/": { type: "text/html; charset=utf-8", body: page.replaceAll(DIRECTORY, directory).replace(PLANES, running) },
  };
  for (const [name, file] of Object.entries(files)) assets[directory + name] = { ...file, isImmutable: true };
  return assets;
}

/** A browser finds packages by their files. */
function located(text: string): string {
  return text.replace(`from "uplot"`, `from "./uplot.js"`);
}
