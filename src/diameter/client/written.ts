/**
 * Knowing when a message has been written.
 * @module
 */
import type { Connection } from "../../net/connection.ts";
import type { Call } from "./call.ts";

interface Mark {
  readonly position: number;
  readonly call: Call;
}

/** Settled marks that are worth clearing away. */
const SETTLED = 1024;

/** A connection that tells how far its writes have come. */
export class WrittenMarks {
  readonly connection: Connection;
  #written = 0;
  #marks: Mark[] = [];
  #first = 0;

  constructor(connection: Connection) {
    this.connection = {
      local: connection.local,
      remote: connection.remote,
      tls: connection.tls,
      read: (into) => connection.read(into),
      write: async (bytes) => {
        const count = await connection.write(bytes);
        this.#written += count;
        this.#settle();
        return count;
      },
      close: () => connection.close(),
    };
  }

  /**
   * Ends `call` when the bytes before `position`, counted from the connection's beginning, are
   * written.
   */
  add(call: Call, position: number): void {
    this.#marks.push({ position, call });
  }

  /** The calls whose bytes are not written yet, in their order. */
  calls(): Call[] {
    return this.#marks.slice(this.#first).map(({ call }) => call).filter((call) => !call.settled);
  }

  #settle(): void {
    const marks = this.#marks;
    let first = this.#first;
    while (first < marks.length && marks[first]!.position <= this.#written) marks[first++]!.call.succeed();
    if (first > SETTLED && first * 2 > marks.length) {
      this.#marks = marks.slice(first);
      first = 0;
    }
    this.#first = first;
  }
}
