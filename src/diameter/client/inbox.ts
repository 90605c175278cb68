/**
 * Where requests of the peers wait until the program reads them.
 * @module
 */
import { RESULT } from "../wire/result_codes.ts";
import type { PeerRequest } from "./peer_request.ts";

/**
 * A bounded queue behind a stream. It never stops the connections, whose answers come the same way:
 * what finds no room is answered 3004, and while nobody has asked for the stream at all, 3001.
 */
export class Inbox {
  readonly #limit: number;
  readonly #waiting: PeerRequest[] = [];
  #stream: ReadableStream<PeerRequest> | undefined;
  #wake: (() => void) | undefined;
  #closed = false;

  /** @param limit requests that may wait */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * The requests. One stream, made when it is asked for first; when it is cancelled, requests are
   * answered 3001 again.
   */
  get stream(): ReadableStream<PeerRequest> {
    return this.#stream ??= new ReadableStream<PeerRequest>({
      pull: async (controller) => {
        while (this.#waiting.length === 0 && !this.#closed) await new Promise<void>((resolve) => this.#wake = resolve);
        const request = this.#waiting.shift();
        if (request !== undefined) controller.enqueue(request);
        else controller.close();
      },
      cancel: () => this.close(),
    }, { highWaterMark: 0 });
  }

  /** Takes a request, or answers it. */
  add(request: PeerRequest): void {
    if (this.#stream === undefined || this.#closed) {
      return void refuse(request, RESULT.commandUnsupported, "this client takes no requests");
    }
    if (this.#waiting.length >= this.#limit && this.#wake === undefined) {
      return void refuse(request, RESULT.tooBusy, `${this.#limit} requests wait already`);
    }
    this.#waiting.push(request);
    this.#wakeUp();
  }

  /** Ends the stream; what waits is answered 3004. */
  close(): void {
    this.#closed = true;
    for (const request of this.#waiting.splice(0)) refuse(request, RESULT.tooBusy, "this client is being closed");
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function refuse(request: PeerRequest, resultCode: number, message: string): void {
  // Whoever has gone needs no answer.
  request.refuse(resultCode, message).catch(() => {});
}
