/**
 * Which route requests took that had the same application, command and destination.
 * @module
 */
import type { Incoming } from "../core/incoming.ts";

/** Places; a power of two. Peers choose what is in them: they are bounded, and nobody waits. */
const PLACES = 1024;
/** Octets of a name that are kept; requests with longer ones are decided each time. */
const LONGEST_NAME = 96;

/** One decision. */
interface Kept<T> {
  readonly application: number;
  readonly command: number;
  /** Octets as they came; undefined where there was none. */
  readonly realm: Uint8Array | undefined;
  readonly host: Uint8Array | undefined;
  readonly decision: T;
}

/** Remembers decisions that depend on nothing else. */
export class DecisionCache<T> {
  readonly #places: (Kept<T> | undefined)[] = new Array(PLACES).fill(undefined);
  /** The one that was found last: often enough the next request is like it. */
  #last: Kept<T> | undefined;

  /** What was decided for a request like this. */
  find(request: Incoming): T | undefined {
    const last = this.#last;
    if (last !== undefined && isLike(request, last)) return last.decision;
    const kept = this.#places[placeOf(request)];
    if (kept === undefined || !isLike(request, kept)) return undefined;
    this.#last = kept;
    return kept.decision;
  }

  /** @returns the decision */
  keep(request: Incoming, decision: T): T {
    const { avps, block: { bytes }, application, command } = request;
    const realm = copy(bytes, avps.destinationRealmStart, avps.destinationRealmEnd);
    const host = copy(bytes, avps.destinationHostStart, avps.destinationHostEnd);
    if ((realm?.length ?? 0) <= LONGEST_NAME && (host?.length ?? 0) <= LONGEST_NAME) {
      this.#places[placeOf(request)] = { application, command, realm, host, decision };
    }
    return decision;
  }
}

function isLike({ application, command, avps, block: { bytes } }: Incoming, kept: Kept<unknown>): boolean {
  return kept.application === application && kept.command === command &&
    same(bytes, avps.destinationRealmStart, avps.destinationRealmEnd, kept.realm) &&
    same(bytes, avps.destinationHostStart, avps.destinationHostEnd, kept.host);
}

function placeOf({ avps, block: { bytes }, application, command }: Incoming): number {
  let hash = (application ^ Math.imul(command, 0x9e3779b1)) | 0;
  hash = mixed(hash, bytes, avps.destinationRealmStart, avps.destinationRealmEnd);
  hash = mixed(hash, bytes, avps.destinationHostStart, avps.destinationHostEnd);
  return (hash ^ (hash >>> 15)) & (PLACES - 1);
}

function mixed(hash: number, bytes: Uint8Array, start: number, end: number): number {
  if (start < 0) return hash;
  const until = Math.min(end, start + LONGEST_NAME);
  for (let i = start; i < until; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}

function same(bytes: Uint8Array, start: number, end: number, kept: Uint8Array | undefined): boolean {
  if (start < 0 || kept === undefined) return start < 0 && kept === undefined;
  const { length } = kept;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== kept[i]) return false;
  return true;
}

function copy(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
  return start < 0 ? undefined : bytes.slice(start, end);
}
