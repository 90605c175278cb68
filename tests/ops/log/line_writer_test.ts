import { assertEquals } from "@std/assert";
import { type LineSink, LineWriter } from "../../../src/ops/log/line_writer.ts";

/**
 * Records what is written; `take` bytes at most are taken at once, and none before the gate opens.
 */
function recorder({ take = Infinity, gate = Promise.resolve() } = {}) {
  const writes: string[] = [];
  const record = (bytes: Uint8Array) => {
    const taken = bytes.subarray(0, Math.min(take, bytes.length));
    writes.push(new TextDecoder().decode(taken));
    return taken.length;
  };
  const sink: LineSink = { write: async (bytes) => (await gate, record(bytes)), writeSync: record };
  return { sink, writes };
}

const dropped = (count: number) => `${count} dropped\n`;

Deno.test("lines of one turn leave in one write, in order", async () => {
  const { sink, writes } = recorder();
  const writer = new LineWriter(sink, dropped);
  writer.push("a\n");
  writer.push("b\n");
  await writer.flush();
  writer.push("c\n");
  await writer.close();
  assertEquals(writes, ["a\nb\n", "c\n"]);
});

Deno.test("a sink that takes a part gets the rest", async () => {
  const { sink, writes } = recorder({ take: 3 });
  const writer = new LineWriter(sink, dropped);
  writer.push("abcdefg\n");
  await writer.close();
  assertEquals(writes, ["abc", "def", "g\n"]);
});

Deno.test("what does not fit into the queue is dropped and counted", async () => {
  const gate = Promise.withResolvers<void>();
  const { sink, writes } = recorder({ gate: gate.promise });
  const writer = new LineWriter(sink, dropped, 6);
  for (const line of ["a\n", "b\n", "c\n", "d\n", "e\n"]) writer.push(line);
  gate.resolve();
  await writer.close();
  assertEquals(writes.join(""), "a\nb\nc\n2 dropped\n");
});

Deno.test("a reader that has gone, and one that does not read, hold nobody up", async () => {
  const gone = new LineWriter(
    { write: () => Promise.reject(new Deno.errors.BrokenPipe()), writeSync: () => 0 },
    dropped,
  );
  gone.push("a\n");
  await gone.close();
  const { promise, resolve } = Promise.withResolvers<number>();
  const stuck = new LineWriter({ write: () => promise, writeSync: () => 0 }, dropped);
  stuck.push("a\n");
  await stuck.close(1);
  resolve(2);
});

Deno.test("a disk that is full for a while costs the lines of that while, which are counted", async () => {
  let room = 2;
  let text = "";
  const full = new Error("No space left on device");
  const write = (bytes: Uint8Array) => {
    if (room === 0) return Promise.reject(full);
    const taken = bytes.subarray(0, room);
    room -= taken.length;
    text += new TextDecoder().decode(taken);
    return Promise.resolve(taken.length);
  };
  const writer = new LineWriter({ write, writeSync: () => 0 }, (count, failure) => `${count} dropped: ${failure}\n`);
  for (const line of ["aaa\n", "b\n", "c\n"]) {
    writer.push(line);
    await writer.flush();
  }
  assertEquals(text, "aa");
  room = 1000;
  writer.push("d\n");
  writer.push("e\n");
  await writer.flush();
  writer.push("f\n");
  await writer.close();
  assertEquals(text, "aa\n3 dropped: No space left on device\nd\ne\nf\n");
});

Deno.test("an exit without warning still writes what is queued, once", async () => {
  const { sink, writes } = recorder();
  const writer = new LineWriter(sink, dropped);
  writer.push("a\n");
  writer.flushSync();
  writer.push("b\n");
  writer.flushSync();
  assertEquals(writes, ["a\n"]);
  await writer.close();
});
