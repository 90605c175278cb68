/**
 * The pcapng file format: blocks within sections; each section has its own byte order and its own interfaces.
 * @module
 */
import { CaptureError, type Packet } from "./packet.ts";

/** Block types; all others are passed over. */
const BLOCK = {
  sectionHeader: 0x0a0d0d0a,
  interfaceDescription: 1,
  /** Obsolete, still found in old files. */
  packet: 2,
  simplePacket: 3,
  enhancedPacket: 6,
} as const;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Bytes of type and length before, and of length behind the body of a block. */
const BLOCK_HEAD = 8;
const BLOCK_TAIL = 4;
/** Options of an interface (the others are passed over). */
const OPTION = { end: 0, timeResolution: 9, timeOffset: 14 } as const;

interface Interface {
  readonly linkType: number;
  readonly snapLength: number;
  /** Units of a timestamp per second. */
  readonly unitsPerSecond: bigint;
  /** Seconds to add to every timestamp. */
  readonly offset: bigint;
}

interface Body {
  readonly view: DataView;
  readonly littleEndian: boolean;
  /** Offsets in the file. */
  readonly start: number;
  readonly end: number;
}

/** Whether `bytes` begin a pcapng file. */
export function isPcapng(bytes: Uint8Array): boolean {
  return bytes[0] === 0x0a && bytes[1] === 0x0d && bytes[2] === 0x0d && bytes[3] === 0x0a;
}

/**
 * The packets of a pcapng file.
 * @throws CaptureError when the file is none, or behind the last whole block when it is cut off or damaged
 */
export function* readPcapng(bytes: Uint8Array): Generator<Packet> {
  if (!isPcapng(bytes)) throw new CaptureError("this is no pcapng file", 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let littleEndian = false;
  let interfaces: Interface[] = [];
  let at = 0;
  let number = 0;
  while (at < bytes.length) {
    if (bytes.length - at < BLOCK_HEAD + BLOCK_TAIL) throw new CaptureError("the last block is cut off", at);
    if (view.getUint32(at) === BLOCK.sectionHeader) {
      littleEndian = view.getUint32(at + BLOCK_HEAD, true) === BYTE_ORDER_MAGIC;
      if (!littleEndian && view.getUint32(at + BLOCK_HEAD) !== BYTE_ORDER_MAGIC) {
        throw new CaptureError("the section has no byte order mark", at);
      }
      interfaces = [];
    }
    const type = view.getUint32(at, littleEndian);
    const length = view.getUint32(at + 4, littleEndian);
    if (length < BLOCK_HEAD + BLOCK_TAIL || length % 4 !== 0) {
      throw new CaptureError(`a block of ${length} bytes cannot be`, at);
    }
    if (at + length > bytes.length) throw new CaptureError("the last block is cut off", at);
    const body = { view, littleEndian, start: at + BLOCK_HEAD, end: at + length - BLOCK_TAIL };
    if (type === BLOCK.interfaceDescription) {
      interfaces.push(readInterface(body));
    } else {
      const packet = readPacket(type, body, bytes, interfaces, number + 1);
      if (packet !== undefined) {
        number++;
        yield packet;
      }
    }
    at += length;
  }
}

function readInterface({ view, littleEndian, start, end }: Body): Interface {
  need(start, end, 8);
  let unitsPerSecond = 1_000_000n;
  let offset = 0n;
  let at = start + 8;
  while (end - at >= 4) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    const value = at + 4;
    if (code === OPTION.end || value + length > end) break;
    if (code === OPTION.timeResolution && length === 1) {
      // The highest bit tells powers of two from powers of ten.
      const exponent = view.getUint8(value);
      unitsPerSecond = (exponent & 0x80) !== 0 ? 2n ** BigInt(exponent & 0x7f) : 10n ** BigInt(exponent);
    } else if (code === OPTION.timeOffset && length === 8) {
      offset = view.getBigInt64(value, littleEndian);
    }
    at = value + ((length + 3) & ~3);
  }
  return {
    linkType: view.getUint16(start, littleEndian),
    snapLength: view.getUint32(start + 4, littleEndian),
    unitsPerSecond,
    offset,
  };
}

/** The packet in a block; undefined when it is a block of another kind. */
function readPacket(
  type: number,
  { view, littleEndian, start, end }: Body,
  bytes: Uint8Array,
  interfaces: readonly Interface[],
  number: number,
): Packet | undefined {
  if (type === BLOCK.simplePacket) {
    const { linkType, snapLength } = interfaceOf(interfaces, 0, start);
    need(start, end, 4);
    const originalLength = view.getUint32(start, littleEndian);
    const captured = Math.min(originalLength, snapLength === 0 ? originalLength : snapLength);
    need(start, end, 4 + captured);
    return { number, linkType, data: bytes.subarray(start + 4, start + 4 + captured), originalLength };
  }
  if (type !== BLOCK.enhancedPacket && type !== BLOCK.packet) return undefined;
  need(start, end, 20);
  const id = type === BLOCK.packet ? view.getUint16(start, littleEndian) : view.getUint32(start, littleEndian);
  const { linkType, unitsPerSecond, offset } = interfaceOf(interfaces, id, start);
  const ticks = BigInt(view.getUint32(start + 4, littleEndian)) << 32n |
    BigInt(view.getUint32(start + 8, littleEndian));
  const captured = view.getUint32(start + 12, littleEndian);
  need(start, end, 20 + captured);
  return {
    number,
    time: ticks * 1_000_000_000n / unitsPerSecond + offset * 1_000_000_000n,
    linkType,
    data: bytes.subarray(start + 20, start + 20 + captured),
    originalLength: view.getUint32(start + 16, littleEndian),
  };
}

function interfaceOf(interfaces: readonly Interface[], id: number, at: number): Interface {
  const found = interfaces[id];
  if (found === undefined) throw new CaptureError(`interface ${id} is not described before its packets`, at);
  return found;
}

function need(start: number, end: number, length: number): void {
  if (end - start < length) throw new CaptureError("a block is too short for what it should hold", start);
}
