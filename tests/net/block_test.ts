import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Block, BlockLease, BlockPool, copyWords, LARGE_BLOCK, SMALL_BLOCK } from "../../src/net/block.ts";

Deno.test("copyWords copies what it is told, and at most three bytes more", () => {
  const word = fc.nat({ max: 400 }).map((n) => n * 4);
  fc.assert(fc.property(word, word, fc.nat({ max: 2100 }), fc.nat({ max: 255 }), (at, to, length, seed) => {
    const from = new Block(4096);
    const target = new Block(4096);
    from.bytes.forEach((_, i) => from.bytes[i] = (i * 7 + seed) & 0xff);
    target.bytes.fill(0xaa);
    copyWords(from, at, length, target, to);
    assertEquals(target.bytes.slice(to, to + length), from.bytes.slice(at, at + length));
    assertEquals(target.bytes.slice(0, to), new Uint8Array(to).fill(0xaa));
    const behind = (to + length + 3) & ~3;
    assertEquals(target.bytes.slice(behind), new Uint8Array(4096 - behind).fill(0xaa));
  }));
});

Deno.test("a block's views show the same memory", () => {
  const block = new Block(16);
  block.view.setUint32(4, 0x01020304);
  assertEquals(block.bytes.slice(4, 8), new Uint8Array([1, 2, 3, 4]));
  assertEquals(new Uint8Array(block.words.buffer, 4, 4), new Uint8Array([1, 2, 3, 4]));
});

Deno.test("a pool lends blocks that are large enough and counts them", () => {
  fc.assert(fc.property(fc.array(fc.nat({ max: 200_000 }), { maxLength: 30 }), (sizes) => {
    const pool = new BlockPool();
    const blocks = sizes.map((size) => pool.take(size));
    assertEquals(pool.lent, sizes.length);
    blocks.forEach((block, i) => assert(block.size >= sizes[i]! && block.size % 4 === 0));
    assertEquals(new Set(blocks).size, blocks.length);
    blocks.forEach((block) => pool.give(block));
    assertEquals(pool.lent, 0);
  }));
});

for (const size of [SMALL_BLOCK, LARGE_BLOCK]) {
  Deno.test(`a block of ${size} bytes is lent again, and no more are kept than told`, () => {
    const pool = new BlockPool(2, 2);
    const blocks = [pool.take(size), pool.take(size), pool.take(size)];
    blocks.forEach((block) => pool.give(block));
    const again = [pool.take(size), pool.take(size), pool.take(size)];
    assertEquals(again.filter((block) => blocks.includes(block)).length, 2);
    again.forEach((block) => pool.give(block));
  });
}

Deno.test("a block made to measure is not kept", () => {
  const pool = new BlockPool();
  const huge = pool.take(LARGE_BLOCK + 1);
  pool.give(huge);
  assert(pool.take(LARGE_BLOCK + 1) !== huge);
});

Deno.test("a lease that ends takes its blocks off the pool's count, and never returns them for reuse", () => {
  const pool = new BlockPool();
  const lease = new BlockLease(pool);
  const given = lease.take(100);
  const dropped = lease.take(100);
  lease.give(given);
  assertEquals([pool.lent, lease.lent], [1, 1]);
  lease.end();
  assertEquals(pool.lent, 0);
  // Somebody may still look at it: a late release changes nothing.
  lease.give(dropped);
  lease.give(lease.take(100));
  lease.end();
  assertEquals(pool.lent, 0);
  assertEquals(pool.take(100), given);
  assert(pool.take(100) !== dropped);
});

Deno.test("blocks that nobody needed between two rests are let go", () => {
  const pool = new BlockPool();
  for (const size of [SMALL_BLOCK, LARGE_BLOCK]) {
    const block = pool.take(size);
    pool.give(block);
    pool.rest();
    const again = pool.take(size);
    assert(again === block, "it was needed a moment ago");
    pool.give(again);
    pool.rest();
    pool.rest();
    assert(pool.take(size) !== block);
  }
});
