import { assert, assertEquals } from "@std/assert";
import { Remarks } from "../../../src/ops/trace/remarks.ts";

Deno.test("what is said again has the same number, as the same object or as another one", () => {
  const remarks = new Remarks();
  const choice = { why: "priority 1", left_out: [{ dra: "dra-west", reason: "is not connected" }] };
  const number = remarks.of(choice);
  assertEquals([remarks.of(choice), remarks.of(structuredClone(choice))], [number, number]);
  assertEquals([remarks.choice(number), remarks.sentence(number)], [choice, null]);
  const sentence = remarks.of("no route");
  assertEquals([remarks.of("no route"), remarks.sentence(sentence), remarks.choice(sentence)], [
    sentence,
    "no route",
    null,
  ]);
  assertEquals([remarks.choice(0), remarks.sentence(0)], [null, null]);
});

Deno.test("a peer whose every request is refused for another reason costs a bounded memory, and not what others are told", () => {
  const remarks = new Remarks();
  const choice = { why: "priority 1", left_out: [] };
  const number = remarks.of(choice);
  const first = remarks.of("no application 0");
  for (let i = 1; i < 20_000; i++) {
    remarks.of(`no application ${i}`);
    assertEquals(remarks.of(choice), number);
  }
  assertEquals(remarks.choice(number), choice);
  assertEquals(remarks.sentence(first), null);
  const long = remarks.of("x".repeat(100_000));
  assert((remarks.sentence(long)?.length ?? Infinity) < 3_000);
});

Deno.test("what went away and is said again by the same object is known again", () => {
  const remarks = new Remarks();
  const choice = { why: "priority 1", left_out: [] };
  const before = remarks.of(choice);
  for (let i = 0; i < 20_000; i++) remarks.of(`reason ${i}`);
  assertEquals(remarks.choice(before), null);
  assertEquals(remarks.choice(remarks.of(choice)), choice);
});
