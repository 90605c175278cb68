import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Recency } from "../../../src/ops/capture/recency.ts";

Deno.test("the order is that in which keys were set or looked up last, whatever was forgotten", () => {
  const step = fc.tuple(fc.constantFrom("set", "get", "delete"), fc.nat(5));
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const recency = new Recency<number, string>();
    const model = new Map<number, string>();
    steps.forEach(([what, key], i) => {
      const known = model.get(key);
      if (what === "get") assertEquals(recency.get(key), known);
      if (what === "delete") recency.delete(key);
      if (what === "set") recency.set(key, `${i}`);
      if (what === "delete" || what === "set" || known !== undefined) model.delete(key);
      if (what === "set") model.set(key, `${i}`);
      if (what === "get" && known !== undefined) model.set(key, known);
      assertEquals([...recency.values()], [...model.values()]);
      assertEquals([recency.size, recency.oldest?.key], [model.size, model.keys().next().value]);
    });
  }));
});
