/**
 * `send file`: any messages, from a file.
 * @module
 */
import { isPeerCommand } from "../diameter/wire/command_codes.ts";
import { FLAG, readHeader } from "../diameter/wire/header.ts";
import { defineCommand, UsageError } from "./command.ts";
import { messagesInBytes, messagesInCapture } from "./decode_input.ts";
import { openMessageFile } from "./message_source.ts";
import { MESSAGE_FLAGS, messageWish, sendMessages } from "./send_messages.ts";
import { printError } from "./terminal.ts";

const NAME = "send file";

/** Messages from a file, or the requests of a capture. */
export default defineCommand({
  name: NAME,
  summary: "send the message in a file, or the requests of a capture",
  arguments: "FILE --peer HOST:PORT [flags]",
  description: `
The file holds messages as bytes or as hexadecimal digits, or is a capture (pcap or pcapng, also with gzip), of which the
requests are sent one after the other, without CER, DWR and DPR. Shows the decoded answers on stdout. Exit code 1 is any answer
that is no success, and none.`,
  positionals: { least: 1, most: 1 },
  flags: MESSAGE_FLAGS,
  examples: [
    ["send file request.hex --peer 127.0.0.1:3868", "one message"],
    ["send file trace.pcapng --peer 127.0.0.1:3868 --json", "what was asked in a capture, once more"],
  ],
  async run(flags, [path = ""]) {
    messageWish(flags, NAME);
    const source = await openMessageFile(path, NAME);
    const messages: Uint8Array[] = [];
    let leftOut = 0;
    const findings = source.kind === "capture" ? messagesInCapture(source.pieces, []) : messagesInBytes(source.bytes);
    for await (const finding of findings) {
      if (finding.kind === "other") continue;
      if (finding.kind !== "message") {
        printError(`${path}: ${finding.text}`);
        continue;
      }
      const { flags: bits, command } = readHeader(finding.bytes);
      if (finding.captured !== undefined && ((bits & FLAG.request) === 0 || isPeerCommand(command))) leftOut++;
      // A copy: the message is a view of a piece of the file.
      else messages.push(finding.bytes.slice());
    }
    if (leftOut > 0) printError(`${path}: ${leftOut} answers, CER, DWR and DPR are not sent`);
    if (messages.length > 0) return await sendMessages(flags, NAME, messages);
    throw new UsageError([`${path}: there is no Diameter ${leftOut === 0 ? "message" : "request"} in it`], NAME);
  },
});
