/**
 * Spans of relayed transactions: one for the transaction, and below it one for each attempt.
 * Loads the dictionary: import it where spans are wanted.
 * @module
 */
import type { Span, SpanIds } from "../../ops/otlp/span.ts";
import type { EndedTransaction } from "../../ops/trace/mod.ts";
import { findAvp } from "../wire/avp.ts";
import { AVP } from "../wire/avp_codes.ts";
import { standardDictionary } from "../wire/dictionary/standard.ts";
import { HEADER_LENGTH } from "../wire/header.ts";
import { isProtocolError, resultCodeName } from "../wire/result_codes.ts";

/** How spans are made. */
export interface SpanStyle {
  /** `subscriber`: without what leads to one, which a Session-Id does. */
  readonly mask: "none" | "subscriber";
  readonly ids: SpanIds;
}

/** Names of nodes in a request, by the attribute that they become. */
const NODES = {
  "diameter.origin_host": AVP.originHost,
  "diameter.origin_realm": AVP.originRealm,
  "diameter.destination_host": AVP.destinationHost,
  "diameter.destination_realm": AVP.destinationRealm,
} as const;
/** Octets of a DiameterIdentity that are shown: as many as a name can have (RFC 1035). */
const LONGEST_NAME = 255;
/** Peers may send any command, and names of spans are to be few. */
const UNKNOWN_COMMAND = "Diameter request";
/** How an attempt ended that brought the answer. */
const ANSWERED = "answered";

const decoder = new TextDecoder();

/** The spans of one transaction, the one of all of it first. */
export function spansOf(ended: EndedTransaction, { mask, ids }: SpanStyle): Span[] {
  const { transaction, at, attemptsAt, request, oneIn } = ended;
  const { command, application, result_code: code, reason, attempts } = transaction;
  const end = at + (transaction.duration_ms ?? 0);
  const dictionary = standardDictionary();
  const name = dictionary.command(command)?.name;
  const error = faultOf(code, reason);
  const whole: Span = {
    name: name ?? UNKNOWN_COMMAND,
    kind: "server",
    traceId: ids(16),
    spanId: ids(8),
    start: at,
    end,
    attributes: {
      "network.protocol.name": "diameter",
      "diameter.command.code": command,
      "diameter.command.name": name,
      "diameter.application.id": application,
      "diameter.application.name": dictionary.applicationName(application),
      ...(request === undefined ? {} : nodesIn(request)),
      "diameter.session_id": mask === "none" && transaction.session_id !== "" ? transaction.session_id : undefined,
      "diameter.end_to_end_id": transaction.end_to_end,
      "diameter.result_code": code ?? undefined,
      "diameter.result_name": code === null ? undefined : resultCodeName(code),
      "diamgw.transaction": transaction.id,
      "diamgw.direction": transaction.direction,
      "diamgw.app": transaction.app ?? undefined,
      "diamgw.dra": transaction.dra ?? undefined,
      "diamgw.route": transaction.route ?? undefined,
      "diamgw.pool": transaction.pool ?? undefined,
      "diamgw.attempts": attempts.length,
      "diamgw.reason": reason ?? undefined,
      "diamgw.sampled_one_in": oneIn === 1 ? undefined : Number(oneIn.toPrecision(5)),
    },
    ...(error === undefined ? {} : { error }),
  };
  const { traceId, spanId: parentSpanId } = whole;
  const fromApp = transaction.direction === "app_to_dra";
  return [
    whole,
    ...attempts.map(({ dra: node, outcome }, nth): Span => ({
      name: `${whole.name} to ${fromApp ? "DRA" : "Logic App"}`,
      kind: "client",
      traceId,
      spanId: ids(8),
      parentSpanId,
      start: attemptsAt[nth]!,
      // One that came to nothing is over when the next one begins.
      end: outcome === ANSWERED ? end : attemptsAt[nth + 1] ?? end,
      attributes: {
        [fromApp ? "diamgw.dra" : "diamgw.app"]: node,
        "diamgw.attempt": nth + 1,
        "diamgw.outcome": outcome ?? undefined,
      },
      ...(outcome === ANSWERED ? {} : { error: outcome ?? "unanswered" }),
    })),
  ];
}

/**
 * What went wrong with the relaying, or was a protocol error. That the other side says no is an
 * answer.
 */
function faultOf(code: number | null, reason: string | null): string | undefined {
  if (reason !== null) return code === null ? reason : `${resultCodeName(code)}: ${reason}`;
  return code !== null && isProtocolError(code) ? resultCodeName(code) : undefined;
}

function nodesIn(request: Uint8Array): Record<string, string> {
  const names: Record<string, string> = {};
  for (const [attribute, code] of Object.entries(NODES)) {
    const found = findAvp(request, code, HEADER_LENGTH, request.length);
    if (found === undefined) continue;
    const { dataStart, dataEnd } = found;
    names[attribute] = decoder.decode(request.subarray(dataStart, Math.min(dataEnd, dataStart + LONGEST_NAME)));
  }
  return names;
}
