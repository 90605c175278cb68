import { assertEquals } from "@std/assert";
import { describeFlags, flagTable, parseFlags } from "../../../src/commands/cli/flags.ts";

const flags = flagTable({
  file: { kind: "string", short: "f", placeholder: "FILE", help: "a file", default: "a.yaml" },
  format: { kind: "string", placeholder: "FORM", help: "a form", choices: ["text", "json"] },
  rate: { kind: "number", placeholder: "N", help: "a rate", default: 10, least: 1, most: 100 },
  offset: { kind: "number", short: "o", placeholder: "N", help: "an offset" },
  share: { kind: "number", placeholder: "X", help: "a share", fraction: true },
  wait: { kind: "duration", placeholder: "DURATION", help: "a wait", default: 90_000, least: 1 },
  size: { kind: "size", placeholder: "SIZE", help: "a size" },
  tag: { kind: "list", placeholder: "TAG", help: "a tag" },
  json: { kind: "boolean", short: "j", help: "as JSON" },
});

const DEFAULTS = {
  file: "a.yaml",
  format: undefined,
  rate: 10,
  offset: undefined,
  share: undefined,
  wait: 90_000,
  size: undefined,
  tag: [],
  json: false,
};

const GOOD: [args: string[], values: object, positionals?: string[]][] = [
  [[], {}],
  [["--file=b"], { file: "b" }],
  [["--file", "b"], { file: "b" }],
  [["-f", "b"], { file: "b" }],
  [["-fb"], { file: "b" }],
  [["-f=b"], { file: "b" }],
  [["--file="], { file: "" }],
  [["--file", ""], { file: "" }],
  [["--file", "-"], { file: "-" }],
  [["--file", "a=b"], { file: "a=b" }],
  [["--file", "b", "--file", "c"], { file: "c" }],
  [["--format", "json"], { format: "json" }],
  [["--rate", "5"], { rate: 5 }],
  [["--offset", "-5"], { offset: -5 }],
  [["--offset=-5"], { offset: -5 }],
  [["-o-5"], { offset: -5 }],
  [["--share", ".5"], { share: 0.5 }],
  [["--wait", "1m"], { wait: 60_000 }],
  [["--size", "64KiB"], { size: 65_536 }],
  [["--tag", "a", "--tag=b"], { tag: ["a", "b"] }],
  [["--json", "x"], { json: true }, ["x"]],
  [["-j"], { json: true }],
  [["--json=false"], { json: false }],
  [["0100", "--json", "2.50"], { json: true }, ["0100", "2.50"]],
  [["--json", "--", "--file", "-x"], { json: true }, ["--file", "-x"]],
  [["-"], {}, ["-"]],
];

for (const [args, values, positionals = []] of GOOD) {
  Deno.test(`flags are read: ${JSON.stringify(args)}`, () => {
    assertEquals(parseFlags(flags, args), {
      values: { ...DEFAULTS, ...values },
      positionals,
      help: false,
      problems: [],
    });
  });
}

const WRONG: [args: string[], problems: string[]][] = [
  [["--fil", "b"], ["unknown flag --fil; did you mean --file?"]],
  [["--colour"], ["unknown flag --colour"]],
  [["-x"], ["unknown flag -x"]],
  [["--hlep"], ["unknown flag --hlep; did you mean --help?"]],
  [["--constructor=1"], ["unknown flag --constructor"]],
  [["--file"], ["--file: needs a value: --file FILE"]],
  [["--file", "--json"], ["--file: needs a value: --file FILE"]],
  [["--format", "xml"], ['--format: expected text or json, got "xml"']],
  [["--rate", "many"], ['--rate: expected a whole number, got "many"']],
  [["--rate", "1.5"], ['--rate: expected a whole number, got "1.5"']],
  [["--rate", "0"], ["--rate: expected a whole number from 1 to 100, got 0"]],
  [["--wait", "30"], ['--wait: expected a duration such as 250ms, 30s, 5m or 1h, got "30"']],
  [["--wait", "0"], ["--wait: expected a duration of 1ms or more, got 0"]],
  [["--size", "1GB"], ['--size: expected a size in bytes, or such as 64KiB or 1MiB, got "1GB"']],
  [["--json=yes"], ['--json: expected true or false, got "yes"']],
  [["--fil", "--rate", "x"], ["unknown flag --fil; did you mean --file?", '--rate: expected a whole number, got "x"']],
];

for (const [args, problems] of WRONG) {
  Deno.test(`what is wrong with flags is said: ${JSON.stringify(args)}`, () => {
    assertEquals(parseFlags(flags, args).problems, problems);
  });
}

Deno.test("a required flag is asked for, once", () => {
  const required = flagTable({ peer: { kind: "string", placeholder: "HOST:PORT", help: "whom", required: true } });
  assertEquals(parseFlags(required, []).problems, ["--peer: missing; give --peer HOST:PORT"]);
  assertEquals(parseFlags(required, ["--peer"]).problems, ["--peer: needs a value: --peer HOST:PORT"]);
  const peer: string = parseFlags(required, ["--peer", "h:1"]).values.peer;
  assertEquals(peer, "h:1");
});

Deno.test("help is asked for anywhere before --, and nothing else is looked at then", () => {
  for (const args of [["--help"], ["-h"], ["--nonsense", "--help"]]) {
    const { help, problems } = parseFlags(flags, args);
    assertEquals([help, problems], [true, []]);
  }
  assertEquals(parseFlags(flags, ["--", "--help"]).help, false);
});

Deno.test("the help text names each flag with its value, its choices and its default", () => {
  assertEquals(
    describeFlags(flags),
    `  -f, --file FILE  a file (default a.yaml)
  --format FORM    a form (text or json)
  --rate N         a rate (default 10)
  -o, --offset N   an offset
  --share X        a share
  --wait DURATION  a wait (default 90s)
  --size SIZE      a size
  --tag TAG        a tag (repeatable)
  -j, --json       as JSON
  -h, --help       this text
`,
  );
});

Deno.test("the name of a flag may begin with no-, which denies nothing", () => {
  const table = flagTable({
    "no-relay": { kind: "boolean", help: "no relay" },
    "no-more-than": { kind: "number", placeholder: "N", help: "a limit" },
  });
  const parse = (...args: string[]) => {
    const { values, problems } = parseFlags(table, args);
    return [values["no-relay"], values["no-more-than"], problems];
  };
  assertEquals(parse(), [false, undefined, []]);
  assertEquals(parse("--no-relay", "--no-more-than", "3"), [true, 3, []]);
  assertEquals(parse("--no-relay=false", "--no-more-than=4"), [false, 4, []]);
  assertEquals(parse("--relay")[2], ["unknown flag --relay"]);
});
