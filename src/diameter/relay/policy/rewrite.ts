/**
 * Changing the destination of a request (RFC 6733 section 2.8.2).
 * @module
 */
import { Block } from "../../../net/block.ts";
import { AVP, AVP_FLAG, AVP_HEADER_LENGTH } from "../../wire/avp_codes.ts";
import { avpHeaderLength, padded, vendorOf } from "../../wire/avp.ts";
import { HEADER_LENGTH, VERSION_1 } from "../../wire/header.ts";
import { Incoming } from "../core/incoming.ts";
import type { RewriteOptions } from "../core/policy_options.ts";
import { octetsOf } from "./values.ts";

/** The longest message that a length of 24 bits can say. */
const LONGEST = 0xfffffc;

/** What of a request a route changes. */
export class Rewrite {
  /** Undefined: left as it is. Empty: taken away. */
  readonly realm: Uint8Array | undefined;
  readonly host: Uint8Array | undefined;

  constructor({ destinationRealm, destinationHost }: RewriteOptions) {
    this.realm = destinationRealm === undefined ? undefined : octetsOf(destinationRealm);
    this.host = destinationHost === undefined ? undefined : octetsOf(destinationHost);
  }
}

/** Changes requests one after the other: the one before is gone then. */
export class Rewriter {
  readonly #changed = new Incoming();
  #block = new Block(4096);
  #head = 0;

  /** The request as it goes on; undefined when it would be longer than a message can be. */
  apply(request: Incoming, { realm, host }: Rewrite): Incoming | undefined {
    const { from, receivedAt, tick, refused, at: start, end } = request;
    const most = request.length + (realm?.length ?? 0) + (host?.length ?? 0) + 2 * (AVP_HEADER_LENGTH + 3);
    if (most > LONGEST) return undefined;
    if (this.#block.size < most) this.#block = new Block(Math.max(most, this.#block.size * 2));
    const { bytes, view } = request.block;
    this.#head = 0;
    this.#copy(bytes, start, start + HEADER_LENGTH);
    let [isRealmSet, isHostSet] = [realm === undefined, host === undefined || host.length === 0];
    for (let at = start + HEADER_LENGTH; at < end;) {
      const word = view.getUint32(at + 4);
      const next = at + padded(word & 0xffffff);
      const code = vendorOf(view, at, word) === 0 ? view.getUint32(at) : 0;
      if (code === AVP.destinationRealm && realm !== undefined && !isRealmSet) {
        this.#replace(bytes, at, word, realm);
        isRealmSet = true;
      } else if (code === AVP.destinationHost && host !== undefined && (host.length === 0 || !isHostSet)) {
        if (host.length > 0) this.#replace(bytes, at, word, host);
        isHostSet = true;
      } else this.#copy(bytes, at, next);
      at = next;
    }
    if (!isRealmSet) this.#add(AVP.destinationRealm, realm!);
    if (!isHostSet) this.#add(AVP.destinationHost, host!);
    this.#block.view.setUint32(0, (VERSION_1 << 24) | this.#head);
    const changed = this.#changed;
    changed.begin(from, this.#block, { receivedAt, tick, refused });
    changed.moveTo(0);
    changed.avps.scan(this.#block.view, 0, changed.end);
    return changed;
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    const to = this.#block.bytes;
    let head = this.#head;
    for (let i = start; i < end; i++) to[head++] = bytes[i]!;
    this.#head = head;
  }

  /** An AVP with its header as it came, and other data. */
  #replace(bytes: Uint8Array, at: number, word: number, data: Uint8Array): void {
    const header = avpHeaderLength(word);
    const to = this.#head;
    this.#copy(bytes, at, at + header);
    this.#block.view.setUint32(to + 4, (word & 0xff000000) | (header + data.length));
    this.#data(data);
  }

  #add(code: number, data: Uint8Array): void {
    this.#block.view.setUint32(this.#head, code);
    this.#block.view.setUint32(this.#head + 4, (AVP_FLAG.mandatory << 24) | (AVP_HEADER_LENGTH + data.length));
    this.#head += AVP_HEADER_LENGTH;
    this.#data(data);
  }

  #data(data: Uint8Array): void {
    this.#copy(data, 0, data.length);
    while ((this.#head & 3) !== 0) this.#block.bytes[this.#head++] = 0;
  }
}
