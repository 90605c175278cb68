/**
 * The page of a gateway for development, embedded: a chat in the browser.
 * @module
 */
import dom from "../../../dashboard/page/dom.js" with { type: "text" };
import format from "../../../dashboard/page/format.js" with { type: "text" };
import icon from "../../../dashboard/page/icon.svg" with { type: "text" };
import page from "./page/index.html" with { type: "text" };
import line from "./page/line.js" with { type: "text" };
import main from "./page/main.js" with { type: "text" };
import rooms from "./page/rooms.js" with { type: "text" };
import style from "./page/style.css" with { type: "text" };
import view from "./page/view.js" with { type: "text" };
import words from "./page/words.js" with { type: "text" };
import type { PageAnswer } from "../../../chat/parts.ts";

const SCRIPTS: Readonly<Record<string, string>> = {
  "dom.js": dom,
  "format.js": format,
  "line.js": line,
  "main.js": main,
  "rooms.js": rooms,
  "view.js": view,
  "words.js": words,
};

/** What the page may do: load its own files, and talk to its own gateway. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  // The next start of the gateway may have others.
  "cache-control": "no-cache",
};

/** The page and all that it loads, by path. */
export const CHAT_PAGE: ReadonlyMap<string, PageAnswer> = new Map([
  ["/", asset("text/html", page)],
  ["/dev/page/style.css", asset("text/css", style)],
  ["/dev/page/icon.svg", asset("image/svg+xml", icon)],
  ...Object.entries(SCRIPTS).map(([name, text]) =>
    [`/dev/page/${name}`, asset("text/javascript", located(text))] as const
  ),
]);

function asset(type: string, body: string): PageAnswer {
  return { status: 200, headers: { ...HEADERS, "content-type": `${type}; charset=utf-8` }, body };
}

/** All scripts are in one directory here, those that another page has as well. */
function located(text: string): string {
  return text.replaceAll(/from "[^"]*\/([a-z_]+\.js)"/g, 'from "./$1"');
}
