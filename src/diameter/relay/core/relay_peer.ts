/**
 * A connection as the relay sees it, from either side.
 * @module
 */
import { Block } from "../../../net/block.ts";
import type { Endpoint } from "../../../net/connection.ts";
import type { Peer } from "../../peer/peer.ts";
import type { Capabilities } from "../../peer/capabilities.ts";
import { AVP, AVP_FLAG, AVP_HEADER_LENGTH } from "../../wire/avp_codes.ts";
import { padded } from "../../wire/avp.ts";
import type { AttemptPlace } from "./attempts.ts";
import type { DraMeters } from "./meters.ts";
import type { TracedPeer } from "./trace.ts";
import type { TransactionTable } from "./transactions.ts";

/** Who is told how the requests to a DRA end, while they have their slots. */
export interface Verdicts {
  /** A request went there. */
  sent(table: TransactionTable, slot: number): void;
  /**
   * Its answer came.
   * @param duration microseconds since the request came; 0 where it was asked for elsewhere before
   * @param now milliseconds of the relay's clock, as far as anybody has looked
   */
  answered(table: TransactionTable, slot: number, isError: boolean, code: number, duration: number, now: number): void;
  /** No answer came in answer_timeout. To be said again of the same request makes no difference. */
  silent(table: TransactionTable, slot: number): void;
}

/** What the way of a message needs of a DRA, and no more. */
export interface Upstream {
  readonly name: string;
  /** In lower case; "" when not known yet. */
  readonly originHost: string;
  /** Whether requests may be sent to it now. */
  readonly usable: boolean;
  readonly meters: DraMeters;
  /** Its circuit breaker, where one is configured. */
  readonly breaker: Verdicts | undefined;
  /** One of its places for a request of `requester`; undefined when all are full. */
  pickLink(turn: Turn, requester: number): Place | undefined;
}

/** Whether a request is new, or was taken on before and may overshoot a queue's limit. */
export type Turn = "first" | "again";

/** The place that a connection to a DRA fills. It is there before the connection and after it. */
export interface Place extends AttemptPlace {
  readonly dra: Upstream;
  /** The open connection. */
  readonly relayPeer: RelayPeer | undefined;
}

/**
 * A connection as those who take its messages ask about it: whose it is may change until it is
 * open.
 */
export interface Served {
  /** What it is to the relay; undefined while it is not open. */
  readonly relayPeer: RelayPeer | undefined;
  /** Bytes; a longer message ends it. */
  readonly longestMessage: number;
  /** Whether what comes while its watchdog is in REOPEN is served all the same. */
  servesReopening(): boolean;
}

/**
 * One open connection. Its key is never given to another one while an answer for it may still be on
 * its way.
 */
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
  /** What the trace knows it by, from its first recorded message on. */
  traced: TracedPeer | undefined;

  /** @param link the place of a DRA that it fills; undefined for a Logic App */
  constructor(
    readonly peer: Peer,
    readonly capabilities: Capabilities,
    readonly link: Place | undefined,
    /** Where it was accepted; undefined for a DRA. */
    readonly listener?: Endpoint,
    /** The same as the configuration writes it; "" for a DRA. */
    readonly listenedAs = "",
  ) {
    // DiameterIdentity is ASCII, one octet for each character as it was read.
    this.routeRecordLength = padded(AVP_HEADER_LENGTH + capabilities.originHost.length);
  }

  /**
   * The Route-Record that requests of this peer get: the Origin-Host of its CER or CEA (RFC 6733
   * section 6.7.1). Made for the first of them.
   */
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
