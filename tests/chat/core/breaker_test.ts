import { assert, assertEquals } from "@std/assert";
import { Breaker } from "../../../src/chat/core/breaker.ts";

const OPTIONS = { failures: 3, open: 5_000 };

function broken(now = 0, moved?: (state: string) => void): Breaker {
  const breaker = new Breaker(OPTIONS, moved);
  for (let i = 0; i < OPTIONS.failures; i++) breaker.admit(now)!.settle("failed", now);
  return breaker;
}

Deno.test("F7: it opens after so many failures in a row, and not after as many with an answer between", () => {
  const breaker = new Breaker(OPTIONS);
  for (const news of ["failed", "failed", "answered", "failed", "failed", "nothing"] as const) {
    breaker.admit(0)!.settle(news, 0);
  }
  assertEquals(breaker.state(0), "closed");
  breaker.admit(0)!.settle("failed", 0);
  assertEquals(breaker.state(0), "open");
  assertEquals(breaker.admit(1_000), undefined);
  assertEquals(breaker.retryAfter(1_000), 4_000);
});

Deno.test("F7: after its time one probe goes, and nobody else until that has ended", () => {
  const breaker = broken();
  assertEquals(breaker.state(4_999), "open");
  assertEquals(breaker.state(5_000), "half-open");
  const probe = breaker.admit(5_000);
  assert(probe !== undefined);
  assertEquals(breaker.admit(5_000), undefined);
  assertEquals(breaker.admit(90_000), undefined);
  probe.settle("answered", 90_000);
  assertEquals(breaker.state(90_000), "closed");
  assert(breaker.admit(90_000) !== undefined);
});

Deno.test("F7: a probe that fails opens it again, for as long", () => {
  const breaker = broken();
  breaker.admit(6_000)!.settle("failed", 7_000);
  assertEquals(breaker.state(11_999), "open");
  assertEquals(breaker.admit(11_999), undefined);
  assert(breaker.admit(12_000) !== undefined);
});

Deno.test("F7: a probe for which nobody waits any more leaves its place to the next call", () => {
  const breaker = broken();
  breaker.admit(5_000)!.settle("nothing", 5_001);
  assertEquals(breaker.state(5_001), "half-open");
  assert(breaker.admit(5_001) !== undefined);
});

Deno.test("F7: calls of before it moved say nothing any more", () => {
  const breaker = new Breaker(OPTIONS);
  const [late, later] = [breaker.admit(0)!, breaker.admit(0)!];
  for (let i = 0; i < OPTIONS.failures; i++) breaker.admit(0)!.settle("failed", 0);
  late.settle("answered", 1_000);
  assertEquals(breaker.state(1_000), "open");
  breaker.admit(5_000)!.settle("answered", 5_000);
  for (let i = 0; i < OPTIONS.failures; i++) later.settle("failed", 6_000);
  assertEquals(breaker.state(6_000), "closed");
});

Deno.test("F7: each state is told once", () => {
  const states: string[] = [];
  const breaker = broken(0, (state) => states.push(state));
  breaker.admit(1);
  breaker.admit(2);
  breaker.admit(5_000)!.settle("failed", 5_000);
  breaker.admit(10_000)!.settle("answered", 10_000);
  breaker.admit(10_000)!.settle("answered", 10_000);
  assertEquals(states, ["open", "half-open", "open", "half-open", "closed"]);
});

Deno.test("F7: other limits hold for one that is open", () => {
  const breaker = broken();
  breaker.configure({ failures: 1, open: 100 });
  breaker.admit(100)!.settle("answered", 100);
  breaker.admit(100)!.settle("failed", 100);
  assertEquals(breaker.state(100), "open");
});
