/**
 * The log of a running program, on stderr.
 * @module
 */

import { configureSync, getLogger, type LogRecord } from "@logtape/logtape";
import { formatJson, type Formatter, type Level, LEVELS, textFormatter } from "./format.ts";
import { type LineSink, LineWriter } from "./line_writer.ts";
import type { LogFields, Logger } from "./logger.ts";

/** How to log. */
export interface LoggerOptions {
  /** Less severe events are not written; `info` if left out. */
  readonly level?: Level;
  /** Left out: text on a terminal, json elsewhere. */
  readonly format?: "text" | "json";
  /** Left out: stderr. */
  readonly sink?: LineSink;
  /** Left out: colours if stderr is a terminal and `NO_COLOR` is not set. */
  readonly coloured?: boolean;
}

/** A logger with an end. */
export interface ClosableLogger extends Logger {
  /** What its lines are: a text may have several, JSON is one. */
  readonly format: "text" | "json";
  /** Changes the level from now on. */
  setLevel(level: Level): void;
  /** Resolves when everything so far is written; not later than a second, should nobody read. */
  flush(): Promise<void>;
  /** Flushes, and writes nothing more. To be called before the program exits. */
  close(): Promise<void>;
}

/**
 * Opens a log. A line is queued at once and written soon after; a reader that does not keep up
 * costs lines (which are counted, in the log), never time.
 *
 * ```ts
 * import { createLogger } from "./create_logger.ts";
 *
 * const log = createLogger({ level: "info", format: "json" });
 * log.info("dra_up", "DRA dra-1 is up", { dra: "dra-1" });
 * await log.close();
 * ```
 */
export function createLogger(options: LoggerOptions = {}): ClosableLogger {
  const terminal = Deno.stderr.isTerminal();
  const named = options.format ?? (terminal ? "text" : "json");
  const format: Formatter = named === "json"
    ? formatJson
    : textFormatter(options.coloured ?? (terminal && !Deno.noColor));
  const writer = new LineWriter(options.sink ?? Deno.stderr, (count, failure) => {
    const why = failure === "" ? "whoever reads this log does not keep up" : `they could not be written: ${failure}`;
    const message = `${count} lines were dropped: ${why}`;
    return format({ time: Date.now(), level: "warning", event: "log_dropped", message, fields: { dropped: count } });
  });

  const name = `log-${++opened}`;
  const entry: OpenLog = {
    level: options.level ?? "info",
    sink: ({ timestamp, level, rawMessage, properties }) => {
      const { event, fields, unsaid } = properties as unknown as Said;
      writer.push(
        format({ time: timestamp, level: asLevel(level), event, message: String(rawMessage), fields, unsaid }),
      );
    },
  };
  open.set(name, entry);
  applyConfiguration();
  const logger = getLogger([ROOT, name]);
  const onUnload = () => writer.flushSync();
  addEventListener("unload", onUnload);

  const method =
    (level: Level) => (event: string, message: string, fields: LogFields = {}, unsaid?: readonly string[]) => {
      if (severity(level) < severity(entry.level)) return;
      logger[level](message, { event, fields, unsaid } satisfies Said);
    };
  return {
    format: named,
    debug: method("debug"),
    info: method("info"),
    warning: method("warning"),
    error: method("error"),
    enabled: (level) => severity(level) >= severity(entry.level),
    setLevel(level) {
      entry.level = level;
      applyConfiguration();
    },
    flush: () => writer.flush(),
    async close() {
      await writer.close();
      removeEventListener("unload", onUnload);
      open.delete(name);
      applyConfiguration();
    },
  };
}

/** What goes through the library beside the sentence. */
interface Said {
  readonly event: string;
  readonly fields: LogFields;
  readonly unsaid: readonly string[] | undefined;
}

interface OpenLog {
  level: Level;
  readonly sink: (record: LogRecord) => void;
}

const ROOT = "diam-gw";
const open = new Map<string, OpenLog>();
let opened = 0;

/** The library keeps one configuration per process: all open logs go into it. */
function applyConfiguration(): void {
  const sinks = Object.fromEntries([...open].map(([name, { sink }]) => [name, sink]));
  const loggers = [...open].map(([name, { level }]) => ({ category: [ROOT, name], sinks: [name], lowestLevel: level }));
  // Without a logger of its own for its diagnostics the library prints a greeting to the console.
  const meta = { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" as const };
  configureSync({ reset: true, sinks, loggers: [...loggers, meta] });
}

function severity(level: Level): number {
  return LEVELS.indexOf(level);
}

/** The library knows two levels more. */
function asLevel(level: LogRecord["level"]): Level {
  return level === "trace" ? "debug" : level === "fatal" ? "error" : level;
}
