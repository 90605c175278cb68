import { assertEquals } from "@std/assert";
import { BALANCE_NAMES } from "../../../../src/diameter/relay/core/options.ts";
import { BALANCES, type Candidate } from "../../../../src/diameter/relay/dras/balance.ts";

/** A candidate whose place is its own name. */
class One implements Candidate<string> {
  credit = 0;
  full = false;
  constructor(readonly name: string, readonly weight: number, public inFlight = 0) {}
  pickLink(): string | undefined {
    return this.full ? undefined : this.name;
  }
}

/** What `count` requests get, one letter each. */
function dealt(balance: keyof typeof BALANCES, group: readonly One[], count: number): string {
  return Array.from({ length: count }, () => BALANCES[balance]<string>(group, "first", 1) ?? "-").join("");
}

Deno.test("every name has its row", () => {
  assertEquals(Object.keys(BALANCES).sort(), [...BALANCE_NAMES].sort());
});

for (
  const [weights, expected] of [
    [[1, 1], "abababab"],
    [[3, 1], "aabaaaba"],
    [[5, 1, 1], "aabacaa"],
    [[1, 0], "aaaa"],
  ] as const
) {
  Deno.test(`round robin with weights ${weights.join(" : ")} deals smoothly`, () => {
    const group = weights.map((weight, nth) => new One("abc"[nth]!, weight));
    assertEquals(dealt("round_robin", group, expected.length), expected);
  });
}

Deno.test("round robin gives the turn of one that is full to another, and nothing when all are", () => {
  const [a, b] = [new One("a", 100), new One("b", 1)];
  a.full = true;
  assertEquals(dealt("round_robin", [a, b], 3), "bbb");
  b.full = true;
  assertEquals(dealt("round_robin", [a, b], 2), "--");
});

for (
  const [name, group, expected] of [
    ["the one with least pending", [new One("a", 1, 5), new One("b", 1, 3)], "b"],
    ["in proportion to the weights", [new One("a", 10, 50), new One("b", 1, 6)], "a"],
    ["one of weight 0 counts as one of weight 1", [new One("a", 0, 0), new One("b", 5, 10)], "a"],
  ] as const
) {
  Deno.test(`least pending takes ${name}`, () => assertEquals(dealt("least_pending", group, 1), expected));
}

Deno.test("least pending passes by the one that is full, and nothing is left when all are", () => {
  const [a, b] = [new One("a", 1, 0), new One("b", 1, 9)];
  a.full = true;
  assertEquals(dealt("least_pending", [a, b], 1), "b");
  b.full = true;
  assertEquals(dealt("least_pending", [a, b], 1), "-");
});
