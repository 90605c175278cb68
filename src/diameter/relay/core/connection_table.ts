/**
 * The table by which answers find their way back.
 * @module
 */
import type { RelayPeer } from "./relay_peer.ts";

/** Open connections by key: 16 bits of index, 16 of generation, never 0. */
export class ConnectionTable {
  /** The most that can be open at once. */
  static readonly capacity = 0xffff;

  readonly #peers: (RelayPeer | undefined)[] = [undefined];
  readonly #generations: number[] = [0];
  readonly #free: number[] = [];

  /** Registers `peer` and gives it its key. @throws RangeError when {@link capacity} are open */
  add(peer: RelayPeer): void {
    // Oldest free index first, so that a generation is used up as slowly as possible.
    const fresh = this.#peers.length;
    const index = this.#free.length > 64 || fresh > ConnectionTable.capacity ? this.#free.shift() : fresh;
    if (index === undefined) throw new RangeError(`Cannot register a connection: ${ConnectionTable.capacity} are open`);
    const generation = ((this.#generations[index] ?? 0) + 1) & 0xffff;
    this.#generations[index] = generation;
    this.#peers[index] = peer;
    peer.key = (generation << 16) | index;
  }

  /** The connection with that key, if it is still open. */
  get(key: number): RelayPeer | undefined {
    const peer = this.#peers[key & 0xffff];
    return peer !== undefined && peer.key === key ? peer : undefined;
  }

  /** Forgets `peer`: its key finds nothing from now on. */
  remove(peer: RelayPeer): void {
    const index = peer.key & 0xffff;
    if (this.#peers[index] !== peer) return;
    this.#peers[index] = undefined;
    this.#free.push(index);
  }

  /** All that are open. */
  *[Symbol.iterator](): Generator<RelayPeer> {
    for (const peer of this.#peers) if (peer !== undefined) yield peer;
  }
}
