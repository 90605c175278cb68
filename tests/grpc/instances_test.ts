import { assertEquals, assertThrows } from "@std/assert";
import { diffInstances, ListError, readInstances } from "../../src/grpc/instances.ts";

const entry = (instance_id: unknown, ipv4: unknown = "10.0.0.1", port: unknown = 5000) => ({ instance_id, ipv4, port });
const instance = (id: string, port = 5000, hostname = "10.0.0.1") => ({ id, hostname, port });

Deno.test("a list gives the addresses of its instances, whatever else is in it", () => {
  const answer = { instances: [{ ...entry("a"), zone: "x" }, entry("b", "10.0.0.2", 1)], version: 3 };
  assertEquals(readInstances(answer), { instances: [instance("a"), instance("b", 1, "10.0.0.2")], skipped: [] });
  assertEquals(readInstances({ instances: [] }), { instances: [], skipped: [] });
});

for (
  const [wrong, reason] of [
    [entry(undefined), "expected text as instance_id, got nothing"],
    [entry(""), 'expected text as instance_id, got ""'],
    [entry(7), "expected text as instance_id, got 7"],
    [null, "expected text as instance_id, got nothing"],
    ["a", "expected text as instance_id, got nothing"],
    [entry("good"), '"good" is listed twice'],
    [entry("x", "10.0.0.300"), 'expected an IPv4 address as ipv4 of "x", got "10.0.0.300"'],
    [entry("x", "::1"), 'expected an IPv4 address as ipv4 of "x", got "::1"'],
    [entry("x", "backend"), 'expected an IPv4 address as ipv4 of "x", got "backend"'],
    [{ instance_id: "x", port: 5 }, 'expected an IPv4 address as ipv4 of "x", got nothing'],
    [entry("x", "10.0.0.1", 0), 'expected a port 1..65535 as port of "x", got 0'],
    [entry("x", "10.0.0.1", "5000"), 'expected a port 1..65535 as port of "x", got "5000"'],
    [entry("x", "10.0.0.1", 5000.5), 'expected a port 1..65535 as port of "x", got 5000.5'],
    [entry(["long".repeat(40)]), `expected text as instance_id, got ["${"long".repeat(14).slice(0, 55)}...`],
  ] as const
) {
  Deno.test(`an entry is left out of a list: ${reason}`, () => {
    const { instances, skipped } = readInstances({ instances: [entry("good"), wrong, entry("also good")] });
    assertEquals([instances.map(({ id }) => id), skipped], [["good", "also good"], [`instances[1]: ${reason}`]]);
  });
}

for (const answer of [null, [], "x", {}, { instances: null }, { instances: {} }]) {
  Deno.test(`${JSON.stringify(answer)} is no list of instances`, () => {
    assertThrows(() => readInstances(answer), ListError, 'expected {"instances": [...]}');
  });
}

Deno.test("two lists differ by who came, who went, and who has another address", () => {
  const before = [instance("a"), instance("b"), instance("c"), instance("d")];
  const now = [instance("e"), instance("c", 5001), instance("b"), instance("d", 5000, "10.0.0.9")];
  assertEquals(diffInstances(before, now), {
    added: [instance("e")],
    removed: [instance("a")],
    changed: [instance("c", 5001), instance("d", 5000, "10.0.0.9")],
  });
  assertEquals(diffInstances(before, before.toReversed()), { added: [], removed: [], changed: [] });
});
