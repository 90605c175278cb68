/**
 * What simulated Logic Apps found out about their requests.
 * @module
 */
import { LatencyHistogram } from "../../ops/metrics/latency_histogram.ts";

/** Plain numbers, read at any time; sent = answered + mismatched + lost + what still waits. */
export class AppSimulatorCounters {
  /** Requests. */
  sent = 0;
  /** Answers that are what they should be, whatever their result. */
  answered = 0;
  /** Requests without an answer: given up after the timeout, or their connection was lost. */
  lost = 0;
  /** Second answers. */
  duplicated = 0;
  /**
   * Answers with the right hop-by-hop id that are none: end-to-end id, Session-Id, command or
   * application are of another request, or an AVP has an impossible length.
   */
  mismatched = 0;
  /** Answers to requests that had been given up. */
  late = 0;
  /** Answers whose hop-by-hop id was never used. */
  unknown = 0;
  /** Answers with 2001. */
  success = 0;
  /** Every other result: `3002`, or `10415:5422` of an Experimental-Result. */
  readonly otherResults = new Map<string, number>();
  /** Requests of the other side, all answered with 2001. */
  peerRequests = 0;
  /** Connections that were lost, or left by the other side. */
  connectionsLost = 0;
  /** What the first wrong answer was, for a person. */
  firstFault = "";
  readonly latency = new LatencyHistogram();

  /** Answers that nobody should have sent: wrong, twice, or to nothing that was asked. */
  get faulty(): number {
    return this.duplicated + this.mismatched + this.unknown;
  }

  /** All results with their counts, most frequent first. */
  get results(): [result: string, count: number][] {
    const all: [string, number][] = [...this.otherResults];
    if (this.success > 0) all.push(["2001", this.success]);
    return all.sort((a, b) => b[1] - a[1]);
  }
}
