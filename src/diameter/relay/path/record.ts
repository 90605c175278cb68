/**
 * One message as the log of requests and answers shows it.
 * @module
 */
import { asciiOf, findAvp } from "../../wire/avp.ts";
import { AVP } from "../../wire/avp_codes.ts";
import { HEADER_LENGTH, readHeader, viewOf } from "../../wire/header.ts";
import { resultCodeIn } from "../../wire/result_code_in.ts";
import type { MessageRecord } from "../core/events.ts";
import type { Incoming } from "../core/incoming.ts";

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
    resultCode: kind === "request" ? undefined : resultCodeIn(viewOf(bytes), at, end) || undefined,
  };
}

/**
 * The same of a message at hand.
 * @param hopByHop the id between the requester and this node
 * @param relayedHopByHop the id between this node and who answers
 */
export function relayedRecord(
  kind: "request" | "answer",
  { block, at, end, from }: Incoming,
  to: string,
  hopByHop: number,
  relayedHopByHop: number,
): MessageRecord {
  return messageRecord(kind, block.bytes, at, end, from.originHost, to, hopByHop, relayedHopByHop);
}
