/**
 * DiameterIdentity: ASCII, compared without regard to case (RFC 6733 sections 4.3.1 and 5.6.4), and
 * what makes one acceptable.
 * @module
 */

/** An identity ready for comparison against bytes of a message. */
export interface Identity {
  readonly text: string;
  /** Lower case octets. */
  readonly lower: Uint8Array;
}

/** @param text a DiameterIdentity */
export function identity(text: string): Identity {
  const lower = new TextEncoder().encode(text);
  // ASCII only: toLowerCase would also change letters that the comparison below takes octet by
  // octet.
  lower.forEach((octet, i) => lower[i] = lowerCase(octet));
  return { text, lower };
}

/** Whether the octets from `start` to `end` spell `id`, in any case. */
export function identityEquals(bytes: Uint8Array, start: number, end: number, id: Identity): boolean {
  const lower = id.lower;
  const length = lower.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) {
    if (lowerCase(bytes[start + i]!) !== lower[i]) return false;
  }
  return true;
}

function lowerCase(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
}

/** Octets of a whole identity, as of any host name (RFC 1035 section 2.3.4). */
const LONGEST_IDENTITY = 255;
/** Octets between two dots. */
const LONGEST_LABEL = 63;
/** Characters of a refused name that a message repeats. */
const SHOWN = 60;

/** Who may be called what. */
export interface IdentityRules {
  /** The identity of this node, which no other may have; absent where that does not matter. */
  readonly own?: string;
  /** Whether that name is let in; absent where everybody is. */
  readonly admits?: (name: string) => boolean;
}

/** Why a name is refused. */
export interface IdentityFault {
  /**
   * `malformed`: no DiameterIdentity at all. `own`: that of this node. `outside`: nobody who is let
   * in.
   */
  readonly kind: "malformed" | "own" | "outside";
  /** Completes a sentence that begins with the name: `is this node's own identity`. */
  readonly reason: string;
}

/**
 * Judges a DiameterIdentity, wherever it comes from: CER, CEA, certificate or configuration. Labels
 * of 1 to 63 letters, digits, hyphens and underscores (which real sites use) joined by single dots,
 * 255 octets in all.
 *
 * @param name one character for each octet, as it came
 * @returns undefined when nothing is wrong with it
 *
 * @example
 * ```ts
 * import { judgeIdentity } from "./identity.ts";
 *
 * console.log(judgeIdentity("app_1.example.net")); // undefined
 * console.log(judgeIdentity("app..example.net")?.kind); // malformed
 * console.log(judgeIdentity("GW.example.net", { own: "gw.example.net" })?.kind); // own
 * ```
 */
export function judgeIdentity(name: string, { own, admits }: IdentityRules = {}): IdentityFault | undefined {
  const reason = malformation(name);
  if (reason !== undefined) return { kind: "malformed", reason };
  if (own !== undefined && sameIdentity(name, own)) return { kind: "own", reason: "is this node's own identity" };
  if (admits?.(name) === false) return { kind: "outside", reason: "is not let in" };
  return undefined;
}

/** Whether two well-formed identities are the same: the case of ASCII letters does not count. */
export function sameIdentity(a: string, b: string): boolean {
  return a.length === b.length && a.toLowerCase() === b.toLowerCase();
}

/**
 * A name as a message may repeat it: short, in quotes, and in ASCII without control characters,
 * whatever a peer sent.
 */
export function shownIdentity(name: string): string {
  const short = name.length > SHOWN ? `${name.slice(0, SHOWN)}...` : name;
  const plain = short.replace(
    /[^\x20-\x7e]|["\\]/g,
    (char) => char === '"' || char === "\\" ? `\\${char}` : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `"${plain}"`;
}

function malformation(name: string): string | undefined {
  if (name === "") return "is empty";
  if (name.length > LONGEST_IDENTITY) return `has ${name.length} octets, more than ${LONGEST_IDENTITY}`;
  const bad = /[^A-Za-z0-9_.-]/.exec(name);
  if (bad !== null) {
    const octet = bad[0].charCodeAt(0).toString(16).padStart(2, "0");
    return `has the octet 0x${octet} at ${bad.index}: only letters, digits, "-", "_" and dots between them are allowed`;
  }
  for (const label of name.split(".")) {
    if (label === "") return "has an empty label: two dots in a row, or one at an end";
    if (label.length > LONGEST_LABEL) return `has a label of ${label.length} octets, more than ${LONGEST_LABEL}`;
  }
  return undefined;
}
