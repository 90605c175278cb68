import { assertEquals } from "@std/assert";
import { Pairing } from "../../../src/commands/decode/pairing.ts";
import type { Captured } from "../../../src/commands/messages/input.ts";

const header = (flags: number, id: number) => ({
  version: 1,
  length: 20,
  flags,
  command: 324,
  application: 0,
  hopByHop: id,
  endToEnd: id,
});
const way = (frame: number, source: string, destination: string): Captured => ({
  frame,
  transport: "tcp",
  source,
  destination,
});

Deno.test("an answer is paired with its request on the same connection alone, and once", () => {
  const pairing = new Pairing();
  pairing.see(header(0x80, 1), way(1, "a:1", "b:3868"));
  assertEquals(pairing.see(header(0, 1), way(2, "b:3868", "c:1")), undefined);
  assertEquals(pairing.see(header(0, 2), way(3, "b:3868", "a:1")), undefined);
  assertEquals(pairing.see(header(0, 1), way(4, "b:3868", "a:1"))?.frame, 1);
  assertEquals(pairing.see(header(0, 1), way(5, "b:3868", "a:1")), undefined);
});

Deno.test("requests that nobody answers take no more memory than is allowed", () => {
  const pairing = new Pairing(2);
  for (const id of [1, 2, 3]) pairing.see(header(0x80, id), way(id, "a:1", "b:3868"));
  assertEquals([1, 2, 3].map((id) => pairing.see(header(0, id), way(9, "b:3868", "a:1"))?.frame), [undefined, 2, 3]);
});
