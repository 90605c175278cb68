/**
 * Which request an answer is to.
 *
 * PURE.
 * @module
 */
import { FLAG, type Header } from "../../diameter/wire/header.ts";
import { Recency } from "../../ops/capture/recency.ts";
import type { Captured } from "../messages/input.ts";

/** Requests without an answer that are remembered; the oldest ones are given up first. */
const MOST_OUTSTANDING = 1 << 16;

/** A request, as its answer needs it. */
export interface Request {
  /** Number of the packet; undefined outside a capture. */
  readonly frame?: number;
  /** Nanoseconds since 1970. */
  readonly time?: bigint;
  /** Called once, when its answer is seen; whoever counts requests sets it. */
  onAnswer?: () => void;
}

/**
 * Finds the request of each answer: on the same connection, in the other direction, with the same
 * Hop-by-Hop and End-to-End Identifiers (RFC 6733 section 3). What it remembers is bounded.
 */
export class Pairing {
  readonly #outstanding = new Recency<string, Request>();

  /** @param most requests that are remembered */
  constructor(readonly most: number = MOST_OUTSTANDING) {}

  /** The request that the next message is, or that it answers; undefined when that was not seen. */
  see({ flags, hopByHop, endToEnd }: Header, captured: Captured | undefined): Request | undefined {
    const { source = "", destination = "", frame, time } = captured ?? {};
    if ((flags & FLAG.request) === 0) {
      const key = `${destination} ${source} ${hopByHop} ${endToEnd}`;
      const found = this.#outstanding.get(key);
      this.#outstanding.delete(key);
      found?.onAnswer?.();
      return found;
    }
    const request: Request = { ...(frame !== undefined && { frame }), ...(time !== undefined && { time }) };
    this.#outstanding.set(`${source} ${destination} ${hopByHop} ${endToEnd}`, request);
    if (this.#outstanding.size > this.most) this.#outstanding.delete(this.#outstanding.oldest!.key);
    return request;
  }
}
