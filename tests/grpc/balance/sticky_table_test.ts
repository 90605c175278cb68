import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { StickyTable } from "../../../src/grpc/balance/sticky_table.ts";

const [A, B, C] = [{ id: "a" }, { id: "b" }, { id: "c" }];
const LIMITS = { maxKeys: 3, idle: 1_000 };

function filled(keys: readonly string[], limits = LIMITS) {
  const table = new StickyTable<{ id: string }>(limits);
  const sessions = table.keys("session-id");
  keys.forEach((key, i) => sessions.bind(key, A, i));
  return { table, sessions };
}

Deno.test("the longest unused key goes first", () => {
  const { table, sessions } = filled(["k0", "k1", "k2"]);
  sessions.get("k0", 3);
  sessions.bind("k3", B, 4);
  const left = ["k0", "k1", "k2", "k3"].filter((key) => table.find(key, 4) !== undefined);
  assertEquals([left, table.size], [["k0", "k2", "k3"], 3]);
});

Deno.test("routes with the same header share keys, and other headers have their own", () => {
  const { table } = filled(["k"]);
  assertEquals(table.keys("session-id").get("k", 0), A);
  assertEquals(table.keys("x-user").get("k", 0), undefined);
});

Deno.test("a lost instance takes its own keys and no others", () => {
  const { table, sessions } = filled(["k0", "k1"]);
  sessions.bind("k2", B, 2);
  assertEquals([table.countOf("a"), table.countOf("b"), table.countOf("c")], [2, 1, 0]);
  assertEquals([table.unbind("a"), table.unbind("a"), table.unbind("c")], [2, 0, 0]);
  assertEquals([table.size, table.countOf("a"), sessions.get("k2", 3), sessions.get("k0", 3)], [1, 0, B, undefined]);
});

Deno.test("a key that is bound again moves", () => {
  const { table, sessions } = filled(["k"]);
  sessions.bind("k", C, 1);
  assertEquals([table.countOf("a"), table.countOf("c"), table.size], [0, 1, 1]);
});

Deno.test("a key is shown with where it leads and since when nobody used it", () => {
  const { table } = filled(["k"]);
  assertEquals(table.find("k", 700), { header: "session-id", key: "k", instance: A, idle: 700 });
  assertEquals(table.find("k", 700)?.idle, 700);
  assertEquals([table.find("k", 1_001), table.find("other", 0)], [undefined, undefined]);
});

Deno.test("a key is unbound once", () => {
  const { table, sessions } = filled(["k"]);
  assertEquals([sessions.unbind("k"), sessions.unbind("k"), table.size], [true, false, 0]);
});

Deno.test("idle keys are swept, and by new ones too", () => {
  const { table, sessions } = filled(["k0", "k1", "k2"]);
  assertEquals([table.sweep(1_000), table.sweep(1_001, 1), table.size], [0, 1, 2]);
  sessions.bind("k3", B, 5_000);
  assertEquals([table.size, table.countOf("a")], [1, 0]);
});

Deno.test("a smaller table keeps what was used last", () => {
  const { table, sessions } = filled(["k0", "k1", "k2"]);
  table.configure({ maxKeys: 1, idle: 1_000 });
  assertEquals([table.size, sessions.get("k2", 3)], [1, A]);
});

Deno.test("keys longer than anybody needs are told apart, and only their beginning is kept", () => {
  const { table, sessions } = filled([]);
  const [one, other] = ["x".repeat(60_000), `${"x".repeat(59_999)}y`];
  sessions.bind(one, A, 0);
  sessions.bind(other, B, 0);
  assertEquals([sessions.get(one, 0), sessions.get(other, 0), table.size], [A, B, 2]);
  assert([...sessions.entries.keys()].every((key) => key.length < 300));
});

Deno.test("whatever is bound, used and unbound, the books of the table agree", () => {
  const step = fc.tuple(
    fc.constantFrom("bind", "get", "unbind", "lose", "sweep"),
    fc.nat(6),
    fc.constantFrom(A, B, C),
    fc.nat(400),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const { table, sessions } = filled([]);
    let now = 0;
    for (const [what, key, instance, passed] of steps) {
      now += passed;
      if (what === "bind") sessions.bind(`k${key}`, instance, now);
      else if (what === "get") sessions.get(`k${key}`, now);
      else if (what === "unbind") sessions.unbind(`k${key}`);
      else if (what === "lose") table.unbind(instance.id);
      else table.sweep(now);
      assertEquals(table.size, sessions.entries.size);
      assertEquals(table.size, ["a", "b", "c"].reduce((sum, id) => sum + table.countOf(id), 0));
      assert(table.size <= LIMITS.maxKeys);
    }
  }));
});
