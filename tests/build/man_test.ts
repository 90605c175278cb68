import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { manPage } from "../../src/build/man.ts";
import { allCommands } from "../../src/commands/cli/command.ts";
import { commands } from "../../src/main.ts";

const hasMan = await new Deno.Command("man", { args: ["--version"], stdout: "null", stderr: "null" }).output()
  .then(({ success }) => success, () => false);

Deno.test("the man page has every command", async () => {
  const page = await manPage(commands, "1.2.3");
  for (const { name } of await allCommands(commands)) {
    assertStringIncludes(page, `\n.SS "diam\\-gw ${name.replaceAll("-", "\\-")}"\n`);
  }
});

Deno.test("no line of a text is taken for an instruction", async () => {
  const load = () =>
    Promise.resolve({
      default: {
        name: "x",
        summary: ".. give or take\\this",
        usage: "x",
        page: { description: "a\n.SH B\n'c", flags: {}, examples: [] },
        run: () => Promise.resolve(0),
      },
    });
  const page = await manPage({ x: load }, "1.2.3");
  assertStringIncludes(page, "\n\\&.. give or take\\ethis.\n");
  assertStringIncludes(page, "\na\n\\&.SH B\n\\&'c\n");
});

Deno.test({
  name: "man shows the page without a warning",
  ignore: !hasMan,
  async fn() {
    const file = await Deno.makeTempFile({ suffix: ".1" });
    try {
      await Deno.writeTextFile(file, await manPage(commands, "1.2.3"));
      const args = ["--warnings", "-E", "UTF-8", "-l", file];
      const env = { MANWIDTH: "160", MAN_KEEP_FORMATTING: "", MANPAGER: "cat", PAGER: "cat", LC_ALL: "C.UTF-8" };
      const { code, stdout, stderr } = await new Deno.Command("man", { args, env }).output();
      assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
      const shown = new TextDecoder().decode(stdout);
      assert(shown.includes("--drop-every N") && shown.includes("EXIT STATUS"), shown.slice(0, 500));
    } finally {
      await Deno.remove(file);
    }
  },
});
