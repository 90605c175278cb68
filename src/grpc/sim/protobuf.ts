/**
 * As much of the protobuf wire format as the messages here need: varints and length-delimited
 * fields.
 *
 * PURE.
 * @module
 */

/** A message that does not follow the format. */
export class ProtobufError extends Error {
  override name = "ProtobufError";
}

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true });

/** Builds a message field by field; default values are left out, as proto3 has it. */
export class ProtobufWriter {
  #bytes: number[] = [];

  /** A string field. */
  string(field: number, value: string): this {
    if (value === "") return this;
    const utf8 = ENCODER.encode(value);
    this.#tag(field, WIRE.bytes);
    this.#varint(BigInt(utf8.length));
    for (const byte of utf8) this.#bytes.push(byte);
    return this;
  }

  /** A uint32, uint64, int64 or enum field. */
  integer(field: number, value: number | bigint): this {
    if (BigInt(value) === 0n) return this;
    this.#tag(field, WIRE.varint);
    this.#varint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  /** The message. */
  finish(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }

  #tag(field: number, wire: number): void {
    this.#varint(BigInt(field << 3 | wire));
  }

  #varint(value: bigint): void {
    for (; value > 0x7fn; value >>= 7n) this.#bytes.push(Number(value & 0x7fn) | 0x80);
    this.#bytes.push(Number(value));
  }
}

/** The fields of a message by their number; of a repeated one the last counts. */
export class ProtobufFields {
  readonly #integers = new Map<number, bigint>();
  readonly #bytes = new Map<number, Uint8Array>();

  /** @throws ProtobufError when `message` is none */
  constructor(message: Uint8Array) {
    const reader = new Reader(message);
    while (!reader.atEnd) {
      const tag = Number(reader.varint() & 0xffff_ffffn);
      const field = tag >>> 3;
      if (field === 0) throw new ProtobufError("a field has number 0");
      const wire = tag & 7;
      if (wire === WIRE.varint) this.#integers.set(field, reader.varint());
      else if (wire === WIRE.bytes) this.#bytes.set(field, reader.take(Number(reader.varint())));
      else if (wire === WIRE.fixed64) reader.take(8);
      else if (wire === WIRE.fixed32) reader.take(4);
      else throw new ProtobufError(`field ${field} has the unknown wire type ${wire}`);
    }
  }

  /** A string field; "" when it is not there. @throws ProtobufError when it is no UTF-8 */
  string(field: number): string {
    try {
      return DECODER.decode(this.#bytes.get(field) ?? new Uint8Array());
    } catch {
      throw new ProtobufError(`field ${field} is no UTF-8`);
    }
  }

  /** A uint32 field; 0 when it is not there. */
  uint32(field: number): number {
    return Number(BigInt.asUintN(32, this.#integers.get(field) ?? 0n));
  }

  /** A 64 bit field that fits a double; 0 when it is not there. */
  int64(field: number): number {
    return Number(BigInt.asIntN(64, this.#integers.get(field) ?? 0n));
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new ProtobufError("the message ends within a number");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtobufError("a number has more than 10 bytes");
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw new ProtobufError("the message ends within a field");
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }
}
