import { assert, assertEquals } from "@std/assert";
import { jsonInTurns } from "../../../src/ops/admin/json_in_turns.ts";

async function written(elements: readonly unknown[]): Promise<{ pieces: string[]; pauses: number }> {
  let now = 0;
  let pauses = 0;
  const pace = { now: () => now++, pause: () => Promise.resolve(void pauses++) };
  return { pieces: await Array.fromAsync(jsonInTurns(elements, pace)), pauses };
}

for (const count of [0, 1, 7, 8, 9, 2_000]) {
  Deno.test(`a list of ${count} is written as JSON.stringify writes it`, async () => {
    const list = Array.from({ length: count }, (_, nth) => ({ nth, text: `a,]"${nth}`, none: undefined, list: [nth] }));
    assertEquals((await written(list)).pieces.join(""), JSON.stringify(list));
  });
}

Deno.test("a long list comes in pieces, with pauses between", async () => {
  const { pieces, pauses } = await written(Array.from({ length: 1_000 }, () => "x".repeat(1_000)));
  assert(pieces.length > 10 && pauses > 10, `${pieces.length} pieces, ${pauses} pauses`);
  assert(pieces.every(({ length }) => length < 64 * 1024));
});
