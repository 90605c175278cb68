/**
 * What every family of metrics is: a name, what it means, and its series.
 * @module
 */

/** The two text formats: Prometheus 0.0.4, and OpenMetrics 1.0.0 for those who ask for it. */
export type TextFormat = "prometheus" | "openmetrics";

/** What tells the series of a family apart, by label name. */
export type Labels<L extends string> = Readonly<Record<L, string>>;

/** All series of one name. */
export interface Family {
  readonly name: string;
  /** What it means, in one line for a person. */
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /**
   * The lines of one series after the other, each line with its end. Asked for only while somebody
   * reads.
   */
  lines(format: TextFormat): Iterable<string>;
}

/** Names that people who watch many programs know whose they are. */
const NAME = /^(?:diamgw|process)_[a-z][a-z0-9_]*$/;
const LABEL = /^(?!le$|quantile$)[a-z][a-z0-9_]*$/;
/** Endings that the text format gives a meaning of its own. */
const RESERVED = /_(?:bucket|sum|count|created|info_total)$/;

/**
 * Looks whether a family may be called that.
 * @throws TypeError when not: a mistake of the program, found when it starts
 */
export function checkNames(type: Family["type"], name: string, help: string, labels: readonly string[]): void {
  const fault = (reason: string) => new TypeError(`Cannot declare the metric ${name}: ${reason}`);
  if (!NAME.test(name)) throw fault("expected a name that begins with diamgw_ or process_, in small letters");
  if (RESERVED.test(name)) throw fault("its ending is one that histograms use");
  if ((type === "counter") !== name.endsWith("_total")) throw fault("counters, and only they, end in _total");
  if (help === "") throw fault("expected a help text");
  for (const label of labels) if (!LABEL.test(label)) throw fault(`${label} cannot be a label`);
}

/** `{dra="east",reason="timeout"}`, or nothing without labels. Values may be any text. */
export function labelText<L extends string>(names: readonly L[], values: Labels<L>): string {
  return names.length === 0 ? "" : `{${names.map((name) => `${name}="${escapeValue(values[name])}"`).join(",")}}`;
}

/** A number as both formats write it. */
export function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

/** HELP and TYPE: shown also while there is no series. */
export function headerOf(family: Family, format: TextFormat): string {
  const open = format === "openmetrics";
  const name = open && family.type === "counter" ? family.name.replace(/_total$/, "") : family.name;
  const help = family.help.replace(/\\/g, "\\\\").replace(/\n/g, "\\n");
  return `# HELP ${name} ${open ? help.replace(/"/g, '\\"') : help}\n# TYPE ${name} ${family.type}\n`;
}

function escapeValue(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n") : value;
}
