/**
 * The message that `explain` is given.
 * @module
 */
import { FLAG, HEADER_LENGTH, readHeader } from "../../diameter/wire/header.ts";
import { UsageError } from "../cli/command.ts";
import { messagesInBytes, messagesInCapture } from "../messages/input.ts";
import { openMessages } from "../messages/source.ts";

/** The first request in what is named. @throws UsageError of `command`, FileError */
export async function requestsIn(positionals: readonly string[], command: string): Promise<Uint8Array> {
  const source = await openMessages(positionals, command);
  const findings = source.kind === "capture" ? messagesInCapture(source.pieces, []) : messagesInBytes(source.bytes);
  let other: Uint8Array | undefined;
  for await (const finding of findings) {
    if (finding.kind === "fault" && other === undefined) throw new UsageError([finding.text], command);
    if (finding.kind !== "message") continue;
    const { bytes } = finding;
    const isPeers = bytes.length >= HEADER_LENGTH && readHeader(bytes).application === 0;
    const isRequest = bytes.length >= HEADER_LENGTH && (readHeader(bytes).flags & FLAG.request) !== 0;
    if (isRequest && !isPeers) return bytes.slice();
    other ??= bytes.slice();
  }
  if (other !== undefined) return other;
  throw new UsageError(["there is no Diameter message in it"], command);
}
