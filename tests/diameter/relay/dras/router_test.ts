import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  activePriority,
  describeChoice,
  describeRejections,
  type DraView,
  type RequestFacts,
  route,
} from "../../../../src/diameter/relay/dras/router.ts";

const S13 = 16777252;
const GX = 16777238;

interface View extends DraView {
  readonly applications: readonly number[];
}

function dra(name: string, more: Partial<View> = {}): View {
  const applications = more.applications ?? [S13];
  return {
    name,
    priority: 1,
    weight: 100,
    originHost: `${name}.example.net`,
    usable: true,
    reason: "",
    held: false,
    shut: "",
    applications,
    takes: (application) => applications.includes(application),
    ...more,
  };
}

function facts(more: Partial<RequestFacts> = {}): RequestFacts {
  return { application: S13, destinationHost: "", routeRecords: [], tried: [], ...more };
}

function names(groups: readonly (readonly DraView[])[]): string[][] {
  return groups.map((group) => group.map(({ name }) => name));
}

Deno.test("R2 DRAs come by priority; those of one priority together", () => {
  const pool = [dra("c", { priority: 2 }), dra("a"), dra("d", { priority: 7 }), dra("b")];
  const { pinned, groups, rejected } = route(facts(), pool);
  assertEquals(pinned, undefined);
  assertEquals(names(groups), [["a", "b"], ["c"], ["d"]]);
  assertEquals(rejected, []);
});

Deno.test("R2 the DRA that Destination-Host names comes first, whatever its priority and weight", () => {
  const pool = [dra("a"), dra("b", { priority: 9, weight: 0 })];
  const { pinned, groups } = route(facts({ destinationHost: "b.example.net" }), pool);
  assertEquals(pinned?.name, "b");
  assertEquals(names(groups), [["a"]]);
});

Deno.test("CB3 CB5 a DRA whose circuit breaker is open gets only what names it", () => {
  const pool = [dra("a", { shut: "circuit open until T" }), dra("b")];
  const { groups, rejected } = route(facts(), pool);
  assertEquals([names(groups), rejected], [[["b"]], [{ name: "a", reason: "circuit open until T" }]]);
  assertEquals(route(facts({ destinationHost: "a.example.net" }), pool).pinned?.name, "a");
});

Deno.test("R2 a Destination-Host that is unknown or not usable leaves the choice to the pool", () => {
  const pool = [dra("a"), dra("b", { usable: false, reason: "is not connected" })];
  for (const destinationHost of ["b.example.net", "hss.example.net"]) {
    const { pinned, groups } = route(facts({ destinationHost }), pool);
    assertEquals(pinned, undefined);
    assertEquals(names(groups), [["a"]]);
  }
});

const REJECTED: readonly {
  readonly items: string;
  readonly name: string;
  readonly dra: Partial<View>;
  readonly facts?: Partial<RequestFacts>;
  readonly reason: string;
}[] = [
  { items: "R2", name: "that is not usable", dra: { usable: false, reason: "is suspect" }, reason: "is suspect" },
  {
    items: "R5",
    name: "that did not advertise the application",
    dra: { applications: [GX] },
    reason: "did not advertise application 16777252",
  },
  {
    items: "R6",
    name: "that is in a Route-Record",
    dra: {},
    facts: { routeRecords: ["other.example.net", "a.example.net"] },
    reason: "is in a Route-Record of the request",
  },
  { items: "N6", name: "that was tried before", dra: {}, facts: { tried: ["a"] }, reason: "was tried before" },
  {
    items: "R2",
    name: "of weight 0 that is not named",
    dra: { weight: 0 },
    reason: "has weight 0 and is not the Destination-Host",
  },
];
for (const { items, name, dra: more, facts: wanted = {}, reason } of REJECTED) {
  Deno.test(`${items} a DRA ${name} is no candidate, and the decision says why`, () => {
    const { pinned, groups, rejected } = route(facts(wanted), [dra("a", more), dra("b")]);
    assertEquals(pinned, undefined);
    assertEquals(names(groups), [["b"]]);
    assertEquals(rejected, [{ name: "a", reason }]);
  });

  if (wanted.destinationHost === undefined && more.weight === undefined) {
    Deno.test(`${items} a DRA ${name} is no candidate even when Destination-Host names it`, () => {
      const { pinned, groups } = route(facts({ ...wanted, destinationHost: "a.example.net" }), [
        dra("a", more),
        dra("b"),
      ]);
      assertEquals(pinned, undefined);
      assertEquals(names(groups), [["b"]]);
    });
  }
}

Deno.test("D4 a DRA that recovered a short while ago comes after all that are not held", () => {
  const pool = [dra("a", { held: true }), dra("b", { priority: 2 }), dra("c", { priority: 3 })];
  assertEquals(names(route(facts(), pool).groups), [["b"], ["c"], ["a"]]);
  assertEquals(activePriority(pool), 2);
});

Deno.test("D4 the active priority is the best that is usable and has a weight", () => {
  assertEquals(activePriority([]), undefined);
  assertEquals(activePriority([dra("a", { weight: 0 }), dra("b", { priority: 2 })]), 2);
  assertEquals(activePriority([dra("a", { usable: false }), dra("b", { priority: 2 }), dra("c", { priority: 3 })]), 2);
  assertEquals(activePriority([dra("a", { held: true })]), 1);
});

Deno.test("R2 a rejection is told for every DRA", () => {
  assertEquals(describeRejections([]), "no route: no DRA is configured");
  const text = describeRejections([{ name: "a", reason: "is suspect" }, { name: "b", reason: "was tried before" }]);
  assertStringIncludes(text, "a is suspect");
  assertStringIncludes(text, "b was tried before");
});

const view = fc.record({
  priority: fc.integer({ min: 1, max: 3 }),
  weight: fc.constantFrom(0, 1, 100),
  usable: fc.boolean(),
  held: fc.boolean(),
  known: fc.boolean(),
  applications: fc.subarray([S13, GX]),
});
const pools = fc.array(view, { maxLength: 6 }).map((views) =>
  views.map(({ known, ...more }, i) =>
    dra(`d${i}`, { ...more, reason: "is down", ...(known ? {} : { originHost: "" }) })
  )
);
Deno.test("R2 why a DRA was asked is told with everybody who was not, and those before it who were full", () => {
  const down = dra("d", { usable: false, reason: "is disabled" });
  const pool = [dra("a"), dra("b", { priority: 2 }), dra("c", { priority: 2 }), down];
  const asked = { why: "priority 1", leftOut: [{ name: "d", reason: "is disabled" }] };
  assertEquals(describeChoice(route(facts(), pool), "a", "round robin"), asked);
  const [full, disabled] = [{ name: "a", reason: "has as much as it may" }, { name: "d", reason: "is disabled" }];
  const second = describeChoice(route(facts(), pool), "c", "round robin");
  assertEquals(second, { why: "priority 2, round robin among 2 DRAs", leftOut: [full, disabled] });
  const named = route(facts({ destinationHost: "a.example.net" }), pool);
  assertEquals(describeChoice(named, "a", "round robin").why, "Destination-Host names it");
  assertEquals(describeChoice(named, "b", "round robin").leftOut, [full, disabled]);
});

const hosts = fc.constantFrom<string[]>(
  "",
  "d0.example.net",
  "d1.example.net",
  "d2.example.net",
  "elsewhere.example.net",
);
const requests: fc.Arbitrary<RequestFacts> = fc.record({
  application: fc.constantFrom(S13, GX, 4),
  destinationHost: hosts,
  routeRecords: fc.array(hosts.filter((host) => host !== ""), { maxLength: 3 }),
  tried: fc.subarray<string>(["d0", "d1", "d2"]),
});

Deno.test("R2 R5 R6 the decision is what a naive reading of the rules gives, for any pool and request", () => {
  fc.assert(
    fc.property(pools, requests, (pool, request) => {
      const { pinned, groups, rejected } = route(request, pool);
      const may = (candidate: View) =>
        candidate.usable && candidate.applications.includes(request.application) &&
        !request.routeRecords.includes(candidate.originHost) && !request.tried.includes(candidate.name);
      const named = (candidate: View) =>
        request.destinationHost !== "" && candidate.originHost === request.destinationHost;
      assertEquals(pinned?.name, pool.find((candidate) => may(candidate) && named(candidate))?.name);

      const others = pool.filter((candidate) =>
        may(candidate) && candidate !== pinned && (candidate.weight > 0 || named(candidate))
      );
      const flat = groups.flat();
      assertEquals(flat.map(({ name }) => name).sort(), others.map(({ name }) => name).sort());
      for (let i = 1; i < flat.length; i++) {
        const [before, after] = [flat[i - 1]!, flat[i]!];
        assert(
          Number(before.held) < Number(after.held) || (before.held === after.held && before.priority <= after.priority),
        );
      }
      for (const group of groups) {
        assertEquals(new Set(group.map(({ priority, held }) => `${priority} ${held}`)).size, 1);
      }
      assertEquals(groups.length, new Set(flat.map(({ priority, held }) => `${priority} ${held}`)).size);
      assertEquals(rejected.length, pool.length - flat.length - (pinned === undefined ? 0 : 1));
      assert(rejected.every(({ reason }) => reason !== ""));
    }),
    { numRuns: 1000 },
  );
});
