import { assertEquals } from "@std/assert";
import { Block, BlockPool, SMALL_BLOCK } from "../../../../src/net/block.ts";
import { Budget } from "../../../../src/net/budget.ts";
import { Incoming } from "../../../../src/diameter/relay/core/incoming.ts";
import type { RelayPeer } from "../../../../src/diameter/relay/core/relay_peer.ts";
import { WaitingRoom } from "../../../../src/diameter/relay/path/waiting_room.ts";

/** A request of 40 bytes at `at`, of the connection `key`. */
function request(key: number, block: Block, at: number, receivedAt: number, tick: number): Incoming {
  const message = new Incoming();
  message.begin({ key } as RelayPeer, block, { receivedAt, tick, refused: false });
  message.at = at;
  message.end = at + 40;
  return message;
}

/** A batch with requests of 40 bytes, the nth filled with n. */
function batch(): Block {
  const block = new Block(400);
  for (let i = 0; i < 10; i++) block.bytes.fill(i, i * 40, i * 40 + 40);
  return block;
}

Deno.test("those that wait are called in the order in which they came, with their own bytes, until one has to wait on", () => {
  const budget = new Budget(1_000_000);
  const blocks = new BlockPool();
  const room = new WaitingRoom(budget, blocks);
  const block = batch();
  for (let i = 0; i < 4; i++) room.admit(request(1 + (i & 1), block, i * 40, 1000 + i, 10));
  block.bytes.fill(0xff);
  assertEquals([room.size, room.countOf(1), room.countOf(2)], [4, 2, 2]);
  const seen: number[] = [];
  room.call(({ block, length, receivedAt: now }) => {
    assertEquals([length, block.bytes.subarray(0, 40).every((octet) => octet === now - 1000)], [40, true]);
    seen.push(now - 1000);
    return now < 1002;
  }, 0);
  assertEquals([seen, room.size, room.countOf(1), room.countOf(2)], [[0, 1, 2], 2, 1, 1]);
  seen.length = 0;
  room.call(({ receivedAt: now }) => {
    seen.push(now - 1000);
    return now === 1003;
  }, 1);
  assertEquals([seen, room.size, room.countOf(1), room.countOf(2)], [[2, 3], 1, 1, 0]);
  room.call(() => true, 0);
  assertEquals([room.size, budget.used, blocks.lent], [0, 0, 0]);
});

Deno.test("nobody waits whose request does not fit the memory for it", () => {
  const budget = new Budget(3 * SMALL_BLOCK);
  const blocks = new BlockPool();
  const room = new WaitingRoom(budget, blocks);
  const block = batch();
  assertEquals([1, 2, 3].map((from) => room.admit(request(from, block, 0, 0, 0))), [true, true, false]);
  assertEquals([room.size, room.countOf(3)], [2, 0]);
  room.call(() => true, 0);
  assertEquals(room.admit(request(3, block, 0, 0, 0)), true);
});

Deno.test("behind so many that have to wait on, nobody is asked, and the order stays", () => {
  const room = new WaitingRoom(new Budget(1_000_000), new BlockPool());
  const block = batch();
  for (let i = 0; i < 10; i++) room.admit(request(i, block, 0, i, 0));
  const seen: number[] = [];
  room.call(({ receivedAt: now }) => {
    seen.push(now);
    return now === 1;
  }, 2);
  assertEquals(seen, [0, 1, 2, 3]);
  seen.length = 0;
  room.call(({ receivedAt: now }) => seen.push(now) > 0, 0);
  assertEquals(seen, [0, 2, 3, 4, 5, 6, 7, 8, 9]);
});
