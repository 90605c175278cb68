/**
 * Writing pcap files, in little-endian order and with nanoseconds.
 * @module
 */
import { LINK_TYPE } from "./link_layer.ts";

const MAGIC_NANOSECONDS = 0xa1b23c4d;
const VERSION = { major: 2, minor: 4 } as const;
const SNAP_LENGTH = 0x40000;
const SECOND = 1_000_000_000n;

/** What a file begins with. */
export function pcapHeader(linkType: number = LINK_TYPE.raw): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  view.setUint32(0, MAGIC_NANOSECONDS, true);
  view.setUint16(4, VERSION.major, true);
  view.setUint16(6, VERSION.minor, true);
  view.setUint32(16, SNAP_LENGTH, true);
  view.setUint32(20, linkType, true);
  return header;
}

/**
 * One packet.
 * @param time nanoseconds since 1970, before 2106
 */
export function pcapRecord(time: bigint, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(16 + data.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, Number(time / SECOND), true);
  view.setUint32(4, Number(time % SECOND), true);
  view.setUint32(8, data.length, true);
  view.setUint32(12, data.length, true);
  record.set(data, 16);
  return record;
}
