/**
 * A connection as the relay sees it, from either side, and the table by which answers find their way back.
 * @module
 */
import { Block } from "../../../net/block.ts";
import type { Endpoint } from "../../../net/connection.ts";
import type { Peer } from "../../peer/peer.ts";
import type { Capabilities } from "../../peer/capabilities.ts";
import { AVP, AVP_FLAG, AVP_HEADER_LENGTH } from "../../wire/avp_codes.ts";
import { padded } from "../../wire/avp.ts";
import type { DraLink } from "../dras/link.ts";

/** A connection as those who take its messages ask about it: whose it is may change until it is open. */
export interface Served {
  /** What it is to the relay; undefined while it is not open. */
  readonly relayPeer: RelayPeer | undefined;
  /** Bytes; a longer message ends it. */
  readonly longestMessage: number;
  /** Whether what comes while its watchdog is in REOPEN is served all the same. */
  servesReopening(): boolean;
}

/** One open connection. Its key is never given to another one while an answer for it may still be on its way. */
export class RelayPeer {
  /** Names this connection among all, see {@link ConnectionTable}. */
  key = 0;
  /** Transactions that this peer waits for. */
  inFlight = 0;
  /** Answers that this peer owes to requests relayed to it (counted for Logic Apps). */
  owed = 0;
  messagesSent = 0;
  messagesReceived = 0;
  #routeRecord: Block | undefined;
  /** Bytes of {@link routeRecord}. */
  readonly routeRecordLength: number;
  /** When the out-queue became full, by the clock of the relay; 0 while it is not. */
  fullSince = 0;
  readonly openedAt = Date.now();

  /** @param link the DRA connection slot it belongs to; undefined for a Logic App */
  constructor(
    readonly peer: Peer,
    readonly capabilities: Capabilities,
    readonly link: DraLink | undefined,
    /** Where it was accepted; undefined for a DRA. */
    readonly listener?: Endpoint,
  ) {
    // DiameterIdentity is ASCII, one octet for each character as it was read.
    this.routeRecordLength = padded(AVP_HEADER_LENGTH + capabilities.originHost.length);
  }

  /** The Route-Record that requests of this peer get: the Origin-Host of its CER or CEA (RFC 6733 section 6.7.1). Made for the first of them. */
  get routeRecord(): Block {
    return this.#routeRecord ??= routeRecordOf(this.capabilities.originHost, this.routeRecordLength);
  }

  get originHost(): string {
    return this.capabilities.originHost;
  }
}

function routeRecordOf(originHost: string, length: number): Block {
  const block = new Block(length);
  block.view.setUint32(0, AVP.routeRecord);
  block.view.setUint32(4, (AVP_FLAG.mandatory << 24) | (AVP_HEADER_LENGTH + originHost.length));
  for (let i = 0; i < originHost.length; i++) block.bytes[AVP_HEADER_LENGTH + i] = originHost.charCodeAt(i);
  return block;
}

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
