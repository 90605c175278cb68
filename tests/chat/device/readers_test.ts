import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { EnvelopeReader } from "../../../src/chat/device/rpc/envelope_reader.ts";
import { enveloped } from "../../../src/chat/device/rpc/protocol.ts";
import { closeFrame } from "../../../src/chat/device/web_socket/frames.ts";
import { FrameReader, type FrameSink } from "../../../src/chat/device/web_socket/frame_reader.ts";
import { frame } from "./raw_web_socket.ts";

const LIMITS = { options: { maxMessageSize: 5000 } };

/** Notes what a reader tells. */
class Notes implements FrameSink {
  readonly told: string[] = [];
  gotText(bytes: Uint8Array): void {
    this.told.push(`text ${Buffer.from(bytes)}`);
  }
  gotBinary(bytes: Uint8Array): void {
    this.told.push(`binary ${Buffer.from(bytes)}`);
  }
  gotPing(bytes: Uint8Array): void {
    this.told.push(`ping ${Buffer.from(bytes)}`);
  }
  gotPong(): void {
    this.told.push("pong");
  }
  gotClose(code: number, reason: string): void {
    this.told.push(`close ${code} ${reason}`);
  }
  broken(code: number): void {
    this.told.push(`broken ${code}`);
  }
}

/** `bytes` in pieces of these sizes, over and over. */
function* pieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; at += sizes[i++ % sizes.length]!) {
    yield bytes.subarray(at, at + sizes[i % sizes.length]!);
  }
}

const sizes = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 });

Deno.test("messages are the same however their frames and bytes are cut", () => {
  const message = fc.record({
    text: fc.string({ maxLength: 4000 }).map((text) => text.replaceAll(/[^ -~]/g, "_")),
    cuts: fc.array(fc.nat(4000), { maxLength: 4 }),
    ping: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), sizes, (messages, sizes) => {
    const frames: Uint8Array[] = [];
    const expected: string[] = [];
    for (const { text, cuts, ping } of messages) {
      const at = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
      for (let i = 1; i < at.length; i++) {
        const final = i === at.length - 1 ? 0x80 : 0;
        frames.push(frame(final | (i === 1 ? 1 : 0), text.slice(at[i - 1], at[i])));
        if (ping && final === 0) {
          frames.push(frame(0x89, "?"));
          expected.push("ping ?");
        }
      }
      expected.push(`text ${text}`);
    }
    frames.push(frame(0x88));
    expected.push("close 1005 ");
    const notes = new Notes();
    const reader = new FrameReader(notes, LIMITS, false);
    for (const piece of pieces(Buffer.concat(frames), sizes)) reader.take(piece);
    assertEquals(notes.told, expected);
  }));
});

Deno.test("what a reader was lent may be used for something else at once", () => {
  const notes = new Notes();
  const reader = new FrameReader(notes, LIMITS, false);
  const lent = Buffer.alloc(7);
  for (const piece of pieces(frame(0x82, "x".repeat(3000)), [7])) {
    lent.set(piece);
    reader.take(lent.subarray(0, piece.length));
    lent.fill(0xff);
  }
  assertEquals(notes.told, [`binary ${"x".repeat(3000)}`]);
});

Deno.test("envelopes are the same however their bytes are cut", () => {
  const envelope = fc.record({ flags: fc.nat(255), size: fc.nat(4000) });
  fc.assert(fc.property(fc.array(envelope, { maxLength: 5 }), sizes, (envelopes, sizes) => {
    const told: { flags: number; size: number }[] = [];
    const reader = new EnvelopeReader({
      envelope: (flags, bytes) => {
        assert(bytes.every((byte) => byte === (flags & 0x7f)));
        told.push({ flags, size: bytes.length });
      },
      tooLarge: () => assert(false),
    }, LIMITS);
    const whole = Buffer.concat(envelopes.map(({ flags, size }) => enveloped(flags, Buffer.alloc(size, flags & 0x7f))));
    for (const piece of pieces(whole, sizes)) reader.take(piece);
    assertEquals(told, envelopes);
    assertEquals(reader.isWithin, false);
  }));
});

Deno.test("a close frame's reason is cut between two characters", () => {
  const bytes = closeFrame(4007, "é".repeat(100));
  assertEquals(bytes.length, 2 + bytes[1]!);
  assertEquals(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(4)), "é".repeat(61));
});
