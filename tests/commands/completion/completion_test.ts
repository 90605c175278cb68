import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { completionScript, type Shell } from "../../../src/commands/completion/completion.ts";
import { completionTable } from "../../../src/commands/completion/table.ts";
import { commands } from "../../../src/main.ts";
import { runMain } from "../run_main.ts";

const SHELLS: readonly Shell[] = ["bash", "zsh", "fish"];
const present = new Set<string>();
for (const shell of SHELLS) {
  for (const directory of (Deno.env.get("PATH") ?? "").split(":")) {
    if (await Deno.stat(`${directory}/${shell}`).then(() => true, () => false)) present.add(shell);
  }
}

/** Runs `script` in a shell that has the completions in the file $1. */
async function inShell(shell: Shell, script: string): Promise<string[]> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, await completionScript(commands, shell));
    const args = shell === "fish"
      ? ["--no-config", "-c", script, file]
      : [shell === "zsh" ? "-f" : "--norc", "-c", script, shell, file];
    const { code, stdout, stderr } = await new Deno.Command(shell, { args }).output();
    const decoder = new TextDecoder();
    assertEquals([code, decoder.decode(stderr)], [0, ""]);
    return decoder.decode(stdout).split("\n").filter((line) => line !== "");
  } finally {
    await Deno.remove(file);
  }
}

const COMPLETED: [line: string[], cursor: string, some: string[], never: string[]][] = [
  [[], "s", ["serve", "sim", "send", "status"], ["top"]],
  [["serve"], "--d", ["--dra", "--dra1-host"], ["--config"]],
  [["serve"], "g", ["grpc"], []],
  [["serve", "grpc"], "--j", ["--jwt-secret-file"], []],
  [["sim"], "d", ["dra", "devices"], ["app"]],
  [["sim", "dra", "--imei-default"], "b", ["blacklisted"], ["whitelisted"]],
  [["completion"], "", ["bash", "zsh", "fish"], []],
  [["help"], "ver", ["version"], []],
];

for (const [line, cursor, some, never] of COMPLETED) {
  const typed = ["diam-gw", ...line, cursor].join(" ");
  const check = (offered: readonly string[]) => {
    for (const word of some) assert(offered.includes(word), `no ${word} in ${offered}`);
    for (const word of never) assert(!offered.includes(word), `${word} in ${offered}`);
  };
  Deno.test({
    name: `bash completes: ${typed}`,
    ignore: !present.has("bash"),
    async fn() {
      const words = ["diam-gw", ...line, cursor].map((word) => `'${word}'`).join(" ");
      const script = `. "$1"; COMP_WORDS=(${words}); COMP_CWORD=${
        line.length + 1
      }; _diam_gw; printf '%s\\n' "\${COMPREPLY[@]}"`;
      check(await inShell("bash", script));
    },
  });
  Deno.test({
    name: `fish completes: ${typed}`,
    ignore: !present.has("fish"),
    async fn() {
      const offered = await inShell("fish", `source $argv[1]; complete -C '${typed}'`);
      check(offered.map((word) => word.split("\t")[0] ?? ""));
    },
  });
}

Deno.test({
  name: "bash offers files where a flag or an argument is one",
  ignore: !present.has("bash"),
  async fn() {
    const script = `. "$1"; cd /; COMP_WORDS=(diam-gw serve -c et); COMP_CWORD=3; _diam_gw; echo "$COMPREPLY"
      COMP_WORDS=(diam-gw decode et); COMP_CWORD=2; _diam_gw; echo "$COMPREPLY"`;
    assertEquals(await inShell("bash", script), ["etc", "etc"]);
  },
});

Deno.test({
  name: "zsh takes the completions, and asks for what each command has",
  ignore: !present.has("zsh"),
  async fn() {
    // The functions that offer words only work in an editor: what they would be told is looked at.
    const script = `compdef() { : } ; . "$1"; _arguments() { print -rl -- "$@" }
      words=(diam-gw sim dra --); CURRENT=4; _diam_gw`;
    const told = await inShell("zsh", script);
    assert(told.some((spec) => spec.startsWith("--drop-every[every Nth request gets no answer]:N:")), told.join("\n"));
    assert(told.some((spec) => spec.startsWith("*--applications[")), told.join("\n"));
  },
});

Deno.test("the completions of every shell know every command and every flag", async () => {
  const entries = await completionTable(commands);
  assert(entries.some(({ path }) => path === "sim dra"));
  for (const shell of SHELLS) {
    const script = await completionScript(commands, shell);
    for (const { path, flags } of entries) {
      assertStringIncludes(script, path);
      for (const { name } of flags) assertStringIncludes(script, shell === "fish" ? `-l ${name}` : `--${name}`);
    }
  }
});

Deno.test("completion prints the script of a shell, and names the shells it knows", async () => {
  assertEquals(await runMain(["completion", "fish"]), {
    code: 0,
    stdout: await completionScript(commands, "fish"),
    stderr: "",
  });
  assertEquals(await runMain(["completion", "tcsh"]), {
    code: 2,
    stdout: "",
    stderr: 'expected completion bash|zsh|fish, got "tcsh"\nTry diam-gw completion --help\n',
  });
});
