/**
 * The gateway's events as lines of the log.
 * @module
 */
import { applicationText } from "../diameter/wire/application_set.ts";
import type { GatewayEvent, GatewayListener, MessageRecord } from "../diameter/relay/events.ts";
import type { LogFields, Logger } from "../ops/log/mod.ts";
import { plural } from "./numbers.ts";

/** A listener that logs what happens to connections and priorities. */
export function eventLog(log: Logger): GatewayListener {
  const sentences = withSentences(log);
  return (event) => write(sentences, event);
}

/** The sentences of this file hold their fields; what one leaves out is named with it. */
function withSentences(log: Logger): Logger {
  const method =
    (level: "debug" | "info" | "warning" | "error") =>
    (event: string, sentence: string, fields?: LogFields, unsaid: readonly string[] = []) =>
      log[level](event, sentence, fields, unsaid);
  return {
    debug: method("debug"),
    info: method("info"),
    warning: method("warning"),
    error: method("error"),
    enabled: (level) => log.enabled(level),
  };
}

function write(log: Logger, event: GatewayEvent): void {
  const { kind, ...fields } = event;
  switch (event.kind) {
    case "listening":
      return log.info(kind, `listening on ${event.address}`, fields);
    case "dra_state":
      return log.debug(kind, `DRA ${event.dra}: ${event.from} -> ${event.to} (${event.reason})`, fields);
    case "dra_connect_failed": {
      const { dra, reason, hint, retryIn } = event;
      const guess = hint === "" ? "" : ` (${hint})`;
      const what = reason.startsWith("cannot be reached") ? reason : `is not connected: ${reason}`;
      return log.warning(kind, `DRA ${dra} ${what}${guess}; next attempt in ${(retryIn / 1000).toFixed(1)} s`, {
        dra,
        reason,
        ...(hint === "" ? {} : { hint }),
        retry_in_ms: retryIn,
      });
    }
    case "dra_identity_changed":
      return log.warning(
        kind,
        `DRA ${event.dra} said it is ${event.from} before and says it is ${event.to} now: are two DRAs behind one address?`,
        fields,
      );
    case "dra_restarted":
      return log.warning(
        kind,
        `DRA ${event.dra} restarted: its Origin-State-Id went from ${event.from} to ${event.to}`,
        fields,
      );
    case "dra_reopening": {
      const { dra, answered, needed } = event;
      const so = answered === 0 ? "is connected again" : "is connected";
      return log.info(
        kind,
        `DRA ${dra} ${so}, ${answered} of ${needed} watchdogs answered; then it gets requests`,
        fields,
      );
    }
    case "dra_up": {
      const { dra, originHost, watchdog } = event;
      const as = watchdog === "reopen" ? "usable as the last resort, before its watchdogs are answered" : "usable";
      return log.info(kind, `DRA ${dra} is ${as}; it is ${originHost}`, { dra, origin_host: originHost, watchdog });
    }
    case "dra_suspect":
      return log.warning(
        kind,
        `DRA ${event.dra} ${event.reason}; ${waiting(event.pending)} for it`,
        fields,
      );
    case "dra_down": {
      const { dra, reason, pending } = event;
      return log.warning(kind, `DRA ${dra} ${reason}${pending === 0 ? "" : `; ${waiting(pending)} for it`}`, fields);
    }
    case "failover":
      return log.warning(kind, `failover from priority ${event.from} to ${event.to}`, fields);
    case "failback":
      return log.info(kind, `failback from priority ${event.from} to ${event.to}`, fields);
    case "no_dra":
      return log.error(kind, `no DRA is usable: ${event.reason}`, fields);
    case "resent": {
      const { dra, count, reason } = event;
      const why = RESENT[reason] ?? reason;
      return log.warning(kind, `${plural(count, "request")} to DRA ${dra} went to the next one: ${why}`, fields);
    }
    case "app_up": {
      const names = event.applications.map(applicationText);
      return log.info(
        kind,
        `Logic App ${event.app} connected from ${event.remote}, for ${applications(names)}`,
        { ...fields, applications: names.join(", ") },
      );
    }
    case "app_down": {
      const { app, remote, reason, pending } = event;
      const left = pending === 0 ? "" : `; ${plural(pending, "request")} of it ${was(pending)} unanswered`;
      return log.info(kind, `Logic App ${app} from ${remote} is gone: ${reason}${left}`, fields);
    }
    case "app_refused":
      return log.warning(kind, `connection from ${event.remote} was not opened: ${event.reason}`, fields);
    case "app_silent":
      return log.debug(kind, `connection from ${event.remote} was closed by the other side without a byte`, fields);
    case "accept_failed":
      return log.error(kind, `cannot accept connections on ${event.address}: ${event.reason}`, fields);
    case "internal_error":
      return log.error(
        kind,
        event.request === "answered"
          ? "a request was answered 5012 because of a defect in this program"
          : "a defect in this program befell a request that is on its way; it goes on until its answer or its timeout",
        fields,
        ["reason"],
      );
    case "listener_failed":
      return log.error(kind, "a listener of the gateway failed because of a defect in this program", fields, [
        "reason",
      ]);
    case "draining": {
      const { pending } = event;
      const open = pending === 0 ? "no request is open" : `${waiting(pending)} for an answer`;
      return log.info(kind, `shutting down: ${open}`, fields);
    }
    case "leaving":
      return log.info(kind, "every request is answered; taking leave of every peer", fields);
    case "stopped":
      return log.info(kind, "stopped", fields);
  }
}

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

function applications(names: readonly string[]): string {
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
