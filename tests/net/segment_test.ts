import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LARGE_BLOCK } from "../../src/net/block.ts";
import { type Segment, SegmentPool, SMALL_SEGMENT } from "../../src/net/segment.ts";

Deno.test("a segment is found by its number, which is never 0, until nobody needs it", () => {
  const pool = new SegmentPool();
  const segment = pool.take(100);
  assert(segment.index > 0);
  assert(pool.get(segment.index) === segment);
  assertEquals(pool.bytesInUse, LARGE_BLOCK);
  segment.live = 1;
  segment.queued = false;
  pool.settle(segment);
  assertEquals(pool.bytesInUse, LARGE_BLOCK, "a retained message still needs it");
  pool.release(segment);
  assertEquals(pool.bytesInUse, 0);
});

Deno.test("a segment that comes back is empty and of a new generation", () => {
  const pool = new SegmentPool();
  const segment = pool.take(100);
  const { generation } = segment;
  segment.head = segment.sent = 40;
  segment.retained = 3;
  segment.queued = false;
  pool.settle(segment);
  assert(pool.take(100) === segment);
  assertEquals([segment.head, segment.sent, segment.retained, segment.next], [0, 0, 0, undefined]);
  assertEquals(segment.generation, generation + 1);
});

Deno.test("a message longer than a block gets a segment of its own size, which is not kept", () => {
  const pool = new SegmentPool();
  const segment = pool.take(LARGE_BLOCK + 5);
  assertEquals(segment.size, LARGE_BLOCK + 8);
  segment.queued = false;
  pool.settle(segment);
  assertEquals(pool.bytesInUse, 0);
  assert(pool.take(LARGE_BLOCK + 5) !== segment);
});

Deno.test("the pool says when more is in use than its limit", () => {
  const pool = new SegmentPool(LARGE_BLOCK);
  const first = pool.take(1);
  assertEquals(pool.exhausted, false);
  const second = pool.take(1);
  assertEquals(pool.exhausted, true);
  for (const segment of [first, second]) {
    segment.queued = false;
    pool.settle(segment);
  }
  assertEquals(pool.exhausted, false);
});

Deno.test("segments in use never share a number or memory, whatever comes and goes", () => {
  const step = fc.record({ take: fc.boolean(), size: fc.integer({ min: 1, max: 100_000 }), which: fc.nat() });
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const pool = new SegmentPool(Infinity, 3);
    const used: Segment[] = [];
    for (const { take, size, which } of steps) {
      if (take || used.length === 0) used.push(pool.take(size));
      else {
        const [segment] = used.splice(which % used.length, 1);
        segment!.queued = false;
        pool.settle(segment!);
      }
      assertEquals(new Set(used.map((segment) => segment.index)).size, used.length);
      assert(used.every((segment) => pool.get(segment.index) === segment));
      assertEquals(pool.bytesInUse, used.reduce((sum, segment) => sum + segment.size, 0));
    }
  }));
});

Deno.test("a segment counts for whoever took it, until it comes back", () => {
  const pool = new SegmentPool(1_000_000);
  const part = pool.budget.part(2);
  const [own, other] = [pool.take(100, part), pool.take(100)];
  assertEquals([part.used, pool.bytesInUse], [LARGE_BLOCK, 2 * LARGE_BLOCK]);
  for (const segment of [own, other]) {
    segment.queued = false;
    pool.settle(segment);
  }
  assertEquals([part.used, pool.bytesInUse], [0, 0]);
  pool.take(100);
  assertEquals([part.used, pool.bytesInUse], [0, LARGE_BLOCK], "the next one that uses it pays for it");
});

Deno.test("a small segment is one when it was asked for and the message fits, and never ends up among the large ones", () => {
  const pool = new SegmentPool();
  const give = (segment: Segment) => {
    segment.queued = false;
    pool.settle(segment);
  };
  const small = pool.take(100, pool.budget, true);
  assertEquals([small.size, pool.bytesInUse], [SMALL_SEGMENT, SMALL_SEGMENT]);
  give(small);
  assertEquals(pool.bytesInUse, 0);
  const large = pool.take(100);
  assertEquals(large.size, LARGE_BLOCK);
  assertEquals(pool.take(SMALL_SEGMENT + 4, pool.budget, true).size, LARGE_BLOCK);
  assert(pool.take(SMALL_SEGMENT, pool.budget, true) === small);
  give(large);
  assert(pool.take(1) === large);
});

Deno.test("segments that a storm left behind are let go when nobody needed them between two rests; their numbers live on", () => {
  const pool = new SegmentPool(Infinity, Infinity);
  const storm = Array.from({ length: 500 }, (_, i) => pool.take(100, pool.budget, i % 2 === 0));
  for (const segment of storm) {
    segment.queued = false;
    pool.settle(segment);
  }
  pool.rest();
  const again = pool.take(100);
  assert(storm.includes(again), "it was needed a moment ago");
  pool.rest();
  const fresh = [pool.take(100), pool.take(100, pool.budget, true)];
  assert(fresh.every((segment) => !storm.includes(segment)));
  assert(fresh.every(({ index }) => index <= 500));
  for (const segment of [again, ...fresh]) assert(pool.get(segment.index) === segment);
});
