/**
 * Writing pcapng files, in little-endian order, with nanoseconds and a remark per packet.
 * @module
 */
import { LINK_TYPE } from "./link_layer.ts";

const BLOCK = { sectionHeader: 0x0a0d0d0a, interfaceDescription: 1, enhancedPacket: 6 } as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const OPTION = { end: 0, comment: 1, interfaceName: 2, timeResolution: 9 } as const;
const NANOSECONDS = 9;

const encoder = new TextEncoder();

/** What a file begins with: a section with one interface, to which all packets belong. */
export function pcapngHeader(
  { linkType = LINK_TYPE.raw, interfaceName }: { readonly linkType?: number; readonly interfaceName?: string } = {},
): Uint8Array<ArrayBuffer> {
  const section = block(BLOCK.sectionHeader, (view) => {
    view.setUint32(0, BYTE_ORDER_MAGIC, true);
    view.setUint16(4, 1, true);
    view.setBigInt64(8, -1n, true);
  }, 16);
  const options = [
    ...(interfaceName === undefined ? [] : [option(OPTION.interfaceName, encoder.encode(interfaceName))]),
    option(OPTION.timeResolution, new Uint8Array([NANOSECONDS])),
  ];
  return concat(section, block(BLOCK.interfaceDescription, (view) => view.setUint16(0, linkType, true), 8, options));
}

/**
 * One packet.
 * @param time nanoseconds since 1970
 * @param comment shown by Wireshark above the packet
 */
export function pcapngPacket(time: bigint, data: Uint8Array, comment?: string): Uint8Array<ArrayBuffer> {
  const fixed = 20 + padded(data.length);
  const fill = (view: DataView, body: Uint8Array) => {
    view.setUint32(4, Number(time >> 32n), true);
    view.setUint32(8, Number(time & 0xffffffffn), true);
    view.setUint32(12, data.length, true);
    view.setUint32(16, data.length, true);
    body.set(data, 20);
  };
  const options = comment === undefined ? [] : [option(OPTION.comment, encoder.encode(comment))];
  return block(BLOCK.enhancedPacket, fill, fixed, options);
}

/** Type, length, body with options, length again. */
function block(
  type: number,
  fill: (view: DataView, body: Uint8Array) => void,
  fixed: number,
  options: readonly Uint8Array[] = [],
): Uint8Array<ArrayBuffer> {
  const closed = options.length === 0 ? [] : [...options, option(OPTION.end, new Uint8Array())];
  const length = 12 + fixed + closed.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  fill(new DataView(bytes.buffer, 8, fixed), bytes.subarray(8, 8 + fixed));
  let at = 8 + fixed;
  for (const part of closed) {
    bytes.set(part, at);
    at += part.length;
  }
  view.setUint32(length - 4, length, true);
  return bytes;
}

function option(code: number, value: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + padded(value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, 4);
  return bytes;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
