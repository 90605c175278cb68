/**
 * The Diameter plane's part of the page, embedded: its modules, the charts, and what numbers are
 * called.
 * @module
 */
import chartStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import chartScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import { standardDictionary } from "../diameter/wire/dictionary/standard.ts";
import { APPLICATION, VENDOR } from "../diameter/wire/application_ids.ts";
import apps from "./page/apps.js" with { type: "text" };
import charts from "./page/charts.js" with { type: "text" };
import detail from "./page/detail.js" with { type: "text" };
import diameter from "./page/diameter.js" with { type: "text" };
import dras from "./page/dras.js" with { type: "text" };
import history from "./page/history.js" with { type: "text" };
import ladder from "./page/ladder.js" with { type: "text" };
import meanings from "./page/meanings.js" with { type: "text" };
import message from "./page/message.js" with { type: "text" };
import rate from "./page/rate.js" with { type: "text" };
import tileRow from "./page/tile_row.js" with { type: "text" };
import tiles from "./page/tiles.js" with { type: "text" };
import timeline from "./page/timeline.js" with { type: "text" };
import transactions from "./page/transactions.js" with { type: "text" };
import { type PlanePage, script } from "./plane_page.ts";

/** Its files. */
export function diameterPage(): PlanePage {
  return {
    name: "diameter",
    scripts: {
      "apps.js": apps,
      "charts.js": charts,
      "detail.js": detail,
      "diameter.js": diameter,
      "dras.js": dras,
      "history.js": history,
      "ladder.js": ladder,
      "meanings.js": meanings,
      "message.js": message,
      "rate.js": rate,
      "tile_row.js": tileRow,
      "tiles.js": tiles,
      "timeline.js": timeline,
      "transactions.js": transactions,
    },
    styles: [chartStyle],
    files: {
      "uplot.js": script(`${chartScript}\nexport default uPlot;\n`),
      "names.json": { type: "application/json", body: JSON.stringify(names()) },
    },
  };
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
