/**
 * What a part of the program needs to write to the log: this interface and nothing behind it.
 * @module
 */

/**
 * Named values beside the sentence; they become keys of a JSON line. `undefined` values are left
 * out.
 */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Writes events. `event` is a stable snake_case name for machines, `message` a sentence for people,
 * `fields` the values of both. `unsaid` names the fields that the sentence does not hold: in text,
 * only those follow it; all of them, if it is left out. A call never waits for the line to be
 * written.
 *
 * ```ts
 * import { silentLogger } from "./logger.ts";
 *
 * silentLogger.info("dra_up", "DRA dra-1 is up", { dra: "dra-1", priority: 1 });
 * ```
 */
export interface Logger {
  debug(event: string, message: string, fields?: LogFields, unsaid?: readonly string[]): void;
  info(event: string, message: string, fields?: LogFields, unsaid?: readonly string[]): void;
  warning(event: string, message: string, fields?: LogFields, unsaid?: readonly string[]): void;
  error(event: string, message: string, fields?: LogFields, unsaid?: readonly string[]): void;
  /** Whether lines of this level are written: ask before computing costly fields. */
  enabled(level: "debug" | "info" | "warning" | "error"): boolean;
}

const nothing = () => {};

/** A logger that writes nothing: for tests, and the default of the library. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warning: nothing,
  error: nothing,
  enabled: () => false,
};
