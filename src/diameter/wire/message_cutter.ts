/**
 * Finding messages in a captured byte stream, which may begin in the middle of one, have holes, or
 * carry something else. The gateway's own connections never need this: there, bytes that are no
 * message end the connection.
 * @module
 */
import { AVP_FLAG, AVP_HEADER_LENGTH } from "./avp_codes.ts";
import { padded } from "./avp.ts";
import { FLAG, HEADER_LENGTH, readHeader, VERSION_1, viewOf } from "./header.ts";

/**
 * Longer messages are taken for a damaged length: nothing would be seen of what follows until it is
 * used up.
 */
const LONGEST = 1 << 20;
/**
 * Where a message is looked for, only lengths that are usual: AVP headers read like headers of
 * messages of half a megabyte.
 */
const LONGEST_LIKELY = 0xffff;
/** Commands begin here; lower codes belong to RADIUS (RFC 6733 section 3.1). */
const LOWEST_COMMAND = 256;
/** Bytes it takes to judge whether a message begins: its header and that of its first AVP. */
const ENOUGH = HEADER_LENGTH + AVP_HEADER_LENGTH;

/** A piece of a stream. */
export type Cut<Origin> =
  | {
    readonly kind: "message";
    readonly bytes: Uint8Array;
    /** Of the bytes that completed it. */
    readonly origin: Origin;
  }
  | {
    readonly kind: "skipped";
    /** Bytes that belong to no whole message. */
    readonly length: number;
    /**
     * `lost`: parts of it are missing in the capture. `foreign`: nothing is missing, and it is no
     * message.
     */
    readonly why: "lost" | "foreign";
    /** Of the first of these bytes. */
    readonly origin: Origin;
  };

/**
 * Whether a message may begin at `at`; undefined when there are too few bytes to say. Stricter than
 * the standard: it must tell a message from bytes that happen to look like one.
 */
export function looksLikeMessage(bytes: Uint8Array, at = 0): boolean | undefined {
  const available = bytes.length - at;
  if (available >= 1 && bytes[at] !== VERSION_1) return false;
  if (available >= 4 && !isLikelyLength(viewOf(bytes).getUint32(at) & 0xffffff)) return false;
  if (available < HEADER_LENGTH) return undefined;
  const { flags, length, command } = readHeader(bytes, at);
  const bothFlags = FLAG.request | FLAG.error;
  if (command < LOWEST_COMMAND || (flags & FLAG.reserved) !== 0 || (flags & bothFlags) === bothFlags) return false;
  if (length === HEADER_LENGTH) return true;
  if (available < ENOUGH) return undefined;
  const word = viewOf(bytes).getUint32(at + HEADER_LENGTH + 4);
  const known = AVP_FLAG.vendor | AVP_FLAG.mandatory | AVP_FLAG.protected;
  return ((word >>> 24) & ~known) === 0 && (word & 0xffffff) >= AVP_HEADER_LENGTH &&
    HEADER_LENGTH + padded(word & 0xffffff) <= length;
}

function isLikelyLength(length: number): boolean {
  return length >= HEADER_LENGTH && length % 4 === 0 && length <= LONGEST_LIKELY;
}

/** One direction of a captured conversation: bytes go in, messages come out. */
export class MessageCutter<Origin> {
  /** The beginning of a message, or of what may be one. */
  #carry: Carry<Origin> | undefined;
  #inSync: boolean;
  #why: "lost" | "foreign" = "lost";
  #skipped: { length: number; readonly origin: Origin } | undefined;

  /**
   * @param inSync whether the stream begins with a message; otherwise the first one is looked for
   */
  constructor(inSync: boolean) {
    this.#inSync = inSync;
  }

  /** Bytes of memory that the beginning of a message takes. */
  get held(): number {
    return this.#carry?.size ?? 0;
  }

  /** More bytes, in order. They may be overwritten when all cuts have been taken. */
  *add(bytes: Uint8Array, origin: Origin): Generator<Cut<Origin>> {
    let rest = bytes;
    let first = origin;
    if (this.#carry !== undefined) {
      this.#carry.append(bytes);
      if (!this.#carry.isEnough) return;
      rest = this.#carry.bytes;
      first = this.#carry.origin;
      this.#carry = undefined;
    }
    let needed = 0;
    const advance = (length: number) => {
      rest = rest.subarray(length);
      if (length > 0) first = origin;
    };
    for (;;) {
      if (!this.#inSync) {
        const { at, found } = findMessage(rest);
        this.#skip(at, first);
        advance(at);
        if (!found) break;
        yield* this.#tellSkipped();
        this.#inSync = true;
      }
      if (rest.length < 4) break;
      const word = viewOf(rest).getUint32(0);
      const length = word & 0xffffff;
      if (word >>> 24 !== VERSION_1 || length < HEADER_LENGTH || length > LONGEST) {
        this.#inSync = false;
        this.#why = "foreign";
        // Something must go: the search begins behind the byte that is no beginning.
        this.#skip(1, first);
        advance(1);
        continue;
      }
      if (rest.length < length) {
        needed = length;
        break;
      }
      yield { kind: "message", bytes: rest.subarray(0, length), origin };
      advance(length);
    }
    this.#carry = rest.length === 0 ? undefined : new Carry(rest, needed, first);
  }

  /** Bytes are missing here. */
  *gap(): Generator<Cut<Origin>> {
    yield* this.end();
    this.#inSync = false;
  }

  /** Nothing more comes, or not what belongs to what is there: gives what was left. */
  *end(): Generator<Cut<Origin>> {
    // In sync, what is left is a message of which the rest is missing; else it is more of what was
    // passed over before.
    if (this.#inSync) this.#why = "lost";
    if (this.#carry !== undefined) this.#skip(this.#carry.length, this.#carry.origin);
    this.#carry = undefined;
    yield* this.#tellSkipped();
    this.#why = "lost";
  }

  #skip(length: number, origin: Origin): void {
    if (length === 0) return;
    this.#skipped ??= { length: 0, origin };
    this.#skipped.length += length;
  }

  *#tellSkipped(): Generator<Cut<Origin>> {
    if (this.#skipped !== undefined) yield { kind: "skipped", why: this.#why, ...this.#skipped };
    this.#skipped = undefined;
  }
}

/** Where a message begins in `bytes`; else up to where none does for certain. */
function findMessage(bytes: Uint8Array): { at: number; found: boolean } {
  for (let at = 0; at < bytes.length; at++) {
    const verdict = looksLikeMessage(bytes, at);
    if (verdict !== false) return { at, found: verdict === true };
  }
  return { at: bytes.length, found: false };
}

/** The beginning of a message, which grows by doubling: a message may come in a million pieces. */
class Carry<Origin> {
  #memory: Uint8Array;
  #length: number;
  readonly #needed: number;

  /**
   * @param needed bytes of the whole message; 0 when its length is not known yet
   * @param origin of the first byte
   */
  constructor(bytes: Uint8Array, needed: number, readonly origin: Origin) {
    this.#memory = bytes.slice();
    this.#length = bytes.length;
    this.#needed = needed;
  }

  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes of memory. */
  get size(): number {
    return this.#memory.length;
  }

  get isEnough(): boolean {
    return this.#length >= this.#needed;
  }

  append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#memory.length) {
      const memory = new Uint8Array(Math.max(length, 2 * this.#memory.length));
      memory.set(this.bytes);
      this.#memory = memory;
    }
    this.#memory.set(bytes, this.#length);
    this.#length = length;
  }
}
