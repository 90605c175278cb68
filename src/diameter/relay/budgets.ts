/**
 * What a peer may hold of this process, in one place: each thing that is held has a bound for one peer and one for all, so that no peer can use up what others need.
 *
 * | what is held                        | one peer                                          | all peers                        | who reaches it                        |
 * | ----------------------------------- | ------------------------------------------------- | -------------------------------- | ------------------------------------- |
 * | requests at a DRA connection        | `dra_pool.max_in_flight`, shared fairly by apps   | the same for each connection     | waits a moment or gets 3004           |
 * | bytes of them, kept for a failover  | a quarter of the memory; one app half of that     | half of the memory               | next DRA, then 3004                   |
 * | bytes queued to a DRA               | `dra_pool.send_queue_limit` times {@link BURST}   | with the bytes above             | waits, then next DRA, then 3004       |
 * | bytes queued to a Logic App         | {@link queueEnd}                                  | a quarter of the memory          | is read no more, then let go          |
 * | requests of DRAs at a Logic App     | {@link FEW_OWED}; or what is {@link owedFree}          | `dra_pool.max_in_flight`         | 3004 for the DRA                      |
 * | bytes of them                       | {@link FEW_BYTES}, and more while half is free    | an eighth of the memory          | 3004 for the DRA                      |
 * | error answers kept during a retry   | a share of what all may keep                      | a sixteenth of the memory        | passed on at once, not retried        |
 * | requests that wait for a DRA's turn | its fair share of the DRA's credit                | a sixteenth of the memory        | gets 3004                             |
 *
 * The memory is `gateway.memory_limit`. Half of it belongs to the DRAs, whatever Logic Apps do, and each DRA connection is sure of its slice of that half (see
 * {@link Budget}). CER, DWR and DPR and their answers are never refused.
 * @module
 */
import { Budget } from "../../net/budget.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * A burst of many Logic Apps at once may overshoot the limit of a DRA's queue this many times before requests are turned away: from the limit on, nothing more is read
 * from whoever fills it, so each adds what it has already sent and no more.
 */
export const BURST = 4;

/** A peer that holds no more bytes than this is never the one to be refused for them: a thousand requests of the usual length. */
export const FEW_BYTES = MiB;

/** The same for requests of DRAs that a Logic App has not answered: a handful for each of many sessions. */
export const FEW_OWED = 32;

/**
 * How many requests one Logic App may leave unanswered when all together leave `size`: as many as are still free, but for a quarter that is for those who owe few. One that
 * answers nothing stops well before others notice, a second one sooner still, and nothing has to be divided beforehand.
 */
export function owedFree(maxInFlight: number, size: number): number {
  return maxInFlight * 3 / 4 - size;
}

/** From its limit on a Logic App is read no more, but what it asked before may be this much. The least is what a burst of long answers needs. */
const QUEUE_END = 16;
const SHORTEST_QUEUE_END = 4 * MiB;

/** Bytes that must not wait for a Logic App, by its `send_queue_limit`: it asks for more than it reads, and is let go at once. */
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
  /** Error answers that are kept while another DRA is asked. Not in segments, and so no part of what these hold. */
  readonly errors: Budget;
  /** Requests that wait until a DRA has room for them. */
  readonly waiting: Budget;
  readonly #draConnections: number;

  /** @param segments what all segments are a part of; its limit is the memory @param draConnections how many divide the requests among them */
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
