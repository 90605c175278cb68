/**
 * Frames: types, flags, where one ends, and how its header is written (RFC 9113 section 4.1). PURE.
 * @module
 */
import { INITIAL_FRAME_SIZE } from "./settings.ts";

/** Frame types (RFC 9113 section 6). */
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** Flags; which ones a type has is its own affair. */
export const FLAG = { END_STREAM: 0x1, ACK: 0x1, END_HEADERS: 0x4, PADDED: 0x8, PRIORITY: 0x20 } as const;

/** Octets of a frame header. */
export const FRAME_HEADER = 9;

/** What a client sends first (RFC 9113 section 3.4). */
export const PREFACE: Uint8Array = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** A frame that can never be taken: the code of the connection error, negative and less one. */
export function fault(code: number): number {
  return -1 - code;
}

/** The code in a negative {@link measure}. */
export function faultCode(measured: number): number {
  return -1 - measured;
}

const PROTOCOL_FAULT = fault(0x1);
const SIZE_FAULT = fault(0x6);
/** `PRI`, read as the length of a frame: longer than any that we allow. */
const PRI = 0x505249;

/**
 * Judges the frame, or the preface, that begins at `at`, as early as that can be.
 * @param available octets that are there, at least {@link FRAME_HEADER}
 * @returns its length with its header; negative when it can never be one, see {@link fault}
 */
export function measure(view: DataView, at: number, available: number): number {
  const word = view.getUint32(at);
  const length = word >>> 8;
  if (length > INITIAL_FRAME_SIZE) return length === PRI ? measurePreface(view, at, available) : SIZE_FAULT;
  switch (word & 0xff) {
    case FRAME.PING:
      return length === 8 ? FRAME_HEADER + 8 : SIZE_FAULT;
    case FRAME.RST_STREAM:
    case FRAME.WINDOW_UPDATE:
      return length === 4 ? FRAME_HEADER + 4 : SIZE_FAULT;
    case FRAME.SETTINGS:
      if (length % 6 !== 0 || (length > 0 && (view.getUint8(at + 4) & FLAG.ACK) !== 0)) return SIZE_FAULT;
      break;
    case FRAME.GOAWAY:
      if (length < 8) return SIZE_FAULT;
      break;
  }
  return FRAME_HEADER + length;
}

/** Whether what begins at `at`, and was measured, is a preface. */
export function isPreface(view: DataView, at: number): boolean {
  return view.getUint32(at) >>> 8 === PRI;
}

function measurePreface(view: DataView, at: number, available: number): number {
  const count = Math.min(available, PREFACE.length);
  for (let i = 0; i < count; i++) {
    if (view.getUint8(at + i) !== PREFACE[i]) return PROTOCOL_FAULT;
  }
  return PREFACE.length;
}

/** Writes a frame header. */
export function writeFrameHeader(
  bytes: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  id: number,
): void {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  writeWord(bytes, at + 5, id);
}

/** Writes 32 bits, the highest first. */
export function writeWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
