/**
 * What the ring of recent transactions is told, and what it tells.
 * @module
 */

import type { Block } from "../../net/block.ts";

/** One end of a connection. */
export interface ConnectionEnd {
  /** Its IP address: 4 or 16 octets. */
  readonly address: Uint8Array;
  readonly port: number;
}

/** A connection on which traced messages come and go. */
export interface ConnectionFacts {
  /** What people call the node at its other end: the name of a DRA, the identity of a Logic App. */
  readonly name: string;
  readonly side: "app" | "dra";
  /** Whether this node opened it: then the other end is the one with the well-known port. */
  readonly dialled: boolean;
  readonly local: ConnectionEnd;
  readonly remote: ConnectionEnd;
}

/**
 * A connection that the ring knows; made by it when the connection opens, kept by whoever has the
 * connection.
 */
export interface TracedConnection extends ConnectionFacts {
  readonly id: number;
  /** Where the ring last wrote of it. The ring's own. */
  lastPlace: number;
}

/** A message where it lies; nobody keeps it beyond the call. */
export interface Piece {
  readonly block: Block;
  /** A multiple of 4 is copied faster. */
  readonly at: number;
  readonly end: number;
}

/** A request as it came in. Whoever gives it may use the same object for the next one. */
export interface TracedRequest extends Piece {
  readonly connection: TracedConnection;
  /** Microseconds of a clock that never goes back, modulo 2^32. */
  readonly now: number;
  readonly application: number;
  readonly command: number;
  /** As the requester has it. */
  readonly hopByHop: number;
  readonly endToEnd: number;
  /** Where its session id lies in `block`; -1 without one. */
  readonly sessionStart: number;
  readonly sessionEnd: number;
}

/** One sending of a request to one node. */
export interface Attempt {
  /** Name of the node, which is an app where a DRA asked. */
  readonly dra: string;
  /** ISO 8601. */
  readonly at: string;
  /** How it ended; null while it has not. */
  readonly outcome: string | null;
}

/** Why a request went where it went first, or why nowhere. */
export interface Choice {
  /** For people. */
  readonly why: string;
  /** Who could not be asked. */
  readonly left_out: readonly LeftOut[];
}

/** A node that was not asked. */
export interface LeftOut {
  readonly dra: string;
  /** What follows its name in a sentence. */
  readonly reason: string;
}

/** A transaction as `/api/v1/transactions` shows it. */
export interface Transaction {
  /** Its number: counted, modulo 2^32. */
  readonly id: number;
  /** When the request came, ISO 8601. */
  readonly at: string;
  /** Null when the request reached none. */
  readonly app: string | null;
  readonly dra: string | null;
  readonly direction: "app_to_dra" | "dra_to_app";
  readonly application: number;
  readonly command: number;
  /** "" without one. */
  readonly session_id: string;
  readonly app_hop_by_hop: number | null;
  readonly dra_hop_by_hop: number | null;
  readonly end_to_end: number;
  readonly route: string | null;
  readonly pool: string | null;
  /** Oldest first. */
  readonly attempts: readonly Attempt[];
  /** Null of a request from a DRA, and when it is not known any more. */
  readonly choice: Choice | null;
  /** Why this node answered itself; null for the other side's answer. */
  readonly reason: string | null;
  /** The same as a sentence, whatever of it the requester was told. */
  readonly explanation: string | null;
  /** Null while there is no answer, or one without a code. */
  readonly result_code: number | null;
  /** Null while there is no answer. */
  readonly duration_ms: number | null;
}

/** A copy of a message. */
export interface RecordedMessage {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly connection: ConnectionFacts & { readonly id: number };
  /** Whether it went out; else it came in. */
  readonly sent: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Which transactions are wanted; all that is given must fit. */
export interface TransactionFilter {
  /** Session id, whole. */
  readonly session?: string;
  readonly app?: string;
  /** A DRA that asked, or that was tried at all. */
  readonly dra?: string;
  readonly code?: number;
  /** Its number. */
  readonly id?: number;
}

/** Some of the transactions, newest first. */
export interface TransactionPage {
  readonly transactions: readonly Transaction[];
  /** Give it to get those that come next; null when there are none. */
  readonly cursor: string | null;
  /** One of so many was recorded, where that was least: 1 for all, 2.5 for two of five. */
  readonly sampledOneIn: number;
}

/** How the ring is to be. */
export interface TraceOptions {
  /** Bytes that it takes. 0: there is none. */
  readonly maxBytes: number;
  /** `auto`: all up to 10,000 a second, some 1,000 of more; or a share, 0 to 1. */
  readonly sample: "auto" | number;
  /** Whether messages are copied; without, there is nothing to export. */
  readonly bodies: boolean;
}
