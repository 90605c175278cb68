/**
 * The connections that the ring speaks of.
 * @module
 */
import type { EntryLog } from "./entry_log.ts";
import type { ConnectionFacts, TracedConnection } from "./record.ts";

/** Connections by number; one that is closed is kept until nothing in the ring speaks of it. */
export class TracedConnections {
  readonly #log: EntryLog;
  readonly #connections = new Map<number, TracedConnection>();
  /** Closed ones of which the ring still speaks, in the order of their closing. */
  readonly #closed: Set<TracedConnection> = new Set();
  #next = 1;

  constructor(log: EntryLog) {
    this.#log = log;
  }

  /** A connection is open. */
  open(facts: ConnectionFacts): TracedConnection {
    this.#sweep();
    const { name, side, dialled, local, remote } = facts;
    const connection = { id: this.#next++, name, side, dialled, local, remote, lastPlace: 0 };
    this.#connections.set(connection.id, connection);
    return connection;
  }

  /** It has ended; nothing is written of it any more. */
  close(connection: TracedConnection): void {
    if (this.#log.has(connection.lastPlace)) this.#closed.add(connection);
    else this.#connections.delete(connection.id);
    this.#sweep();
  }

  /** The connection of that number, while the ring speaks of it. */
  get(id: number): TracedConnection | undefined {
    return this.#connections.get(id);
  }

  /** Numbers of the connections of this name on this side. */
  named(name: string, side: TracedConnection["side"]): Set<number> {
    const found = new Set<number>();
    for (const connection of this.#connections.values()) {
      if (connection.name === name && connection.side === side) found.add(connection.id);
    }
    return found;
  }

  /** How many are kept. */
  get size(): number {
    return this.#connections.size;
  }

  /**
   * Forgets closed ones, up to the first that is still spoken of: so there are never more of them
   * than entries.
   */
  #sweep(): void {
    for (const connection of this.#closed) {
      if (this.#log.has(connection.lastPlace)) return;
      this.#closed.delete(connection);
      this.#connections.delete(connection.id);
    }
  }
}
