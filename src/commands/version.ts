/**
 * `version`: which program is this?
 * @module
 */

import { VERSION } from "../version.ts";
import { defineCommand, EXIT, PROGRAM } from "./cli/command.ts";
import { print } from "./cli/terminal.ts";

/** Prints the version of the program and of what it runs on. */
export default defineCommand({
  name: "version",
  summary: "show the version",
  arguments: "[--json]",
  flags: { json: { kind: "boolean", help: "as JSON" } },
  examples: [["version", "program, runtime and platform in one line"], ["version --json", "the same for a script"]],
  run({ json }) {
    const { version: { deno, v8 }, build: { os, arch } } = Deno;
    print(
      json
        ? JSON.stringify({ name: PROGRAM, version: VERSION, deno, v8, os, arch })
        : `${PROGRAM} ${VERSION} (deno ${deno}, v8 ${v8}, ${os} ${arch})`,
    );
    return EXIT.done;
  },
});
