/**
 * Writing error answers into out-queues: what an overloaded node does most, so that it makes no
 * object for one.
 * @module
 */
import { type Block, copyWords } from "../../../net/block.ts";
import { avpHeaderLength, padded, vendorOf } from "../../wire/avp.ts";
import { AVP, AVP_FLAG, AVP_HEADER_LENGTH } from "../../wire/avp_codes.ts";
import { FLAG, HEADER_LENGTH, OFFSET, VERSION_1 } from "../../wire/header.ts";

/** The second word of an answer keeps P and the command, and gets E (RFC 6733 section 7.2). */
const KEPT = (FLAG.proxiable << 24) | 0xffffff;
const ERROR = FLAG.error << 24;

/**
 * Writes the same bytes as `errorAnswerWith`, in two steps, so that the room for them can be
 * reserved in between: {@link measure}, then {@link write}.
 */
export class RefusalWriter {
  /** Where the request's Session-Id begins, and where its data does; -1 when it has none. */
  #sessionData = -1;
  /** Bytes of that data, padding excluded. */
  #sessionLength = 0;
  /** Where the first Proxy-Info begins. */
  #proxyInfo = 0;
  /** Bytes of all of them. */
  #proxyLength = 0;

  /**
   * Bytes of the answer with `avps` to the request in `block` from `start` to `end`, which begins
   * on a multiple of 4.
   * @param avps those of `errorAvps`
   */
  measure(block: Block, start: number, end: number, avps: Block): number {
    const { view } = block;
    this.#sessionData = -1;
    this.#sessionLength = 0;
    this.#proxyLength = 0;
    for (let at = start + HEADER_LENGTH; end - at >= AVP_HEADER_LENGTH;) {
      const word = view.getUint32(at + 4);
      const headerLength = avpHeaderLength(word);
      const length = padded(word & 0xffffff);
      if ((word & 0xffffff) < headerLength || length > end - at) break;
      if (vendorOf(view, at, word) === 0) {
        const code = view.getUint32(at);
        if (code === AVP.sessionId && this.#sessionData < 0) {
          this.#sessionData = at + headerLength;
          this.#sessionLength = (word & 0xffffff) - headerLength;
        } else if (code === AVP.proxyInfo) {
          if (this.#proxyLength === 0) this.#proxyInfo = at;
          this.#proxyLength += length;
        }
      }
      at += length;
    }
    const session = this.#sessionData < 0 ? 0 : AVP_HEADER_LENGTH + padded(this.#sessionLength);
    return HEADER_LENGTH + session + avps.size + this.#proxyLength;
  }

  /**
   * Writes the answer to the request that was measured last.
   * @param hopByHop the requester's
   * @param target has room for it from `to` on, a multiple of 4
   */
  write(block: Block, start: number, hopByHop: number, avps: Block, target: Block, to: number): void {
    const { view } = target;
    const first = to;
    copyWords(block, start, HEADER_LENGTH, target, to);
    view.setInt32(to + OFFSET.flags, (block.view.getInt32(start + OFFSET.flags) & KEPT) | ERROR);
    view.setUint32(to + OFFSET.hopByHop, hopByHop);
    to += HEADER_LENGTH;
    if (this.#sessionData >= 0) to = this.#writeSession(block, target, to);
    copyWords(avps, 0, avps.size, target, to);
    to += avps.size;
    let left = this.#proxyLength;
    for (let at = this.#proxyInfo; left > 0;) {
      const word = block.view.getUint32(at + 4);
      const length = padded(word & 0xffffff);
      if (block.view.getUint32(at) === AVP.proxyInfo && vendorOf(block.view, at, word) === 0) {
        copyWords(block, at, length, target, to);
        to += length;
        left -= length;
      }
      at += length;
    }
    view.setUint32(first, (VERSION_1 << 24) | (to - first));
  }

  /** Without its vendor, if it came with one, and with zeros as its padding. */
  #writeSession(block: Block, target: Block, to: number): number {
    const length = this.#sessionLength;
    target.view.setUint32(to, AVP.sessionId);
    target.view.setUint32(to + 4, (AVP_FLAG.mandatory << 24) | (AVP_HEADER_LENGTH + length));
    to += AVP_HEADER_LENGTH;
    copyWords(block, this.#sessionData, length, target, to);
    for (let at = length; at < padded(length); at++) target.bytes[to + at] = 0;
    return to + padded(length);
  }
}
