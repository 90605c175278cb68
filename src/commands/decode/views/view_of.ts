/**
 * Which way of showing messages the flags ask for.
 * @module
 */
import type { Dictionary } from "../../../diameter/wire/dictionary/dictionary.ts";
import { UsageError } from "../../cli/command.ts";
import type { View } from "../seen.ts";
import { CsvView } from "./csv.ts";
import { JsonLinesView, JsonView } from "./json.ts";
import { ladderText, LadderView, mermaidText } from "./ladder.ts";
import { StatsView } from "./stats.ts";
import { SummaryView } from "./summary.ts";
import { TextView } from "./text.ts";

/** Views by the flags that ask for them, which are all the flags of this kind that may be given. */
const VIEWS: Readonly<Record<string, () => View>> = {
  "json": () => new JsonView(),
  "ndjson": () => new JsonLinesView(),
  "csv": () => new CsvView(),
  "summary": () => new SummaryView(),
  "stats": () => new StatsView(false),
  "ladder": () => new LadderView(ladderText),
  "mermaid": () => new LadderView(mermaidText),
  "ladder mermaid": () => new LadderView(mermaidText),
  "json stats": () => new StatsView(true),
};
const FLAGS = [...new Set(Object.keys(VIEWS).flatMap((flags) => flags.split(" ")))];

/**
 * The view; text with every AVP where no flag asks for another.
 * @throws UsageError where flags ask for several
 */
export function viewOf(flags: Readonly<Record<string, unknown>>, dictionary: Dictionary): View {
  const given = FLAGS.filter((name) => flags[name] === true);
  if (given.length === 0) return new TextView(dictionary);
  const make = VIEWS[given.join(" ")];
  if (make !== undefined) return make();
  throw new UsageError([`${given.map((name) => `--${name}`).join(" and ")}: expected one of them`], "decode");
}
