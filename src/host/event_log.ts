/**
 * The gateway's events as lines of the log.
 * @module
 */
import { applicationText } from "../diameter/wire/application_set.ts";
import type { GatewayEvent, GatewayListener, MessageRecord } from "../diameter/relay/core/events.ts";
import type { LogFields, Logger } from "../ops/log/mod.ts";
import { plural } from "./numbers.ts";

/** A listener that logs what happens to connections and priorities. */
export function eventLog(log: Logger): GatewayListener {
  return (event) => {
    // The table has a row for each kind, for events of just that kind.
    const line = LINES[event.kind] as (event: GatewayEvent) => LogLine;
    const { level, sentence, fields = fieldsOf(event), unsaid = [] } = line(event);
    log[level](event.kind, sentence, fields, unsaid);
  };
}

/** One line; `unsaid` are the fields that its sentence does not hold. */
interface LogLine {
  readonly level: "debug" | "info" | "warning" | "error";
  readonly sentence: string;
  /** Those of the event unless said otherwise. */
  readonly fields?: LogFields;
  readonly unsaid?: readonly string[];
}

type Lines = { readonly [K in GatewayEvent["kind"]]: (event: Extract<GatewayEvent, { kind: K }>) => LogLine };

const at =
  (level: LogLine["level"]) => (sentence: string, fields?: LogFields, unsaid?: readonly string[]): LogLine => ({
    level,
    sentence,
    ...(fields === undefined ? {} : { fields }),
    ...(unsaid === undefined ? {} : { unsaid }),
  });
const [debug, info, warning, error] = [at("debug"), at("info"), at("warning"), at("error")];

function fieldsOf({ kind: _, ...fields }: GatewayEvent): LogFields {
  return fields;
}

/** What each kind says. A kind that is missing here does not compile. */
const LINES: Lines = {
  listening: ({ address }) => info(`listening on ${address}`),
  dra_state: ({ dra, from, to, reason }) => debug(`DRA ${dra}: ${from} -> ${to} (${reason})`),
  dra_connect_failed({ dra, reason, hint, retryIn }) {
    const guess = hint === "" ? "" : ` (${hint})`;
    const what = reason.startsWith("cannot be reached") ? reason : `is not connected: ${reason}`;
    return warning(`DRA ${dra} ${what}${guess}; next attempt in ${(retryIn / 1000).toFixed(1)} s`, {
      dra,
      reason,
      ...(hint === "" ? {} : { hint }),
      retry_in_ms: retryIn,
    });
  },
  dra_identity_changed: ({ dra, from, to }) =>
    warning(`DRA ${dra} said it is ${from} before and says it is ${to} now: are two DRAs behind one address?`),
  dra_restarted: ({ dra, from, to }) => warning(`DRA ${dra} restarted: its Origin-State-Id went from ${from} to ${to}`),
  dra_reopening({ dra, answered, needed }) {
    const so = answered === 0 ? "is connected again" : "is connected";
    return info(`DRA ${dra} ${so}, ${answered} of ${needed} watchdogs answered; then it gets requests`);
  },
  dra_up({ dra, originHost, watchdog }) {
    const as = watchdog === "reopen" ? "usable as the last resort, before its watchdogs are answered" : "usable";
    return info(`DRA ${dra} is ${as}; it is ${originHost}`, { dra, origin_host: originHost, watchdog });
  },
  dra_suspect: ({ dra, reason, pending }) => warning(`DRA ${dra} ${reason}; ${waiting(pending)} for it`),
  dra_down: ({ dra, reason, pending }) =>
    warning(`DRA ${dra} ${reason}${pending === 0 ? "" : `; ${waiting(pending)} for it`}`),
  breaker_open: ({ dra, reason, until }) =>
    warning(`DRA ${dra} gets no requests until ${until}: ${reason} (circuit breaker)`),
  breaker_half_open: ({ dra, reason }) => info(`DRA ${dra} is tried again: ${reason} (circuit breaker)`),
  breaker_closed: ({ dra, reason }) => info(`DRA ${dra} gets requests again: ${reason} (circuit breaker)`),
  queue_begin: ({ reason }) => warning(`requests begin to wait, because no DRA is usable: ${reason}`),
  queue_end({ sent, answered, abandoned }) {
    const how = `${sent} went on, ${answered} were answered 3002, ${abandoned} left with who asked`;
    return info(`no request waits for a DRA any more: ${how}`);
  },
  failover: ({ from, to }) => warning(`failover from priority ${from} to ${to}`),
  failback: ({ from, to }) => info(`failback from priority ${from} to ${to}`),
  no_dra: ({ reason }) => error(`no DRA is usable: ${reason}`),
  resent: ({ dra, count, reason }) =>
    warning(`${plural(count, "request")} to DRA ${dra} went to the next one: ${RESENT[reason] ?? reason}`),
  app_up({ app, remote, applications }) {
    const names = applications.map(applicationText);
    return info(
      `Logic App ${app} connected from ${remote}, for ${applicationsText(names)}`,
      { app, remote, applications: names.join(", ") },
    );
  },
  app_down({ app, remote, reason, pending }) {
    const left = pending === 0 ? "" : `; ${plural(pending, "request")} of it ${was(pending)} unanswered`;
    return info(`Logic App ${app} from ${remote} is gone: ${reason}${left}`);
  },
  app_refused: ({ remote, reason }) => warning(`connection from ${remote} was not opened: ${reason}`),
  screened({ rule, peer, action, application, command }) {
    const by = rule === "none" ? "no screening rule, so that requests" : `screening rule ${rule}: requests`;
    const what = action === "reject" ? "are rejected" : "would be rejected";
    return warning(`${by} of ${peer} ${what}, such as command ${command} of application ${application}`);
  },
  app_silent: ({ remote }) => debug(`connection from ${remote} was closed by the other side without a byte`),
  accept_failed: ({ address, reason }) => error(`cannot accept connections on ${address}: ${reason}`),
  internal_error({ reason, request }) {
    const what = request === "answered"
      ? "a request was answered 5012 because of a defect in this program"
      : "a defect in this program befell a request that is on its way; it goes on until its answer or its timeout";
    return error(what, { reason, request }, ["reason"]);
  },
  listener_failed: ({ reason }) =>
    error("a listener of the gateway failed because of a defect in this program", { reason }, ["reason"]),
  draining({ pending }) {
    const open = pending === 0 ? "no request is open" : `${waiting(pending)} for an answer`;
    return info(`shutting down: ${open}`);
  },
  leaving: () => info("every request is answered; taking leave of every peer"),
  stopped: () => info("stopped"),
};

/** Why pending requests were sent again, after the name of the DRA that did not answer them. */
const RESENT: Readonly<Record<string, string>> = {
  suspect: "it does not answer its watchdog",
  lost: "its connection was lost",
  timeout: "it gave no answer in time",
  error_answer: "it answered with an error",
};

/** `1 request waits`, `2 requests wait`. */
function waiting(count: number): string {
  return `${plural(count, "request")} ${count === 1 ? "waits" : "wait"}`;
}

function was(count: number): string {
  return count === 1 ? "was" : "were";
}

function applicationsText(names: readonly string[]): string {
  if (names.length === 0) return "no application";
  return `application${names.length === 1 ? "" : "s"} ${names.join(", ")}`;
}

/** An observer that logs single messages: requests, answers, or both. */
export function messageLog(log: Logger, requests: boolean, answers: boolean): (record: MessageRecord) => void {
  return (record) => {
    if (record.kind === "request" ? !requests : !answers) return;
    const { kind, from, to, command, application, flags, hopByHop, relayedHopByHop, endToEnd, sessionId } = record;
    const between = from === "" ? `to ${to}` : `${from} -> ${to}`;
    const result = record.resultCode === undefined ? "" : ` ${record.resultCode}`;
    log.info(kind, `${kind.replace("_", " ")} ${command}${result} ${between}`, {
      ...(from === "" ? {} : { from }),
      ...(to === "" ? {} : { to }),
      command,
      application,
      flags,
      hop_by_hop: hopByHop,
      ...(relayedHopByHop === 0 ? {} : { relayed_hop_by_hop: relayedHopByHop }),
      end_to_end: endToEnd,
      session_id: sessionId,
      ...(record.resultCode === undefined ? {} : { result_code: record.resultCode }),
    }, MESSAGE_UNSAID);
  };
}

/** What the sentence about a message does not hold. */
const MESSAGE_UNSAID = ["application", "flags", "hop_by_hop", "relayed_hop_by_hop", "end_to_end", "session_id"];
