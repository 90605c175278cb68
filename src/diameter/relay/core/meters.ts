/**
 * Every number of the relay that scripts know by a name, and the plain ones of the statistics
 * block.
 * @module
 */
import { type Counter, CounterFamily } from "../../../ops/metrics/counter.ts";
import { CountersByNumber } from "../../../ops/metrics/counters_by_number.ts";
import type { Family } from "../../../ops/metrics/family.ts";
import { DURATION_BOUNDS, type Histogram, OVERHEAD_BOUNDS } from "../../../ops/metrics/histogram.ts";
import { HistogramFamily } from "../../../ops/metrics/histogram_family.ts";
import { OTHER } from "../../../ops/metrics/series.ts";
import { isKnownResultCode, RESULT } from "../../wire/result_codes.ts";
import { ERROR_ANSWERS } from "./refusal.ts";

/**
 * Why a connection of a Logic App was not served: max_connections are there, or descriptors ran out
 * before it was accepted; the gateway takes its leave; it closed without a word; its TLS handshake
 * failed; it had to make room before its CER; it sent no CER that could be accepted.
 */
export const REFUSAL_REASONS = [
  "limit",
  "not_accepted",
  "draining",
  "silent",
  "tls_handshake",
  "unidentified",
  "capabilities",
] as const;
/** One of {@link REFUSAL_REASONS}. */
export type RefusalReason = typeof REFUSAL_REASONS[number];

/**
 * Why a message was thrown away, or ended its connection: its watchdog is in REOPEN; its header, an
 * AVP of it, or its frame is malformed; it answers nothing that was asked; its connection was not
 * in a state to take it; it did not fit into what may wait for a peer that does not read.
 */
export const DISCARD_REASONS = [
  "reopen",
  "header_bits",
  "avp_length",
  "frame_length",
  "frame_version",
  "frame_alignment",
  "unknown_answer",
  "unexpected",
  "send_queue_end",
  "memory_limit",
] as const;

/** Why a request is sent again. */
export const RETRY_CAUSES = ["timeout", "suspect", "lost", "error_answer"] as const;
/** One of {@link RETRY_CAUSES}. */
export type RetryCause = typeof RETRY_CAUSES[number];

/** Why an answer finds nobody. */
export const UNMATCHED_REASONS = ["unknown", "late", "duplicate", "gone"] as const;
/** One of {@link UNMATCHED_REASONS}. */
export type UnmatchedReason = typeof UNMATCHED_REASONS[number];

/** What a watchdog was seen to do. */
export const WATCHDOG_EVENTS = ["sent", "answered", "suspect", "okay", "reopen", "down"] as const;
/** One of {@link WATCHDOG_EVENTS}. */
export type WatchdogSighting = typeof WATCHDOG_EVENTS[number];

/**
 * Result codes of answers that are there from the start: alarms ask for them, and how fast a number
 * rises can only be told from one that was seen before. Others come with their first answer.
 */
const AWAITED_CODES = [
  RESULT.success,
  RESULT.limitedSuccess,
  RESULT.commandUnsupported,
  RESULT.unableToDeliver,
  RESULT.realmNotServed,
  RESULT.tooBusy,
  RESULT.loopDetected,
  RESULT.redirectIndication,
  RESULT.applicationUnsupported,
  RESULT.invalidHeaderBits,
  RESULT.invalidAvpBits,
  RESULT.unknownPeer,
  RESULT.unableToComply,
].map(String).concat(OTHER);

/** A request's way, and that of its answer. */
export type Direction = "app_to_dra" | "dra_to_app";

/** Of one DRA, over all its connections: handles that the message path keeps. */
export class DraMeters {
  messagesSent = 0;
  messagesReceived = 0;
  /** Of connections that ended; live ones are added when read. */
  bytesSent = 0;
  bytesReceived = 0;
  reconnects = 0;
  /** Transactions that began here, by the way of the request. */
  readonly requests: Counter;
  readonly reverseRequests: Counter;
  /** Answers of it to requests of Logic Apps, and the other way, by Result-Code. */
  readonly answers: CountersByNumber;
  readonly reverseAnswers: CountersByNumber;
  /** Microseconds from a request's arrival to its answer's. */
  readonly duration: Histogram;
  readonly retransmissions: Readonly<Record<RetryCause, Counter>>;
  readonly attempts: { readonly ok: Counter; readonly failed: Counter };
  readonly watchdog: Readonly<Record<WatchdogSighting, Counter>>;

  constructor(meters: Meters, dra: string) {
    const { requests, answers, retransmissions, attempts, watchdog } = meters;
    this.requests = requests.of({ direction: "app_to_dra", dra });
    this.reverseRequests = requests.of({ direction: "dra_to_app", dra });
    const byCode = (direction: Direction) =>
      new CountersByNumber(isKnownResultCode, (result_code) => answers.of({ direction, dra, result_code }));
    answers.declare({ direction: ["app_to_dra", "dra_to_app"], dra: [dra], result_code: AWAITED_CODES });
    this.answers = byCode("app_to_dra");
    this.reverseAnswers = byCode("dra_to_app");
    this.duration = meters.duration.of({ dra });
    this.retransmissions = each(RETRY_CAUSES, (reason) => retransmissions.of({ dra, reason }));
    this.attempts = { ok: attempts.of({ dra, result: "ok" }), failed: attempts.of({ dra, result: "failed" }) };
    this.watchdog = each(WATCHDOG_EVENTS, (event) => watchdog.of({ dra, event }));
  }
}

/** Of the gateway. What transactions became of is the ledger's. */
export class Meters {
  /** Messages by where they came from and went to. */
  toDra = 0;
  fromDra = 0;
  toApp = 0;
  fromApp = 0;
  /** Bytes of connections that ended; live ones are added when read. */
  appBytesIn = 0;
  appBytesOut = 0;
  draBytesIn = 0;
  draBytesOut = 0;
  /** Microseconds from request to answer, over all completed transactions. */
  latencySum = 0;
  /** Own answers because no peer could take the request. */
  routingErrors = 0;

  readonly requests = new CounterFamily(
    "diamgw_requests_total",
    "Requests that were relayed, each once, by way and DRA.",
    ["direction", "dra"],
  );
  readonly answers = new CounterFamily(
    "diamgw_answers_total",
    "Answers that were relayed, by the way of their request, DRA and result code.",
    ["direction", "dra", "result_code"],
  );
  readonly errorAnswers = new CounterFamily(
    "diamgw_error_answers_total",
    "Answers that the gateway gave itself, by result code and reason.",
    ["code", "reason"],
  );
  readonly retransmissions = new CounterFamily(
    "diamgw_retransmissions_total",
    "Requests that were sent again, by the DRA that they went to next and why.",
    ["dra", "reason"],
  );
  readonly unmatched = new CounterFamily(
    "diamgw_unmatched_answers_total",
    "Answers that nobody waited for.",
    ["reason"],
  ).declare({ reason: UNMATCHED_REASONS });
  readonly discarded = new CounterFamily(
    "diamgw_discarded_total",
    "Messages that were thrown away, or ended their connection.",
    ["reason"],
  ).declare({ reason: DISCARD_REASONS });
  readonly attempts = new CounterFamily(
    "diamgw_connection_attempts_total",
    "Connections to DRAs that were tried, by result.",
    ["dra", "result"],
  );
  readonly watchdog = new CounterFamily(
    "diamgw_watchdog_events_total",
    "What the watchdogs of DRAs did: DWRs sent, DWAs received, and states entered.",
    ["dra", "event"],
  );
  readonly failovers = new CounterFamily(
    "diamgw_failovers_total",
    "How often traffic moved to a lower priority.",
  );
  readonly failbacks = new CounterFamily(
    "diamgw_failbacks_total",
    "How often traffic moved back to a higher priority.",
  );
  readonly breakerTransitions = new CounterFamily(
    "diamgw_breaker_transitions_total",
    "What circuit breakers did, where they are configured; held: one was not allowed to open.",
    ["dra", "to"],
  );
  readonly refused = new CounterFamily(
    "diamgw_refused_total",
    "Connections of Logic Apps that were not served.",
    ["listener", "reason"],
  );
  readonly duplicates = new CounterFamily(
    "diamgw_duplicates_total",
    "Requests that came with T, where duplicates are looked for: answered before, pending, or new.",
    ["result"],
  );
  readonly wait = new HistogramFamily(
    "diamgw_wait_seconds",
    "How long requests waited until a DRA was usable again, where they may.",
    [],
    { bounds: DURATION_BOUNDS },
  );
  readonly duration = new HistogramFamily(
    "diamgw_request_duration_seconds",
    "From the arrival of a request to its answer, by DRA.",
    ["dra"],
    { bounds: DURATION_BOUNDS },
  );
  readonly routeRequests = new CounterFamily(
    "diamgw_route_requests_total",
    "Requests of Logic Apps by the route that they took, where routes are configured; default when none matched.",
    ["route"],
  );
  readonly rewrites = new CounterFamily(
    "diamgw_rewrites_total",
    "Requests whose destination a route changed.",
    ["route"],
  );
  readonly rateLimited = new CounterFamily(
    "diamgw_rate_limited_total",
    "Requests that were too many for a limit.",
    ["limit"],
  );
  readonly screened = new CounterFamily(
    "diamgw_screened_total",
    "Requests that were screened, by the rule that decided (none: none did) and what it said.",
    ["rule", "action"],
  );
  readonly overhead = new HistogramFamily(
    "diamgw_overhead_seconds",
    "The gateway's own share: from the read that brought messages to the end of their handling.",
    [],
    { bounds: OVERHEAD_BOUNDS },
  );
  /** Handle of {@link overhead}. */
  readonly overheadOf: Histogram = this.overhead.of({});
  /** Handles of {@link unmatched}. */
  readonly unmatchedBy: Readonly<Record<UnmatchedReason, Counter>> = each(
    UNMATCHED_REASONS,
    (reason) => this.unmatched.of({ reason }),
  );
  readonly #dras = new Map<string, DraMeters>();

  constructor() {
    for (const [reason, codes] of Object.entries(ERROR_ANSWERS)) {
      this.errorAnswers.declare({ code: codes.map(String), reason: [reason] });
    }
  }

  /** The handles of that DRA: the same ones while the process lives. */
  ofDra(name: string): DraMeters {
    let meters = this.#dras.get(name);
    if (meters === undefined) this.#dras.set(name, meters = new DraMeters(this, name));
    return meters;
  }

  /** Forgets a DRA that is configured no more. */
  forgetDra(name: string): void {
    this.#dras.delete(name);
    const { requests, answers, retransmissions, attempts, watchdog, breakerTransitions } = this;
    for (const family of [requests, answers, retransmissions, attempts, watchdog, breakerTransitions]) {
      (family as CounterFamily<"dra">).forget({ dra: name });
    }
    this.duration.forget({ dra: name });
  }

  /** All families, in the order in which they stand above. */
  get families(): readonly Family[] {
    return Object.values(this).filter((each) => each instanceof CounterFamily || each instanceof HistogramFamily);
  }
}

function each<K extends string, V>(keys: readonly K[], make: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<K, V>;
}
