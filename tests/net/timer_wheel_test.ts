import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { TimerWheel } from "../../src/net/timer_wheel.ts";

const SLOTS = 12;
const BUCKETS = 8;

/** What a wheel promises, said naively. */
class Model {
  readonly due = new Map<number, number>();
  now: number;

  constructor(now: number) {
    this.now = now;
  }
  arm(slot: number, due: number): void {
    this.due.set(slot, Math.max(due, this.now + 1));
  }
  advance(now: number): void {
    this.now = Math.max(this.now, now);
  }
}

/** What a callback does when its slot expires. */
type Reaction = { readonly kind: "nothing" } | {
  readonly kind: "arm" | "cancel" | "move";
  readonly slot: number;
  readonly in: number;
};

type Step =
  | { readonly kind: "arm"; readonly slot: number; readonly in: number }
  | { readonly kind: "cancel"; readonly slot: number }
  | { readonly kind: "advance"; readonly by: number; readonly reactions: readonly Reaction[] };

const slot = fc.nat({ max: SLOTS - 1 });
// Before now, now, within a turn, and several turns away.
const ahead = fc.integer({ min: -2, max: BUCKETS * 4 });
const reaction: fc.Arbitrary<Reaction> = fc.oneof(
  fc.constant<Reaction>({ kind: "nothing" }),
  fc.record({ kind: fc.constantFrom("arm" as const, "cancel" as const, "move" as const), slot, in: ahead }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("arm" as const), slot, in: ahead }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), slot }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      by: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: BUCKETS * 3 })),
      reactions: fc.array(reaction, { minLength: 1, maxLength: 6 }),
    }),
  },
);

/** Anywhere, and where a tick no longer fits 31 bits, or 32. */
const start = fc.oneof(
  fc.nat({ max: 100_000 }),
  fc.integer({ min: 2 ** 31 - 100, max: 2 ** 31 + 10 }),
  fc.integer({ min: 2 ** 32 - 100, max: 2 ** 32 + 10 }),
);

Deno.test("a wheel does what a naive list of deadlines does, in any order of calls", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), start, (steps, start) => {
      const wheel = new TimerWheel(SLOTS, BUCKETS, start);
      const model = new Model(start);
      const arm = (slot: number, due: number) => {
        if (model.due.has(slot)) return;
        wheel.arm(slot, due);
        model.arm(slot, due);
      };
      const cancel = (slot: number) => {
        if (!model.due.delete(slot)) return;
        wheel.cancel(slot);
      };
      for (const step of steps) {
        if (step.kind === "arm") arm(step.slot, model.now + step.in);
        else if (step.kind === "cancel") cancel(step.slot);
        else {
          const now = model.now + step.by;
          model.advance(now);
          let expired = 0;
          wheel.advance(now, (slot) => {
            const due = model.due.get(slot);
            assert(due !== undefined && due <= now, `slot ${slot} expired at ${now}, due ${due}`);
            assertEquals(wheel.isArmed(slot), false);
            model.due.delete(slot);
            const reaction = step.reactions[expired++ % step.reactions.length]!;
            if (reaction.kind === "cancel" || reaction.kind === "move") cancel(reaction.slot);
            if (reaction.kind === "arm" || reaction.kind === "move") arm(reaction.slot, now + reaction.in);
          });
          for (const [slot, due] of model.due) {
            assert(due > now, `slot ${slot} was due at ${due}, and now it is ${now}`);
          }
        }
        assertEquals(wheel.armed, model.due.size);
        for (let slot = 0; slot < SLOTS; slot++) assertEquals(wheel.isArmed(slot), model.due.has(slot));
      }
    }),
    { numRuns: 400 },
  );
});

Deno.test("a deadline further away than one turn is met in the tick it names", () => {
  const wheel = new TimerWheel(1, BUCKETS, 100);
  wheel.arm(0, 100 + 5 * BUCKETS);
  const expired: number[] = [];
  for (let now = 101; now <= 100 + 6 * BUCKETS; now++) wheel.advance(now, () => expired.push(now));
  assertEquals(expired, [100 + 5 * BUCKETS]);
});

Deno.test("a jump over many turns expires everything that was due", () => {
  const wheel = new TimerWheel(SLOTS, BUCKETS);
  for (let slot = 0; slot < SLOTS; slot++) wheel.arm(slot, 1 + slot * 3);
  const expired: number[] = [];
  wheel.advance(1_000_000, (slot) => expired.push(slot));
  assertEquals(expired.sort((a, b) => a - b), Array.from({ length: SLOTS }, (_, slot) => slot));
  assertEquals(wheel.armed, 0);
});

Deno.test("a deadline that is over already is met in the next tick", () => {
  const wheel = new TimerWheel(1, BUCKETS, 50);
  wheel.arm(0, 10);
  const expired: number[] = [];
  wheel.advance(50, (slot) => expired.push(slot));
  assertEquals(expired, []);
  wheel.advance(51, (slot) => expired.push(slot));
  assertEquals(expired, [0]);
});

Deno.test("time never goes back", () => {
  const wheel = new TimerWheel(1, BUCKETS, 50);
  wheel.arm(0, 60);
  wheel.advance(40, () => assert(false, "nothing is due"));
  wheel.advance(59, () => assert(false, "nothing is due"));
  let expired = 0;
  wheel.advance(60, () => expired++);
  assertEquals(expired, 1);
});

Deno.test("after three and a half years of ticks of 50 ms a deadline is still met, and a slot still known as armed", () => {
  const now = 2 ** 31 - 2;
  const wheel = new TimerWheel(3, BUCKETS, now);
  for (const slot of [0, 1, 2]) wheel.arm(slot, now + 1 + slot * BUCKETS);
  const expired: number[] = [];
  for (let tick = now + 1; tick <= now + 3 * BUCKETS; tick++) wheel.advance(tick, (slot) => expired.push(slot, tick));
  assertEquals(expired, [0, now + 1, 1, now + 1 + BUCKETS, 2, now + 1 + 2 * BUCKETS]);
  wheel.arm(0, now + 100);
  assertEquals([0, 1, 2].map((slot) => wheel.isArmed(slot)), [true, false, false]);
});
