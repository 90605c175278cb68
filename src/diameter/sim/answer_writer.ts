/**
 * Answers of a simulated node, written straight into an out-queue: the request's header and
 * Session-Id, a tail that was built before, and the AVPs that an answer repeats.
 * @module
 */
import { Block, copyWords } from "../../net/block.ts";
import { VENDOR } from "../wire/application_ids.ts";
import { avpHeaderLength, padded, vendorOf } from "../wire/avp.ts";
import { AVP, AVP_FLAG, AVP_HEADER_LENGTH } from "../wire/avp_codes.ts";
import { FLAG, HEADER_LENGTH, OFFSET, VERSION_1 } from "../wire/header.ts";
import { MessageBuilder } from "../wire/message_builder.ts";
import { type RequestFault, requestFault } from "../wire/request_fault.ts";
import { isProtocolError } from "../wire/result_codes.ts";
import { RoutingAvps } from "../wire/routing_avps.ts";
import { SIM_AVP, THREE_GPP_AVP } from "./codes.ts";
import type { SimResult } from "./faults.ts";

/** Who answers. */
export interface AnswerIdentity {
  readonly originHost: string;
  readonly originRealm: string;
}

/** AVPs that an answer repeats; of more than these the rest is left out. */
const MAX_ECHOES = 32;

/** Looks at one request at a time ({@link scan}), then writes its answer ({@link write}). */
export class AnswerWriter {
  /** Data of the Session-Id of the request scanned last; -1 when it has none. */
  sessionIdStart = -1;
  sessionIdEnd = -1;
  /** Header of its Terminal-Information; -1 when it has none. */
  terminalInformation = -1;
  readonly #echoes = new Int32Array(MAX_ECHOES * 2);
  #echoCount = 0;
  #echoBytes = 0;
  readonly #identity: AnswerIdentity;
  readonly #tails = new Map<string, Tail>();

  constructor(identity: AnswerIdentity) {
    this.#identity = identity;
  }

  /**
   * Walks the top-level AVPs of the request from `at` to `end`.
   * @returns why it cannot be served; undefined when it can
   */
  scan(block: Block, at: number, end: number): RequestFault | undefined {
    const { view } = block;
    this.sessionIdStart = -1;
    this.terminalInformation = -1;
    this.#echoCount = 0;
    this.#echoBytes = 0;
    const flags = view.getUint32(at + OFFSET.flags);
    if ((flags & (FLAG.error << 24)) !== 0) return this.#faultOf(block, at, end);
    for (let avp = at + HEADER_LENGTH; avp < end;) {
      if (end - avp < AVP_HEADER_LENGTH) return this.#faultOf(block, at, end);
      const word = view.getUint32(avp + 4);
      const length = word & 0xffffff;
      const headerLength = avpHeaderLength(word);
      if (length < headerLength || length > end - avp) return this.#faultOf(block, at, end);
      const next = avp + ((length + 3) & ~3);
      if (vendorOf(view, avp, word) !== 0) {
        if (view.getUint32(avp) === THREE_GPP_AVP.terminalInformation) this.terminalInformation = avp;
      } else {
        switch (view.getUint32(avp)) {
          case AVP.sessionId:
            if (this.sessionIdStart < 0) {
              this.sessionIdStart = avp + headerLength;
              this.sessionIdEnd = avp + length;
            }
            break;
          // What the answers of RFC 6733, RFC 8506 and TS 29.272 must carry as the request had it,
          // and Proxy-Info (RFC 6733 section 6.2).
          case AVP.authApplicationId:
          case AVP.acctApplicationId:
          case AVP.vendorSpecificApplicationId:
          case AVP.authSessionState:
          case AVP.proxyInfo:
          case SIM_AVP.ccRequestNumber:
          case SIM_AVP.ccRequestType:
          case SIM_AVP.accountingRecordNumber:
          case SIM_AVP.accountingRecordType:
            if (this.#echoCount < MAX_ECHOES) {
              this.#echoes[this.#echoCount * 2] = avp;
              this.#echoes[this.#echoCount++ * 2 + 1] = next - avp;
              this.#echoBytes += next - avp;
            }
            break;
        }
      }
      avp = next;
    }
    return undefined;
  }

  /**
   * The walk above is for what answers repeat; what is wrong with a request is one for all nodes.
   */
  #faultOf({ bytes, view }: Block, at: number, end: number): RequestFault | undefined {
    return requestFault(bytes, view, at, end, view.getUint32(at + OFFSET.flags), new RoutingAvps());
  }

  /** What lies between Session-Id and the repeated AVPs. Built once for each result. */
  tail(result: SimResult, equipmentStatus?: number): Tail {
    const key = `${result.vendor} ${result.code} ${equipmentStatus ?? ""}`;
    let tail = this.#tails.get(key);
    if (tail === undefined) this.#tails.set(key, tail = this.#build(result, equipmentStatus));
    return tail;
  }

  /** Bytes of the answer to the request scanned last. */
  lengthOf(tail: Tail): number {
    const session = this.sessionIdStart < 0
      ? 0
      : (this.sessionIdEnd - this.sessionIdStart + AVP_HEADER_LENGTH + 3) & ~3;
    return HEADER_LENGTH + session + tail.length + this.#echoBytes;
  }

  /**
   * Writes the answer to the request at `at`, scanned before, to `to` in `target`, where
   * {@link lengthOf} bytes are free.
   */
  write(block: Block, at: number, tail: Tail, target: Block, to: number): void {
    const total = this.lengthOf(tail);
    const { view } = block;
    const out = target.view;
    const word = view.getUint32(at + OFFSET.flags);
    out.setUint32(to, (VERSION_1 << 24) | total);
    out.setUint32(to + OFFSET.flags, (word & ((FLAG.proxiable << 24) | 0xffffff)) | tail.flags);
    out.setUint32(to + OFFSET.application, view.getUint32(at + OFFSET.application));
    out.setUint32(to + OFFSET.hopByHop, view.getUint32(at + OFFSET.hopByHop));
    out.setUint32(to + OFFSET.endToEnd, view.getUint32(at + OFFSET.endToEnd));
    let head = to + HEADER_LENGTH;
    if (this.sessionIdStart >= 0) {
      // Its header may be longer in the request: Vendor-Id 0 is no vendor.
      const length = this.sessionIdEnd - this.sessionIdStart;
      out.setUint32(head, AVP.sessionId);
      out.setUint32(head + 4, (AVP_FLAG.mandatory << 24) | (AVP_HEADER_LENGTH + length));
      copyWords(block, this.sessionIdStart, padded(length), target, head + AVP_HEADER_LENGTH);
      head += AVP_HEADER_LENGTH + padded(length);
    }
    copyWords(tail.block, 0, tail.length, target, head);
    head += tail.length;
    for (let i = 0; i < this.#echoCount; i++) {
      const length = this.#echoes[i * 2 + 1]!;
      copyWords(block, this.#echoes[i * 2]!, length, target, head);
      head += length;
    }
  }

  #build({ code, vendor }: SimResult, equipmentStatus: number | undefined): Tail {
    const builder = new MessageBuilder({ flags: 0, command: 0, application: 0, hopByHop: 0, endToEnd: 0 });
    if (vendor === 0) builder.unsigned32(AVP.resultCode, code);
    else {
      builder.group(
        AVP.experimentalResult,
        (group) => group.unsigned32(AVP.vendorId, vendor).unsigned32(AVP.experimentalResultCode, code),
      );
    }
    builder.text(AVP.originHost, this.#identity.originHost).text(AVP.originRealm, this.#identity.originRealm);
    if (equipmentStatus !== undefined) {
      builder.unsigned32(THREE_GPP_AVP.equipmentStatus, equipmentStatus, { vendor: VENDOR.threeGpp });
    }
    const avps = builder.finish().subarray(HEADER_LENGTH);
    const block = new Block(avps.length);
    block.bytes.set(avps);
    return { block, length: avps.length, flags: isProtocolError(code) ? FLAG.error << 24 : 0 };
  }
}

/** The AVPs that depend on the result only, ready to be copied. */
export interface Tail {
  readonly block: Block;
  readonly length: number;
  /** E, where the result asks for it, in its place of the second header word. */
  readonly flags: number;
}
