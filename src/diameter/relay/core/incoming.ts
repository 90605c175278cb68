/**
 * The message at hand.
 * @module
 */
import type { Block } from "../../../net/block.ts";
import type { OutQueue } from "../../../net/out_queue.ts";
import { asciiOf, avpsOf } from "../../wire/avp.ts";
import { AVP } from "../../wire/avp_codes.ts";
import { FLAG, OFFSET } from "../../wire/header.ts";
import { RoutingAvps } from "../../wire/routing_avps.ts";
import type { RelayPeer } from "./relay_peer.ts";

// Constants of this module: the engine loads what is imported anew each time.
const REQUEST = FLAG.request << 24;
const ERROR = FLAG.error << 24;
const { flags: FLAGS, application: APPLICATION, hopByHop: HOP_BY_HOP } = OFFSET;

/** How the messages of a batch came. */
export interface Arrival {
  /** Microseconds modulo 2^32. */
  readonly receivedAt: number;
  /** The tick of the timer wheels at that moment. */
  readonly tick: number;
  /** It came after a DPR of either side: requests are answered, not served. */
  readonly refused: boolean;
}

/**
 * A message where it lies, and how it came. One object is moved from message to message: whoever
 * keeps anything of it copies that, nobody stores it, and a stage that has it runs to its end
 * without `await`. Only the entry, the waiting room's turn and the retries move one.
 */
export class Incoming {
  /** Who sent it. */
  from!: RelayPeer;
  block!: Block;
  /** First byte of the message, and the first behind it. */
  at = 0;
  end = 0;
  /**
   * Second header word, flags and command, as a signed number so that it never is a heap object.
   */
  word = 0;
  receivedAt = 0;
  tick = 0;
  refused = false;
  /** It stands in the ledger already: it has waited. */
  isBooked = false;
  /** Ticks for which it has waited. */
  waited = 0;
  /** Where the routing AVPs of a request lie; filled by the checks. */
  readonly avps = new RoutingAvps();
  /** The queue that messages of this batch overfilled: whoever sent them is to wait for it. */
  congested: OutQueue | undefined = undefined;

  /** Begins with the messages of `from` in `block`, which came so. */
  begin(from: RelayPeer, block: Block, { receivedAt, tick, refused }: Arrival): void {
    this.from = from;
    this.block = block;
    this.receivedAt = receivedAt;
    this.tick = tick;
    this.refused = refused;
    this.congested = undefined;
    this.isBooked = false;
    this.waited = 0;
  }

  /** Moves on to the message from `at`, which is whole. */
  moveTo(at: number): void {
    const { view } = this.block;
    this.at = at;
    this.end = at + (view.getUint32(at) & 0xffffff);
    this.word = view.getInt32(at + FLAGS);
  }

  /** Nothing is kept alive by it from here on. */
  clear(): void {
    this.from = undefined!;
    this.block = undefined!;
    this.congested = undefined;
  }

  /** Bytes of the message. */
  get length(): number {
    return this.end - this.at;
  }
  get isRequest(): boolean {
    return (this.word & REQUEST) !== 0;
  }
  get isError(): boolean {
    return (this.word & ERROR) !== 0;
  }
  /** Command code. */
  get command(): number {
    return this.word & 0xffffff;
  }
  /** Application id. */
  get application(): number {
    return this.block.view.getUint32(this.at + APPLICATION);
  }
  /** Hop-by-hop id, signed. */
  get hopByHop(): number {
    return this.block.view.getInt32(this.at + HOP_BY_HOP);
  }

  /** Destination-Host in lower case; "" when it has none. */
  get destinationHost(): string {
    const { destinationHostStart: dataStart, destinationHostEnd: dataEnd } = this.avps;
    return dataStart < 0 ? "" : asciiOf(this.block.bytes, { dataStart, dataEnd }).toLowerCase();
  }

  /** Route-Records in lower case. */
  get routeRecords(): string[] {
    const first = this.avps.firstRouteRecord;
    if (first < 0) return [];
    const found: string[] = [];
    for (const avp of avpsOf(this.block.bytes, first, this.end)) {
      if (avp.code === AVP.routeRecord && avp.vendor === 0) found.push(asciiOf(this.block.bytes, avp).toLowerCase());
    }
    return found;
  }

  /** Session-Id; "" when it has none. */
  get sessionId(): string {
    const { sessionIdStart: dataStart, sessionIdEnd: dataEnd } = this.avps;
    return dataStart < 0 ? "" : asciiOf(this.block.bytes, { dataStart, dataEnd });
  }

  /** A copy: the one way to keep it. */
  slice(): Uint8Array<ArrayBuffer> {
    return this.block.bytes.slice(this.at, this.end);
  }
}
