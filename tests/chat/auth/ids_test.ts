import { assert, assertEquals } from "@std/assert";
import { BadDeviceId, deviceOf, isId } from "../../../src/chat/auth/ids.ts";

Deno.test("A4: ids are 1 to 128 characters, and a colon is in none", () => {
  for (const id of ["a", "auth0|5f7c8ec7", "google-oauth2|1", "a.b_c~d@e+f=g/h-I9", "x".repeat(128)]) {
    assert(isId(id), id);
  }
  for (
    const no of ["", "x".repeat(129), "a:b", "a b", "a\n", "\na", "ä", "a,b", "a*", "a\\b", 'a"', 7, null, undefined]
  ) {
    assert(!isId(no), String(no));
  }
});

Deno.test("A4: a device is the one of the token, else the one it names", () => {
  assertEquals(deviceOf("phone", "tablet"), "phone");
  assertEquals(deviceOf("phone", "a:b"), "phone");
  assertEquals(deviceOf(undefined, "tablet"), "tablet");
  assertEquals(deviceOf(undefined, undefined), undefined);
  assertEquals(deviceOf(undefined, ""), undefined);
  assert(deviceOf(undefined, "a:b") instanceof BadDeviceId);
});
