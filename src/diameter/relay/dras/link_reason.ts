/**
 * Why a DRA is not connected, in words for a person.
 * @module
 */
import { type Endpoint, endpointText } from "../../../net/connection.ts";
import { reasonOf } from "../../../net/reason.ts";
import type { PeerEnd } from "../../peer/peer_end.ts";

const UNREACHABLE = "cannot be reached";

/** What TLS says of bytes that are none. */
const TLS_TROUBLE = /tls|ssl|corrupt message|wrong version/i;

/** What a peer does that takes us for somebody else, or for nobody. */
const NO_WELCOME = /^(no CEA in time|the peer closed the connection|.*reset by peer)/i;

/** The reason of a transport connection that could not be opened. */
export function unreachable(error: unknown, where: Endpoint): string {
  return `${UNREACHABLE}: ${reasonOf(error)} (${endpointText(where)})`;
}

/**
 * The end of a connection as what follows the name of a DRA; why it was stopped is that already.
 */
export function asPredicate(reason: string): string {
  return /^(is|cannot) /.test(reason) ? reason : `is not connected: ${reason}`;
}

/**
 * What the cause may be when a connection never opened; "" when its reason says it.
 * @param tls whether it was to be a TLS connection @param originHost how this node introduces
 * itself
 */
export function hintAt({ kind, reason }: PeerEnd, tls: boolean, originHost: string): string {
  if (reason.startsWith(UNREACHABLE)) return tls && TLS_TROUBLE.test(reason) ? "does it speak TLS?" : "";
  if (kind !== "lost" || !NO_WELCOME.test(reason)) return "";
  return `is it a Diameter peer${tls ? "" : ", does it want TLS"}, and does it know ${originHost}?`;
}
