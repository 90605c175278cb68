/**
 * One message as the log of requests and answers shows it.
 * @module
 */
import { asciiOf, findAvp, unsigned32Of } from "../../wire/avp.ts";
import { AVP } from "../../wire/avp_codes.ts";
import { HEADER_LENGTH, readHeader } from "../../wire/header.ts";
import type { MessageRecord } from "../core/events.ts";

/** Reads what is worth a line from the message between `at` and `end`. */
export function messageRecord(
  kind: MessageRecord["kind"],
  bytes: Uint8Array,
  at: number,
  end: number,
  from: string,
  to: string,
  hopByHop: number,
  relayedHopByHop: number,
): MessageRecord {
  const header = readHeader(bytes, at);
  const session = findAvp(bytes, AVP.sessionId, at + HEADER_LENGTH, end);
  return {
    kind,
    from,
    to,
    command: header.command,
    application: header.application,
    flags: header.flags,
    hopByHop,
    relayedHopByHop,
    endToEnd: header.endToEnd,
    sessionId: session === undefined ? "" : asciiOf(bytes, session),
    resultCode: kind === "request" ? undefined : resultCodeOf(bytes, at, end),
  };
}

/** Result-Code of an answer, or the code inside Experimental-Result; undefined when it has neither. */
export function resultCodeOf(bytes: Uint8Array, at: number, end: number): number | undefined {
  const plain = findAvp(bytes, AVP.resultCode, at + HEADER_LENGTH, end);
  if (plain !== undefined) return unsigned32Of(bytes, plain);
  const experimental = findAvp(bytes, AVP.experimentalResult, at + HEADER_LENGTH, end);
  if (experimental === undefined) return undefined;
  const code = findAvp(bytes, AVP.experimentalResultCode, experimental.dataStart, experimental.dataEnd);
  return code === undefined ? undefined : unsigned32Of(bytes, code);
}
