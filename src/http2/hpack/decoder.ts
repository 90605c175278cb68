/**
 * Decoding of header blocks (RFC 7541 section 3).
 * @module
 */
import { isNameMalformed, isValueMalformed } from "./field_syntax.ts";
import { HeaderList } from "./header_list.ts";
import { HpackError } from "./hpack_error.ts";
import { huffmanDecode } from "./huffman.ts";
import { ENTRY_OVERHEAD, FIRST_DYNAMIC, STATIC_TABLE, type TableEntry } from "./static_table.ts";

/** What a decoder allows its peer. */
export interface HpackDecoderOptions {
  /** Octets of the dynamic table: what our SETTINGS_HEADER_TABLE_SIZE says; 4096 unless said. */
  readonly tableSize?: number;
  /** Octets of a list (see {@link HeaderList.size}); what is beyond is not stored. */
  readonly maxListSize: number;
}

/** Decodes the header blocks of one direction of one connection, in their order. */
export class HpackDecoder {
  readonly #tableSize: number;
  readonly #maxListSize: number;
  #limit: number;
  #size = 0;
  /** Newest first. */
  readonly #entries: TableEntry[] = [];
  #at = 0;

  constructor(options: HpackDecoderOptions) {
    this.#tableSize = this.#limit = options.tableSize ?? 4096;
    this.#maxListSize = options.maxListSize;
  }

  /**
   * The list of the complete block in `bytes` from `start` to `end`; of a repeated block perhaps the
   * same object.
   * @throws {HpackError} it cannot be decoded: the connection is over
   */
  decode(bytes: Uint8Array, start: number, end: number): HeaderList {
    const list = new HeaderList();
    this.#at = start;
    let fields = 0;
    while (this.#at < end) {
      const first = bytes[this.#at]!;
      if (first >= 0x80) {
        const entry = this.#entry(this.#integer(bytes, end, 7));
        this.#store(list, entry, false);
      } else if (first >= 0x40) {
        const entry = this.#literal(bytes, end, 6);
        this.#insert(entry);
        this.#store(list, entry, false);
      } else if (first >= 0x20) {
        if (fields > 0) throw new HpackError("a table size update stands behind a field");
        const limit = this.#integer(bytes, end, 5);
        if (limit > this.#tableSize) throw new HpackError(`a table size update to ${limit}, above ${this.#tableSize}`);
        this.#limit = limit;
        this.#evict(limit);
        continue;
      } else {
        this.#store(list, this.#literal(bytes, end, 4), first >= 0x10);
      }
      fields++;
    }
    return list;
  }

  #store(list: HeaderList, entry: TableEntry, never: boolean): void {
    if (entry.malformed) list.malformed = true;
    if (list.tooLarge || list.size + entry.size > this.#maxListSize) list.tooLarge = true;
    else list.append(entry.name, entry.value, never);
  }

  #entry(index: number): TableEntry {
    const entry = index < FIRST_DYNAMIC ? STATIC_TABLE[index] : this.#entries[index - FIRST_DYNAMIC];
    if (index === 0 || entry === undefined) throw new HpackError(`index ${index} is not in the table`);
    return entry;
  }

  #literal(bytes: Uint8Array, end: number, prefix: number): TableEntry {
    const index = this.#integer(bytes, end, prefix);
    const name = index === 0 ? this.#string(bytes, end) : this.#entry(index).name;
    const value = this.#string(bytes, end);
    const malformed = isNameMalformed(name) || isValueMalformed(value);
    return { name, value, size: name.length + value.length + ENTRY_OVERHEAD, malformed };
  }

  #insert(entry: TableEntry): void {
    this.#evict(this.#limit - entry.size);
    if (entry.size > this.#limit) return;
    this.#entries.unshift(entry);
    this.#size += entry.size;
  }

  #evict(limit: number): void {
    while (this.#size > limit && this.#entries.length > 0) this.#size -= this.#entries.pop()!.size;
  }

  #integer(bytes: Uint8Array, end: number, prefix: number): number {
    if (this.#at >= end) throw new HpackError("the block ends inside a field");
    const most = (1 << prefix) - 1;
    let value = bytes[this.#at++]! & most;
    if (value < most) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= end) throw new HpackError("the block ends inside an integer");
      const octet = bytes[this.#at++]!;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    throw new HpackError("an integer is above 2^28");
  }

  #string(bytes: Uint8Array, end: number): string {
    const coded = this.#at < end && bytes[this.#at]! >= 0x80;
    const length = this.#integer(bytes, end, 7);
    const start = this.#at;
    if (length > end - start) throw new HpackError("a string is longer than its block");
    this.#at += length;
    let octets = bytes.subarray(start, start + length);
    if (coded) {
      const into = new Uint8Array(Math.ceil(length * 8 / 5));
      octets = into.subarray(0, huffmanDecode(bytes, start, start + length, into));
    }
    let text = "";
    for (const octet of octets) text += String.fromCharCode(octet);
    return text;
  }
}
