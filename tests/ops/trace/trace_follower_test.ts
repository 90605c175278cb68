/** Transactions that have ended, each once, however the ring goes on meanwhile. */
import { assert, assertEquals } from "@std/assert";
import { TraceFollower } from "../../../src/ops/trace/trace_follower.ts";
import { TraceStage } from "./stage.ts";

const ALL = 1_000_000;

function stage(options: ConstructorParameters<typeof TraceStage>[0] = {}) {
  const scene = new TraceStage({ sample: 1, ...options });
  const { ring, east, request, at } = scene;
  let now = 0;
  let nth = 0;
  return {
    ...scene,
    follower: new TraceFollower(ring),
    /** A request that went to a DRA. */
    begin(): number {
      const handle = ring.begun(request({ now: at(now += 100), session: `s;${++nth}` }));
      ring.attempt(handle, east, nth, at(now += 10));
      return handle;
    },
    end(handle: number): void {
      ring.outcome(handle, ring.word("answered"));
      ring.ended(handle, at(now += 10), 2001, 0);
    },
  };
}

const sessions = (follower: TraceFollower, limit = ALL) =>
  follower.take(limit).map(({ transaction }) => transaction.session_id);

Deno.test("each transaction comes once, when it has ended, oldest first", () => {
  const { follower, begin, end } = stage();
  const [first, second, third] = [begin(), begin(), begin()];
  end(second!);
  follower.look(ALL);
  assertEquals([sessions(follower), sessions(follower), follower.open], [["s;2"], [], 2]);
  end(third!);
  end(first!);
  end(begin());
  follower.look(ALL);
  assertEquals([sessions(follower, 2), sessions(follower, 2), sessions(follower)], [["s;1", "s;3"], ["s;4"], []]);
  assertEquals([follower.open, follower.missed], [0, 0]);
});

Deno.test("what was there before is not looked at", () => {
  const { ring, begin, end } = stage();
  end(begin());
  const later = new TraceFollower(ring);
  end(begin());
  later.look(ALL);
  assertEquals(sessions(later), ["s;2"]);
});

Deno.test("a transaction comes with its exact times, and the request as it came", () => {
  for (const bodies of [true, false]) {
    const { ring, east, west, follower, request, at, clock } = stage({ bodies });
    const sent = request({ now: at(0) });
    const handle = ring.begun(sent);
    ring.attempt(handle, east, 1, at(1_250));
    ring.outcome(handle, ring.word("timeout"));
    ring.attempt(handle, west, 2, at(7_500));
    ring.ended(handle, at(9_000), 2001, 0);
    follower.look(ALL);
    const [one] = follower.take(ALL);
    assertEquals([one!.at, one!.attemptsAt], [clock.wall, [clock.wall + 1.25, clock.wall + 7.5]]);
    assertEquals(one!.transaction.attempts.map(({ dra }) => dra), ["dra-east", "dra-west"]);
    const bytes = sent.block.bytes.slice(sent.at, sent.end);
    assertEquals(one!.request, bodies ? bytes : undefined);
    assertEquals(one!.oneIn, 1);
  }
});

Deno.test("of too many at once some are followed, and each says for how many it stands", () => {
  const { follower, begin, end } = stage();
  for (let i = 0; i < 10; i++) end(begin());
  follower.look(4);
  const taken = follower.take(ALL);
  assertEquals(taken.map(({ transaction, oneIn }) => [transaction.session_id, oneIn]), [
    ["s;1", 3],
    ["s;4", 3],
    ["s;7", 3],
    ["s;10", 3],
  ]);
  assertEquals(follower.missed, 0);
  const shared = stage({ sample: 0.5 });
  for (let i = 0; i < 4; i++) shared.end(shared.begin());
  shared.follower.look(ALL);
  assertEquals(shared.follower.take(ALL).map(({ oneIn }) => oneIn), [2, 2]);
});

Deno.test("what is overwritten before it was taken is missed, and counted, and everything else comes once", () => {
  const { follower, begin, end } = stage({ maxBytes: 16_384 });
  const count = 2_000;
  let taken = 0;
  const pending: number[] = [];
  for (let i = 1; i <= count; i++) {
    const handle = begin();
    if (i % 3 === 0) pending.push(handle);
    else end(handle);
    if (i % 7 === 0) { for (const each of pending.splice(0)) end(each); }
    if (i % 200 === 0) {
      follower.look(ALL);
      taken += follower.take(ALL).length;
    }
  }
  for (const each of pending) end(each);
  follower.look(ALL);
  taken += follower.take(ALL).length;
  assert(taken > 0 && follower.missed > 0, `${taken} taken, ${follower.missed} missed`);
  assertEquals([taken + follower.missed, follower.open], [count, 0]);
});
