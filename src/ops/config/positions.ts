/**
 * Where keys stand in the text. Loaded only when there is something to report.
 * @module
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Path } from "./path.ts";
import type { Report } from "./report.ts";

/**
 * The reports with line and column. Where a line is indented with a tab, which YAML does not know
 * as indentation, whatever else is wrong follows from that: then that is the report.
 */
export function locate(text: string, reports: readonly Report[]): readonly Report[] {
  const lineCounter = new LineCounter();
  const document = composed(text, lineCounter);
  if (document === undefined) return reports;
  const tabs = document.errors.filter(({ code }) => code === "TAB_AS_INDENT");
  const wrong = reports.find(({ severity, flag }) => severity === "error" && flag === undefined);
  if (tabs.length > 0 && wrong !== undefined) {
    const { line, col: column } = lineCounter.linePos(tabs[0]!.pos[0]);
    const message = "this line is indented with a tab: YAML takes only spaces";
    const rest = reports.filter(({ severity, flag }) => severity === "error" && flag !== undefined);
    return [...rest, { severity: "error", source: wrong.source, path: [], message, line, column }];
  }
  return reports.map((report) => {
    if (report.flag !== undefined || report.line !== undefined) return report;
    const offset = offsetOf(document, report.path);
    if (offset === undefined) return report;
    const { line, col: column } = lineCounter.linePos(offset);
    return { ...report, line, column };
  });
}

function composed(text: string, lineCounter: LineCounter): Document | undefined {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, merge: true, logLevel: "silent" });
  } catch {
    // Nested deeper than its parser can follow. A report without a line is still a report.
    return undefined;
  }
}

/** Where the key stands, or the nearest one above it that does; undefined when none does. */
function offsetOf(document: Document, path: Path): number | undefined {
  let node = resolved(document, document.contents);
  let offset: number | undefined;
  for (const part of path) {
    const found = below(document, node, part);
    if (found === undefined) break;
    offset = found.offset ?? offset;
    node = resolved(document, found.value);
  }
  return offset;
}

interface Found {
  readonly offset: number | undefined;
  readonly value: unknown;
}

function below(document: Document, node: unknown, part: string | number): Found | undefined {
  if (isSeq(node)) {
    const value = node.items[Number(part)] as Node | undefined;
    return value === undefined ? undefined : { offset: value.range?.[0], value };
  }
  if (!isMap(node)) return undefined;
  for (const { key, value } of node.items) {
    if (isScalar(key) && String(key.value) === String(part)) return { offset: key.range?.[0], value };
  }
  for (const { key, value } of node.items) {
    if (!isScalar(key) || key.source !== "<<") continue;
    const merged = resolved(document, value);
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const found = below(document, resolved(document, source), part);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function resolved(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}
