/**
 * A connection whose owner reads slowly, or not at all.
 * @module
 */
import type { Connection } from "../../net/connection.ts";

/** How often a rate is looked at again, in milliseconds. */
const STEP = 50;

/**
 * The same connection, read at no more than `rate()` bytes a second: 0 stops reading, Infinity
 * knows no limit. The rate is asked before each read and may change.
 */
export function slowReader(connection: Connection, rate: () => number): Connection {
  let closed = false;
  let wake: (() => void) | undefined;
  const pause = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  return {
    local: connection.local,
    remote: connection.remote,
    tls: connection.tls,
    write: (bytes) => connection.write(bytes),
    async read(into) {
      while (rate() === 0 && !closed) await pause(STEP);
      if (closed) return null;
      const limit = rate();
      if (limit === Infinity) return await connection.read(into);
      const portion = Math.max(1, Math.floor(limit * STEP / 1000));
      const count = await connection.read(into.length > portion ? into.subarray(0, portion) : into);
      if (count !== null) await pause(count * 1000 / limit);
      return count;
    },
    close() {
      closed = true;
      connection.close();
      wake?.();
    },
  };
}
