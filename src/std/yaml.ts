/**
 * YAML, from the standard library as published on npm.
 * With JSR at hand, point `@std/yaml` in deno.json at `jsr:@std/yaml@1` instead.
 * @module
 */
// @ts-types="./yaml.d.ts"
export { parse } from "deno-std/yaml/parse.js";
// @ts-types="./yaml.d.ts"
export { stringify } from "deno-std/yaml/stringify.js";
