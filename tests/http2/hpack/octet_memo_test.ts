import { assert, assertEquals } from "@std/assert";
import { OctetMemo } from "../../../src/http2/hpack/octet_memo.ts";

const octets = (text: string) => new TextEncoder().encode(text);

/** Looks for the text's meaning as its readers do; gives whether it was remembered. */
function meet(memo: OctetMemo<string>, text: string, key = 1, cost = 10): boolean {
  const bytes = octets(`..${text}..`);
  const end = bytes.length - 2;
  const known = memo.find(bytes, 2, end, key);
  if (known === undefined) memo.offer(bytes, 2, end, key, `${key} ${text}`, cost);
  else assertEquals(known, `${key} ${text}`);
  return known !== undefined;
}

Deno.test("what comes a second time is remembered from then on", () => {
  const memo = new OctetMemo<string>(16, 100, 1000);
  assertEquals([meet(memo, "a"), meet(memo, "a"), meet(memo, "a"), meet(memo, "a")], [false, false, true, true]);
});

Deno.test("the same octets under two keys are two things", () => {
  const memo = new OctetMemo<string>(16, 100, 1000);
  for (let times = 0; times < 4; times++) {
    assertEquals([meet(memo, "a", 1), meet(memo, "a", 2)], Array(2).fill(times > 1));
  }
});

Deno.test("many that come in turn are all remembered where there is room", () => {
  const memo = new OctetMemo<string>(1024, 100, 1 << 20);
  let found = 0;
  for (let times = 0; times < 6; times++) {
    found = 0;
    for (let nth = 0; nth < 500; nth++) if (meet(memo, `path ${nth}`)) found++;
  }
  assert(found > 440, `${found} of 500`);
});

Deno.test("what never repeats does not drive out what does", () => {
  const memo = new OctetMemo<string>(64, 100, 1 << 20);
  let fresh = 0;
  let found = 0;
  for (let times = 0; times < 100; times++) {
    for (let nth = 0; nth < 20; nth++) if (meet(memo, `hot ${nth}`)) found++;
    for (let nth = 0; nth < 100; nth++) meet(memo, `fresh ${fresh++}`);
  }
  assert(found > 1600, `${found} of 2000`);
});

Deno.test("what is no longer used gives way", () => {
  const memo = new OctetMemo<string>(1, 100, 1 << 20);
  for (let times = 0; times < 4; times++) for (const old of ["a", "b"]) meet(memo, old);
  let remembered = false;
  for (let times = 0; times < 6; times++) remembered = meet(memo, "new");
  assert(remembered);
});

Deno.test("what is too long, and more than all may cost, is not kept", () => {
  const memo = new OctetMemo<string>(16, 10, 100);
  for (let times = 0; times < 4; times++) assertEquals(meet(memo, "longer than ten"), false);
  for (let nth = 0; nth < 30; nth++) for (let times = 0; times < 3; times++) meet(memo, `n${nth}`, 1, 60);
  assertEquals(meet(memo, "n0"), false);
});
