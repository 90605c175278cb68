/**
 * Keeps floods out of a log: what is said over and over becomes one line a second, with a count.
 * @module
 */
import type { Level } from "./format.ts";
import type { LogFields, Logger } from "./logger.ts";

/** Equal lines that are written before the rest of their second is counted. */
const SEVERAL = 5;

/**
 * Different lines of one second that are told apart; what comes on top is counted together, by
 * event.
 */
const DIFFERENT = 500;

/** Milliseconds over which lines are counted. */
const PERIOD = 1_000;

/** Who is at the other end makes no difference: a flood comes from many ports. */
const WHERE_FROM = "remote";

/** A logger with an end. */
export interface GuardedLogger extends Logger {
  /** Writes what was only counted so far. */
  close(): void;
}

/** Where the time comes from. */
export interface Alarms {
  setTimeout(callback: () => void, milliseconds: number): unknown;
  clearTimeout(alarm: unknown): void;
}

const SYSTEM_ALARMS: Alarms = {
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (alarm) => clearTimeout(alarm as number),
};

/** Lines that say the same. */
interface Flood {
  written: number;
  repeated: number;
  level: Level;
  event: string;
  message: string;
  fields: LogFields | undefined;
  unsaid: readonly string[] | undefined;
}

/**
 * A logger in front of `log`. Lines are equal when event and fields are, but for numbers and the
 * field `remote`: the first few are written, then one each second, which is the latest with
 * `repeated`, the number of lines that it stands for.
 *
 * ```ts
 * import { guardFloods } from "./flood_guard.ts";
 * import { silentLogger } from "./logger.ts";
 *
 * const log = guardFloods(silentLogger);
 * for (let port = 1; port < 1000; port++) {
 *   const remote = `10.0.0.1:${port}`;
 *   log.warning("app_refused", `connection from ${remote} was not opened`, { remote });
 * }
 * log.close();
 * ```
 */
export function guardFloods(log: Logger, alarms: Alarms = SYSTEM_ALARMS): GuardedLogger {
  let floods = new Map<string, Flood>();
  let alarm: unknown;

  /** The end of a second: what still repeats itself goes on being counted only. */
  const tell = () => {
    alarm = undefined;
    const going = new Map<string, Flood>();
    for (const [key, flood] of floods) {
      if (flood.repeated === 0) continue;
      const { level, event, message, fields, unsaid, repeated } = flood;
      log[level](event, `${message} (one of ${repeated} like it)`, { ...fields, repeated }, unsaid);
      flood.repeated = 0;
      going.set(key, flood);
    }
    floods = going;
    if (going.size > 0) alarm = alarms.setTimeout(tell, PERIOD);
  };

  const method = (level: Level) => (event: string, message: string, fields?: LogFields, unsaid?: readonly string[]) => {
    if (!log.enabled(level)) return;
    alarm ??= alarms.setTimeout(tell, PERIOD);
    let key = `${level} ${event} ${sayingOf(fields)}`;
    if (floods.size >= DIFFERENT && !floods.has(key)) key = `${level} ${event}`;
    const flood = floods.get(key);
    if (flood === undefined) {
      floods.set(key, { written: 1, repeated: 0, level, event, message, fields, unsaid });
      return log[level](event, message, fields, unsaid);
    }
    if (flood.written < SEVERAL) {
      flood.written++;
      return log[level](event, message, fields, unsaid);
    }
    flood.repeated++;
    flood.message = message;
    flood.fields = fields;
    flood.unsaid = unsaid;
  };
  return {
    debug: method("debug"),
    info: method("info"),
    warning: method("warning"),
    error: method("error"),
    enabled: (level) => log.enabled(level),
    close() {
      if (alarm !== undefined) alarms.clearTimeout(alarm);
      tell();
      if (alarm !== undefined) alarms.clearTimeout(alarm);
      alarm = undefined;
    },
  };
}

/** What the fields say, numbers and addresses left out. */
function sayingOf(fields: LogFields = {}): string {
  let saying = "";
  for (const [name, value] of Object.entries(fields)) {
    if (name === WHERE_FROM || typeof value === "number") continue;
    // A name is who it is about; a reason may hold a port, a length, an identifier.
    saying += name === "reason" ? `${String(value).replace(/\d+/g, "#")} ` : `${value} `;
  }
  return saying;
}
