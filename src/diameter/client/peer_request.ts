/**
 * A request that the peer sent to us.
 * @module
 */
import type { LocalIdentity } from "../peer/capabilities.ts";
import { type AvpInputs, encodeMessage } from "../wire/encode_message.ts";
import { AVP } from "../wire/avp_codes.ts";
import { findAvp } from "../wire/avp.ts";
import { answerWith, errorAnswer } from "../wire/error_answer.ts";
import { FLAG, HEADER_LENGTH, OFFSET, viewOf } from "../wire/header.ts";
import { isProtocolError } from "../wire/result_codes.ts";
import { checked, isRequest } from "./outgoing.ts";
import { Message } from "./message.ts";

/**
 * What an answer is made of when it is not given as bytes; command, application and identifiers are
 * those of the request.
 */
export interface AnswerInput {
  /**
   * The AVPs in their order; Session-Id and our names are not added. Proxy-Info is, unless it is
   * among them.
   */
  readonly avps: AvpInputs;
  /** The E flag: a protocol error (RFC 6733 section 7.1.3). */
  readonly error?: boolean;
}

/** The connection that a request came on. */
export interface AnswerWay {
  readonly local: LocalIdentity;
  /**
   * Resolves when `bytes` are in its queue, which may take until there is room. @throws
   * ConnectionClosedError
   */
  respond(bytes: Uint8Array): Promise<void>;
}

/**
 * A request of the peer. It is to be answered once, with {@link answer} or {@link refuse}, over the
 * connection it came on.
 */
export class PeerRequest extends Message {
  #answered = false;
  readonly #way: AnswerWay;

  /**
   * Made by the connection that it came on.
   * @param peer Origin-Host of the CEA of the connection it came on
   * @param remote `host:port` of the other end
   */
  constructor(bytes: Uint8Array<ArrayBuffer>, readonly peer: string, readonly remote: string, way: AnswerWay) {
    super(bytes);
    this.#way = way;
  }

  /** Whether it was answered or refused. */
  get answered(): boolean {
    return this.#answered;
  }

  /**
   * Answers it. Both identifiers of the request and its P flag are put into the answer, and its
   * Proxy-Info behind the AVPs (RFC 6733 section 6.2); to bytes nothing is added.
   * @param answer bytes of an answer with the same command, or its AVPs
   * @throws ConnectionClosedError when the connection is gone
   * @throws TypeError when it was answered before, or `answer` is a request or of another command
   * @throws EncodeError, RangeError when it cannot be encoded, or is not one whole message
   */
  async answer(answer: Uint8Array | AnswerInput): Promise<void> {
    if (!(answer instanceof Uint8Array)) return await this.#respond(this.#encoded(answer));
    const { command, hopByHop, endToEnd, flags } = this.header;
    const bytes = checked(answer).slice();
    if (isRequest(bytes)) throw new TypeError("Cannot answer with a request: the R flag at byte 4 is set");
    const view = viewOf(bytes);
    const given = view.getUint32(OFFSET.command) & 0xffffff;
    if (given !== command) throw new TypeError(`Cannot answer command ${command} with an answer of command ${given}`);
    bytes[OFFSET.flags] = (bytes[OFFSET.flags]! & ~FLAG.proxiable) | (flags & FLAG.proxiable);
    view.setUint32(OFFSET.hopByHop, hopByHop);
    view.setUint32(OFFSET.endToEnd, endToEnd);
    await this.#respond(bytes);
  }

  /** @throws EncodeError */
  #encoded({ avps, error = false }: AnswerInput): Uint8Array {
    const { command, application } = this.header;
    const { bytes } = this;
    const given = encodeMessage({ command, application, flags: { request: false }, avps }).subarray(HEADER_LENGTH);
    const proxied = findAvp(given, AVP.proxyInfo, 0, given.length) !== undefined;
    // Up to its header when the program has written the Proxy-Info itself: there is none to repeat
    // there.
    return answerWith(bytes, 0, proxied ? HEADER_LENGTH : bytes.length, given, error, "as it is");
  }

  /**
   * Answers it with an error of this node (RFC 6733 section 7.2): the request's Session-Id, our
   * names, the code and Error-Message.
   * @param resultCode a Result-Code; 3xxx gets the E flag
   * @param message Error-Message, for a person
   * @throws ConnectionClosedError when the connection is gone
   * @throws TypeError when it was answered before
   */
  async refuse(resultCode: number, message?: string): Promise<void> {
    const { originHost, originRealm, originStateId } = this.#way.local;
    await this.#respond(errorAnswer(this.bytes, 0, this.bytes.length, {
      originHost,
      originRealm,
      originStateId,
      resultCode,
      errorFlag: isProtocolError(resultCode),
      ...(message === undefined ? {} : { message }),
    }));
  }

  async #respond(bytes: Uint8Array): Promise<void> {
    if (this.#answered) throw new TypeError("Cannot answer a request twice");
    this.#answered = true;
    await this.#way.respond(bytes);
  }
}
