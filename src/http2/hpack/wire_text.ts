/**
 * String literals (RFC 7541 section 5.2), as the encoder writes them.
 * @module
 */
import { huffmanEncode, huffmanLength } from "./huffman.ts";
import { writeInteger } from "./integer.ts";

/** A string that has been written before, and how: with its length, Huffman-coded where shorter. */
export interface WireText {
  readonly octets: Uint8Array;
  /** Tells strings apart cheaply; never 0. */
  readonly id: number;
}

/** Characters above which a string is written anew each time. */
const LONGEST = 1024;
/** Strings after which those go that were not used meanwhile. */
const GENERATION = 4096;

/** Of all connections together. undefined: seen once. */
let young = new Map<string, WireText | undefined>();
let old = new Map<string, WireText | undefined>();
let lastId = 0;

/** How that string is written, if it has come before: what comes once is not worth remembering. */
export function wireTextOf(text: string): WireText | undefined {
  const known = young.get(text);
  if (known !== undefined) return known;
  if (text.length > LONGEST) return undefined;
  const seen = young.has(text) || old.has(text);
  const wire = seen ? old.get(text) ?? written(text) : undefined;
  if (young.size >= GENERATION) {
    old = young;
    young = new Map();
  }
  young.set(text, wire);
  return wire;
}

function written(text: string): WireText {
  const octets = new Uint8Array(text.length + LENGTH_OCTETS);
  return { octets: octets.slice(0, writeText(text, octets, 0)), id: ++lastId };
}
/** What the length of a string takes at most. */
const LENGTH_OCTETS = 6;

/** Writes the string into `into` at `at`; gives the position behind it. */
export function writeText(text: string, into: Uint8Array, at: number): number {
  const coded = huffmanLength(text);
  if (coded < text.length) return huffmanEncode(text, into, writeInteger(into, at, 0x80, 7, coded));
  at = writeInteger(into, at, 0, 7, text.length);
  for (let index = 0; index < text.length; index++) into[at++] = text.charCodeAt(index);
  return at;
}
