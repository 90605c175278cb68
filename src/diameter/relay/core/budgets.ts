/**
 * What a peer may hold of this process, in one place.
 *
 * Each thing that is held has a bound for one peer and one for all, so that no peer can use up what
 * others need. Whoever reaches a bound waits or is refused, and the refusal names the bound.
 *
 * Requests at a DRA connection: `dra_pool.max_in_flight`, shared fairly among Logic Apps. One that
 * holds less than its share waits a moment for its turn, others get 3004.
 *
 * Their bytes, queued and kept for a failover: half of the memory for all DRAs. A DRA connection is
 * sure of a slice and stops at half of it all; one Logic App with more than {@link FEW_BYTES} stops
 * at half of that. Beyond it the next DRA is asked, then 3004 is the answer.
 *
 * Bytes in the queue to a DRA: `dra_pool.send_queue_limit`, and {@link BURST} times that. Whoever
 * fills it waits; then the next DRA is asked, then 3004 is the answer.
 *
 * Bytes in the queue to a Logic App: it is read no more above `server.send_queue_limit` and let go
 * at {@link queueEnd}. For all: a quarter of the memory; beyond it those who do not read are let
 * go.
 *
 * Requests of DRAs that Logic Apps have not answered: `dra_pool.max_in_flight` for all, for one
 * {@link FEW_OWED} or what {@link owedFree} says. Their bytes: an eighth of the memory. Beyond it
 * the DRA gets 3004.
 *
 * Error answers kept while another DRA is asked: a sixteenth of the memory, each DRA connection
 * being sure of a slice. One that cannot be kept is passed on at once.
 *
 * Requests that wait for their turn at a DRA: a sixteenth of the memory. One more gets 3004.
 *
 * The memory is `gateway.memory_limit`. What DRAs need of it Logic Apps cannot take, whatever they
 * do. CER, DWR and DPR and their answers are never refused.
 * @module
 */
import { Budget } from "../../../net/budget.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * A burst of many Logic Apps at once may overshoot the limit of a DRA's queue this many times
 * before requests are turned away: from the limit on, nothing more is read from whoever fills it,
 * so each adds what it has already sent and no more.
 */
export const BURST = 4;

/**
 * A peer that holds no more bytes than this is never the one to be refused for them: a thousand
 * requests of the usual length.
 */
export const FEW_BYTES = MiB;

/**
 * The same for requests of DRAs that a Logic App has not answered: a handful for each of many
 * sessions.
 */
export const FEW_OWED = 32;

/**
 * How many requests one Logic App may leave unanswered when all together leave `size`: as many as
 * are still free, but for a quarter that is for those who owe few. One that answers nothing stops
 * well before others notice, a second one sooner still, and nothing has to be divided beforehand.
 */
export function owedFree(maxInFlight: number, size: number): number {
  return maxInFlight * 3 / 4 - size;
}

/**
 * From its limit on a Logic App is read no more, but what it asked before may be this much. The
 * least is what a burst of long answers needs.
 */
const QUEUE_END = 16;
const SHORTEST_QUEUE_END = 4 * MiB;

/**
 * Bytes that must not wait for a Logic App, by its `send_queue_limit`: it asks for more than it
 * reads, and is let go at once.
 */
export function queueEnd(sendQueueLimit: number): number {
  return Math.max(SHORTEST_QUEUE_END, QUEUE_END * sendQueueLimit);
}

/** The accounts of one gateway. Those of single DRA connections are {@link Budget.part}s. */
export class Budgets {
  /** Requests towards DRAs: queued, and kept for a failover. */
  readonly requests: Budget;
  /** Everything towards Logic Apps. */
  readonly answers: Budget;
  /** Requests of DRAs, kept until a Logic App has answered them. */
  readonly reverse: Budget;
  /**
   * Error answers that are kept while another DRA is asked. Not in segments, and so no part of what
   * these hold.
   */
  readonly errors: Budget;
  /** Requests that wait until a DRA has room for them. */
  readonly waiting: Budget;
  #draConnections: number;

  /**
   * @param segments what all segments are a part of; its limit is the memory
   * @param draConnections how many divide the requests among them
   */
  constructor(segments: Budget, draConnections: number) {
    const memory = segments.limit;
    const share = (part: number) => new Budget(memory * part, segments, memory * part);
    this.requests = share(1 / 2);
    this.answers = share(1 / 4);
    this.reverse = share(1 / 8);
    this.errors = new Budget(memory / 16);
    this.waiting = new Budget(memory / 16);
    this.#draConnections = Math.max(1, draConnections);
  }

  /** Divides among so many, for DRA connections to come. */
  configure(draConnections: number): void {
    this.#draConnections = Math.max(1, draConnections);
  }

  /** What one DRA connection may hold of {@link requests}. */
  ofDra(): Budget {
    return this.requests.part(this.#draConnections);
  }

  /** What one DRA connection may hold of {@link errors}. */
  errorsOfDra(): Budget {
    return this.errors.part(this.#draConnections);
  }
}

/** A size as people write it in a configuration. */
export function sizeText(bytes: number): string {
  if (bytes >= MiB) return `${Math.round(bytes / MiB)} MiB`;
  return bytes >= KiB ? `${Math.round(bytes / KiB)} KiB` : `${Math.round(bytes)} bytes`;
}
