/**
 * Command line parsing, from the standard library as published on npm.
 * With JSR at hand, point `@std/cli` in deno.json at `jsr:@std/cli@1` instead.
 * @module
 */
// @ts-types="./cli.d.ts"
export { parseArgs } from "deno-std/cli/parse_args.js";
