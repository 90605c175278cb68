/**
 * A connection whose beginning was looked at, and is still there for its reader.
 * @module
 */
import type { Connection, Endpoint, TlsFacts } from "../../net/connection.ts";

/** Behind the same calls: the first reads give what was read already. */
class Sniffed implements Connection {
  readonly #connection: Connection;
  #first: Uint8Array;

  constructor(connection: Connection, first: Uint8Array) {
    this.#connection = connection;
    this.#first = first;
  }

  get local(): Endpoint {
    return this.#connection.local;
  }
  get remote(): Endpoint {
    return this.#connection.remote;
  }
  get tls(): TlsFacts | undefined {
    return this.#connection.tls;
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#first.length === 0) return this.#connection.read(into);
    const count = Math.min(into.length, this.#first.length);
    into.set(this.#first.subarray(0, count));
    this.#first = this.#first.subarray(count);
    return Promise.resolve(count);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#connection.write(bytes);
  }

  closeWrite(): void {
    this.#connection.closeWrite?.();
  }

  close(): void {
    this.#connection.close();
  }
}

/**
 * Looks whether a connection begins with `text`, byte by byte in ASCII.
 * @returns undefined when it ended before anything came; else the connection, whole
 */
export async function sniff(
  connection: Connection,
  text: string,
): Promise<{ readonly matches: boolean; readonly connection: Connection } | undefined> {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  const matches = () => bytes.subarray(0, length).every((byte, i) => byte === text.charCodeAt(i));
  while (length < bytes.length && matches()) {
    const count = await connection.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  if (length === 0) return undefined;
  return {
    matches: length === bytes.length && matches(),
    connection: new Sniffed(connection, bytes.subarray(0, length)),
  };
}
