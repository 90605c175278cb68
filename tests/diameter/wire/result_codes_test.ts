import { assertEquals } from "@std/assert";
import { isProtocolError, isSuccessCode } from "../../../src/diameter/wire/result_codes.ts";

const CLASSES: [code: number, success: boolean, protocolError: boolean][] = [
  [1001, false, false],
  [1999, false, false],
  [2000, true, false],
  [2001, true, false],
  [2999, true, false],
  [3000, false, true],
  [3999, false, true],
  [4001, false, false],
  [5012, false, false],
  [20012, false, false],
  [0, false, false],
];

for (const [code, success, protocolError] of CLASSES) {
  Deno.test(`code ${code} is ${success ? "a success" : protocolError ? "a protocol error" : "neither class"}`, () => {
    assertEquals([isSuccessCode(code), isProtocolError(code)], [success, protocolError]);
  });
}
