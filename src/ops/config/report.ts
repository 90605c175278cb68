/**
 * What there is to tell about a configuration, for a person and for a script.
 * @module
 */
import { formatPath, type Path } from "./path.ts";

/** Something wrong at a place. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
}

/** Something wrong, or unwise. */
export interface Report {
  readonly severity: "error" | "warning";
  /** The file, or what stands for it. */
  readonly source: string;
  /** The flag that set the value, where one did. */
  readonly flag?: string;
  /** Of the key; empty for the file as a whole. */
  readonly path: Path;
  readonly message: string;
  /** Where the key stands in the file, from 1; absent when it does not, or nobody has looked. */
  readonly line?: number;
  readonly column?: number;
}

/** `gw.yaml: dra_pool.dras[1].port: expected a port 1..65535, got 70000 (line 12, column 9)`. */
export function reportLine(report: Report): string {
  return sentence(report, report.severity === "warning" ? "warning: " : "");
}

/** The same for a log, which has a word of its own for how severe it is. */
export function reportSentence(report: Report): string {
  return sentence(report, "");
}

function sentence({ source, flag, path, message, line, column }: Report, severity: string): string {
  const place = flag ?? (path.length === 0 ? source : `${source}: ${formatPath(path)}`);
  const where = line === undefined ? "" : ` (line ${line}, column ${column})`;
  return `${place}: ${severity}${message}${where}`;
}

/** The same as an object of JSON; null where there is no place. */
export function reportJson({ severity, flag, path, message, line = 0, column = 0 }: Report) {
  return {
    key: formatPath(path),
    ...(flag === undefined ? {} : { flag }),
    line: line || null,
    column: column || null,
    severity,
    message,
  };
}
