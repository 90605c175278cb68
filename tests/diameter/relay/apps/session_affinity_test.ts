import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Block } from "../../../../src/net/block.ts";
import { SessionAffinity } from "../../../../src/diameter/relay/apps/session_affinity.ts";

/** `id` at `at` of a block, padded with zeros, between other bytes. */
function place(id: string, at: number): { block: Block; start: number; end: number } {
  const block = new Block(1024);
  block.bytes.fill(0xee);
  const octets = new TextEncoder().encode(id);
  block.bytes.fill(0, at, at + ((octets.length + 3) & ~3));
  block.bytes.set(octets, at);
  return { block, start: at, end: at + octets.length };
}

const ids = fc.string({ minLength: 1, maxLength: 60, unit: "grapheme-ascii" });
const offsets = fc.nat({ max: 200 }).map((n) => n * 4);

Deno.test("I1 a session is found again by the same id, wherever it lies in its message", () => {
  fc.assert(fc.property(ids, offsets, offsets, fc.integer(), (id, first, second, key) => {
    const sessions = new SessionAffinity();
    const noted = place(id, first);
    sessions.note(noted.block, noted.start, noted.end, key);
    const looked = place(id, second);
    assertEquals(sessions.find(looked.block, looked.start, looked.end), key);
  }));
});

Deno.test("I1 the connection that used it last is found, and none for a session that was never used", () => {
  const sessions = new SessionAffinity();
  const { block, start, end } = place("app;1;2", 40);
  assertEquals(sessions.find(block, start, end), 0);
  sessions.note(block, start, end, 7);
  sessions.note(block, start, end, 9);
  assertEquals(sessions.find(block, start, end), 9);
  const other = place("app;1;3", 40);
  assertEquals(sessions.find(other.block, other.start, other.end), 0);
});

Deno.test("I1 many sessions are told apart: of a thousand, at most a few are forgotten and none is mistaken", () => {
  const sessions = new SessionAffinity();
  const count = 1000;
  for (let i = 0; i < count; i++) {
    const { block, start, end } = place(`app-${i % 10}.example.net;${i};${i * 7};s13`, 20);
    sessions.note(block, start, end, i + 1);
  }
  let forgotten = 0;
  for (let i = 0; i < count; i++) {
    const { block, start, end } = place(`app-${i % 10}.example.net;${i};${i * 7};s13`, 60);
    const key = sessions.find(block, start, end);
    if (key === 0) forgotten++;
    else assertEquals(key, i + 1);
  }
  // Expected by the birthday rule: 1000^2 / 2 / 65536, about 8.
  assertEquals(forgotten < 30, true, `${forgotten} were forgotten`);
});
