/**
 * `send hex`: any message, as digits.
 * @module
 */
import { parseHexText } from "../ops/capture/hex_text.ts";
import { defineCommand, UsageError } from "./command.ts";
import { messagesInBytes } from "./decode_input.ts";
import { openStandardInput } from "./message_source.ts";
import { MESSAGE_FLAGS, messageWish, sendMessages } from "./send_messages.ts";

const NAME = "send hex";

/** Messages from the command line or standard input. */
export default defineCommand({
  name: NAME,
  summary: "send a message given as hexadecimal digits",
  arguments: "HEX|- --peer HOST:PORT [flags]",
  description: `
Connects, exchanges capabilities, sends the message, or several one behind the other, and shows the decoded answers on
stdout. "-" reads digits or bytes from standard input. Exit code 1 is any answer that is no success, and none.`,
  positionals: { least: 1, most: Infinity },
  flags: MESSAGE_FLAGS,
  examples: [
    ["send hex 010000c8c0000144... --peer 127.0.0.1:3868", "digits from a log"],
    ["send hex - --peer 127.0.0.1:3868 --json < dump.txt", "a dump from standard input"],
    ["send hex 01000014 80000118 00000000 00000001 00000002 --no-cer --peer 127.0.0.1:3868", "a DWR before any CER"],
  ],
  async run(flags, positionals) {
    messageWish(flags, NAME);
    const bytes = positionals[0] === "-" && positionals.length === 1
      ? await readStandardInput()
      : parseHexText(positionals.join(" "));
    if (bytes === undefined) {
      const given = JSON.stringify(positionals.join(" "));
      throw new UsageError([`expected hexadecimal digits in pairs, or "-", got ${given}`], NAME);
    }
    // Without a capabilities exchange they are sent whatever they are.
    const messages = flags["no-cer"] ? [bytes] : [...messagesInBytes(bytes)].map((finding) => {
      if (finding.kind === "message") return finding.bytes;
      throw new UsageError([finding.text], NAME);
    });
    return await sendMessages(flags, NAME, messages);
  },
});

async function readStandardInput(): Promise<Uint8Array> {
  const source = await openStandardInput(NAME);
  if (source.kind === "messages") return source.bytes;
  throw new UsageError(
    [`expected hexadecimal digits or bytes of a message, got a capture: give it to send file`],
    NAME,
  );
}
