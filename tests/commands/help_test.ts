import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { allCommands, commandGroup, defineCommand, UsageError } from "../../src/commands/cli/command.ts";
import { findCommand, overview } from "../../src/commands/help.ts";
import { commands } from "../../src/main.ts";
import { runMain } from "./run_main.ts";

Deno.test("help lists the commands on stdout, however it is asked for", async () => {
  const text = await overview(commands);
  for (const args of [["help"], ["--help"], ["-h"], ["help", "help"]]) {
    assertEquals(await runMain(args), { code: 0, stdout: text, stderr: "" });
  }
  for (const name of [...Object.keys(commands), "help"]) assertStringIncludes(text, `\n  ${name} `);
});

Deno.test("the program alone shows help on stderr, and that is bad usage", async () => {
  assertEquals(await runMain([]), { code: 2, stdout: "", stderr: await overview(commands) });
});

for (const [name, load] of Object.entries(commands)) {
  Deno.test(`the command ${name} is what the table says, and has a summary that fits a line`, async () => {
    const command = (await load()).default;
    assertEquals(command.name, name);
    assertEquals(command.usage.split(" ")[0], name);
    assert(command.summary.length > 0 && command.summary.length <= 70, command.summary);
  });
}

Deno.test("help COMMAND and COMMAND --help show the same, with examples", async () => {
  for (const name of ["check", "version"]) {
    const [asked, flag] = await Promise.all([runMain(["help", name]), runMain([name, "--help"])]);
    assertEquals(asked, flag);
    assertEquals([asked.code, asked.stderr], [0, ""]);
    assertStringIncludes(asked.stdout, `Usage: diam-gw ${name}`);
    assertStringIncludes(asked.stdout, `Examples:\n  diam-gw ${name}`);
  }
});

const WRONG: [args: string[], stderr: string][] = [
  [["chek"], 'unknown command chek; did you mean "diam-gw check"?\nTry diam-gw --help\n'],
  [
    ["frobnicate"],
    "unknown command frobnicate; there are serve, demo, bench, sim, send, ping, top, status, check, explain, decode, dict, version, completion, help\nTry diam-gw --help\n",
  ],
  [["help", "vesion"], 'unknown command vesion; did you mean "diam-gw version"?\nTry diam-gw --help\n'],
  [
    ["constructor"],
    "unknown command constructor; there are serve, demo, bench, sim, send, ping, top, status, check, explain, decode, dict, version, completion, help\nTry diam-gw --help\n",
  ],
  [["--print"], "unknown flag --print; a command comes first: diam-gw COMMAND --print\nTry diam-gw --help\n"],
  [["version", "--jsn", "x"], "unknown flag --jsn; did you mean --json?\nTry diam-gw version --help\n"],
  [
    ["help", "nonsense"],
    "unknown command nonsense; there are serve, demo, bench, sim, send, ping, top, status, check, explain, decode, dict, version, completion, help\nTry diam-gw --help\n",
  ],
  [
    ["send", "s14"],
    'expected diam-gw send s13|hex|file, got "s14"; did you mean "diam-gw send s13"?\nTry diam-gw send --help\n',
  ],
  [
    ["check", "-c", "a.yaml", "-c", "b.yaml"],
    '--config: expected one FILE, got "a.yaml", "b.yaml"\nTry diam-gw check --help\n',
  ],
  [
    ["serve", "-c", "a.yaml", "--config=b.yaml"],
    '--config: expected one FILE, got "a.yaml", "b.yaml"\nTry diam-gw serve --help\n',
  ],
  [
    ["sim", "dra", "--listen", "h", "--drop-every", "0"],
    "--drop-every: expected a whole number of 1 or more, got 0\nTry diam-gw sim dra --help\n",
  ],
  [
    ["sim", "dra", "--listen", "h", "--delay", "600h"],
    "--delay: expected a duration of 24 days (576h) or less, got 600h\nTry diam-gw sim dra --help\n",
  ],
  [["decode", "no/such/file"], "cannot read no/such/file: no such file\n"],
  [["decode", "/"], "cannot read /: it is a directory\n"],
  [["decode", "00", "--dictionary", "no/such"], "cannot read no/such: no such file\n"],
  [["send", "file", "no/such/file", "--peer", "h"], "cannot read no/such/file: no such file\n"],
  [["sim", "dra", "--listen", "h", "--imei-table", "no/such"], "cannot read no/such: no such file\n"],
  [["check", "-c", "no/such/file"], "cannot read no/such/file: no such file\n"],
  [["serve", "-c", "no/such/file"], "cannot read no/such/file: no such file\n"],
  [["version", "x"], 'unexpected argument "x"\nTry diam-gw version --help\n'],
  [
    ["check", "gw.yaml"],
    'unexpected argument "gw.yaml"; a configuration is given with -c FILE\nTry diam-gw check --help\n',
  ],
];

for (const [args, stderr] of WRONG) {
  Deno.test(`bad usage is explained on stderr and ends with 2: ${args.join(" ")}`, async () => {
    assertEquals(await runMain(args), { code: 2, stdout: "", stderr });
  });
}

Deno.test("a group hands over to its members, and names them otherwise", async () => {
  const ran: string[] = [];
  const member = defineCommand({
    name: "sim dra",
    summary: "a DRA",
    flags: { listen: { kind: "string", placeholder: "HOST:PORT", help: "where" } },
    examples: [["sim dra", "a DRA"]],
    run({ listen }) {
      ran.push(String(listen));
      return 0;
    },
  });
  const group = commandGroup("sim", "simulators", { dra: () => Promise.resolve({ default: member }) });
  assertEquals(await group.run(["dra", "--listen", "h:1"]), 0);
  assertEquals(ran, ["h:1"]);
  await assertRejects(() => group.run(["app"]), UsageError, 'expected diam-gw sim dra, got "app"');
  await assertRejects(() => group.run([]), UsageError, "expected diam-gw sim dra");
});

Deno.test("help --all has the help of every command, those below others too", async () => {
  const { code, stdout, stderr } = await runMain(["help", "--all"]);
  assertEquals([code, stderr], [0, ""]);
  const all = await allCommands(commands);
  for (const word of ["serve grpc", "sim dra", "send s13", "completion"]) assert(all.some(({ name }) => name === word));
  for (const { name, usage } of all) {
    assertStringIncludes(stdout, `\ndiam-gw ${name}\n`);
    assertStringIncludes(stdout, `Usage: diam-gw ${usage}\n`);
  }
});

Deno.test("a command is found by its exact name only", async () => {
  assertEquals((await findCommand(commands, "check")).name, "check");
  await assertRejects(() => findCommand(commands, "Check"), UsageError, "did you mean");
});

Deno.test("a reader that stops reading ends the program quietly", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", new URL("../../src/main.ts", import.meta.url).pathname, "help"],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stdout.cancel();
  const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assertEquals([code, stderr], [0, ""]);
});
