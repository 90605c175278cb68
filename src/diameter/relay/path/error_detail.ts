/**
 * What an Error-Message tells Logic Apps (RFC 6733 section 7.3: for a person, never for a machine).
 * @module
 */
import type { ErrorDetail } from "../core/options.ts";
import type { Refusal } from "../core/refusal.ts";

/** A sentence for each reason of a refusal, with nothing in it but what an app knows itself. */
const SENTENCES: Readonly<Record<string, string>> = {
  header_bits: "R and E are both set",
  avp_length: "an AVP has an impossible length",
  not_proxiable: "the P flag is clear and this node serves no application itself",
  application: "this application is never routed",
  draining: "this node takes no new requests: it is taking its leave",
  loop: "a Route-Record names this node",
  no_destination: "neither Destination-Realm nor Destination-Host: for this node, which serves no application itself",
  destination_is_gateway: "Destination-Host is this node, which serves no application itself",
  no_realm: "Destination-Host without Destination-Realm cannot be routed",
  app_in_flight: "too many of your requests are unanswered",
  app_rate: "you send more requests a second than you may",
  dra_full: "the nodes behind this one have as many unanswered requests as they may",
  no_route: "no route: no node behind this one can take the request",
  connection_lost: "the connection to the node that had the request was lost",
  timeout: "no answer in time",
  internal: "internal error of this node",
};

/**
 * Error-Message of a refusal that goes to a Logic App; undefined for none. A reason without a
 * sentence here stands for itself: it is one of a small fixed set, so that nothing can slip through
 * which nobody has thought of.
 */
export function errorMessage({ message, reason }: Refusal, detail: ErrorDetail): string | undefined {
  switch (detail) {
    case "full":
      return message;
    case "reason":
      return SENTENCES[reason] ?? reason.replaceAll("_", " ");
    case "none":
      return undefined;
  }
}
