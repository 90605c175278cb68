/**
 * The pcap file format: a header of 24 bytes, then records, all in the byte order of the machine
 * that wrote it.
 * @module
 */
import type { CaptureFormat } from "./capture_format.ts";
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

/** The records of a pcap file, in both byte orders, with times in microseconds or nanoseconds. */
export class PcapFormat implements CaptureFormat {
  /** Of the file; undefined before its header. */
  #format: Format | undefined;
  #linkType = 0;
  #packets = 0;

  /** Of a record; the header of the file is longer, and has its length by itself. */
  readonly head = RECORD_HEADER;

  cutOff(): string {
    return this.#format === undefined ? "the file header is cut off" : "the last record is cut off";
  }

  measure(view: DataView, at: number, offset: number): number {
    if (this.#format === undefined) return FILE_HEADER;
    const length = view.getUint32(at + 8, this.#format.littleEndian);
    if (length > MAX_RECORD) throw new CaptureError(`a record of ${length} bytes cannot be`, offset);
    return RECORD_HEADER + length;
  }

  read(bytes: Uint8Array, view: DataView, at: number, length: number): Packet | undefined {
    if (this.#format === undefined) {
      this.#format = formatOf(view);
      this.#linkType = view.getUint32(at + 20, this.#format!.littleEndian) & LINK_TYPE_MASK;
      return undefined;
    }
    const { littleEndian, unit } = this.#format;
    return {
      number: ++this.#packets,
      time: BigInt(view.getUint32(at, littleEndian)) * 1_000_000_000n +
        BigInt(view.getUint32(at + 4, littleEndian)) * unit,
      linkType: this.#linkType,
      data: bytes.subarray(at + RECORD_HEADER, at + length),
      originalLength: view.getUint32(at + 12, littleEndian),
    };
  }
}
