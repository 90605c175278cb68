import { assertEquals } from "@std/assert";
import { Judge } from "../../../src/chat/sim/judge.ts";

function verdictOf(play: (judge: Judge) => void) {
  const judge = new Judge();
  judge.subscribed("a", "r", 0, "e");
  play(judge);
  const { lost, doubled, misordered, misdelivered } = judge.verdict();
  return { lost, doubled, misordered, misdelivered };
}

const GOOD = { lost: 0, doubled: 0, misordered: 0, misdelivered: 0 };

Deno.test("the judge finds no fault in what is right, and each kind of fault in what is not", () => {
  const read = (judge: Judge, ...offsets: number[]) => offsets.forEach((at) => judge.read("a", "r", at, `e${at}`));
  assertEquals(verdictOf((judge) => read(judge, 1, 2, 3)), GOOD);
  assertEquals(verdictOf((judge) => read(judge, 1, 3)), { ...GOOD, lost: 1 });
  assertEquals(verdictOf((judge) => read(judge, 1, 1)), { ...GOOD, doubled: 1 });
  assertEquals(verdictOf((judge) => read(judge, 1, 2, 3, 2)), { ...GOOD, doubled: 1 });
  assertEquals(
    verdictOf((judge) => {
      read(judge, 2);
      read(judge, 1);
    }),
    { ...GOOD, lost: 1, misordered: 1 },
  );
  assertEquals(verdictOf((judge) => judge.read("a", "other", 1, "x")), { ...GOOD, misdelivered: 1 });
  assertEquals(verdictOf((judge) => judge.mustHave("a", "r", 2)), { ...GOOD, lost: 2 });
});

Deno.test("the judge knows who comes back, another epoch, and events without a place", () => {
  assertEquals(
    verdictOf((judge) => {
      judge.read("a", "r", 1, "1");
      judge.subscribed("a", "r", 5, "e", true);
      judge.read("a", "r", 2, "2");
    }),
    GOOD,
  );
  assertEquals(
    verdictOf((judge) => {
      judge.read("a", "r", 1, "1");
      judge.subscribed("a", "r", 5, "other");
      judge.read("a", "r", 6, "6");
    }),
    GOOD,
  );
  assertEquals(
    verdictOf((judge) => {
      judge.read("a", "r", 0, "away");
      judge.read("a", "r", 2, "2");
      judge.mustHave("a", "r", 2);
    }),
    GOOD,
  );
  assertEquals(
    verdictOf((judge) => {
      judge.read("a", "r", 1, "1");
      judge.read("a", "r", 0, "away");
      judge.subscribed("a", "r", 0, "other");
      judge.read("a", "r", 2, "2");
      judge.mustHave("a", "r", 2);
    }),
    GOOD,
  );
});
