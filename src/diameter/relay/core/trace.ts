/**
 * What a relay tells of its transactions, when somebody keeps a trace of them.
 * @module
 */
import type { Block } from "../../../net/block.ts";

/** A connection as the trace knows it; only the trace looks into it. */
export interface TracedPeer {
  readonly id: number;
}

/** One end of a connection: an IP address of 4 or 16 octets, and a port. */
export interface TracedEnd {
  readonly address: Uint8Array;
  readonly port: number;
}

/** What the trace is told of a connection. */
export interface TracedPeerFacts {
  /** What people call the node at its other end: the name of a DRA, the identity of a Logic App. */
  readonly name: string;
  readonly side: "app" | "dra";
  /** Whether this node opened it. */
  readonly dialled: boolean;
  readonly local: TracedEnd;
  readonly remote: TracedEnd;
}

/** A message where it lies; the trace copies what it keeps. */
export interface TracedPiece {
  readonly block: Block;
  readonly at: number;
  readonly end: number;
}

/** A request as it came. Only {@link now} is read of one that is not recorded. */
export interface TracedArrival extends TracedPiece {
  readonly connection: TracedPeer;
  /** Microseconds, modulo 2^32. */
  readonly now: number;
  readonly application: number;
  readonly command: number;
  readonly hopByHop: number;
  readonly endToEnd: number;
  /** Where its Session-Id lies in `block`; -1 without one. */
  readonly sessionStart: number;
  readonly sessionEnd: number;
}

/** Why a request goes to the one that it goes to, or to none. */
export interface TracedChoice {
  /** For people. */
  readonly why: string;
  /** Who could not be asked, and what follows the name in a sentence. */
  readonly left_out: readonly { readonly dra: string; readonly reason: string }[];
}

/**
 * Who keeps the trace. A handle stands for a transaction: 0 is one that is not recorded, and the
 * calls do nothing for one that is forgotten by now. Times are microseconds, modulo 2^32.
 */
export interface RelayTrace {
  /** A connection of which it is going to hear. */
  opened(facts: TracedPeerFacts): TracedPeer;
  /** It has ended. */
  closed(connection: TracedPeer): void;
  /** The number of a text of this program. */
  word(text: string): number;
  /**
   * So many requests behind the last one are not recorded, and need not be told of if they come
   * within a tenth of a second.
   */
  readonly idle: number;
  /**
   * A request came.
   * @param passed requests before it that were not told of, see {@link idle}
   * @returns its handle
   */
  begun(request: TracedArrival, passed: number): number;
  /** The route that it takes, and the pool of that: each a {@link word}. */
  routed(handle: number, route: number, pool: number): void;
  /** Where it goes was decided. The same object for the same decision costs least. */
  chosen(handle: number, choice: TracedChoice): void;
  /** What this node's own answer says, for people. */
  explained(handle: number, sentence: string): void;
  /** It leaves for a connection, under that hop-by-hop id. */
  attempt(handle: number, target: TracedPeer, hopByHop: number, now: number): void;
  /** How the latest attempt ended, or the latest to `target`. @param outcome a {@link word} */
  outcome(handle: number, outcome: number, target?: TracedPeer): void;
  /** A message of it came in, behind the request itself. */
  received(handle: number, connection: TracedPeer, now: number, piece: TracedPiece): void;
  /** A message of it goes out. */
  sent(handle: number, connection: TracedPeer, now: number, piece: TracedPiece): void;
  /**
   * @param resultCode 0 without an answer @param reason a {@link word}; 0: the other side's answer
   */
  ended(handle: number, now: number, resultCode: number, reason: number): void;
}
