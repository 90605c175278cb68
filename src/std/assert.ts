/**
 * The assertions the tests use, from the standard library as published on npm.
 * With JSR at hand, point `@std/assert` in deno.json at `jsr:@std/assert@1` instead.
 * @module
 */
// @ts-types="./assert.d.ts"
export { assert } from "deno-std/assert/assert.js";
// @ts-types="./assert.d.ts"
export { assertEquals } from "deno-std/assert/equals.js";
// @ts-types="./assert.d.ts"
export { assertStringIncludes } from "deno-std/assert/string_includes.js";
// @ts-types="./assert.d.ts"
export { assertMatch } from "deno-std/assert/match.js";
// @ts-types="./assert.d.ts"
export { assertThrows } from "deno-std/assert/throws.js";
// @ts-types="./assert.d.ts"
export { assertRejects } from "deno-std/assert/rejects.js";
