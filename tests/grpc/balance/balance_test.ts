import { assertEquals } from "@std/assert";
import { LeastPending } from "../../../src/grpc/balance/least_pending.ts";
import { RoundRobin } from "../../../src/grpc/balance/round_robin.ts";
import { StickySessions } from "../../../src/grpc/balance/sticky_sessions.ts";
import { StickyTable } from "../../../src/grpc/balance/sticky_table.ts";
import { Metadata } from "../../../src/grpc/metadata.ts";
import type { InstanceState } from "../../../src/grpc/parts.ts";
import { HeaderList } from "../../../src/http2/hpack/header_list.ts";

class One implements InstanceState {
  usable = true;
  busy = false;
  constructor(readonly id: string, public inFlight = 0) {}
}

const group = (names: string) => [...names].map((name) => new One(name));
const call = (session?: string, attempt = 0) => {
  const list = new HeaderList().append(":path", "/s.S/M");
  if (session !== undefined) list.append("session-id", session);
  return { attempt, metadata: new Metadata(list) };
};
type Picked = InstanceState | "busy" | undefined;
const name = (picked: Picked) => picked === undefined ? "-" : picked === "busy" ? "!" : picked.id;

function dealt(balancer: { pick(call: object, group: readonly One[]): Picked }, group: readonly One[], count: number) {
  return Array.from({ length: count }, () => name(balancer.pick(call(), group))).join("");
}

for (const Balancer of [RoundRobin, LeastPending]) {
  Deno.test(`${Balancer.name} deals calls that end at once to all in turn`, () => {
    assertEquals(dealt(new Balancer() as RoundRobin, group("abc"), 7), "abcabca");
  });

  Deno.test(`${Balancer.name} passes over who is busy, and says so when all are`, () => {
    const [a, b, c] = group("abc");
    b!.busy = true;
    const balancer = new Balancer() as RoundRobin;
    assertEquals(dealt(balancer, [a!, b!, c!], 4), "acac");
    a!.busy = c!.busy = true;
    assertEquals(dealt(balancer, [a!, b!, c!], 2), "!!");
    assertEquals(dealt(balancer, [], 1), "-");
  });
}

Deno.test("round robin goes on at its place when instances come and go", () => {
  const balancer = new RoundRobin();
  assertEquals(
    dealt(balancer, group("abc"), 2) + dealt(balancer, group("a"), 2) + dealt(balancer, group("abcd"), 4),
    "abaabcda",
  );
});

Deno.test("further attempts take nobody's turn", () => {
  const balancer = new RoundRobin();
  const all = group("abc");
  const first = () => name(balancer.pick(call(), all));
  const again = () => name(balancer.pick(call(undefined, 1), all.slice(1)));
  assertEquals([first(), again(), first(), again(), first(), again()], ["a", "b", "b", "c", "c", "b"]);
});

Deno.test("least pending picks the one with fewest calls in flight", () => {
  const balancer = new LeastPending();
  const [a, b, c] = [new One("a", 3), new One("b", 1), new One("c", 2)];
  const picked = Array.from({ length: 6 }, () => {
    const one = balancer.pick(call(), [a, b, c]) as One;
    one.inFlight++;
    return one.id;
  });
  assertEquals(picked.join(""), "bcbcab");
});

function sticky(now = () => 0) {
  const table = new StickyTable<One>({ maxKeys: 100, idle: 1_000 });
  return { table, balancer: new StickySessions(table.keys("session-id"), now) };
}

Deno.test("a session stays with its instance, and new ones take turns", () => {
  const { balancer } = sticky();
  const all = group("abc");
  const picked = ["s1", "s2", "s1", "s3", "s2", "s4", "s1"].map((session) => name(balancer.pick(call(session), all)));
  assertEquals(picked.join(""), "abacbaa");
});

Deno.test("a call without a session takes its turn and binds nothing", () => {
  const { balancer, table } = sticky();
  const all = group("ab");
  assertEquals(
    [undefined, "", "s", undefined].map((session) => name(balancer.pick(call(session), all))).join(""),
    "abab",
  );
  assertEquals(table.size, 1);
});

Deno.test("a busy instance is the answer to its sessions, and they stay bound", () => {
  const { balancer } = sticky();
  const all = group("ab");
  balancer.pick(call("s"), all);
  all[0]!.busy = true;
  assertEquals(name(balancer.pick(call("s"), all)), "!");
  all[0]!.busy = false;
  assertEquals(name(balancer.pick(call("s"), all)), "a");
});

Deno.test("a session binds nowhere while all are busy", () => {
  const { balancer, table } = sticky();
  const [a] = group("a");
  a!.busy = true;
  assertEquals([name(balancer.pick(call("s"), [a!])), name(balancer.pick(call("s"), [])), table.size], ["!", "-", 0]);
});

Deno.test("a session moves for good when its instance is not usable any more", () => {
  const { balancer } = sticky();
  const all = group("ab");
  balancer.pick(call("s"), all);
  all[0]!.usable = false;
  assertEquals(name(balancer.pick(call("s"), [all[1]!])), "b");
  all[0]!.usable = true;
  assertEquals(name(balancer.pick(call("s"), all)), "b");
});

Deno.test("a call that its instance refused goes elsewhere, and the session stays", () => {
  const { balancer } = sticky();
  const all = group("ab");
  balancer.pick(call("s"), all);
  assertEquals(name(balancer.pick(call("s", 1), [all[1]!])), "b");
  assertEquals(name(balancer.pick(call("s"), all)), "a");
});

Deno.test("a reset stream unbinds its own session alone", () => {
  const { balancer, table } = sticky();
  const all = group("a");
  for (const session of ["s1", "s2"]) balancer.pick(call(session), all);
  balancer.unbindKey(call("s1"));
  balancer.unbindKey(call());
  assertEquals([table.size, table.find("s2", 0)?.instance.id], [1, "a"]);
});

Deno.test("a session that nobody used for too long is bound anew", () => {
  let now = 0;
  const { balancer } = sticky(() => now);
  const all = group("ab");
  const picked = [0, 1_000, 2_000, 3_001].map((at) => {
    now = at;
    return name(balancer.pick(call("s"), all));
  });
  assertEquals(picked.join(""), "aaab");
});
