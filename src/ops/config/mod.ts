/**
 * The configuration of a gateway: reading, checking, printing, comparing.
 * @module
 */

export type * from "./config.ts";
export { type ConfigChange, diffConfig } from "./diff.ts";
export { type ConfigSource, loadConfig, type LoadedConfig, type Override, type RejectedConfig, told } from "./load.ts";
export { plainConfig, printConfig } from "./print.ts";
export { configFileName, type ReadConfig, readConfig } from "./read_file.ts";
export { type Report, reportJson, reportLine, reportSentence } from "./report.ts";
export { defaultConfig } from "./schema.ts";
