/**
 * The election of RFC 6733 section 5.6.4: which of two connections stays when both ends dialled at
 * once.
 * @module
 */
import { identity } from "../wire/identity.ts";

/**
 * Whether the responder wins, and with it the connection that the other side dialled: `local`, its
 * own Origin-Host, comes behind `remote`, that of the CER, octet by octet and without regard to
 * case. The winner closes the connection that it dialled; the loser keeps that one.
 */
export function winsElection(local: string, remote: string): boolean {
  const own = identity(local).lower;
  const other = identity(remote).lower;
  const shared = Math.min(own.length, other.length);
  for (let i = 0; i < shared; i++) {
    if (own[i] !== other[i]) return own[i]! > other[i]!;
  }
  return own.length > other.length;
}
