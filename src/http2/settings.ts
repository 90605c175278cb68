/**
 * The SETTINGS of the peer (RFC 9113 section 6.5). PURE.
 * @module
 */
import { ERROR_CODE } from "./error_code.ts";

/** Identifiers (RFC 9113 section 6.5.2). */
export const SETTING = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

/** The largest flow-control window. */
export const MAX_WINDOW = 0x7fffffff;
/** The window of a stream, and of the connection, before anything else was said. */
export const INITIAL_WINDOW = 65_535;
/** The longest payload before anything else was said, and the least that may be said. */
export const INITIAL_FRAME_SIZE = 16_384;

const LARGEST_FRAME_SIZE = 0xffffff;
const SETTING_LENGTH = 6;

/** What the peer's SETTINGS say so far; at first what the RFC says. */
export class PeerSettings {
  /** Octets of the table that its decoder keeps. */
  headerTableSize = 4096;
  /** Streams that it lets us open; no limit at first. */
  maxConcurrentStreams: number = Infinity;
  /** What a new stream may send before it is told more. */
  initialWindowSize: number = INITIAL_WINDOW;
  /** The longest payload that it takes; ours are never longer than the least of it. */
  maxFrameSize: number = INITIAL_FRAME_SIZE;
  /** Advice; no limit at first. */
  maxHeaderListSize: number = Infinity;

  /**
   * Takes the settings between `at` and `end`, in their order; unknown ones are ignored.
   * @param client they come from a client, which may ask for pushes
   * @returns NO_ERROR, or the code of the connection error
   */
  take(view: DataView, at: number, end: number, client: boolean): number {
    for (; at < end; at += SETTING_LENGTH) {
      const value = view.getUint32(at + 2);
      switch (view.getUint16(at)) {
        case SETTING.HEADER_TABLE_SIZE:
          this.headerTableSize = value;
          break;
        case SETTING.ENABLE_PUSH:
          if (value > 1 || (value === 1 && !client)) return ERROR_CODE.PROTOCOL_ERROR;
          break;
        case SETTING.MAX_CONCURRENT_STREAMS:
          this.maxConcurrentStreams = value;
          break;
        case SETTING.INITIAL_WINDOW_SIZE:
          if (value > MAX_WINDOW) return ERROR_CODE.FLOW_CONTROL_ERROR;
          this.initialWindowSize = value;
          break;
        case SETTING.MAX_FRAME_SIZE:
          if (value < INITIAL_FRAME_SIZE || value > LARGEST_FRAME_SIZE) return ERROR_CODE.PROTOCOL_ERROR;
          this.maxFrameSize = value;
          break;
        case SETTING.MAX_HEADER_LIST_SIZE:
          this.maxHeaderListSize = value;
          break;
      }
    }
    return ERROR_CODE.NO_ERROR;
  }
}
