import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { planOf } from "./arguments.ts";
import { CASES } from "./cases.ts";

Deno.test("who asks the relay's benchmark for help reads every flag and every case", () => {
  const plan = planOf(["--case", "nonsense", "--help"]);
  assert("help" in plan);
  for (const name of ["--against", "--case", "--seconds", "--rounds", "--unobserved"]) {
    assertStringIncludes(plan.help, name);
  }
  for (const { name } of CASES) assertStringIncludes(plan.help, `  ${name}\n`);
});

Deno.test("the relay's benchmark runs what it is told to, in its own order", () => {
  const plan = planOf(["--case", "refusing; 10 x 64", "--case=640 x 1", "--seconds", "0.5", "--unobserved"]);
  assert("cases" in plan);
  assertEquals(plan.cases.map(({ name }) => name), ["10 x 64", "640 x 1", "refusing"]);
  assertEquals([plan.seconds, plan.rounds, plan.unobserved, plan.against], [0.5, 3, true, undefined]);
  const all = planOf([]);
  assert("cases" in all);
  assertEquals(all.cases, CASES);
});

for (
  const [args, problem] of [
    [["--agianst", "x"], "unknown flag --agianst; did you mean --against?"],
    [["--case", "10 x 6"], '--case: there is no case "10 x 6"; did you mean "10 x 64"?'],
    [["--rounds", "0"], "--rounds: expected a whole number from 1 to 1000, got 0"],
    [["10 x 64"], 'unexpected argument "10 x 64"'],
  ] as const
) {
  Deno.test(`the relay's benchmark does not begin when it is told ${args.join(" ")}`, () => {
    const plan = planOf(args);
    assert("problems" in plan);
    assertStringIncludes(plan.problems.join("\n"), problem);
  });
}
