/**
 * The structured log of events.
 * @module
 */

export { type ClosableLogger, createLogger, type LoggerOptions } from "./create_logger.ts";
export { type LogFields, type Logger, silentLogger } from "./logger.ts";
