/**
 * Header lists: what a header block says (RFC 7541 section 1.3).
 * @module
 */

/** Octets that each field counts for beside its name and value (RFC 9113 section 6.5.2). */
const FIELD_OVERHEAD = 32;

/**
 * An ordered list of fields, repeated names included. Names and values are strings of one character
 * per octet (0 to 255), so that whatever bytes came in go out again. A list that came out of a
 * decoder or went into an encoder is never changed afterwards: memos share it.
 */
export class HeaderList {
  /** The names, in order; those of pseudo-header fields with their colon. */
  readonly names: string[] = [];
  /** The values; that of `names[i]` is `values[i]`. */
  readonly values: string[] = [];
  /**
   * Positions whose values must not enter any table, here or further on (RFC 7541 section 6.2.3).
   */
  neverIndexed: Set<number> | undefined = undefined;
  /** Octets of all names and values, and 32 for each field (RFC 9113 section 6.5.2). */
  size = 0;
  /** The block said more than the decoder's `maxListSize`; the fields behind it are missing. */
  tooLarge = false;
  /** The decoder met a name or value with octets that RFC 9113 section 8.2.1 forbids. */
  malformed = false;
  /** Where an upper layer keeps what it found out about this list. */
  memo: unknown = undefined;
  /** Where the connection keeps what it found out about this list. */
  checked: unknown = undefined;

  /**
   * Adds a field at the end.
   * @param name lower case
   * @param never its value must not enter any table (RFC 7541 section 7.1.3)
   */
  append(name: string, value: string, never = false): this {
    if (never) (this.neverIndexed ??= new Set()).add(this.names.length);
    this.names.push(name);
    this.values.push(value);
    this.size += name.length + value.length + FIELD_OVERHEAD;
    return this;
  }

  /** The first value of that name. */
  get(name: string): string | undefined {
    const at = this.names.indexOf(name);
    return at < 0 ? undefined : this.values[at];
  }

  /** Whether there is a field of that name. */
  has(name: string): boolean {
    return this.names.includes(name);
  }
}
