/**
 * Huffman coding of header strings (RFC 7541 section 5.2).
 * @module
 */
import { HpackError } from "./hpack_error.ts";
import { BY_CODE, CODE_LENGTHS, CODES, EOS, FIRST_AT, FIRST_CODE, LONGEST, SHORTEST } from "./huffman_code.ts";

/** Bits that are looked up at once: enough for everything that names and tokens are made of. */
const QUICK_BITS = 11;
const QUICK_MASK = (1 << QUICK_BITS) - 1;

/**
 * By the next 11 bits: length of the code they begin with, and its symbol below; 0: a longer code.
 */
const QUICK = new Uint16Array(1 << QUICK_BITS);
for (let symbol = 0; symbol < EOS; symbol++) {
  const spare = QUICK_BITS - CODE_LENGTHS[symbol]!;
  if (spare < 0) continue;
  const first = CODES[symbol]! << spare;
  QUICK.fill(CODE_LENGTHS[symbol]! << 8 | symbol, first, first + (1 << spare));
}

/**
 * Decodes the string in `bytes` from `start` to `end` into `into`; gives the number of octets.
 * @param into at least 8/5 of the encoded length: the shortest code has 5 bits
 * @throws {HpackError} EOS in the string, padding of 8 bits or more or not of ones
 */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number, into: Uint8Array): number {
  let count = 0;
  let at = start;
  let bits = 0; // the lowest `have` of it are still to be decoded
  let have = 0;
  for (;;) {
    while (have <= 24 && at < end) {
      bits = bits << 8 | bytes[at++]!;
      have += 8;
    }
    // Behind the end come ones, as the padding has them.
    const next = have >= QUICK_BITS ? bits >>> (have - QUICK_BITS) : bits << (QUICK_BITS - have) | QUICK_MASK >>> have;
    const quick = QUICK[next & QUICK_MASK]!;
    const length = quick >> 8;
    if (length !== 0 && length <= have) {
      into[count++] = quick & 0xff;
      have -= length;
      continue;
    }
    if (at === end && have < 8 && (bits | -1 << have) === -1) return count;
    const symbol = longCode(bytes, at * 8 - have, end * 8);
    into[count++] = symbol;
    const behind = at * 8 - have + CODE_LENGTHS[symbol]!;
    at = (behind + 7) >> 3;
    have = at * 8 - behind;
    bits = have === 0 ? 0 : bytes[at - 1]!;
  }
}

/** The symbol at a bit, looked for length by length. */
function longCode(bytes: Uint8Array, from: number, end: number): number {
  let code = 0;
  for (let length = 1; length <= LONGEST; length++) {
    const bit = from + length - 1;
    if (bit >= end) throw new HpackError("a Huffman-coded string ends inside a code, or with padding that is wrong");
    code = code << 1 | bytes[bit >> 3]! >> (7 - (bit & 7)) & 1;
    if (length < SHORTEST) continue;
    const place = code - FIRST_CODE[length]!;
    const at = FIRST_AT[length]! + place;
    if (place < 0 || at >= FIRST_AT[length + 1]!) continue;
    const symbol = BY_CODE[at]!;
    if (symbol === EOS) break;
    return symbol;
  }
  throw new HpackError("a Huffman-coded string has the end-of-string symbol inside");
}

/** Octets that the text takes when it is coded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at++) bits += CODE_LENGTHS[text.charCodeAt(at) & 0xff]!;
  return (bits + 7) >> 3;
}

/** Codes the text into `into` at `at`; gives the position behind it. */
export function huffmanEncode(text: string, into: Uint8Array, at: number): number {
  let bits = 0; // the lowest `have` of it are still to be written
  let have = 0;
  for (let index = 0; index < text.length; index++) {
    const symbol = text.charCodeAt(index) & 0xff;
    const code = CODES[symbol]!;
    let length = CODE_LENGTHS[symbol]!;
    if (length > 24) { // together with 7 bits that wait, too many for one number
      bits = bits << (length - 16) | code >>> 16;
      have += length - 16;
      length = 16;
      while (have >= 8) into[at++] = bits >>> (have -= 8);
    }
    bits = bits << length | code & (1 << length) - 1;
    have += length;
    while (have >= 8) into[at++] = bits >>> (have -= 8);
  }
  if (have > 0) into[at++] = bits << (8 - have) | 0xff >>> have;
  return at;
}
