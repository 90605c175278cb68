import { assertEquals } from "@std/assert";
import { BALANCE_NAMES } from "../../../../src/diameter/relay/core/options.ts";
import { mixed, mixedText } from "../../../../src/diameter/relay/core/mixed.ts";
import { BALANCES, type Candidate } from "../../../../src/diameter/relay/dras/balance.ts";

/** A candidate whose place is its own name. */
class One implements Candidate<string> {
  credit = 0;
  full = false;
  constructor(readonly name: string, readonly weight: number, public inFlight = 0, readonly grown = 1) {}
  get share(): number {
    return this.weight * this.grown;
  }
  get seed(): number {
    return mixedText(this.name);
  }
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

Deno.test("BA4 what of a weight counts is what it has grown to, in turn and by what waits", () => {
  const back = new One("b", 100, 1, 0.1);
  assertEquals(dealt("round_robin", [new One("a", 100), back], 11), "aaaaabaaaaa");
  assertEquals(dealt("least_pending", [new One("a", 100, 9), back], 1), "a");
});

/** Who gets each of `keys`. */
function hashed(group: readonly One[], keys: readonly number[]): string[] {
  return keys.map((key) => BALANCES.hash<string>(group, "first", 1, key) ?? "-");
}

const KEYS = Array.from({ length: 10_000 }, (_, i) => mixed(i));

Deno.test("BA2 the same key goes to the same DRA, in whatever order they are known", () => {
  const group = ["a", "b", "c"].map((name) => new One(name, 100));
  const owners = hashed(group, KEYS);
  assertEquals(hashed(group, KEYS), owners);
  assertEquals(hashed(group.toReversed(), KEYS), owners);
});

Deno.test("BA2 when one goes only its keys move, each to the next of its own order, and they return with it", () => {
  const group = ["a", "b", "c"].map((name) => new One(name, 100));
  const owners = hashed(group, KEYS);
  const without = hashed(group.slice(0, 2), KEYS);
  group[2]!.full = true;
  const full = hashed(group, KEYS);
  assertEquals(full, without, "who is full leaves its keys to the same ones");
  owners.forEach((owner, i) => owner === "c" || assertEquals(without[i], owner));
  group[2]!.full = false;
  assertEquals(hashed(group, KEYS), owners);
  for (const one of group) one.full = true;
  assertEquals(hashed(group, [1]), ["-"]);
});

Deno.test("BA2 keys are shared by weight", () => {
  const owners = hashed([new One("a", 300), new One("b", 100), new One("c", 0)], KEYS);
  const share = owners.filter((owner) => owner === "a").length / KEYS.length;
  assertEquals(Math.abs(share - 0.75) < 0.02, true, `${share}`);
  assertEquals(owners.includes("c"), false);
});

Deno.test("BA2 a request without the key goes round robin", () => {
  const group = [new One("a", 100), new One("b", 100)];
  assertEquals(dealt("hash", group, 4), "abab");
});
