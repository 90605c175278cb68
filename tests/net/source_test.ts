import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import type { Batch } from "../../src/net/batch.ts";
import { type Block, BlockPool, LARGE_BLOCK, SMALL_BLOCK } from "../../src/net/block.ts";
import { source } from "../../src/net/source.ts";
import { ChunkReader, cut } from "../support/chunk_reader.ts";
import { until } from "../support/until.ts";

/** Takes all batches, each released before the next is asked for. */
async function collect(
  stream: ReadableStream<Batch>,
): Promise<{ bytes: Uint8Array; starts: number[]; blocks: Block[] }> {
  const parts: number[] = [];
  const starts: number[] = [];
  const blocks: Block[] = [];
  for await (const batch of stream) {
    starts.push(batch.start);
    blocks.push(batch.block);
    for (const octet of batch.block.bytes.subarray(batch.start, batch.end)) parts.push(octet);
    batch.release();
  }
  return { bytes: Uint8Array.from(parts), starts, blocks };
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 13 + (i >> 8)) & 0xff);
}

Deno.test("the bytes come out as they went in, byte n of the stream at an offset that equals n modulo 4", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 20_000 }), fc.array(fc.nat(), { maxLength: 30 }), async (length, cuts) => {
      const bytes = pattern(length);
      const pool = new BlockPool();
      const stream = source(new ChunkReader(cut(bytes, cuts)), pool, 4);
      let total = 0;
      const parts: Uint8Array[] = [];
      for await (const batch of stream) {
        assertEquals(batch.start & 3, total & 3);
        parts.push(batch.block.bytes.slice(batch.start, batch.end));
        total += batch.end - batch.start;
        batch.release();
      }
      assertEquals(Uint8Array.from(parts.flatMap((part) => [...part])), bytes);
      assertEquals(pool.lent, 0);
    }),
    { numRuns: 60 },
  );
});

Deno.test("small reads go on in one small block", async () => {
  const pool = new BlockPool();
  const { blocks } = await collect(source(new ChunkReader(Array.from({ length: 5 }, () => pattern(100))), pool, 4));
  assertEquals(blocks.length, 5);
  assertEquals(new Set(blocks).size, 1);
  assertEquals(blocks[0]!.size, SMALL_BLOCK);
  assertEquals(pool.lent, 0);
});

Deno.test("a read that fills its block is followed by large ones, and small reads lead back", async () => {
  const pool = new BlockPool();
  const reader = new ChunkReader([pattern(SMALL_BLOCK), pattern(3000), pattern(100), pattern(100)]);
  const { blocks } = await collect(source(reader, pool, 4));
  assertEquals(blocks.map((block) => block.size), [SMALL_BLOCK, LARGE_BLOCK, LARGE_BLOCK, SMALL_BLOCK]);
  assertEquals(pool.lent, 0);
});

Deno.test("nothing is read before somebody asks, nor while a batch is out", async () => {
  const pool = new BlockPool();
  const reader = new ChunkReader([pattern(10), pattern(10)]);
  const batches = source(reader, pool, 4).getReader();
  await Promise.resolve();
  assertEquals(reader.rooms.length, 0);
  const first = (await batches.read()).value!;
  const second = batches.read();
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assertEquals(reader.rooms.length, 1);
  assertEquals(pool.lent, 1);
  first.release();
  (await second).value!.release();
  assertEquals(reader.rooms.length, 2);
  assertEquals((await batches.read()).done, true);
  assertEquals(pool.lent, 0);
});

Deno.test("an idle connection holds one small block", async () => {
  const pool = new BlockPool();
  const pending = Promise.withResolvers<null>();
  const batches = source({ read: () => pending.promise }, pool, 4).getReader();
  const read = batches.read();
  await Promise.resolve();
  assertEquals(pool.lent, 1);
  pending.resolve(null);
  assertEquals((await read).done, true);
  assertEquals(pool.lent, 0);
});

Deno.test("an error of the connection errors the stream and gives the blocks back", async () => {
  const pool = new BlockPool();
  const batches = source(new ChunkReader([pattern(10)], new Error("reset")), pool, 4).getReader();
  (await batches.read()).value!.release();
  await assertRejects(() => batches.read(), Error, "reset");
  assertEquals(pool.lent, 0);
});

for (const ending of ["end", "bytes", "error"] as const) {
  Deno.test(`cancelled while a read is pending that then gives ${ending}, it gives its block back and nothing else happens`, async () => {
    const pool = new BlockPool();
    const pending = Promise.withResolvers<number | null>();
    let reading = false;
    const reader = {
      read() {
        reading = true;
        return pending.promise;
      },
    };
    const batches = source(reader, pool, 4).getReader();
    const read = batches.read();
    await until(() => reading, "the read is pending");
    await batches.cancel();
    assertEquals((await read).done, true);
    assertEquals(pool.lent, 1, "the memory that is being read into must not be used by others");
    if (ending === "error") pending.reject(new Error("closed"));
    else pending.resolve(ending === "end" ? null : 4);
    await until(() => pool.lent === 0, "the block is back");
  });
}

Deno.test("cancelled while a batch is out, its block goes back when the batch is released", async () => {
  const pool = new BlockPool();
  const batches = source(new ChunkReader([pattern(10), pattern(10)]), pool, 4).getReader();
  const { value: batch } = await batches.read();
  const next = batches.read();
  await batches.cancel();
  assertEquals((await next).done, true);
  batch!.release();
  await until(() => pool.lent === 0, "the block is back");
});

Deno.test("never asked, then cancelled, it gives its block back", async () => {
  const pool = new BlockPool();
  const stream = source(new ChunkReader([pattern(10)]), pool, 4);
  assert(pool.lent <= 1);
  await stream.cancel();
  assertEquals(pool.lent, 0);
});

Deno.test("with alignment 1 every read begins at the front of its block, whatever came before", async () => {
  const pool = new BlockPool();
  const chunks = [1, 2, 3, 5, 1023, 1024, 7].map(pattern);
  const { bytes, starts } = await collect(source(new ChunkReader(chunks), pool, 1));
  assertEquals(starts, chunks.map(() => 0));
  assertEquals(bytes.length, 2065);
  assertEquals(pool.lent, 0);
});
