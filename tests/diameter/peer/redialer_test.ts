import { assert, assertEquals } from "@std/assert";
import { type BackoffOptions, STABLE_AFTER } from "../../../src/diameter/peer/backoff.ts";
import type { PeerEnd } from "../../../src/diameter/peer/peer_end.ts";
import { Redialer } from "../../../src/diameter/peer/redialer.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const BACKOFF: BackoffOptions = { initial: 1_000, multiplier: 2, max: 8_000, jitter: 0, afterRefusal: 60_000 };
const LOST: PeerEnd = { kind: "lost", reason: "it is gone" };
const REFUSED: PeerEnd = { kind: "refused", reason: "it does not want us" };

/** An owner whose attempts end when the test says so. */
class Owner {
  readonly clock = new FakeClock();
  readonly redialer: Redialer;
  /** What happened, in order. */
  readonly log: string[] = [];
  follows: BackoffOptions | "at_once" | "never" = BACKOFF;
  onWait: () => void = () => {};
  #end: PromiseWithResolvers<PeerEnd> | undefined;

  constructor(random: () => number = () => 0.5) {
    this.redialer = new Redialer(
      {
        attempt: (givenUp) => {
          this.log.push("dial");
          const end = this.#end = Promise.withResolvers<PeerEnd>();
          givenUp.addEventListener("abort", () => {
            if (this.#end === end) this.log.push("given up");
          });
          return end.promise;
        },
        next: () => this.follows,
        waits: (_, milliseconds) => {
          this.log.push(`wait ${milliseconds}`);
          this.onWait();
        },
        over: (end) => this.log.push(`over: ${end?.reason}`),
      },
      this.clock,
      random,
    );
  }

  /** Ends the attempt at hand. */
  async ends(end: PeerEnd = LOST): Promise<void> {
    const attempt = this.#end!;
    this.#end = undefined;
    attempt.resolve(end);
    await turn();
  }

  async passes(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    await turn();
  }

  /** What happened since the last call. */
  news(): string[] {
    return this.log.splice(0);
  }
}

/** Lets everything that is ready run. */
async function turn(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

Deno.test("the first attempt begins at once, each next one after a longer wait, up to the longest", async () => {
  const owner = new Owner();
  owner.redialer.start();
  assertEquals(owner.news(), ["dial"]);
  for (const wait of [1_000, 2_000, 4_000, 8_000, 8_000]) {
    await owner.ends();
    assertEquals(owner.news(), [`wait ${wait}`]);
    await owner.passes(wait - 1);
    assertEquals(owner.news(), []);
    await owner.passes(1);
    assertEquals(owner.news(), ["dial"]);
  }
});

Deno.test("the dice decide where in its range a wait falls", async () => {
  for (const [dice, wait] of [[0, 900], [0.5, 1_000], [0.999_999, 1_100]] as const) {
    const owner = new Owner(() => dice);
    owner.follows = { ...BACKOFF, jitter: 0.1 };
    owner.redialer.start();
    await owner.ends();
    assertEquals(owner.news(), ["dial", `wait ${wait}`]);
    await owner.redialer.stop();
  }
});

Deno.test("a peer that does not want us is left alone for longer", async () => {
  const owner = new Owner();
  owner.redialer.start();
  await owner.ends(REFUSED);
  assertEquals(owner.news(), ["dial", "wait 60000"]);
});

Deno.test("after a connection that held, waits are short again; one that did not hold changes nothing", async () => {
  const owner = new Owner();
  owner.redialer.start();
  await owner.ends();
  await owner.passes(1_000);
  owner.redialer.held(STABLE_AFTER - 1);
  await owner.ends();
  await owner.passes(2_000);
  owner.redialer.held(STABLE_AFTER);
  await owner.ends();
  assertEquals(owner.news().filter((what) => what !== "dial"), ["wait 1000", "wait 2000", "wait 1000"]);
});

Deno.test("the time of the next attempt is known while one is planned, and not otherwise", async () => {
  const owner = new Owner();
  const { redialer } = owner;
  redialer.start();
  assertEquals(redialer.nextAttemptAt, 0);
  const before = Date.now();
  await owner.ends();
  assert(redialer.nextAttemptAt >= before + 1_000 && redialer.nextAttemptAt <= Date.now() + 1_000);
  await owner.passes(1_000);
  assertEquals(redialer.nextAttemptAt, 0);
});

Deno.test("who is woken dials at once, and leaves no alarm behind", async () => {
  const owner = new Owner();
  owner.redialer.start();
  await owner.ends();
  owner.redialer.wake();
  await turn();
  assertEquals(owner.news(), ["dial", "wait 1000", "dial"]);
  assertEquals([owner.clock.alarms, owner.redialer.nextAttemptAt], [0, 0]);
  owner.redialer.wake();
  await owner.passes(60_000);
  assertEquals(owner.news(), [], "there was nothing to wake");
});

Deno.test("an attempt that is given up ends as its owner ends it, and what follows is asked as ever", async () => {
  const owner = new Owner();
  owner.redialer.start();
  owner.redialer.giveUp();
  owner.follows = "at_once";
  await owner.ends();
  assertEquals(owner.news(), ["dial", "given up", "dial"]);
  assertEquals(owner.clock.alarms, 0);
  owner.follows = BACKOFF;
  await owner.ends();
  owner.redialer.giveUp();
  await turn();
  assertEquals(owner.news(), ["wait 1000", "dial"], "a wait is given up too, and does not touch the next attempt");
});

Deno.test("who wants no more attempts gets none, and may begin anew", async () => {
  const owner = new Owner();
  owner.follows = "never";
  owner.redialer.start();
  assertEquals(owner.redialer.running, true);
  await owner.ends();
  assertEquals(owner.news(), ["dial", "over: it is gone"]);
  assertEquals(owner.redialer.running, false);
  owner.redialer.start();
  assertEquals(owner.news(), ["dial"]);
});

Deno.test("a stop waits for the connection at hand, and nothing is dialled after it", async () => {
  const owner = new Owner();
  owner.redialer.start();
  let stopped = false;
  const stopping = owner.redialer.stop().then(() => stopped = true);
  await turn();
  assertEquals([stopped, owner.redialer.running], [false, true]);
  await owner.ends({ kind: "left", reason: "shutting down" });
  await stopping;
  assertEquals(owner.redialer.running, false);
  await owner.passes(100_000);
  assertEquals(owner.news(), ["dial", "given up", "over: shutting down"]);
});

Deno.test("a stop during a wait ends it at once", async () => {
  const owner = new Owner();
  owner.redialer.start();
  await owner.ends();
  await owner.redialer.stop();
  assertEquals(owner.news(), ["dial", "wait 1000", "over: it is gone"]);
  assertEquals([owner.clock.alarms, owner.redialer.nextAttemptAt], [0, 0]);
});

Deno.test("who stops it when told of the wait need not sit the wait out", async () => {
  const owner = new Owner();
  let stopped = false;
  owner.onWait = () => owner.redialer.stop().then(() => stopped = true);
  owner.redialer.start();
  await owner.ends();
  assertEquals(stopped, true);
  assertEquals(owner.clock.alarms, 0);
});

Deno.test("a start right behind a stop waits for the old connection to end: there are never two", async () => {
  const owner = new Owner();
  const { redialer } = owner;
  redialer.start();
  const first = redialer.stop();
  redialer.start();
  redialer.start();
  await turn();
  assertEquals(owner.news(), ["dial", "given up"]);
  await owner.ends();
  await first;
  assertEquals(owner.news(), ["over: it is gone", "dial"]);
  assertEquals(redialer.running, true);
  const second = redialer.stop();
  redialer.start();
  const third = redialer.stop();
  await owner.ends();
  await Promise.all([second, third]);
  assertEquals(owner.news(), ["given up", "over: it is gone", "over: undefined"]);
  assertEquals(redialer.running, false);
});

Deno.test("a stop of what never began, and a second one, come back at once", async () => {
  const owner = new Owner();
  await owner.redialer.stop();
  await owner.redialer.stop();
  assertEquals(owner.news(), []);
});
