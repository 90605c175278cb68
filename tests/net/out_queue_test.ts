import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LARGE_BLOCK } from "../../src/net/block.ts";
import { type ByteWriter, OutQueue } from "../../src/net/out_queue.ts";
import { type Segment, SegmentPool, SMALL_SEGMENT } from "../../src/net/segment.ts";
import { until } from "../support/until.ts";

/** Keeps every write waiting until the test lets it take some bytes, or fail. */
class GatedWriter implements ByteWriter {
  readonly taken: number[] = [];
  /** Bytes that each write offered. */
  readonly offered: number[] = [];
  #bytes: Uint8Array | undefined;
  #waiting: PromiseWithResolvers<number> | undefined;

  write(bytes: Uint8Array): Promise<number> {
    assert(this.#waiting === undefined, "two writes are in flight");
    assert(bytes.length > 0, "a write of nothing");
    this.offered.push(bytes.length);
    this.#bytes = bytes;
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  get writing(): boolean {
    return this.#waiting !== undefined;
  }

  /** Ends the write in flight; takes at most `most` bytes. */
  async take(most = Infinity): Promise<void> {
    await until(() => this.writing, "a write is in flight");
    const count = Math.min(most, this.#bytes!.length);
    for (const octet of this.#bytes!.subarray(0, count)) this.taken.push(octet);
    const waiting = this.#waiting!;
    this.#waiting = undefined;
    waiting.resolve(count);
    await turn();
  }

  async fail(error: Error): Promise<void> {
    await until(() => this.writing, "a write is in flight");
    const waiting = this.#waiting!;
    this.#waiting = undefined;
    waiting.reject(error);
    await turn();
  }
}

/** Lets everything that is ready run. */
async function turn(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

function message(number: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (number * 17 + i) & 0xff);
}

interface Setup {
  readonly writer: GatedWriter;
  readonly segments: SegmentPool;
  readonly queue: OutQueue;
  readonly failures: unknown[];
  readonly sealed: Segment[];
}

function setUp(limit = 1000, now = () => 1_000): Setup {
  const writer = new GatedWriter();
  const segments = new SegmentPool();
  const failures: unknown[] = [];
  const sealed: Segment[] = [];
  const queue = new OutQueue(writer, segments, {
    limit,
    failed: (error) => failures.push(error),
    sealed: (segment) => sealed.push(segment),
  }, { now });
  return { writer, segments, queue, failures, sealed };
}

Deno.test("all messages of a turn leave in one write, and its segment goes back", async () => {
  const { writer, segments, queue } = setUp();
  queue.push(message(1, 20));
  queue.push(message(2, 40));
  assertEquals(writer.offered, [], "the first write starts in a microtask");
  assertEquals(queue.queuedBytes, 60);
  await writer.take();
  assertEquals(writer.offered, [60]);
  assertEquals([queue.queuedBytes, queue.writtenBytes], [0, 60]);
  assertEquals(segments.bytesInUse, 0);
});

Deno.test("messages of any length leave byte by byte as they came, over the ends of segments", async () => {
  const { writer, queue, segments } = setUp(1 << 20);
  const lengths = [1, 3, 9, 65_535, 17, 65_537, 5];
  for (const [i, length] of lengths.entries()) queue.push(message(i + 1, length));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  while (queue.queuedBytes > 0) await writer.take();
  assertEquals(queue.writtenBytes, total);
  assertEquals(writer.taken, lengths.flatMap((length, i) => [...message(i + 1, length)]));
  assertEquals(segments.bytesInUse, 0);
});

Deno.test("while a write is in flight, what is added waits for the next one", async () => {
  const { writer, queue } = setUp();
  queue.push(message(1, 20));
  await turn();
  queue.push(message(2, 12));
  queue.push(message(3, 16));
  await turn();
  assertEquals(writer.offered, [20]);
  await writer.take();
  assertEquals(writer.offered, [20, 28]);
  await writer.take();
  assertEquals(queue.queuedBytes, 0);
});

Deno.test("each write that is done is told, when what waits has gone down", async () => {
  const writer = new GatedWriter();
  const told: number[] = [];
  const queue: OutQueue = new OutQueue(writer, new SegmentPool(), {
    limit: 1000,
    failed: () => {},
    written() {
      told.push(queue.queuedBytes);
      if (told.length === 1) queue.push(message(2, 7));
    },
  });
  queue.push(message(1, 20));
  await writer.take(15);
  assertEquals(told, [5], "a partial write is one too");
  await writer.take();
  assertEquals([told, queue.queuedBytes], [[5, 0], 0], "what was added meanwhile goes with the next one");
});

Deno.test("a partial write is continued where it stopped", async () => {
  const { writer, queue } = setUp();
  const bytes = message(1, 100);
  queue.push(bytes);
  await writer.take(1);
  await writer.take(60);
  await writer.take();
  assertEquals(writer.offered, [100, 99, 39]);
  assertEquals(writer.taken, [...bytes]);
});

Deno.test("any mix of messages, turns and partial writes gives the same bytes, and all segments back", async () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 5, max: 300 }) }),
    fc.record({ push: fc.integer({ min: 4000, max: 20_000 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 100_000 }) }),
    fc.record({ turn: fc.constant(true) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { writer, segments, queue } = setUp();
      const expected: number[] = [];
      for (const [i, step] of steps.entries()) {
        if ("push" in step) {
          const bytes = message(i, step.push * 4);
          queue.push(bytes);
          for (const octet of bytes) expected.push(octet);
        } else if ("take" in step) {
          if (writer.writing) await writer.take(step.take);
        } else await turn();
        assertEquals(queue.queuedBytes, expected.length - writer.taken.length);
      }
      while (queue.queuedBytes > 0) await writer.take();
      assertEquals(writer.taken.length, expected.length);
      assert(writer.taken.every((octet, i) => octet === expected[i]), "other bytes came out");
      assertEquals(queue.writtenBytes, expected.length);
      assertEquals(segments.bytesInUse, 0);
    }),
    { numRuns: 60 },
  );
});

Deno.test("a message that does not fit the segment begins the next one, and the full one is told", async () => {
  const { writer, segments, queue, sealed } = setUp();
  queue.push(message(1, LARGE_BLOCK - 40));
  queue.push(message(2, 80));
  queue.push(message(3, LARGE_BLOCK * 2));
  assertEquals(sealed.length, 2);
  assertEquals(segments.bytesInUse, LARGE_BLOCK * 4);
  await writer.take();
  await writer.take();
  await writer.take();
  assertEquals(writer.offered, [LARGE_BLOCK - 40, 80, LARGE_BLOCK * 2]);
  assertEquals(segments.bytesInUse, 0);
});

Deno.test("a segment with retained messages is filled further, and goes back when the last one is released", async () => {
  const { writer, segments, queue } = setUp();
  const first = queue.reserve(20);
  first.live++;
  queue.commit(20);
  await writer.take();
  assert(queue.reserve(20) === first);
  assertEquals(first.head, 20);
  queue.commit(20);
  await writer.take();
  assertEquals(segments.bytesInUse, LARGE_BLOCK);
  queue.close();
  assertEquals(segments.bytesInUse, LARGE_BLOCK, "the retained message outlives the queue");
  segments.release(first);
  assertEquals(segments.bytesInUse, 0);
});

Deno.test("it is full above its limit, and drained at half of it", async () => {
  const { writer, queue } = setUp(1000);
  queue.push(message(1, 1000));
  assertEquals(queue.full, false);
  queue.push(message(2, 4));
  assertEquals(queue.full, true);
  let drained = false;
  const waiting = queue.drained().then(() => drained = true);
  await writer.take(500);
  assertEquals(queue.full, false);
  assertEquals(drained, false, "504 bytes are more than half of the limit");
  await writer.take(4);
  await waiting;
  await queue.drained();
  queue.close();
  await writer.take();
});

Deno.test("a limit that is raised counts at once", () => {
  const { queue } = setUp(10);
  queue.push(message(1, 20));
  assertEquals(queue.full, true);
  queue.limit = 20;
  assertEquals(queue.full, false);
  queue.close();
});

Deno.test("flushed resolves when nothing waits any more", async () => {
  const { writer, queue } = setUp();
  await queue.flushed();
  queue.push(message(1, 100));
  let flushed = false;
  const waiting = queue.flushed().then(() => flushed = true);
  await writer.take(96);
  assertEquals(flushed, false);
  await writer.take();
  await waiting;
});

Deno.test("an end that does not read is stuck after its patience; a byte that is taken ends that", async () => {
  let now = 1_000;
  const { writer, queue } = setUp(10, () => now);
  queue.push(message(1, 40));
  await turn();
  let drained = false;
  const waiting = queue.drained().then(() => drained = true);
  queue.noteStuck(now += 99, 100);
  await turn();
  assertEquals([queue.stuck, drained], [false, false]);
  queue.noteStuck(now += 1, 100);
  await waiting;
  assertEquals(queue.stuck, true);
  await queue.drained();
  await writer.take(4);
  assertEquals(queue.stuck, false);
  queue.close();
  await writer.take();
});

Deno.test("a queue below its limit is never stuck, however long its write takes", async () => {
  const { writer, queue } = setUp(1000);
  queue.push(message(1, 40));
  await turn();
  queue.noteStuck(Infinity, 100);
  assertEquals(queue.stuck, false);
  await writer.take();
  queue.noteStuck(Infinity, 100);
  assertEquals(queue.stuck, false);
});

Deno.test("whoever waits goes on when nothing moves between full and half empty", async () => {
  let now = 1_000;
  const { writer, queue } = setUp(100, () => now);
  queue.push(message(1, 120));
  await turn();
  let drained = false;
  const waiting = queue.drained().then(() => drained = true);
  await writer.take(40);
  assertEquals([queue.full, queue.queuedBytes], [false, 80]);
  queue.noteStuck(now += 99, 100);
  await turn();
  assertEquals(drained, false);
  queue.noteStuck(now += 1, 100);
  await waiting;
  assertEquals(queue.stuck, false);
  await writer.take();
});

Deno.test("a write that fails is told once, and ends the queue", async () => {
  const { writer, segments, queue, failures } = setUp();
  queue.push(message(1, 40));
  const waiting = [queue.drained(), queue.flushed()];
  await writer.fail(new Error("broken pipe"));
  await Promise.all(waiting);
  assertEquals(failures.map(String), ["Error: broken pipe"]);
  assertEquals([queue.closed, queue.queuedBytes, queue.writingSince], [true, 0, 0]);
  assertEquals(segments.bytesInUse, 0);
  queue.push(message(2, 40));
  await turn();
  assertEquals(writer.offered, [40]);
  assertEquals(failures.length, 1);
});

for (const how of ["takes all", "takes some", "fails"] as const) {
  Deno.test(`closed while a write is in flight that then ${how}, it writes no more, tells nothing and gives its segments back`, async () => {
    const { writer, segments, queue, failures } = setUp();
    queue.push(message(1, LARGE_BLOCK));
    await turn();
    queue.push(message(2, 40));
    const waiting = [queue.drained(), queue.flushed()];
    queue.close();
    queue.close();
    await Promise.all(waiting);
    assertEquals(
      segments.bytesInUse,
      LARGE_BLOCK * 2,
      "the memory that is being written from must not be used by others",
    );
    if (how === "fails") await writer.fail(new Error("closed"));
    else await writer.take(how === "takes all" ? Infinity : 8);
    assertEquals(writer.offered.length, 1);
    assertEquals(failures, []);
    assertEquals(segments.bytesInUse, 0);
  });
}

Deno.test("closed before its first write, it writes nothing and gives its segments back", async () => {
  const { writer, segments, queue } = setUp();
  queue.push(message(1, 40));
  queue.close();
  await turn();
  assertEquals(writer.offered, []);
  assertEquals(segments.bytesInUse, 0);
});

Deno.test("what is written into a closed queue is forgotten", async () => {
  const { writer, segments, queue } = setUp();
  queue.close();
  queue.reserve(40);
  queue.commit(40);
  await turn();
  assertEquals(writer.offered, []);
  assertEquals(segments.bytesInUse, 0);
});

Deno.test("a queue that grows beyond its end says so once, when whoever fills it has done, and not while it is closed", async () => {
  for (const closes of [false, true]) {
    const segments = new SegmentPool();
    let told = 0;
    const queue = new OutQueue(new GatedWriter(), segments, {
      limit: 1000,
      end: 3 * LARGE_BLOCK,
      failed: () => {},
      overflowed: () => told++,
    });
    for (let i = 0; i < 3; i++) queue.push(message(i, LARGE_BLOCK));
    await turn();
    assertEquals(told, 0, "what reaches the end may wait");
    queue.push(message(3, 40));
    assertEquals(told, 0, "the message is not cut in two");
    if (closes) queue.close();
    else for (let i = 4; i < 8; i++) queue.push(message(i, LARGE_BLOCK));
    await turn();
    assertEquals(told, closes ? 0 : 1);
    queue.close();
  }
});

Deno.test("a queue of little traffic holds 4 KiB, one of much 64 KiB, and a small one again when it has become quiet", async () => {
  const writer = new GatedWriter();
  const segments = new SegmentPool();
  const queue = new OutQueue(writer, segments, { limit: 1_000_000, failed: () => {} });
  const push = async (count: number, bytes: number) => {
    for (let i = 0; i < count; i++) queue.push(message(i, bytes));
    const held = segments.bytesInUse;
    while (queue.queuedBytes > 0) await writer.take();
    assertEquals(segments.bytesInUse, 0, "written, nothing is held");
    return held;
  };
  assertEquals(await push(1, 200), SMALL_SEGMENT);
  assertEquals(await push(SMALL_SEGMENT / 1024, 1024), SMALL_SEGMENT, "it is full to the brim");
  assertEquals(await push(30, 1024), SMALL_SEGMENT + LARGE_BLOCK, "the rest of a burst goes into a large one");
  assertEquals(await push(30, 1024), LARGE_BLOCK, "bursts are expected now");
  assertEquals(await push(1, 200), LARGE_BLOCK);
  assertEquals(await push(1, 200), SMALL_SEGMENT);
  assertEquals(await push(1, 8192), LARGE_BLOCK, "a message that does not fit a small one");
});
