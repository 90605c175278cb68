import { assert, assertEquals } from "@std/assert";
import { BlockPool } from "../../src/net/block.ts";
import { BlockReader } from "../../src/http2/block_reader.ts";
import { Turns } from "../../src/net/turns.ts";
import { until } from "../support/until.ts";

/** A peer that always has more, so that no read need wait. */
class Endless {
  reads = 0;
  constructor(readonly most: number) {}
  read(into: Uint8Array): Promise<number | null> {
    this.reads++;
    return Promise.resolve(this.reads > this.most ? null : into.length);
  }
}

Deno.test("a peer that always has more leaves the others their turns", async () => {
  const turns = new Turns();
  const peer = new Endless(200);
  let ended = false;
  const reader = new BlockReader(peer, new BlockPool(), turns, {
    take: (_block, _at, end) => {
      for (const until = performance.now() + 0.5; performance.now() < until;);
      return end;
    },
    busy: () => undefined,
    ended: () => ended = true,
  });
  let ticks = 0;
  const count = () => {
    if (!ended) ticks++;
  };
  reader.read();
  const timer = setInterval(count, 0);
  await until(() => ended, "all is read");
  clearInterval(timer);
  turns.close();
  assertEquals(peer.reads, 201);
  // 100 ms of work: a timer is due every 1 or 2 ms, and would be seen once or never.
  assert(ticks >= 4, `${ticks} ticks`);
});

Deno.test("a reader that is stopped between two turns reads no more", async () => {
  const turns = new Turns();
  const peer = new Endless(Infinity);
  let taken = 0;
  const reader = new BlockReader(peer, new BlockPool(), turns, {
    take: (_block, _at, end) => {
      taken++;
      for (const until = performance.now() + 1; performance.now() < until;);
      return end;
    },
    busy: () => undefined,
    ended: () => assert(false, "nothing is told of what was stopped"),
  });
  reader.read();
  await until(() => taken > 10, "it reads");
  reader.stop();
  const before = peer.reads;
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert(peer.reads <= before + 1);
  turns.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
});
