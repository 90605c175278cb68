/**
 * The pcap file format: a header of 24 bytes, then records, all in the byte order of the machine that wrote it.
 * @module
 */
import { CaptureError, type Packet } from "./packet.ts";

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
/** What the first four bytes say, read in the right order. */
const MAGIC = { microseconds: 0xa1b2c3d4, nanoseconds: 0xa1b23c4d } as const;
/** The link type has the lower bits; the upper ones tell of frame check sequences. */
const LINK_TYPE_MASK = 0x0fffffff;
/** Larger records are a sign of a damaged file. */
const MAX_RECORD = 0x4000000;

interface Format {
  readonly littleEndian: boolean;
  /** Nanoseconds per unit of the fraction of a second. */
  readonly unit: bigint;
}

function formatOf(view: DataView): Format | undefined {
  if (view.byteLength < 4) return undefined;
  for (const littleEndian of [true, false]) {
    const magic = view.getUint32(0, littleEndian);
    if (magic === MAGIC.microseconds) return { littleEndian, unit: 1000n };
    if (magic === MAGIC.nanoseconds) return { littleEndian, unit: 1n };
  }
  return undefined;
}

/** Whether `bytes` begin a pcap file. */
export function isPcap(bytes: Uint8Array): boolean {
  return formatOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)) !== undefined;
}

/**
 * The packets of a pcap file, in both byte orders, with times in microseconds or nanoseconds.
 * @throws CaptureError when the file is none, or behind the last whole packet when it is cut off or damaged
 */
export function* readPcap(bytes: Uint8Array): Generator<Packet> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const format = formatOf(view);
  if (format === undefined) throw new CaptureError("this is no pcap file", 0);
  if (bytes.length < FILE_HEADER) throw new CaptureError("the file header is cut off", 0);
  const { littleEndian, unit } = format;
  const linkType = view.getUint32(20, littleEndian) & LINK_TYPE_MASK;
  let at = FILE_HEADER;
  for (let number = 1; at < bytes.length; number++) {
    if (bytes.length - at < RECORD_HEADER) throw new CaptureError("the last record is cut off", at);
    const length = view.getUint32(at + 8, littleEndian);
    const start = at + RECORD_HEADER;
    if (length > MAX_RECORD) throw new CaptureError(`a record of ${length} bytes cannot be`, at);
    if (start + length > bytes.length) throw new CaptureError("the last record is cut off", at);
    yield {
      number,
      time: BigInt(view.getUint32(at, littleEndian)) * 1_000_000_000n +
        BigInt(view.getUint32(at + 4, littleEndian)) * unit,
      linkType,
      data: bytes.subarray(start, start + length),
      originalLength: view.getUint32(at + 12, littleEndian),
    };
    at = start + length;
  }
}
