/**
 * Lists in pages: `limit` elements at a time, and a `cursor` for those behind them. The list itself
 * stays a bare array; the way to the next page is a `Link` header with `rel="next"` (RFC 8288).
 * @module
 */
import * as parameter from "./parameter.ts";
import { badRequest, type Problem } from "./problem.ts";
import { json, type Reply } from "./route.ts";

/** What a page has when nobody says how many, and at most. */
export const PAGE_LIMIT = 10_000;

/** The query parameters of a list. */
export const PAGING = {
  limit: parameter.integer(1, PAGE_LIMIT, "How many elements at most").default(PAGE_LIMIT),
  cursor: parameter.text("Where the page before ended: from its Link header").optional(),
} as const;

/**
 * Where an element stands: a number or a text that rises along the list and stays with the element,
 * such as an id.
 */
type Position<T> = (element: T) => number | string;

/** What {@link page} needs of a call. */
interface PagedCall {
  readonly query: { readonly limit: number; readonly cursor?: string | undefined };
  readonly target: string;
}

/**
 * The page that is asked for. Elements that come or go between two pages make nobody appear twice,
 * because a cursor is the position of the last element and not a number of elements.
 * @param elements in rising order of position; read only as far as the page goes
 * @throws Problem 400 for a cursor that is none of ours
 */
export function page<T>(call: PagedCall, elements: Iterable<T>, position: Position<T>): Reply {
  const { limit, cursor } = call.query;
  const after = cursor === undefined ? undefined : positionOf(cursor);
  const found: T[] = [];
  let hasMore = false;
  for (const element of elements) {
    const at = position(element);
    if (after !== undefined && typeof at !== typeof after) throw foreignCursor();
    if (after !== undefined && at <= after) continue;
    if (found.length === limit) {
      hasMore = true;
      break;
    }
    found.push(element);
  }
  const last = found.at(-1);
  if (!hasMore || last === undefined) return json(found);
  return json(found, { headers: { link: nextLink(call.target, cursorOf(position(last))) } });
}

/** Numbers and texts are told apart by the first letter. */
function positionOf(cursor: string): number | string {
  if (cursor.startsWith("t")) return cursor.slice(1);
  const position = /^p-?\d+$/.test(cursor) ? Number(cursor.slice(1)) : NaN;
  if (Number.isSafeInteger(position)) return position;
  throw foreignCursor();
}

function foreignCursor(): Problem {
  return badRequest("cursor: expected one from the Link header of the page before", { parameter: "cursor" });
}

function cursorOf(position: number | string): string {
  return `${typeof position === "string" ? "t" : "p"}${position}`;
}

/** The Link header to the page behind the one at `target`, for lists with cursors of their own. */
export function nextLink(target: string, cursor: string): string {
  const url = new URL(target, "http://localhost");
  url.searchParams.set("cursor", cursor);
  return `<${url.pathname}${url.search}>; rel="next"`;
}
