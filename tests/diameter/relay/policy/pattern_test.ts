import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { expression, loadForPolicy } from "../../../../src/diameter/relay/policy/loaded.ts";
import { judgePattern, LONGEST_PATTERN } from "../../../../src/diameter/relay/policy/pattern.ts";
import { NO_POLICY } from "../../../../src/diameter/relay/core/policy_options.ts";

const REFUSED: readonly (readonly [string, string])[] = [
  ["(a)\\1", "backreference"],
  ["a(?=b)", "lookaround"],
  ["a(?!b)", "lookaround"],
  ["(?<=a)b", "lookaround"],
  ["(?<!a)b", "lookaround"],
  ["(a+)*", "quantifier on a group"],
  ["((a+)b)?", "quantifier on a group"],
  ["(a|b)+", "quantifier on a group"],
  ["((a|b)c){2}", "quantifier on a group"],
  [".*.*.*", "unbounded"],
  ["a+b*c{2,}", "unbounded"],
  ["x".repeat(LONGEST_PATTERN + 1), `at most ${LONGEST_PATTERN}`],
  ["(a", 'without its ")"'],
  ["a)", 'without its "("'],
  ["[a", 'without its "]"'],
  ["*a", "nothing to repeat"],
  ["a**", "nothing to repeat"],
  ["^*", "nothing to repeat"],
  ["|+", "nothing to repeat"],
  ["a{3,2}", "below the first"],
  ["a{1001}", "more than 1000"],
  ["[z-a]", "the end is before"],
  ["[[:alpha:]]", "in a class"],
  ["(?i)a", 'only "(?:"'],
  ["(?<n>a)", 'only "(?:"'],
  ["\\q", "means nothing here"],
  ["\\u0041", "means nothing here"],
  ["a\\", "means nothing here"],
  ["a}", "closes or repeats nothing"],
];

for (const [pattern, why] of REFUSED) {
  Deno.test(`RT5 the expression ${pattern.slice(0, 20)} is refused`, () => {
    const refused = judgePattern(pattern);
    assert(refused !== undefined, "it was taken");
    assertStringIncludes(refused, why);
  });
}

const TAKEN: readonly (readonly [pattern: string, matches: string, not: string])[] = [
  ["^26201[0-3]", "262013000000001", "262014000000001"],
  ["mnc0(10|20)\\.mcc262", "epc.mnc020.mcc262.3gppnetwork.org", "mnc030.mcc262"],
  ["(?:ab){2,3}$", "xababab", "xab"],
  [".*.*x", "aaax", "aaa"],
  ["[^a-c\\]-]\\d?", "z", "abc]-"],
  ["\\x41\\.\\*", "A.*", "A.x"],
  ["\\bmme\\b", "x.mme.y", "xmmey"],
  ["a{2,}?b", "aab", "ab"],
];

for (const [pattern, matches, not] of TAKEN) {
  Deno.test(`RT5 the expression ${pattern} is taken, and matches anywhere`, async () => {
    assertEquals(judgePattern(pattern), undefined);
    const rule = { name: "x", fallback: [], ignoreDestinationHost: false, neverRetry: false };
    const routes = [{ ...rule, pool: "default", match: { originHost: { regex: pattern } } }];
    await loadForPolicy({ ...NO_POLICY, routing: { ...NO_POLICY.routing, routes } });
    const compiled = expression(pattern, false);
    assertEquals([compiled.test(matches), compiled.test(not)], [true, false]);
  });
}

Deno.test("RT5 an expression that JavaScript's own engine takes long for is linear", async () => {
  const routes = [{
    name: "x",
    fallback: [],
    ignoreDestinationHost: false,
    neverRetry: false,
    match: { originHost: { regex: "x" } },
  }];
  await loadForPolicy({ ...NO_POLICY, routing: { ...NO_POLICY.routing, routes } });
  const compiled = expression(".*.*x", false);
  // Twice as long takes about twice the time, not four times: so many cannot be slow by accident.
  const began = performance.now();
  for (let i = 0; i < 100; i++) assertEquals(compiled.test("a".repeat(1024)), false);
  assert(performance.now() - began < 5_000, `${performance.now() - began} ms`);
});
