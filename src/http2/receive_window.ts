/**
 * The window of the connection, for what the peer sends (RFC 9113 section 6.9). PURE.
 * @module
 */

/** What the peer may still send, and what it may be given back. */
export class ReceiveWindow {
  /** Octets that the peer may send now. */
  left: number;
  /** Octets that were consumed and not given back yet. */
  #credit = 0;

  /** @param size octets, as the peer knows it */
  constructor(readonly size: number) {
    this.left = size;
  }

  /** @returns whether the peer was allowed to send so many octets */
  take(octets: number): boolean {
    this.left -= octets;
    return this.left >= 0;
  }

  /**
   * So many octets were consumed.
   * @returns the increment for a WINDOW_UPDATE, 0 for none: windows are given back by the half
   */
  consume(octets: number): number {
    this.#credit += octets;
    if (this.#credit < this.size / 2) return 0;
    const increment = this.#credit;
    this.#credit = 0;
    this.left += increment;
    return increment;
  }
}
