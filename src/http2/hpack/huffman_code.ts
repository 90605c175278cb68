/**
 * The Huffman code of header strings (RFC 7541 appendix B). It is canonical: codes of one length
 * are successive numbers in the order of their symbols, so the lengths say everything.
 * @module
 */

// deno-fmt-ignore
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

/** The symbol that ends a string, and never occurs in one: its first bits are the padding. */
export const EOS = 256;
/** The shortest and the longest code, in bits. */
export const SHORTEST = 5;
export const LONGEST = 30;

/** Bits of each symbol's code. */
export const CODE_LENGTHS: Uint8Array = Uint8Array.from(LENGTHS);
/** Each symbol's code, in the lowest bits. */
export const CODES: Uint32Array = new Uint32Array(LENGTHS.length);
/** All symbols, in the order of their codes. */
export const BY_CODE: Uint16Array = new Uint16Array(LENGTHS.length);
/** By length: the first code of that length, and where it stands in {@link BY_CODE}. */
export const FIRST_CODE: Uint32Array = new Uint32Array(LONGEST + 2);
export const FIRST_AT: Uint16Array = new Uint16Array(LONGEST + 2);

let code = 0;
let at = 0;
for (let length = SHORTEST; length <= LONGEST; length++) {
  FIRST_CODE[length] = code;
  FIRST_AT[length] = at;
  for (let symbol = 0; symbol <= EOS; symbol++) {
    if (LENGTHS[symbol] !== length) continue;
    CODES[symbol] = code++;
    BY_CODE[at++] = symbol;
  }
  code <<= 1;
}
FIRST_AT[LONGEST + 1] = at;
