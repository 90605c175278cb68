import { assert } from "@std/assert";
import fc from "fast-check";
import type { Position, RoomListener, StoredEvent } from "../../../src/chat/store/mod.ts";
import { interopTest } from "../../interop/programs.ts";
import { until } from "../../support/until.ts";
import { REDIS, RedisScene } from "./redis_scene.ts";
import { event } from "./scene.ts";

const ROOMS = ["r", "s"];

/** Counts what happens, so that before and after can be told apart. */
class Moments {
  now = 0;
  /** What was published, when, and where it stands: `room/epoch/offset` -> id. */
  readonly published: { readonly id: string; readonly room: string; readonly at: number }[] = [];
  readonly ids = new Map<string, string>();
}

/** One listener's time in a room. */
class Stay implements RoomListener {
  readonly heard: { readonly event: StoredEvent; readonly at: number }[] = [];
  /** When it was told that something is lost. */
  moved_: { readonly position: Position; readonly at: number }[] = [];
  from = Infinity;
  to = Infinity;
  /** Where it stood when it came. */
  last: Position | undefined;
  wrong: string | undefined;
  /** Devices that came later, and hear what this one hears. */
  readonly others: Stay[] = [];

  constructor(readonly room: string, readonly moments: Moments) {}

  event(event: StoredEvent): void {
    for (const other of this.others) other.event(event);
    this.heard.push({ event, at: this.moments.now++ });
    if (event.offset > 0) this.moments.ids.set(`${this.room}/${event.epoch}/${event.offset}`, event.id);
  }

  moved(position: Position): void {
    for (const other of this.others) other.moved(position);
    this.moved_.push({ position, at: this.moments.now++ });
  }

  message(): void {}

  /** What is wrong with it; undefined: nothing. */
  fault(): string | undefined {
    const { ids, published } = this.moments;
    const had = new Set<string>();
    const hadAfter = new Map<string, number>();
    let moves = 0;
    let { last } = this;
    if (this.wrong !== undefined) return this.wrong;
    const line = [...this.heard, ...this.moved_].sort((a, b) => a.at - b.at);
    for (const it of line) {
      if ("position" in it) {
        last = it.position;
        moves++;
        continue;
      }
      const { id, offset, epoch } = it.event;
      // Where Redis lost its data it does not know either that the id was published.
      if (hadAfter.get(id) === moves) return `${id} came twice`;
      hadAfter.set(id, moves);
      had.add(id);
      if (offset === 0) continue;
      if (last !== undefined) {
        if (epoch !== last.epoch) return `${id}: epoch ${epoch} came untold after ${last.epoch}`;
        if (offset <= last.offset) return `${id}@${offset} came after ${last.offset}`;
        for (let missing = last.offset + 1; missing < offset; missing++) {
          const skipped = ids.get(`${this.room}/${epoch}/${missing}`);
          if (skipped !== undefined && !had.has(skipped)) return `${skipped}@${missing} is missing before ${offset}`;
        }
      }
      last = { offset, epoch };
    }
    const since = Math.max(this.from, this.moved_.at(-1)?.at ?? 0);
    const missing = published.find(({ id, room, at }) =>
      room === this.room && at > since && at < this.to && !had.has(id)
    );
    return missing && `${missing.id} is missing`;
  }
}

type Step =
  | { readonly kind: "publish"; readonly gateway: number; readonly room: number; readonly count: number }
  | { readonly kind: "stay" | "recover"; readonly gateway: number; readonly room: number }
  | { readonly kind: "cut"; readonly type: "normal" | "pubsub" }
  | { readonly kind: "restart" | "flush" | "freeze" | "wait" };

const gateway = fc.nat(1);
const room = fc.nat(ROOMS.length - 1);
const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("publish"), gateway, room, count: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("stay"), gateway, room }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("recover"), gateway, room }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cut"), type: fc.constantFrom("normal", "pubsub") }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("restart", "flush", "freeze") }) },
) as fc.Arbitrary<Step>;

async function play(steps: readonly Step[]): Promise<void> {
  await using scene = await RedisScene.start(2);
  const moments = new Moments();
  const stays: Stay[] = [];
  const here = new Map<string, Stay>();
  const waiting: Promise<unknown>[] = [];
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  let last = 0;

  const enter = async (gateway: number, room: string) => {
    const stay = new Stay(room, moments);
    stays.push(stay);
    here.set(`${gateway}${room}`, stay);
    await scene.gateways[gateway]!.store.subscribe(room, stay);
    stay.from = moments.now++;
  };
  for (const room of ROOMS) await enter(0, room);

  for (const step of steps) {
    switch (step.kind) {
      case "publish":
        for (let i = 0; i < step.count; i++) {
          const id = `e${last++}`;
          moments.published.push({ id, room: ROOMS[step.room]!, at: moments.now++ });
          waiting.push(scene.gateways[step.gateway]!.store.publish(ROOMS[step.room]!, event(id)));
        }
        break;
      case "stay": {
        const key = `${step.gateway}${ROOMS[step.room]}`;
        const stay = here.get(key);
        if (stay === undefined) waiting.push(enter(step.gateway, ROOMS[step.room]!));
        else if (stay.from < Infinity) {
          // What was published before may be on its way, and it does not come any more.
          for (const it of [stay, ...stay.others]) it.to = 0;
          scene.gateways[step.gateway]!.store.unsubscribe(ROOMS[step.room]!);
          here.delete(key);
        }
        break;
      }
      case "recover": {
        // A device that was on the other gateway, and comes back from where it stood there.
        const room = ROOMS[step.room]!;
        const stay = here.get(`${step.gateway}${room}`);
        const other = here.get(`${1 - step.gateway}${room}`);
        const from = other?.heard.findLast(({ event }) => event.offset > 0)?.event;
        if (stay === undefined || stay.from === Infinity || from === undefined) break;
        scene.gateways[step.gateway]!.store.recover(room, from, ({ recovered, events, position }) => {
          if (!recovered) return;
          const back = new Stay(room, moments);
          back.last = { offset: from.offset, epoch: from.epoch };
          back.from = moments.now++;
          stays.push(back);
          stay.others.push(back);
          for (const event of events) back.event(event);
          const last = events.findLast(({ offset }) => offset > 0)?.offset ?? from.offset;
          if (last !== position.offset) back.wrong = `recovered up to ${last}, but the room is at ${position.offset}`;
        });
        break;
      }
      case "cut":
        await scene.cut(step.type);
        break;
      case "restart":
        await scene.outage();
        await scene.serve();
        break;
      case "flush":
        await scene.look.flushall();
        break;
      case "freeze":
        scene.server.freeze();
        for (let i = 0; i < 6; i++) {
          scene.clock.advance(250);
          await turn();
        }
        scene.server.thaw();
        break;
      case "wait":
        scene.clock.advance(100);
        await turn();
    }
  }
  await until(async () => {
    scene.clock.advance(20);
    await turn();
    return scene.gateways.every(({ store }) => store.up);
  }, "the gateways are up");
  const all = Promise.all(waiting);
  let done = false;
  all.then(() => done = true);
  await until(async () => {
    scene.clock.advance(20);
    await turn();
    return done && scene.gateways.every(({ store }) => store.up);
  }, "all is published");
  // One more of each room: when it has come everywhere, so has everything.
  for (const room of ROOMS) {
    await scene.one.publish(room, event(`last ${room}`));
    for (const [key, stay] of here) {
      if (key.slice(1) !== room) continue;
      await until(() => {
        scene.clock.advance(20);
        return stay.heard.at(-1)?.event.id === `last ${room}`;
      }, `the last event of ${room} came to ${key}`);
    }
  }
  for (const stay of stays) {
    const fault = stay.fault();
    const lines = stay.heard.map(({ event, at }) => `${at}:${event.id}@${event.offset}`).join(" ");
    const moves = stay.moved_.map(({ position, at }) => `${at}:${position.epoch}/${position.offset}`).join(" ");
    assert(
      fault === undefined,
      `${stay.room}: ${fault}\nheard ${lines}\nmoved ${moves}\nfrom ${stay.from} to ${stay.to}`,
    );
  }
}

interopTest(
  "B1 S4 V2 whatever happens to Redis, every subscriber gets every event once, in order",
  [REDIS],
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 5, maxLength: 40 }), play),
      { numRuns: Number(Deno.env.get("RUNS") ?? 15), endOnFailure: true },
    );
  },
);
