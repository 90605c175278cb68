/** Sits between two nodes and keeps every message that passes. */
import { Cutter, Message } from "./message.ts";
import { waitFor } from "./wait_for.ts";

/** Who sent a message: the side that connected, or the side that was connected to. */
export type Side = "dialler" | "listener";

/** One message that passed. */
export interface Passed {
  readonly from: Side;
  readonly message: Message;
}

/** Everything on one connection. */
export class TappedConnection {
  readonly messages: Passed[] = [];
  /** Who ended its direction first; undefined while both are open. */
  closedFirst: Side | undefined;

  /** All messages of this kind, in their order. */
  all(from: Side, command: number, kind: "request" | "answer"): Message[] {
    return this.messages.filter((passed) => passed.from === from && passed.message.is(command, kind))
      .map((passed) => passed.message);
  }
}

/** Forwards connections to a port of this machine, byte by byte as they come. */
export class Tap implements AsyncDisposable {
  readonly port: number;
  readonly connections: TappedConnection[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #running: Promise<unknown>[] = [];
  readonly #open = new Set<Deno.TcpConn>();

  constructor(target: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#running.push(this.#accept(target));
  }

  /** The newest connection. */
  get last(): TappedConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error("nobody connected through this tap");
    return last;
  }

  /** Waits for the `count`th message of this kind on the newest connection. */
  async message(
    from: Side,
    command: number,
    kind: "request" | "answer",
    options: { readonly count?: number; readonly timeout?: number } = {},
  ): Promise<Message> {
    const count = options.count ?? 1;
    return await waitFor(
      `${kind} ${command} number ${count} from the ${from}`,
      () => this.connections.at(-1)?.all(from, command, kind)[count - 1],
      options.timeout,
    );
  }

  /** Ends all connections without a word to either side. */
  cut(): void {
    for (const conn of this.#open) close(conn);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await Promise.all(this.#running);
  }

  async #accept(target: number): Promise<void> {
    for await (const dialler of this.#listener) {
      let listener: Deno.TcpConn;
      try {
        listener = await Deno.connect({ hostname: "127.0.0.1", port: target });
      } catch {
        dialler.close();
        continue;
      }
      const connection = new TappedConnection();
      this.connections.push(connection);
      this.#open.add(dialler).add(listener);
      this.#running.push(
        Promise.all([
          forward("dialler", dialler, listener, connection),
          forward("listener", listener, dialler, connection),
        ]).then(() => {
          close(dialler);
          close(listener);
          this.#open.delete(dialler);
          this.#open.delete(listener);
        }),
      );
    }
  }
}

async function forward(
  side: Side,
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  connection: TappedConnection,
): Promise<void> {
  const cutter = new Cutter();
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) break;
      for (const bytes of cutter.push(buffer.subarray(0, count))) {
        connection.messages.push({ from: side, message: new Message(bytes) });
      }
      for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
    }
    connection.closedFirst ??= side;
    await to.closeWrite();
  } catch {
    // Cut on one side: so it is on the other.
    connection.closedFirst ??= side;
    close(from);
    close(to);
  }
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // Closed already.
  }
}
