/**
 * What a header block is refused with.
 * @module
 */

/**
 * A header block that cannot be decoded. The tables of both ends no longer agree, so the connection
 * is over: COMPRESSION_ERROR (RFC 9113 section 4.3).
 */
export class HpackError extends Error {
  /** Tells it from other errors where only the text is left. */
  override name = "HpackError";
}
