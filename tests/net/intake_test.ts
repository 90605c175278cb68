import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Batch } from "../../src/net/batch.ts";
import { BlockPool, SMALL_BLOCK } from "../../src/net/block.ts";
import type { FrameRule } from "../../src/net/framer.ts";
import { Intake } from "../../src/net/intake.ts";
import { until } from "../support/until.ts";

/** A frame is a word that says its length in bytes, and zeros. */
const RULE: FrameRule = {
  longest: () => Infinity,
  alignment: 4,
  lengthBytes: 4,
  measure(view, at) {
    const length = view.getUint32(at);
    return length < 4 || length % 4 !== 0 || length > 4096 ? "length" : length;
  },
};

/** The same, of any length. */
const ODD_RULE: FrameRule = {
  longest: () => Infinity,
  alignment: 1,
  lengthBytes: 4,
  measure: (view, at) => view.getUint32(at),
};

function frames(...lengths: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const length of lengths) {
    view.setUint32(at, length);
    at += length;
  }
  return bytes;
}

/** A connection that says what a test lets it say. */
class Wire {
  #chunks: (Uint8Array | null | Error)[] = [];
  #reading: { into: Uint8Array; done: PromiseWithResolvers<number | null> } | undefined;
  /** Sizes of what was read into. */
  readonly sizes: number[] = [];

  read(into: Uint8Array): Promise<number | null> {
    assert(this.#reading === undefined, "two reads at once");
    this.sizes.push(into.length);
    const done = Promise.withResolvers<number | null>();
    this.#reading = { into, done };
    this.#serve();
    return done.promise;
  }

  /** Bytes, null for the end, or an error. */
  say(what: Uint8Array | null | Error): void {
    this.#chunks.push(what);
    this.#serve();
  }

  get idle(): boolean {
    return this.#chunks.length === 0 && this.#reading !== undefined;
  }

  #serve(): void {
    const reading = this.#reading;
    const chunk = this.#chunks[0];
    if (reading === undefined || chunk === undefined) return;
    this.#reading = undefined;
    this.#chunks.shift();
    if (chunk instanceof Error) return reading.done.reject(chunk);
    if (chunk === null) return reading.done.resolve(null);
    const count = Math.min(chunk.length, reading.into.length);
    reading.into.set(chunk.subarray(0, count));
    if (count < chunk.length) this.#chunks.unshift(chunk.subarray(count));
    reading.done.resolve(count);
  }
}

/** What an intake took in. */
class Taker {
  readonly lengths: number[] = [];
  readonly faults: string[] = [];
  readonly ends: unknown[] = [];
  /** Waited for after each batch. */
  pause: Promise<void> | undefined;

  constructor(readonly rule: FrameRule) {}

  take(batch: Batch): void | Promise<void> {
    const { view } = batch.block;
    for (let at = batch.start; at < batch.end; at += view.getUint32(at)) this.lengths.push(view.getUint32(at));
    if (batch.fault !== undefined) this.faults.push(batch.fault.kind);
    batch.release();
    return this.pause;
  }

  ended(error?: unknown): void {
    this.ends.push(error);
  }
}

function stage(rule = RULE) {
  const [wire, pool, taker] = [new Wire(), new BlockPool(), new Taker(rule)];
  return { wire, pool, taker, intake: new Intake(wire, pool, taker) };
}

Deno.test("what comes now and then is taken without a stream, in one small block", async () => {
  const { wire, pool, taker, intake } = stage();
  for (let i = 1; i <= 3; i++) {
    wire.say(frames(8, 4 * i));
    await until(() => taker.lengths.length === 2 * i, "both frames came");
    await until(() => wire.idle, "it reads on");
    assert(!intake.busy, "a chain was made");
    assertEquals(pool.lent, 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assertEquals(taker.lengths, [8, 4, 8, 8, 8, 12]);
  assertEquals(new Set(wire.sizes), new Set([SMALL_BLOCK]));
  wire.say(null);
  await until(() => taker.ends.length > 0, "it ended");
  assertEquals([taker.ends, pool.lent], [[undefined], 0]);
});

Deno.test("frames of any length are taken, by a stream and without one, by a rule with alignment 1", async () => {
  const { wire, taker, intake, pool } = stage(ODD_RULE);
  const whole = frames(5, 7, 9);
  wire.say(whole.subarray(0, 10));
  await until(() => intake.busy && wire.idle, "half a frame made it busy");
  wire.say(whole.subarray(10));
  await until(() => taker.lengths.length === 3 && wire.idle, "all frames are whole");
  intake.rest();
  intake.rest();
  await until(() => !intake.busy, "it rests");
  wire.say(frames(6, 11));
  await until(() => taker.lengths.length === 5, "it takes what comes at rest");
  assertEquals(taker.lengths, [5, 7, 9, 6, 11]);
  wire.say(null);
  await until(() => taker.ends.length > 0, "it ended");
  assertEquals([taker.ends, pool.lent], [[undefined], 0]);
});

Deno.test("half a frame makes it busy, and silence lets the chain go, but never with half a frame in it", async () => {
  const { wire, taker, intake, pool } = stage();
  const whole = frames(16);
  wire.say(whole.subarray(0, 6));
  await until(() => intake.busy && wire.idle, "it is busy");
  for (let i = 0; i < 3; i++) intake.rest();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert(intake.busy, "it rests with half a frame in hand");
  wire.say(whole.subarray(6));
  await until(() => taker.lengths.length === 1 && wire.idle, "the frame is whole");
  intake.rest();
  assert(intake.busy, "it rests although something came since the last look");
  intake.rest();
  await until(() => !intake.busy, "it rests");
  assertEquals(pool.lent, 1);
  // The read that was under way all the time.
  wire.say(frames(4, 12));
  await until(() => taker.lengths.length === 3, "it takes what comes at rest");
  assertEquals(taker.lengths, [16, 4, 12]);
  wire.say(new Error("reset"));
  await until(() => taker.ends.length > 0, "it ended");
  assertEquals([(taker.ends[0] as Error).message, taker.ends.length, pool.lent], ["reset", 1, 0]);
});

Deno.test("a fault at rest ends the connection as it does in the stream", async () => {
  const { wire, taker, pool } = stage();
  wire.say(new Uint8Array([0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1]));
  await until(() => taker.ends.length > 0, "it ended");
  assertEquals([taker.lengths, taker.faults, taker.ends.length], [[8], ["length"], 1]);
  await until(() => pool.lent === 0, "every block is back");
});

Deno.test("at rest nothing is read while the taker asks to wait", async () => {
  const { wire, taker } = stage();
  const pause = Promise.withResolvers<void>();
  taker.pause = pause.promise;
  wire.say(frames(8));
  await until(() => taker.lengths.length === 1, "it came");
  wire.say(frames(12));
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals(taker.lengths, [8]);
  pause.resolve();
  await until(() => taker.lengths.length === 2, "it reads on");
  wire.say(null);
  await until(() => taker.ends.length > 0, "it ended");
});

Deno.test("a taker that throws ends the connection, at rest and in the stream", async () => {
  for (const bytes of [frames(8), frames(8, 12).subarray(0, 10)]) {
    const [wire, pool, taker] = [new Wire(), new BlockPool(), new Taker(RULE)];
    taker.take = () => {
      throw new Error("no");
    };
    new Intake(wire, pool, taker);
    wire.say(bytes);
    await until(() => taker.ends.length > 0, "it ended");
    assertEquals([(taker.ends[0] as Error).message, pool.lent], ["no", 0]);
  }
});

Deno.test("whatever the reads and the rests, each frame comes once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 30 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 3000 }), fc.boolean()), { maxLength: 40 }),
      async (words, steps) => {
        const { wire, pool, taker, intake } = stage();
        const lengths = words.map((count) => count * 4);
        const bytes = frames(...lengths);
        let at = 0;
        for (const [size, rests] of [...steps, [bytes.length, true] as const]) {
          if (at < bytes.length) wire.say(bytes.subarray(at, at + size));
          at += size;
          await until(() => wire.idle, "it is read");
          if (!rests) continue;
          intake.rest();
          intake.rest();
        }
        await until(() => taker.lengths.length === lengths.length, "all frames came");
        assertEquals(taker.lengths, lengths);
        wire.say(null);
        await until(() => taker.ends.length > 0, "it ended");
        assertEquals([taker.ends, taker.faults, pool.lent], [[undefined], [], 0]);
      },
    ),
    { numRuns: 60 },
  );
});
