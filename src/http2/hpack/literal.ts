/**
 * String literals (RFC 7541 section 5.2), as the decoder reads them.
 * @module
 */
import { Buffer } from "node:buffer";
import { isNameMalformed, isValueMalformed } from "./field_syntax.ts";
import { huffmanDecode } from "./huffman.ts";
import { OctetMemo } from "./octet_memo.ts";

/** A string that was read. The same octets give, where they repeat, the same object. */
export class Literal {
  readonly text: string;
  /** It may not be a value (RFC 9113 section 8.2.1). */
  readonly isMalformedValue: boolean;
  #isMalformedName: boolean | undefined;

  constructor(text: string) {
    this.text = text;
    this.isMalformedValue = isValueMalformed(text);
  }

  /** It may not be a name (RFC 9113 section 8.2.1). */
  get isMalformedName(): boolean {
    return this.#isMalformedName ??= isNameMalformed(this.text);
  }
}

/** Of all connections together: clients of one service send the same paths and names. */
const literals = new OctetMemo<Literal>(4096, 1024, 8 << 20);
/** What a Literal costs beside its characters. */
const LITERAL_COST = 160;

/** Octets up to which a string is quicker read than found. */
const SHORT = 8;

/** The shortest code has 5 bits. */
const EXPANSION = 8 / 5;
const scratch = Buffer.allocUnsafeSlow(16 << 10);

/**
 * The string in `bytes` from `start` to `end`.
 * @param coded it is Huffman-coded
 * @throws {HpackError} wrong Huffman code
 */
export function readLiteral(bytes: Uint8Array, start: number, end: number, coded: boolean): Literal {
  if (end - start <= SHORT) return new Literal(textOf(bytes, start, end, coded));
  const key = coded ? 1 : 0;
  const known = literals.find(bytes, start, end, key);
  if (known !== undefined) return known;
  const literal = new Literal(textOf(bytes, start, end, coded));
  literals.offer(bytes, start, end, key, literal, literal.text.length + LITERAL_COST);
  return literal;
}

function textOf(bytes: Uint8Array, start: number, end: number, coded: boolean): string {
  const most = coded ? Math.ceil((end - start) * EXPANSION) : end - start;
  const into = most <= scratch.length ? scratch : Buffer.allocUnsafeSlow(most);
  let length = end - start;
  if (coded) length = huffmanDecode(bytes, start, end, into);
  else for (let at = 0; at < length; at++) into[at] = bytes[start + at]!;
  return length <= CALL_WORTH ? shortText(into, length) : into.toString("latin1", 0, length);
}

/**
 * Characters from which on the runtime's conversion is quicker, which is a call out of the engine.
 */
const CALL_WORTH = 12;

function shortText(octets: Uint8Array, length: number): string {
  let text = "";
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    text += String.fromCharCode(octets[at]!, octets[at + 1]!, octets[at + 2]!, octets[at + 3]!);
  }
  for (; at < length; at++) text += String.fromCharCode(octets[at]!);
  return text;
}
