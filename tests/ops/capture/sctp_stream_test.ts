import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { SctpData } from "../../../src/ops/capture/sctp.ts";
import { SctpStream } from "../../../src/ops/capture/sctp_stream.ts";
import { bytes, text } from "./frames.ts";

/** Chunks of a message, its text in `pieces`, the first numbered `tsn`. */
function chunksOf(pieces: readonly string[], tsn: number): SctpData[] {
  return pieces.map((data, i) => ({
    tsn: (tsn + i) >>> 0,
    stream: 0,
    payloadProtocol: 46,
    isFirst: i === 0,
    isLast: i === pieces.length - 1,
    data: bytes(data),
  }));
}

Deno.test("messages come out whole, once each, in whatever order their fragments come", () => {
  const message = fc.array(fc.string({ minLength: 1, maxLength: 3, unit: "grapheme-ascii" }), {
    minLength: 1,
    maxLength: 4,
  });
  const scene = fc.tuple(
    fc.array(message, { maxLength: 6 }),
    fc.constantFrom(1, 0xfffffffe),
    fc.infiniteStream(fc.nat()),
  );
  fc.assert(fc.property(scene, ([messages, initial, dice]) => {
    let tsn = initial;
    const chunks = messages.flatMap((pieces) => {
      const made = chunksOf(pieces, tsn);
      tsn += pieces.length;
      return made;
    });
    const order = [...chunks, ...chunks].map((chunk) => ({ chunk, at: dice.next().value! })).sort((a, b) =>
      a.at - b.at
    );
    const stream = new SctpStream();
    const found = order.flatMap(({ chunk }) => stream.add(chunk, 1) ?? []).map(({ bytes }) => text(bytes));
    assertEquals(found.sort(), messages.map((pieces) => pieces.join("")).sort());
    stream.end();
    assertEquals([stream.takeLost().count, stream.held], [0, 0]);
  }));
});

Deno.test("fragments without a first are given up when they are many, and cost no more than others", () => {
  const stream = new SctpStream();
  const [, middle] = chunksOf(["a", "b", "c"], 0);
  let most = 0;
  for (let tsn = 1; tsn <= 100_000; tsn++) {
    assertEquals(stream.add({ ...middle!, tsn }, tsn), undefined);
    most = Math.max(most, stream.held);
  }
  assert(most < 1e6, `${most} bytes`);
  const lost = stream.takeLost();
  assert(lost.count >= 90_000 && lost.frame === 1, JSON.stringify(lost));
  const whole = chunksOf(["wh", "ole"], 200_000).map((chunk) => stream.add(chunk, 1)).at(-1);
  assertEquals(text(whole!.bytes), "whole");
  stream.end();
  assertEquals(lost.count + stream.takeLost().count, 100_000);
});
