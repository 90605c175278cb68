/**
 * `check chat`: would `serve chat` start here?
 * @module
 */
import { configFileName } from "../../ops/config/mod.ts";
import { defineCommand } from "../cli/command.ts";
import { readChatConfig } from "../serve/chat_config.ts";
import { checkFlags, reportOn } from "./report.ts";

/** Validates what `serve chat` would run with. */
export default defineCommand({
  name: "check chat",
  summary: "validate a configuration file and the environment for the chat plane",
  arguments: "[-c FILE|-] [--print] [--resolve] [--json]",
  description: `
Reads what "serve chat" reads: the file that -c or DIAM_GW_CONFIG names, if there is one, and its environment, which wins
over it: OAUTH2_ISSUER, CHAT_SERVICE_URI, CACHE_URI and so on ("serve chat --help" names all). Sections of other planes
are not looked at. Errors and exit codes are those of check.`,
  flags: checkFlags,
  examples: [
    ["check chat", "would serve chat start in this environment?"],
    ["check chat -c chat.yaml --print", "what does it amount to, environment and all?"],
  ],
  async run(flags) {
    const file = configFileName(flags.config);
    return await reportOn(file ?? "environment", flags, () => readChatConfig({ config: file }));
  },
});
