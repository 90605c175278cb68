/**
 * Encoding of header lists (RFC 7541 section 3).
 * @module
 */
import { type EncoderEntry, EncoderTable } from "./encoder_table.ts";
import type { HeaderList } from "./header_list.ts";
import { writeInteger } from "./integer.ts";
import { STATIC_NAMES } from "./static_index.ts";
import { ENTRY_OVERHEAD } from "./static_table.ts";
import { type WireText, wireTextOf, writeText } from "./wire_text.ts";

/** The table that each peer has unless it says otherwise (RFC 9113 section 6.5.2). */
const DEFAULT_TABLE_SIZE = 4096;
/** More is not used, whatever the peer would keep: it is memory for each connection. */
const MOST_TABLE_SIZE = 4096;
/** What size updates take at most, in front of a block. */
const SIZE_UPDATES = 12;

/** Their values differ each time, or nearly: they would only drive out others. */
const FLEETING = new Set(["grpc-timeout", "content-length", "date"]);

/** Places of {@link HpackEncoder}'s memory of values that came lately. */
const LATELY = 32;
/** An entry that so many lists have not used is no longer needed. */
const IDLE_LISTS = 64;
/** Fields that found no room, after which one makes room all the same. */
const PATIENCE = 256;
/** Lists with more fields are encoded without a pattern. */
const LONGEST_PATTERN = 32;

/** What a field of the last list of that length was, at its position: most lists repeat it. */
interface Pattern {
  name: string;
  value: string;
  /** Of the static table; 0: none. */
  index: number;
  entry: EncoderEntry | undefined;
}

/**
 * Encodes the header blocks of one direction of one connection, in the order they are sent. A field
 * enters the table when its value has come lately and nothing is driven out that is in use.
 */
export class HpackEncoder {
  readonly #table = new EncoderTable(DEFAULT_TABLE_SIZE);
  /** The smallest size since the last block, and the one that holds; undefined: nothing to say. */
  #smallest: number | undefined;
  /** By number of fields. */
  readonly #patterns: (Pattern[] | undefined)[] = [];
  readonly #lately: number[] = [];
  #lists = 0;
  #refused = 0;

  /**
   * The peer's SETTINGS_HEADER_TABLE_SIZE: to be said when its SETTINGS are acknowledged. The next
   * block begins with what follows from it (RFC 7541 section 4.2).
   */
  setPeerTableSize(octets: number): void {
    const size = Math.min(octets, MOST_TABLE_SIZE);
    if (size === this.#table.limit) return;
    this.#smallest = Math.min(size, this.#smallest ?? size);
    this.#table.resize(size);
  }

  /** Octets that {@link encode} needs at most for that list. */
  maxLength(list: HeaderList): number {
    return list.size + SIZE_UPDATES;
  }

  /**
   * Writes the list as a header block into `into` at `at`, where at least {@link maxLength} octets
   * are free; gives the position behind it. What was encoded must be sent, and in this order.
   */
  encode(list: HeaderList, into: Uint8Array, at: number): number {
    if (this.#smallest !== undefined) at = this.#sizeUpdates(this.#smallest, into, at);
    this.#lists++;
    const { names, values, neverIndexed } = list;
    const pattern = names.length <= LONGEST_PATTERN ? (this.#patterns[names.length] ??= []) : undefined;
    for (let position = 0; position < names.length; position++) {
      const name = names[position]!;
      const value = values[position]!;
      if (neverIndexed !== undefined && neverIndexed.has(position)) {
        at = this.#literal(into, at, 0x10, 4, name, value, wireTextOf(value));
        continue;
      }
      const known = pattern?.[position];
      if (known !== undefined && known.value === value && known.name === name) {
        if (known.index !== 0) {
          into[at++] = 0x80 | known.index;
          continue;
        }
        const entry = known.entry;
        if (entry !== undefined && this.#table.holds(entry)) {
          entry.usedBy = this.#lists;
          at = writeInteger(into, at, 0x80, 7, this.#table.indexOf(entry));
          continue;
        }
      }
      at = this.#field(into, at, name, value, pattern, position);
    }
    return at;
  }

  /** A field that is not what was expected at its position. */
  #field(
    into: Uint8Array,
    at: number,
    name: string,
    value: string,
    pattern: Pattern[] | undefined,
    position: number,
  ): number {
    const index = STATIC_NAMES.get(name)?.values.get(value) ?? 0;
    let entry = index === 0 ? this.#table.find(name, value) : undefined;
    if (index !== 0) at = writeInteger(into, at, 0x80, 7, index);
    else if (entry !== undefined) {
      entry.usedBy = this.#lists;
      at = writeInteger(into, at, 0x80, 7, this.#table.indexOf(entry));
    } else {
      const wire = FLEETING.has(name) ? undefined : wireTextOf(value);
      if (wire !== undefined && this.#isWorthAnEntry(name, value, wire)) {
        at = this.#literal(into, at, 0x40, 6, name, value, wire); // may name an entry that then goes
        entry = this.#table.add(name, value, this.#lists);
      } else at = this.#literal(into, at, 0, 4, name, value, wire);
    }
    if (pattern !== undefined) remember(pattern, position, name, value, index, entry);
    return at;
  }

  #isWorthAnEntry(name: string, value: string, wire: WireText): boolean {
    const place = wire.id & (LATELY - 1);
    const cameLately = this.#lately[place] === wire.id;
    this.#lately[place] = wire.id;
    if (!cameLately) return false;
    if (this.#table.hasRoom(name, value, this.#lists - IDLE_LISTS)) return true;
    // What is old and in use would keep what is new out for ever: now and then it gives way.
    if (++this.#refused < PATIENCE) return false;
    this.#refused = 0;
    return name.length + value.length + ENTRY_OVERHEAD <= this.#table.limit;
  }

  /** A literal with so many bits for the index of its name (RFC 7541 section 6.2). */
  #literal(
    into: Uint8Array,
    at: number,
    flags: number,
    prefix: number,
    name: string,
    value: string,
    wire: WireText | undefined,
  ): number {
    const index = this.#nameIndex(name);
    at = writeInteger(into, at, flags, prefix, index);
    if (index === 0) at = writeWire(name, wireTextOf(name), into, at);
    return writeWire(value, wire, into, at);
  }

  #nameIndex(name: string): number {
    const known = STATIC_NAMES.get(name);
    if (known !== undefined) return known.index;
    const entry = this.#table.named(name);
    return entry === undefined ? 0 : this.#table.indexOf(entry);
  }

  #sizeUpdates(smallest: number, into: Uint8Array, at: number): number {
    const size = this.#table.limit;
    if (smallest < size) at = writeInteger(into, at, 0x20, 5, smallest);
    this.#smallest = undefined;
    return writeInteger(into, at, 0x20, 5, size);
  }
}

function writeWire(text: string, wire: WireText | undefined, into: Uint8Array, at: number): number {
  if (wire === undefined) return writeText(text, into, at);
  const { octets } = wire;
  if (octets.length > LONG_COPY) into.set(octets, at);
  else for (let index = 0; index < octets.length; index++) into[at + index] = octets[index]!;
  return at + octets.length;
}
/** Octets from which on a copy is worth the call. */
const LONG_COPY = 64;

function remember(
  pattern: Pattern[],
  position: number,
  name: string,
  value: string,
  index: number,
  entry: EncoderEntry | undefined,
): void {
  const known = pattern[position];
  if (known === undefined) pattern[position] = { name, value, index, entry };
  else {
    known.name = name;
    known.value = value;
    known.index = index;
    known.entry = entry;
  }
}
