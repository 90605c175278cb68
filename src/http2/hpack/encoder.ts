/**
 * Encoding of header lists (RFC 7541 section 3).
 * @module
 */
import type { HeaderList } from "./header_list.ts";
import { huffmanEncode, huffmanLength } from "./huffman.ts";
import { writeInteger } from "./integer.ts";
import { STATIC_TABLE } from "./static_table.ts";

/** Encodes the header blocks of one direction of one connection, in the order they are sent. */
export class HpackEncoder {
  /** The peer's SETTINGS_HEADER_TABLE_SIZE: to be said when its SETTINGS are acknowledged. */
  setPeerTableSize(_octets: number): void {
  }

  /** Octets that {@link encode} needs at most for that list. */
  maxLength(list: HeaderList): number {
    return list.size + 16;
  }

  /**
   * Writes the list as a header block into `into` at `at`, where at least {@link maxLength} octets
   * are free; gives the position behind it. What was encoded must be sent, and in this order.
   */
  encode(list: HeaderList, into: Uint8Array, at: number): number {
    for (let i = 0; i < list.names.length; i++) {
      const name = list.names[i]!;
      const value = list.values[i]!;
      const never = list.neverIndexed?.has(i) === true;
      const exact = STATIC_TABLE.findIndex((entry, index) => index > 0 && entry.name === name && entry.value === value);
      if (exact > 0 && !never) {
        at = writeInteger(into, at, 0x80, 7, exact);
        continue;
      }
      const index = Math.max(0, STATIC_TABLE.findIndex((entry) => entry.name === name));
      at = writeInteger(into, at, never ? 0x10 : 0, 4, index);
      if (index === 0) at = writeString(name, into, at);
      at = writeString(value, into, at);
    }
    return at;
  }
}

function writeString(text: string, into: Uint8Array, at: number): number {
  const coded = huffmanLength(text);
  if (coded < text.length) return huffmanEncode(text, into, writeInteger(into, at, 0x80, 7, coded));
  at = writeInteger(into, at, 0, 7, text.length);
  for (let i = 0; i < text.length; i++) into[at++] = text.charCodeAt(i);
  return at;
}
