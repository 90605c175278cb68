/** Which record of a capture file something comes from, without the record itself. */
export interface Frame {
  /** Its place in the file, from 1. */
  readonly number: number;
  /** Nanoseconds since 1970; absent where the format has records without a time. */
  readonly time?: bigint;
}

/** One record of a capture file. */
export interface Packet extends Frame {
  /** Link type number (the registry of tcpdump.org), see `LINK_TYPE`. */
  readonly linkType: number;
  readonly data: Uint8Array;
  /** Bytes the packet had on the wire; more than `data` when the capture cut it off. */
  readonly originalLength: number;
}

/** A capture file that cannot be read, or not to its end. */
export class CaptureError extends Error {
  /**
   * @param reason what is wrong
   * @param offset the byte of the file where it goes wrong
   */
  constructor(readonly reason: string, readonly offset: number) {
    super(`Cannot read the capture at byte ${offset}: ${reason}`);
    this.name = "CaptureError";
  }
}
