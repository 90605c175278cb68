/**
 * Requests of one peer of a test for as long as it likes, and what came of them.
 * @module
 */
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { nextId, type RawMessage, type RawRequest, request } from "../support/raw_message.ts";

interface Waiting {
  readonly endToEnd: number;
  readonly session: string;
}

/**
 * Remembers only what waits: an answer to anything else has come twice, or was for somebody else.
 */
export class Asker {
  asked = 0;
  /** Right answers. */
  answered = 0;
  /** Answers that none of its open requests is waiting for. */
  stray = 0;
  /** Answers to another request than their hop-by-hop id says. */
  mismatched = 0;
  /** How often each Result-Code came. */
  readonly results: Record<string, number> = {};
  readonly #host: string;
  readonly #strict: boolean;
  readonly #waiting = new Map<number, Waiting>();

  /** @param strict false where who answers may put anything into its answers */
  constructor(host: string, strict = true) {
    this.#host = host;
    this.#strict = strict;
  }

  /** Requests that have no answer yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** One more request, to be sent by whoever calls. */
  next(wish: RawRequest): Uint8Array<ArrayBuffer> {
    const hopByHop = nextId();
    const endToEnd = nextId();
    const session = `${this.#host};${hopByHop};1`;
    this.#waiting.set(hopByHop, { endToEnd, session });
    this.asked++;
    return request({ originHost: this.#host, ...wish, hopByHop, endToEnd, session });
  }

  /** Takes an answer. */
  take(message: RawMessage): void {
    const asked = this.#waiting.get(message.hopByHop);
    if (asked === undefined) {
      this.stray++;
      return;
    }
    this.#waiting.delete(message.hopByHop);
    if (this.#strict) {
      const result = String(message.resultCode);
      this.results[result] = (this.results[result] ?? 0) + 1;
      if (message.endToEnd !== asked.endToEnd || message.text(AVP.sessionId) !== asked.session) {
        this.mismatched++;
        return;
      }
    }
    this.answered++;
  }
}
