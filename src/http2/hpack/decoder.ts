/**
 * Decoding of header blocks (RFC 7541 section 3).
 * @module
 */
import { DecoderTable } from "./decoder_table.ts";
import { isNameMalformed } from "./field_syntax.ts";
import { HeaderList } from "./header_list.ts";
import { HpackError } from "./hpack_error.ts";
import { type Literal, readLiteral } from "./literal.ts";
import { OctetMemo } from "./octet_memo.ts";
import { ENTRY_OVERHEAD, FIRST_DYNAMIC, STATIC_TABLE, type TableEntry } from "./static_table.ts";

/** What a decoder allows its peer. */
export interface HpackDecoderOptions {
  /** Octets of the dynamic table: what our SETTINGS_HEADER_TABLE_SIZE says; 4096 unless said. */
  readonly tableSize?: number;
  /** Octets of a list (see {@link HeaderList.size}); what is beyond is not stored. */
  readonly maxListSize: number;
}

/**
 * Lists by block, of all connections together. The key stands for one state of one table: it is
 * never used again once the table has changed.
 */
const blocks = new OctetMemo<HeaderList>(8192, 512, 16 << 20);
let lastKey = 0;
/** What a list costs: itself, and each of its fields. */
const LIST_COST = 400;
const FIELD_COST = 16;

/** The first octet of a field, from which on it is of that kind (RFC 7541 section 6). */
const INDEXED = 0x80;
const INCREMENTAL = 0x40;
const SIZE_UPDATE = 0x20;
const NEVER_INDEXED = 0x10;

/** Decodes the header blocks of one direction of one connection, in their order. */
export class HpackDecoder {
  readonly #tableSize: number;
  readonly #maxListSize: number;
  readonly #table: DecoderTable;
  /** Names the table as it is now, in the memory of blocks; 0: it has only just changed. */
  #key = 0;
  /** This block has changed the table. */
  #changed = false;
  /** Where in the block the next octet is read. */
  #at = 0;

  /** A decoder with an empty table. */
  constructor(options: HpackDecoderOptions) {
    this.#tableSize = options.tableSize ?? 4096;
    this.#maxListSize = options.maxListSize;
    this.#table = new DecoderTable(this.#tableSize);
  }

  /**
   * The list of the complete block in `bytes` from `start` to `end`. A block that repeats often
   * gives the same object again.
   * @throws {HpackError} it cannot be decoded: the connection is over
   */
  decode(bytes: Uint8Array, start: number, end: number): HeaderList {
    const key = this.#key;
    if (key !== 0) {
      const known = blocks.find(bytes, start, end, key);
      if (known !== undefined) return known;
    }
    const list = new HeaderList();
    this.#changed = false;
    this.#at = start;
    this.#sizeUpdates(bytes, end);
    while (this.#at < end) this.#field(bytes, end, list);
    if (this.#changed) this.#key = 0;
    else if (key === 0) this.#key = ++lastKey;
    else if (!list.tooLarge) {
      blocks.offer(bytes, start, end, key, list, LIST_COST + list.names.length * FIELD_COST);
    }
    return list;
  }

  /** Changes of the table's size: only in front of the first field (RFC 7541 section 4.2). */
  #sizeUpdates(bytes: Uint8Array, end: number): void {
    while (this.#at < end && isSizeUpdate(bytes[this.#at]!)) {
      const size = this.#integer(bytes, end, 5);
      if (size > this.#tableSize) {
        throw new HpackError(`expected a table size of at most ${this.#tableSize}, got an update to ${size}`);
      }
      this.#table.resize(size);
      this.#changed = true;
    }
  }

  #field(bytes: Uint8Array, end: number, list: HeaderList): void {
    const first = bytes[this.#at]!;
    if (first >= INDEXED) {
      const entry = this.#entry(this.#integer(bytes, end, 7));
      this.#store(list, entry.name, entry.value, entry.size, entry.malformed, false);
      return;
    }
    if (isSizeUpdate(first)) throw new HpackError("a table size update stands behind a field");
    const incremental = first >= INCREMENTAL;
    const index = this.#integer(bytes, end, incremental ? 6 : 4);
    let name: string;
    let malformed = false;
    if (index === 0) {
      const literal = this.#string(bytes, end);
      name = literal.text;
      malformed = literal.isMalformedName;
    } else {
      const entry = this.#entry(index);
      name = entry.name;
      malformed = entry.malformed && isNameMalformed(name);
    }
    const literal = this.#string(bytes, end);
    const value = literal.text;
    malformed ||= literal.isMalformedValue;
    const size = name.length + value.length + ENTRY_OVERHEAD;
    if (incremental) {
      this.#table.add({ name, value, size, malformed });
      this.#changed = true;
    }
    this.#store(list, name, value, size, malformed, first >= NEVER_INDEXED && !incremental);
  }

  #store(list: HeaderList, name: string, value: string, size: number, malformed: boolean, never: boolean): void {
    if (malformed) list.malformed = true;
    if (list.tooLarge || list.size + size > this.#maxListSize) {
      list.tooLarge = true;
      return;
    }
    if (never) {
      list.append(name, value, true);
      return;
    }
    list.names.push(name);
    list.values.push(value);
    list.size += size;
  }

  #entry(index: number): TableEntry {
    const entry = index < FIRST_DYNAMIC ? STATIC_TABLE[index] : this.#table.at(index - FIRST_DYNAMIC);
    if (entry === undefined || index === 0) {
      throw new HpackError(`index ${index} is in neither the static nor the dynamic table`);
    }
    return entry;
  }

  #string(bytes: Uint8Array, end: number): Literal {
    const coded = this.#at < end && bytes[this.#at]! >= 0x80;
    const length = this.#integer(bytes, end, 7);
    const start = this.#at;
    if (length > end - start) {
      throw new HpackError(`a string of ${length} octets has only ${end - start} left in its block`);
    }
    this.#at = start + length;
    return readLiteral(bytes, start, this.#at, coded);
  }

  /** An integer with a prefix of so many bits (RFC 7541 section 5.1). */
  #integer(bytes: Uint8Array, end: number, prefix: number): number {
    if (this.#at >= end) throw new HpackError("the block ends inside a field");
    const most = (1 << prefix) - 1;
    const short = bytes[this.#at++]! & most;
    return short < most ? short : this.#longInteger(bytes, end, most);
  }

  #longInteger(bytes: Uint8Array, end: number, most: number): number {
    let value = most;
    // Four octets are 28 bits: more than any length or size that is allowed, and no overflow.
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.#at >= end) throw new HpackError("the block ends inside an integer");
      const octet = bytes[this.#at++]!;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    throw new HpackError("an integer has more than 28 bits");
  }
}

function isSizeUpdate(first: number): boolean {
  return first >= SIZE_UPDATE && first < INCREMENTAL;
}
