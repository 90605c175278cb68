/**
 * Where a Diameter message ends, as a rule for the framer (RFC 6733 section 3).
 * @module
 */
import { HEADER_LENGTH, VERSION_1 } from "./header.ts";

/** Why bytes can never be a message. The order is that in which they are looked for. */
export const FRAME_FAULT = {
  /**
   * Length below 20 or above the limit: the stream cannot be followed any further (section 2.1:
   * reset).
   */
  length: "length",
  /** Version is not 1: 5011 (section 7.1.5). */
  version: "version",
  /** Length is not a multiple of four: 5015 (section 7.1.5). */
  alignment: "alignment",
} as const;

/** Every message length is a multiple of so many bytes (section 3). */
export const ALIGNMENT = 4;

// Constants of this module: the engine loads what is imported anew each time.
const HEADER = HEADER_LENGTH;
const VERSION = VERSION_1;
const MISALIGNED = ALIGNMENT - 1;

/**
 * The rule for messages of at most `maxLength()` bytes, which is asked for each read because it may
 * change while connections live. Version and alignment are judged when the whole header is there,
 * so that the error answer can be built.
 */
export function diameterFrames(maxLength: () => number): DiameterFrames {
  return new DiameterFrames(maxLength);
}

/** A class, so that all connections measure by one method that can be compiled into its caller. */
class DiameterFrames {
  readonly alignment = ALIGNMENT;
  readonly lengthBytes = 4;
  readonly #maxLength: () => number;

  constructor(maxLength: () => number) {
    this.#maxLength = maxLength;
  }

  longest(): number {
    return this.#maxLength();
  }

  measure(view: DataView, at: number, available: number, longest: number): number | string {
    const word = view.getUint32(at);
    const length = word & 0xffffff;
    if (length < HEADER || length > longest) return FRAME_FAULT.length;
    if (word >>> 24 === VERSION && (length & MISALIGNED) === 0) return length;
    if (available < HEADER) return 0;
    return word >>> 24 !== VERSION ? FRAME_FAULT.version : FRAME_FAULT.alignment;
  }
}
