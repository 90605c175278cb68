import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { MessageTracker } from "../../src/grpc/message_tracker.ts";
import { cut } from "../support/chunk_reader.ts";

/** Messages of these lengths, one after the other. */
function messages(lengths: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + 5 + length, 0));
  let at = 0;
  for (const length of lengths) {
    new DataView(bytes.buffer).setUint32(at + 1, length);
    at += 5 + length;
  }
  return bytes;
}

function tracked(...chunks: readonly Uint8Array[]): MessageTracker {
  const tracker = new MessageTracker();
  for (const chunk of chunks) tracker.take(chunk);
  return tracker;
}

const seen = ({ begun, atBoundary, messages }: MessageTracker) => ({ begun, atBoundary, messages });

Deno.test("before the first byte nothing has begun and nothing is cut", () => {
  assertEquals(seen(tracked()), { begun: false, atBoundary: true, messages: 0 });
  assertEquals(seen(tracked(new Uint8Array())), { begun: false, atBoundary: true, messages: 0 });
});

for (const bytes of [1, 4, 5, 6, 11]) {
  Deno.test(`a message of 12 bytes is cut after ${bytes} bytes`, () => {
    assertEquals(seen(tracked(messages([12]).subarray(0, bytes))), { begun: true, atBoundary: false, messages: 0 });
  });
}

Deno.test("a message without bytes is one", () => {
  assertEquals(seen(tracked(messages([0]))), { begun: true, atBoundary: true, messages: 1 });
});

Deno.test("a length above 2^31 is a length, not a number below 0", () => {
  assertEquals(tracked(Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3)).atBoundary, false);
});

Deno.test("boundaries are found however the bytes are cut", () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 8 });
  fc.assert(fc.property(lengths, fc.array(fc.nat(3_000)), fc.integer({ min: 1, max: 5 }), (lengths, cuts, missing) => {
    const whole = messages(lengths);
    const tracker = tracked(...cut(whole, cuts));
    assertEquals(seen(tracker), { begun: whole.length > 0, atBoundary: true, messages: lengths.length });
    if (whole.length === 0) return;
    const lost = tracked(...cut(whole.subarray(0, -missing), cuts));
    assertEquals(lost.atBoundary, missing === 5 && lengths.at(-1) === 0);
  }));
});

Deno.test("a tracker can be used for another call", () => {
  const tracker = tracked(messages([7]).subarray(0, 8));
  tracker.reset();
  assertEquals(seen(tracker), { begun: false, atBoundary: true, messages: 0 });
  tracker.take(messages([3]));
  assertEquals(tracker.messages, 1);
});
