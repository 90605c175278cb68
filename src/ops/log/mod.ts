/**
 * The structured log of events.
 * @module
 */

export { type ClosableLogger, createLogger, type LoggerOptions } from "./create_logger.ts";
export { escapeControls } from "./escape_controls.ts";
export { type GuardedLogger, guardFloods } from "./flood_guard.ts";
export { type LogFields, type Logger, silentLogger } from "./logger.ts";
