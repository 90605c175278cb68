/**
 * The configuration of a process: reading, checking, printing, comparing. Knows no key: those are
 * in the sections that each plane, and the process, bring.
 * @module
 */

export { type ConfigChange, type ConfigDiff, diffConfig, liveKeys, reloaded } from "./diff.ts";
export type { Layout } from "./layout.ts";
export { type ConfigSource, loadConfig, type LoadedConfig, type Override, type RejectedConfig, told } from "./load.ts";
export { plainConfig, printConfig } from "./print.ts";
export { configFileName, type ReadConfig, readConfig } from "./read_file.ts";
export { type Report, reportJson, reportLine, reportSentence } from "./report.ts";
export type { ConfigOf, Finding, IsSet, Section, Sections } from "./section.ts";
export { type PlacedValue, valuesOfKind } from "./values.ts";
export { defaultConfig } from "./whole.ts";
