import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Batch, type FrameFault } from "../../src/net/batch.ts";
import { Block, BlockLease, BlockPool, SMALL_BLOCK } from "../../src/net/block.ts";
import { framer, type FrameRule } from "../../src/net/framer.ts";
import { source } from "../../src/net/source.ts";
import { ChunkReader, cut } from "../support/chunk_reader.ts";
import { until } from "../support/until.ts";

const HEADER = 12;
const LIMIT = 200_000;
const BAD_TAG = 0xee;

/**
 * A protocol of the test's own: a tag and a 24 bit length, 12 bytes of header; a bad tag is only
 * judged when the header is whole.
 */
const rule: FrameRule = {
  longest: () => Infinity,
  alignment: 4,
  lengthBytes: 4,
  measure(view, at, available) {
    const word = view.getUint32(at);
    const length = word & 0xffffff;
    if (length < HEADER || length > LIMIT || length % 4 !== 0) return "length";
    if (word >>> 24 !== BAD_TAG) return length;
    return available < HEADER ? 0 : "tag";
  },
};

/** A frame whose bytes tell its number and place. */
function frame(number: number, length: number, tag = 1): Uint8Array {
  const bytes = Uint8Array.from({ length }, (_, i) => (number * 31 + i * 7) & 0xff);
  new DataView(bytes.buffer).setUint32(0, ((tag << 24) | length) >>> 0);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

interface Outcome {
  readonly frames: Uint8Array[];
  readonly faults: FrameFault[];
  readonly misaligned: number;
  readonly error: unknown;
}

/** Sends `chunks` through a source and a framer, and takes the frames out of every batch. */
async function run(chunks: readonly Uint8Array[], pool: BlockPool, error?: Error): Promise<Outcome> {
  const frames: Uint8Array[] = [];
  const faults: FrameFault[] = [];
  let misaligned = 0;
  let failure: unknown;
  await source(new ChunkReader(chunks, error), pool, rule.alignment).pipeThrough(framer(rule, pool)).pipeTo(
    new WritableStream<Batch>({
      write(batch) {
        for (let at = batch.start; at < batch.end;) {
          const length = batch.block.view.getUint32(at) & 0xffffff;
          if (at % 4 !== 0) misaligned++;
          frames.push(batch.block.bytes.slice(at, at + length));
          at += length;
        }
        if (batch.fault !== undefined) faults.push(batch.fault);
        batch.release();
      },
    }),
  ).catch((reason) => failure = reason);
  return { frames, faults, misaligned, error: failure };
}

const lengths = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 3, max: 60 }) },
  { weight: 2, arbitrary: fc.integer({ min: 900, max: 1200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 16_000, max: 40_000 }) },
).map((words) => words * 4);
const sequence = fc.array(lengths, { maxLength: 12 }).map((list) => list.map((length, i) => frame(i, length)));

Deno.test("any split of any sequence of frames gives the same frames, in order and aligned, and every block back", async () => {
  await fc.assert(
    fc.asyncProperty(sequence, fc.array(fc.nat(), { maxLength: 40 }), async (frames, cuts) => {
      const pool = new BlockPool();
      const outcome = await run(cut(concat(frames), cuts), pool);
      assertEquals(outcome.frames, frames);
      assertEquals(outcome.misaligned, 0);
      assertEquals(outcome.faults, []);
      assertEquals(outcome.error, undefined);
      assertEquals(pool.lent, 0);
    }),
    { numRuns: 150 },
  );
});

Deno.test("frames that arrive byte by byte are the same frames", async () => {
  const frames = [frame(0, 12), frame(1, 16), frame(2, 44), frame(3, 12)];
  const bytes = concat(frames);
  const pool = new BlockPool();
  const outcome = await run(cut(bytes, Array.from(bytes, (_, i) => i)), pool);
  assertEquals(outcome.frames, frames);
  assertEquals(outcome.misaligned, 0);
  assertEquals(pool.lent, 0);
});

Deno.test("frames of one read leave in one batch, where they were read", async () => {
  const pool = new BlockPool();
  const batches: number[] = [];
  const stream = source(new ChunkReader([concat([frame(0, 12), frame(1, 40), frame(2, 12)])]), pool, 4);
  for await (const batch of stream.pipeThrough(framer(rule, pool))) {
    batches.push(batch.end - batch.start);
    batch.release();
  }
  assertEquals(batches, [64]);
  assertEquals(pool.lent, 0);
});

/** Bytes that can never be a frame, and what they are called. */
const BROKEN: readonly { readonly name: string; readonly bytes: Uint8Array; readonly kind: string }[] = [
  { name: "a length below the header's", bytes: frame(9, 12).fill(8, 3, 4), kind: "length" },
  { name: "a length of zero", bytes: new Uint8Array(4), kind: "length" },
  { name: "a length above the limit", bytes: new Uint8Array([1, 255, 255, 252]), kind: "length" },
  { name: "a bad tag with its whole header", bytes: frame(9, 12, BAD_TAG), kind: "tag" },
  { name: "a bad tag with a body", bytes: frame(9, 64, BAD_TAG), kind: "tag" },
];

for (const { name, bytes, kind } of BROKEN) {
  Deno.test(`${name} ends the stream with the fault behind the whole frames, however it is split`, async () => {
    await fc.assert(
      fc.asyncProperty(sequence, fc.array(fc.nat(), { maxLength: 12 }), async (frames, cuts) => {
        const pool = new BlockPool();
        const outcome = await run(cut(concat([...frames, bytes]), cuts), pool);
        assertEquals(outcome.frames, frames);
        assertEquals(outcome.faults.map((fault) => fault.kind), [kind]);
        const found = outcome.faults[0]!.bytes;
        assertEquals(found, bytes.slice(0, found.length));
        assert(found.length >= (kind === "tag" ? HEADER : 4), `only ${found.length} bytes of the fault`);
        assertEquals(pool.lent, 0);
      }),
      { numRuns: 60 },
    );
  });

  Deno.test(`${name} is found with the last byte that shows it, not with the next one`, async () => {
    // The connection stays open and silent after it: whoever waits for more would wait for ever.
    for (let split = 1; split < bytes.length; split++) {
      const pool = new BlockPool();
      const chunks = [bytes.slice(0, split), bytes.slice(split)];
      const silent = Promise.withResolvers<null>();
      const reader = new ChunkReader(chunks);
      const stream = source(
        {
          read: (into) => reader.rooms.length < chunks.length ? reader.read(into) : silent.promise,
        },
        pool,
        4,
      ).pipeThrough(framer(rule, pool));
      const batches = stream.getReader();
      const { value: batch } = await batches.read();
      assertEquals(batch?.fault?.kind, kind, `split at ${split}`);
      batch?.release();
      silent.resolve(null);
      assertEquals((await batches.read()).done, true);
      await until(() => pool.lent === 0, "the block of the pending read is back");
    }
  });
}

Deno.test("nothing that follows a fault is looked at", async () => {
  const pool = new BlockPool();
  const outcome = await run([concat([frame(0, 12), new Uint8Array(4)]), frame(1, 12)], pool);
  assertEquals(outcome.frames, [frame(0, 12)]);
  assertEquals(outcome.faults.length, 1);
  assertEquals(pool.lent, 0);
});

Deno.test("a frame that never becomes whole is dropped at the end, with its block", async () => {
  const pool = new BlockPool();
  const outcome = await run([frame(0, 12), frame(1, 40_000).subarray(0, 30_000)], pool);
  assertEquals(outcome.frames, [frame(0, 12)]);
  assertEquals(pool.lent, 0);
});

Deno.test("an error of the connection comes out behind the frames, and every block goes back", async () => {
  const pool = new BlockPool();
  const outcome = await run([frame(0, 12), frame(1, 400).subarray(0, 300)], pool, new Error("reset"));
  assertEquals(outcome.frames, [frame(0, 12)]);
  assertEquals(String(outcome.error), "Error: reset");
  assertEquals(pool.lent, 0);
});

Deno.test("who cancels gets no more frames, and the lease writes off what the streams dropped", async () => {
  const pool = new BlockPool();
  const chunks = [frame(0, 12), frame(1, 400).subarray(0, 300), frame(1, 400).subarray(300), frame(2, 16)];
  for (let taken = 0; taken < 3; taken++) {
    const lease = new BlockLease(pool);
    const reader = source(new ChunkReader(chunks), lease, 4).pipeThrough(framer(rule, lease)).getReader();
    for (let i = 0; i < taken; i++) (await reader.read()).value?.release();
    await reader.cancel();
    lease.end();
    assertEquals(pool.lent, 0);
  }
});

Deno.test("an announced length costs no memory before the bytes are there", async () => {
  const pool = new BlockPool();
  let largest = 0;
  const take = pool.take.bind(pool);
  pool.take = (size) => {
    const block = take(size);
    largest = Math.max(largest, block.size);
    return block;
  };
  await run([frame(0, LIMIT).subarray(0, 1000)], pool);
  assertEquals(largest, SMALL_BLOCK);
  assertEquals(pool.lent, 0);
});

Deno.test("a batch is given back to its owner exactly once", async () => {
  let released = 0;
  const owner = { released: () => void released++ };
  const block = new Block(64);
  block.bytes.set(frame(0, 12), 4);
  const pool = new BlockPool();
  const stream = framer(rule, pool);
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  const written = writer.write(new Batch(owner, block, 4, 16));
  const { value } = await reader.read();
  await written;
  assertEquals(released, 0);
  value!.release();
  value!.release();
  assertEquals(released, 1);
  const rest = writer.write(new Batch(owner, block, 4, 10));
  const closed = writer.close();
  assertEquals((await reader.read()).done, true);
  await rest;
  await closed;
  assertEquals(released, 2);
  assertEquals(pool.lent, 0);
});

/**
 * Frames of any length, as HTTP/2 has them: 24 bits of payload length, 9 bytes of header in all.
 */
const oddRule: FrameRule = {
  longest: () => Infinity,
  alignment: 1,
  lengthBytes: 3,
  measure(view, at) {
    const payload = view.getUint16(at) << 8 | view.getUint8(at + 2);
    return payload > LIMIT ? "length" : 9 + payload;
  },
};

function oddFrame(number: number, payload: number): Uint8Array {
  const bytes = Uint8Array.from({ length: 9 + payload }, (_, i) => (number * 31 + i * 7) & 0xff);
  bytes.set([payload >> 16, payload >> 8 & 0xff, payload & 0xff]);
  return bytes;
}

const payloads = fc.oneof(
  { weight: 6, arbitrary: fc.nat(60) },
  { weight: 2, arbitrary: fc.integer({ min: 900, max: 1200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 16_000, max: 40_000 }) },
);

for (
  const [how, cuts] of [
    ["any split", fc.array(fc.nat(), { maxLength: 40 })],
    ["every byte alone", fc.constant(undefined)],
  ] as const
) {
  Deno.test(`${how}: frames of any length come out whole by a rule with alignment 1, and every block back`, async () => {
    const lists = fc.array(how === "any split" ? payloads : fc.nat(60), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(lists, cuts, async (sizes, at) => {
        const frames = sizes.map((size, i) => oddFrame(i, size));
        const bytes = concat(frames);
        const pool = new BlockPool();
        const chunks = new ChunkReader(cut(bytes, at ?? Array.from(bytes, (_, i) => i)));
        const found: Uint8Array[] = [];
        for await (const batch of source(chunks, pool, oddRule.alignment).pipeThrough(framer(oddRule, pool))) {
          for (let from = batch.start; from < batch.end;) {
            const length = oddRule.measure(batch.block.view, from, batch.end - from, Infinity) as number;
            found.push(batch.block.bytes.slice(from, from + length));
            from += length;
          }
          batch.release();
        }
        assertEquals(found, frames);
        assertEquals(pool.lent, 0);
      }),
      { numRuns: how === "any split" ? 100 : 20 },
    );
  });
}
