/**
 * One connection to the core over HTTP/1.1: one exchange at a time.
 * @module
 */
import type { Connection } from "../../net/connection.ts";
import { Http1Error, type Http1Headers, Http1Input } from "../../rpc/http1_input.ts";

/** A response, whole. */
export interface LineAnswer {
  readonly status: number;
  readonly headers: Http1Headers;
  readonly body: Uint8Array;
  /** No further exchange can be made. */
  readonly isLast: boolean;
}

const NOTHING = new Uint8Array();

/**
 * Ends itself at the first thing that goes wrong, and when the core closes it or speaks unasked.
 */
export class CoreLine {
  readonly #connection: Connection;
  readonly #input: Http1Input;
  readonly #ended: () => void;
  #busy = false;
  #closed = false;
  /** Resolves when nothing is read or written any more. */
  #quiet: Promise<unknown>;

  /** @param ended told once */
  constructor(connection: Connection, ended: () => void) {
    this.#connection = connection;
    this.#input = new Http1Input(connection);
    this.#ended = ended;
    this.#quiet = this.#watch();
  }

  /** No exchange can be made any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends a request, which may go at most once, and reads its response.
   * @throws Http1Error when that is none, and errors of the connection; the line has ended then
   */
  async exchange(message: Uint8Array, longest: number): Promise<LineAnswer> {
    this.#busy = true;
    const exchange = this.#exchange(message, longest);
    // With what idles there is a read under way, which the exchange takes over.
    this.#quiet = Promise.allSettled([this.#quiet, exchange]);
    try {
      const answer = await exchange;
      this.#busy = false;
      if (!answer.isLast) this.#quiet = this.#watch();
      return answer;
    } catch (error) {
      void this.close();
      throw error;
    }
  }

  /** Ends it; what is under way fails. */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#connection.close();
      this.#ended();
    }
    await this.#quiet;
  }

  async #exchange(message: Uint8Array, longest: number): Promise<LineAnswer> {
    for (let at = 0; at < message.length;) {
      at += await this.#connection.write(at === 0 ? message : message.subarray(at));
    }
    for (;;) {
      const { first, headers } = await this.#input.head();
      const [, minor, digits] = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(first) ?? [];
      if (digits === undefined) throw new Http1Error(400, "the answer is not HTTP/1.1");
      const status = Number(digits);
      if (status < 200 && status !== 101) continue;
      const hasNone = status === 204 || status === 304;
      const body = hasNone ? NOTHING : await this.#input.body(headers, longest);
      const isLast = body === undefined || minor === "0" || /\bclose\b/i.test(headers["connection"] ?? "");
      // The input's memory is used again for the next answer.
      const kept = body === undefined ? await this.#input.rest(longest) : body.slice();
      return { status, headers, body: kept, isLast };
    }
  }

  /** While it idles nothing may come but its end. */
  async #watch(): Promise<void> {
    try {
      await this.#input.wait();
    } catch {
      // Broken: ended below, or by the exchange.
    }
    if (!this.#busy && !this.#closed) {
      this.#closed = true;
      this.#connection.close();
      this.#ended();
    }
  }
}
