/**
 * `completion`: what a shell must know to complete command lines of the program.
 * @module
 */
import { type Command, type CommandTable, defineCommand, EXIT } from "../cli/command.ts";
import { print } from "../cli/terminal.ts";
import { bash } from "./bash.ts";
import { fish } from "./fish.ts";
import { completionTable, type Entry } from "./table.ts";
import { zsh } from "./zsh.ts";

/** What is written for each shell. */
const SHELLS = { bash, zsh, fish } as const;
/** A shell that there are completions for. */
export type Shell = keyof typeof SHELLS;

/** The script of `shell` for the commands of `table`. */
export async function completionScript(table: CommandTable, shell: Shell): Promise<string> {
  const entries: readonly Entry[] = await completionTable(table);
  return SHELLS[shell](entries);
}

/** Prints the script for a shell, made of the commands of `table`. */
export function completion(table: CommandTable): Command {
  return defineCommand({
    name: "completion",
    summary: "print the completions of commands and flags for a shell",
    arguments: Object.keys(SHELLS).join("|"),
    description: `
The package for Debian brings them along. By hand, for one user:

  bash  diam-gw completion bash > ~/.local/share/bash-completion/completions/diam-gw
  zsh   diam-gw completion zsh > DIRECTORY/_diam-gw, of a directory in $fpath
  fish  diam-gw completion fish > ~/.config/fish/completions/diam-gw.fish`,
    positionals: { least: 1, most: 1, choices: Object.keys(SHELLS) },
    flags: {},
    examples: [["completion bash > diam-gw.bash", "a file to source"]],
    async run(_flags, [shell]) {
      print(await completionScript(table, shell as Shell));
      return EXIT.done;
    },
  });
}
