import { assertEquals } from "@std/assert";
import { Sweeper } from "../../src/host/sweeper.ts";

const MiB = 1024 * 1024;

/** A sweeper over figures that the test sets. */
class Scene {
  used = 50 * MiB;
  messages = 0;
  /** What is needed in truth: what a collection leaves. */
  needed = 50 * MiB;
  collections = 0;
  readonly sweeper: Sweeper = new Sweeper({
    used: () => this.used,
    messages: () => this.messages,
    collect: () => {
      this.collections++;
      this.used = this.needed;
    },
  });

  look(used: number, messages = 0): number {
    this.used = used * MiB;
    this.messages += messages;
    this.sweeper.look();
    return this.collections;
  }
}

Deno.test("what a storm leaves behind is collected in the first quiet moment, and what the engine kept of it in the next", () => {
  const scene = new Scene();
  assertEquals(scene.look(55), 0, "a little more is nothing");
  assertEquals(scene.look(150, 1_000_000), 0, "not while it is busy");
  assertEquals(scene.look(150), 1);
  assertEquals(scene.look(55, 1_000_000), 1, "busy again");
  assertEquals([scene.look(55), scene.look(55), scene.look(60)], [2, 2, 2]);
});

Deno.test("memory that is needed is not asked for again and again", () => {
  const scene = new Scene();
  scene.needed = 120 * MiB;
  assertEquals([scene.look(120), scene.look(121), scene.look(122), scene.look(130)], [1, 2, 2, 2]);
  scene.needed = 60 * MiB;
  assertEquals([scene.look(137), scene.look(61)], [3, 4], "much more than was needed then");
  assertEquals([scene.look(75), scene.look(77)], [4, 5], "and much more than is needed now");
});
