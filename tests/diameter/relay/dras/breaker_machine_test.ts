import { assertEquals } from "@std/assert";
import { DEFAULT_OPTIONS } from "../../../../src/diameter/relay/core/options.ts";
import { BreakerMachine, mayOpen } from "../../../../src/diameter/relay/dras/breaker_machine.ts";

const DEFAULTS = { ...DEFAULT_OPTIONS.draPool.circuitBreaker, enabled: true };

/** A breaker, its clock, and what it told. */
class Bench {
  now = 0;
  readonly told: string[] = [];
  allowed = true;
  dice = 0.5;
  readonly machine: BreakerMachine;

  constructor(options: Partial<typeof DEFAULTS> = {}) {
    this.machine = new BreakerMachine(
      { ...DEFAULTS, ...options },
      { mayOpen: () => this.allowed, changed: (to) => this.told.push(to) },
      () => this.dice,
      0,
    );
  }

  /** `x` a failure, `.` a success, `s` a slow one. */
  play(outcomes: string): this {
    for (const outcome of outcomes) {
      if (outcome === "x") this.machine.failed(this.now);
      else this.machine.succeeded(this.now, outcome === "s");
    }
    return this;
  }

  /** The same, of requests that are to try it. */
  probe(outcomes: string): this {
    for (const outcome of outcomes) this.machine.probed(this.now, outcome === ".");
    return this;
  }

  halfOpen(): this {
    this.now = this.machine.probeAt;
    this.machine.tryAgain(this.now);
    assertEquals(this.machine.state, "half_open");
    return this;
  }
}

for (
  const [name, options, outcomes, state] of [
    ["five failures in a row", {}, "xxxxx", "open"],
    ["four", {}, "xxxx", "closed"],
    ["five with a success in between", {}, "xxxx.x", "closed"],
    ["a slow answer in between, which is an answer", {}, "xxxxsx", "closed"],
    ["failures in a row that are not used", { consecutiveFailures: 0 }, "x".repeat(19), "closed"],
    ["half of twenty", {}, "x.".repeat(10), "closed"],
    ["half of twenty, the last of them a failure", {}, ".x".repeat(10), "open"],
    ["half of nineteen", {}, `.${".x".repeat(9)}`, "closed"],
    ["less than half of twenty", {}, `..${".x".repeat(9)}`, "closed"],
    ["half of twenty too slow", {}, ".s".repeat(10), "open"],
  ] as const
) {
  Deno.test(`CB2 ${name}: ${state}`, () => assertEquals(new Bench(options).play(outcomes).machine.state, state));
}

Deno.test("CB2 what is older than the window does not count", () => {
  const bench = new Bench({ consecutiveFailures: 0 }).play("x".repeat(15));
  bench.now = 10_000;
  assertEquals(bench.play(".....").machine.state, "closed");
  assertEquals(bench.machine.errorRatio(bench.now), 0);
  bench.now = 15_000;
  bench.play("x".repeat(10)).play("x");
  assertEquals(bench.machine.errorRatio(bench.now), 11 / 16);
  bench.now = 1e9;
  assertEquals(bench.machine.errorRatio(bench.now), 0);
});

Deno.test("CB3 open_for passes, three successes in a row close it, and it begins anew", () => {
  const bench = new Bench().play("xxxxx");
  assertEquals(bench.machine.probeAt, 30_000);
  bench.now = 29_999;
  bench.machine.tryAgain(bench.now);
  assertEquals(bench.machine.state, "open");
  bench.halfOpen().probe("..");
  assertEquals(bench.machine.state, "half_open");
  bench.probe(".");
  assertEquals([bench.machine.state, bench.machine.consecutiveFailures], ["closed", 0]);
  assertEquals(bench.told, ["open", "half_open", "closed"]);
});

Deno.test("CB3 one failure opens it again for twice as long, up to open_max; outcomes of before do not count", () => {
  const bench = new Bench().play("xxxxx");
  const waits: number[] = [];
  for (let i = 0; i < 6; i++) {
    bench.halfOpen().play("xxxxxx").probe(".x");
    waits.push(bench.machine.probeAt - bench.now);
  }
  assertEquals(waits, [60_000, 120_000, 240_000, 300_000, 300_000, 300_000]);
});

Deno.test("CB3 the times are spread by ten percent", () => {
  for (const [dice, at] of [[0, 27_000], [0.5, 30_000], [1, 33_000]] as const) {
    const bench = new Bench();
    bench.dice = dice;
    assertEquals(Math.round(bench.play("xxxxx").machine.probeAt), at);
  }
});

Deno.test("CB3 a minute closed resets the doubling, less does not", () => {
  for (const [closed, wait] of [[59_999, 60_000], [60_000, 30_000]] as const) {
    const bench = new Bench().play("xxxxx").halfOpen().probe("...");
    bench.now += closed;
    bench.play("xxxxx");
    assertEquals(bench.machine.probeAt - bench.now, wait);
  }
});

Deno.test("CB4 one that may not open stays closed, is told, and is judged again with the next failure", () => {
  const bench = new Bench();
  bench.allowed = false;
  assertEquals(bench.play("xxxxx.").machine.state, "closed");
  assertEquals(bench.told, ["held"]);
  bench.play("xxxxx");
  bench.allowed = true;
  assertEquals(bench.play("x").machine.state, "open");
  assertEquals(bench.told, ["held", "held", "open"]);
});

for (
  const [usable, open, percent, may] of [
    [1, 0, 100, false],
    [0, 0, 100, false],
    [2, 0, 50, true],
    [2, 1, 50, false],
    [3, 0, 10, true],
    [3, 1, 50, false],
    [4, 1, 50, true],
    [4, 2, 50, false],
    [5, 2, 50, false],
    [2, 1, 100, true],
  ] as const
) {
  Deno.test(`CB4 ${open} of ${usable} usable are open, ${percent} % may be: ${may ? "one more may" : "no more"}`, () => {
    assertEquals(mayOpen(usable, open, percent), may);
  });
}

Deno.test("CB6 a reset closes it and forgets what was counted", () => {
  const bench = new Bench().play("xxxxx");
  bench.machine.close(bench.now, "its operator closed it");
  assertEquals(bench.play("xxxx").machine.state, "closed");
});
