import { assertEquals } from "@std/assert";
import { ReplayBudget, ReplayBuffer } from "../../src/grpc/replay_buffer.ts";

const bytes = (length: number, first = 0) => Uint8Array.from({ length }, (_, i) => first + i);

Deno.test("what was sent in pieces comes back as a whole, copied", () => {
  const buffer = new ReplayBuffer(new ReplayBudget(10_000));
  const piece = bytes(3);
  buffer.keep(piece, 5_000);
  piece.fill(99);
  buffer.keep(bytes(2, 3), 5_000);
  assertEquals([buffer.complete, [...buffer.bytes]], [true, [0, 1, 2, 3, 4]]);
  const large = bytes(4_000);
  buffer.keep(large, 5_000);
  assertEquals([...buffer.bytes], [0, 1, 2, 3, 4, ...large]);
});

Deno.test("a call above its limit goes on without replay, and takes nothing from the others", () => {
  const budget = new ReplayBudget(10_000);
  const buffer = new ReplayBuffer(budget);
  buffer.keep(bytes(10), 10);
  assertEquals([buffer.complete, budget.used], [true, 10]);
  buffer.keep(bytes(1), 10);
  assertEquals([buffer.complete, buffer.bytes.length, budget.used], [false, 0, 0]);
  buffer.keep(bytes(1), 10);
  assertEquals([buffer.complete, budget.used], [false, 0]);
});

Deno.test("when all calls together are at their limit, the next one goes without replay", () => {
  const budget = new ReplayBudget(10);
  const [a, b] = [new ReplayBuffer(budget), new ReplayBuffer(budget)];
  a.keep(bytes(8), 100);
  b.keep(bytes(3), 100);
  assertEquals([a.complete, b.complete, budget.used], [true, false, 8]);
  a.drop();
  assertEquals([a.complete, budget.used], [false, 0]);
});

Deno.test("a buffer is complete again for another call", () => {
  const budget = new ReplayBudget(100);
  const buffer = new ReplayBuffer(budget);
  buffer.keep(bytes(101), 1_000);
  buffer.reset();
  buffer.keep(bytes(4, 7), 1_000);
  assertEquals([buffer.complete, [...buffer.bytes], budget.used], [true, [7, 8, 9, 10], 4]);
  buffer.reset();
  assertEquals([buffer.complete, buffer.bytes.length, budget.used], [true, 0, 0]);
});

Deno.test("an empty piece changes nothing", () => {
  const buffer = new ReplayBuffer(new ReplayBudget(0));
  buffer.keep(new Uint8Array(), 0);
  assertEquals([buffer.complete, buffer.bytes.length], [true, 0]);
});
