import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LARGE_BLOCK } from "../../../../src/net/block.ts";
import { OutQueue } from "../../../../src/net/out_queue.ts";
import { MAX_SEGMENTS, Segment, SegmentPool } from "../../../../src/net/segment.ts";
import { OWN_REQUEST_SLOT } from "../../../../src/diameter/peer/peer.ts";
import { ENDED, SLOTS, TICK, ticksFor, TransactionTable } from "../../../../src/diameter/relay/core/transactions.ts";
import { OFFSET } from "../../../../src/diameter/wire/header.ts";

/** A table with the out-queue of the peer it belongs to; writes end at once. */
class Bench {
  readonly segments = new SegmentPool();
  readonly table: TransactionTable;
  readonly queue: OutQueue;

  constructor(firstGeneration = 0) {
    this.table = new TransactionTable(this.segments, firstGeneration, 0);
    this.queue = new OutQueue({ write: (bytes) => Promise.resolve(bytes.length) }, this.segments, {
      limit: Infinity,
      failed: (error) => {
        throw error;
      },
      sealed: (segment) => this.table.sealed(segment),
    });
  }

  /** Opens a transaction whose retained request is `length` bytes of `fill`. */
  open(requester: number, hopByHop: number, started: number, length = 20, fill = 0, target = 0): number {
    const { table, queue } = this;
    const segment = queue.reserve(length);
    const at = segment.head;
    const slot = table.open(requester, hopByHop, started, segment, target);
    segment.bytes.fill(fill, at, at + length);
    segment.view.setUint32(at, (1 << 24) | length);
    segment.view.setUint32(at + OFFSET.hopByHop, table.idOf(slot));
    queue.commit(length);
    return slot;
  }

  /** A message that nothing retains: an answer, or one of the node's own. */
  push(length: number, hopByHop: number): void {
    const bytes = new Uint8Array(length).fill(0xdd);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, (1 << 24) | length);
    view.setUint32(OFFSET.hopByHop, hopByHop);
    this.queue.push(bytes);
  }

  async written(): Promise<void> {
    while (this.queue.queuedBytes > 0) await Promise.resolve();
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }

  /** Nothing is held once the queue and the table are done. */
  async finish(): Promise<void> {
    await this.written();
    this.queue.close();
    this.table.dispose();
    assertEquals(this.table.size, 0);
    assertEquals(this.segments.bytesInUse, 0);
  }
}

Deno.test("R8 N2 a transaction is found by the id it was sent with, and knows whom to answer", async () => {
  const bench = new Bench(0x1234);
  const { table } = bench;
  const slot = bench.open(77, 0xfffffff0, 123_456, 20, 0, 88);
  const id = table.idOf(slot);
  assertEquals(id >>> 16, 0x1235);
  assertEquals(table.find(id), slot);
  assertEquals(table.find(id | 0), slot, "ids are read from messages as signed or unsigned");
  assertEquals(
    [table.requesterOf(slot), table.hopByHopOf(slot), table.startedOf(slot), table.targetOf(slot)],
    [77, 0xfffffff0, 123_456, 88],
  );
  table.close(slot);
  assertEquals(table.find(id), -1);
  await bench.finish();
});

Deno.test("N1 an answer that comes too late is called late, a second one duplicate, any other unknown", async () => {
  const bench = new Bench();
  const { table } = bench;
  const [answered, expired, pending] = [bench.open(1, 1, 1), bench.open(1, 2, 2), bench.open(1, 3, 3)];
  const ids = [answered, expired, pending].map((slot) => table.idOf(slot));
  table.close(answered);
  table.close(expired, ENDED.expired);
  assertEquals(ids.map((id) => table.nameUnmatched(id)), ["duplicate", "late", "unknown"]);
  assertEquals(table.nameUnmatched(0x0bad0bad), "unknown");
  assertEquals(table.nameUnmatched((ids[0]! + 0x10000) | 0), "unknown");
  await bench.finish();
});

Deno.test("N1 an id means nothing before its slot was ever used", async () => {
  const bench = new Bench(0xffff);
  for (let slot = 0; slot < SLOTS; slot += 97) {
    assertEquals(bench.table.find((0xffff << 16) | slot), -1);
    assertEquals(bench.table.nameUnmatched((0xffff << 16) | slot), "unknown");
  }
  await bench.finish();
});

Deno.test("R8 ids are unique among hundreds of thousands, however few are pending, and never one of the node's own", async () => {
  const bench = new Bench(0xfff0);
  const { table } = bench;
  const seen = new Set<number>();
  const segment = bench.queue.reserve(20);
  for (let i = 0; i < 300_000; i++) {
    const slot = table.open(1, i, i, segment);
    const id = table.idOf(slot);
    assert(!seen.has(id), `id ${id} came again after ${i}`);
    assert((id & 0xffff) !== OWN_REQUEST_SLOT);
    seen.add(id);
    table.close(slot);
  }
  await bench.finish();
});

Deno.test("the slab grows to its capacity, and every slot of it works", async () => {
  const bench = new Bench();
  const { table } = bench;
  const segment = bench.queue.reserve(20);
  const slots = new Set<number>();
  for (let i = 0; i < TransactionTable.capacity; i++) slots.add(table.open(1, i, i, segment));
  assertEquals([slots.size, table.size], [TransactionTable.capacity, TransactionTable.capacity]);
  assert(!slots.has(OWN_REQUEST_SLOT));
  for (const slot of slots) assertEquals(table.find(table.idOf(slot)), slot);
  for (const slot of slots) table.close(slot);
  assertEquals(table.size, 0);
  await bench.finish();
});

Deno.test("D1 pending transactions are listed oldest first, also when the clock of microseconds wraps", async () => {
  const bench = new Bench();
  const { table } = bench;
  const times = [0x7ffffff0, 0x7fffffff, -0x80000000, -0x7ffffff0];
  const slots = [2, 0, 3, 1].map((i) => ({ i, slot: bench.open(1, i, times[i]!) }));
  const byTime = slots.sort((a, b) => a.i - b.i).map(({ slot }) => slot);
  assertEquals(table.pending(), byTime);
  assertEquals(table.pending((slot) => slot !== byTime[0]), byTime.slice(1));
  await bench.finish();
});

Deno.test("a deadline goes with its transaction", async () => {
  const bench = new Bench();
  const { table } = bench;
  const [kept, closed] = [bench.open(1, 1, 1), bench.open(1, 2, 2)];
  table.wheel.arm(kept, 10);
  table.wheel.arm(closed, 10);
  table.close(closed);
  const expired: number[] = [];
  table.wheel.advance(20, (slot) => expired.push(slot));
  assertEquals(expired, [kept]);
  await bench.finish();
});

Deno.test("ticksFor never lets a deadline come too early, and at most two ticks late", () => {
  fc.assert(fc.property(fc.nat({ max: 100_000 }), fc.nat({ max: TICK - 1 }), (milliseconds, into) => {
    const start = 1000 * TICK + into;
    const tickAt = (time: number) => Math.floor(time / TICK) + 1;
    const due = tickAt(start) + ticksFor(milliseconds);
    // The first moment at which the wheel is told of that tick.
    const told = (due - 1) * TICK;
    assert(told >= start + milliseconds, `told ${start + milliseconds - told} ms too early`);
    assert(told <= start + milliseconds + 2 * TICK);
  }));
});

Deno.test("N1 whether a transaction was sent again is remembered until its slot is reused", async () => {
  const bench = new Bench();
  const slot = bench.open(1, 1, 1);
  assertEquals(bench.table.isRetried(slot), false);
  bench.table.setRetried(slot);
  assertEquals(bench.table.isRetried(slot), true);
  await bench.finish();
});

interface Pending {
  readonly slot: number;
  readonly requester: number;
  readonly hopByHop: number;
  readonly length: number;
  readonly fill: number;
}

function check(table: TransactionTable, id: number, wanted: Pending): void {
  const { slot } = wanted;
  assertEquals(table.find(id), slot);
  assertEquals([table.requesterOf(slot), table.hopByHopOf(slot)], [wanted.requester, wanted.hopByHop]);
  const segment = table.segmentOf(slot);
  const at = table.offsetOf(slot);
  assertEquals(segment.view.getUint32(at) & 0xffffff, wanted.length);
  assertEquals(segment.view.getUint32(at + OFFSET.hopByHop), id);
  for (let i = at + 20; i < at + wanted.length; i++) {
    if (segment.bytes[i] !== wanted.fill) assertEquals(segment.bytes[i], wanted.fill, `byte ${i - at} of ${id}`);
  }
}

Deno.test("R8 N2 D1 a table does what a map does, and keeps every pending request's bytes, in any order of calls", async () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ open: fc.integer({ min: 5, max: 9_000 }), fill: fc.nat({ max: 255 }) }) },
    { weight: 4, arbitrary: fc.record({ close: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ push: fc.integer({ min: 5, max: 400 }), id: fc.nat({ max: 0xffffffff }) }) },
    { weight: 1, arbitrary: fc.record({ write: fc.constant(true) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 50, maxLength: 600, size: "max" }), async (steps) => {
      const bench = new Bench(0xfffe);
      const { table } = bench;
      const model = new Map<number, Pending>();
      for (const [i, step] of steps.entries()) {
        if ("open" in step) {
          const pending = { requester: i + 1, hopByHop: i * 3, length: step.open * 4, fill: step.fill };
          const slot = bench.open(pending.requester, pending.hopByHop, i, pending.length, pending.fill);
          const id = table.idOf(slot);
          assert(!model.has(id));
          model.set(id, { slot, ...pending });
        } else if ("close" in step) {
          const id = [...model.keys()][step.close % Math.max(1, model.size)];
          if (id === undefined) continue;
          table.close(model.get(id)!.slot);
          model.delete(id);
          assertEquals(table.find(id), -1);
        } else if ("push" in step) bench.push(step.push * 4, step.id);
        else await bench.written();
        assertEquals(table.size, model.size);
      }
      for (const [id, pending] of model) check(table, id, pending);
      assertEquals(table.pending(), [...model.values()].map(({ slot }) => slot));
      await bench.finish();
    }),
    { numRuns: 40 },
  );
});

Deno.test("D7 one request in a hundred stays unanswered: memory follows those, and their bytes are kept", async () => {
  const bench = new Bench();
  const { table, segments } = bench;
  const length = 1000;
  const model = new Map<number, Pending>();
  let largest = 0;
  for (let i = 0; i < 40_000; i++) {
    const pending = { requester: i + 1, hopByHop: i, length, fill: i & 0xff };
    const slot = bench.open(pending.requester, pending.hopByHop, i, length, pending.fill);
    // Answers to the peer's own requests lie between, some under ids that are pending here.
    if (i % 7 === 0) bench.push(40, i % 2 === 0 ? table.idOf(slot) : i);
    if (i % 100 === 0) model.set(table.idOf(slot), { slot, ...pending });
    if (i % 50 === 49) await bench.written();
    if (i % 100 !== 0) table.close(slot);
    largest = Math.max(largest, segments.bytesInUse);
  }
  for (const [id, pending] of model) check(table, id, pending);
  // 40 MB were sent; the 400 that are pending are 0.4 MB, kept in segments that are at least a
  // quarter full.
  assert(largest < 70 * LARGE_BLOCK, `${Math.round(largest / LARGE_BLOCK)} segments were in use`);
  for (const { slot } of model.values()) table.close(slot);
  await bench.finish();
});

Deno.test("D7 requests that survived once survive again", async () => {
  const bench = new Bench();
  const { table } = bench;
  const model = new Map<number, Pending>();
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < 2_500; i++) {
      const pending = { requester: i + 1, hopByHop: i, length: 2_000, fill: round };
      const slot = bench.open(pending.requester, i, i, pending.length, pending.fill);
      if (i % 50 === 0) model.set(table.idOf(slot), { slot, ...pending });
      else table.close(slot);
      if (i % 20 === 0) await bench.written();
    }
    // Some that survived earlier rounds are answered only now.
    for (const [id, { slot }] of [...model].filter((_, i) => i % 3 !== 0)) {
      table.close(slot);
      model.delete(id);
    }
  }
  assert(model.size > 10);
  for (const [id, pending] of model) check(table, id, pending);
  await bench.finish();
});

Deno.test("segments beyond 65,536 are found by what a slot keeps of them, and so are requests at their end", () => {
  for (const index of [0xffff, 0x10000, MAX_SEGMENTS - 1]) {
    const pool = new SegmentPool();
    const segment = new Segment(LARGE_BLOCK, index);
    pool.get = (wanted) => {
      assertEquals(wanted, index);
      return segment;
    };
    const table = new TransactionTable(pool, 0, 0);
    segment.queued = true;
    segment.head = LARGE_BLOCK - 40;
    const slot = table.open(1, 2, 3, segment, 0, 40, 5);
    assertEquals([table.segmentOf(slot), table.offsetOf(slot), table.deadlineOf(slot)], [segment, LARGE_BLOCK - 40, 5]);
    table.close(slot);
    assertEquals(segment.live, 0);
  }
});

Deno.test("a table knows what each connection holds of it: whom requests came from, or whom they went to", () => {
  for (const byTarget of [false, true]) {
    const pool = new SegmentPool();
    const segment = pool.take(100);
    const table = new TransactionTable(pool, 0, 0, pool.budget, byTarget);
    const slots = [table.open(7, 1, 1, segment, 8, 40), table.open(7, 2, 1, segment, 8, 60)];
    table.setRetried(slots[1]!);
    const holder = byTarget ? 8 : 7;
    const held = (tick: number) => {
      const shares = table.sharesAt(tick);
      return [shares.countOf(holder), shares.bytesOf(holder), shares.holders];
    };
    assertEquals(held(1), [2, 100, 1]);
    table.close(slots[0]!, ENDED.expired);
    assertEquals(held(1), [2, 100, 1], "once in a tick");
    assertEquals(held(2), [1, 60, 1]);
    table.close(slots[1]!);
    assertEquals(held(3), [0, 0, 0]);
  }
});
