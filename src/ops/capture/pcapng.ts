/**
 * The pcapng file format: blocks within sections; each section has its own byte order and its own
 * interfaces.
 * @module
 */
import type { CaptureFormat } from "./capture_format.ts";
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
/** Larger blocks are a sign of a damaged file. */
const MAX_BLOCK = 0x4001000;
/** What no file comes near: a damaged one must not fill the memory with them. */
const MOST_INTERFACES = 65536;
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
  readonly start: number;
  readonly end: number;
  /** The place of the block in the file. */
  readonly offset: number;
}

/** Whether `bytes` begin a pcapng file. */
export function isPcapng(bytes: Uint8Array): boolean {
  return bytes[0] === 0x0a && bytes[1] === 0x0d && bytes[2] === 0x0d && bytes[3] === 0x0a;
}

/** The blocks of a pcapng file. */
export class PcapngFormat implements CaptureFormat {
  #littleEndian = false;
  #interfaces: Interface[] = [];
  #packets = 0;

  /** Of a block: type, length, and of a section its byte order. */
  readonly head = BLOCK_HEAD + BLOCK_TAIL;

  cutOff(): string {
    return "the last block is cut off";
  }

  measure(view: DataView, at: number, offset: number): number {
    if (view.getUint32(at) === BLOCK.sectionHeader) {
      this.#littleEndian = view.getUint32(at + BLOCK_HEAD, true) === BYTE_ORDER_MAGIC;
      if (!this.#littleEndian && view.getUint32(at + BLOCK_HEAD) !== BYTE_ORDER_MAGIC) {
        throw new CaptureError("the section has no byte order mark", offset);
      }
    }
    const length = view.getUint32(at + 4, this.#littleEndian);
    if (length < BLOCK_HEAD + BLOCK_TAIL || length % 4 !== 0 || length > MAX_BLOCK) {
      throw new CaptureError(`a block of ${length} bytes cannot be`, offset);
    }
    return length;
  }

  read(bytes: Uint8Array, view: DataView, at: number, length: number, offset: number): Packet | undefined {
    const littleEndian = this.#littleEndian;
    const type = view.getUint32(at, littleEndian);
    const body = { view, littleEndian, start: at + BLOCK_HEAD, end: at + length - BLOCK_TAIL, offset };
    if (type === BLOCK.sectionHeader) this.#interfaces = [];
    if (type === BLOCK.interfaceDescription) {
      if (this.#interfaces.length === MOST_INTERFACES) {
        throw new CaptureError(`more than ${MOST_INTERFACES} interfaces cannot be`, offset);
      }
      this.#interfaces.push(readInterface(body));
      return undefined;
    }
    const packet = readPacket(type, body, bytes, this.#interfaces, this.#packets + 1);
    if (packet !== undefined) this.#packets++;
    return packet;
  }
}

function readInterface(body: Body): Interface {
  const { view, littleEndian, start, end } = body;
  need(body, 8);
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
  body: Body,
  bytes: Uint8Array,
  interfaces: readonly Interface[],
  number: number,
): Packet | undefined {
  const { view, littleEndian, start, offset: at } = body;
  if (type === BLOCK.simplePacket) {
    const { linkType, snapLength } = interfaceOf(interfaces, 0, at);
    need(body, 4);
    const originalLength = view.getUint32(start, littleEndian);
    const captured = Math.min(originalLength, snapLength === 0 ? originalLength : snapLength);
    need(body, 4 + captured);
    return { number, linkType, data: bytes.subarray(start + 4, start + 4 + captured), originalLength };
  }
  if (type !== BLOCK.enhancedPacket && type !== BLOCK.packet) return undefined;
  need(body, 20);
  const id = type === BLOCK.packet ? view.getUint16(start, littleEndian) : view.getUint32(start, littleEndian);
  const { linkType, unitsPerSecond, offset } = interfaceOf(interfaces, id, at);
  const ticks = BigInt(view.getUint32(start + 4, littleEndian)) << 32n |
    BigInt(view.getUint32(start + 8, littleEndian));
  const captured = view.getUint32(start + 12, littleEndian);
  need(body, 20 + captured);
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

function need({ start, end, offset }: Body, length: number): void {
  if (end - start < length) throw new CaptureError("a block is too short for what it should hold", offset);
}
