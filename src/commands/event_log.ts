/**
 * The gateway's events as lines of the log.
 * @module
 */
import { applicationText } from "../diameter/wire/application_set.ts";
import type { GatewayEvent, GatewayListener, MessageRecord } from "../diameter/relay/events.ts";
import type { Logger } from "../ops/log/mod.ts";

/** A listener that logs what happens to connections and priorities. */
export function eventLog(log: Logger): GatewayListener {
  return (event) => write(log, event);
}

function write(log: Logger, event: GatewayEvent): void {
  const { kind, ...fields } = event;
  switch (event.kind) {
    case "listening":
      return log.info(kind, `listening on ${event.address}`, fields);
    case "dra_state":
      return log.debug(kind, `DRA ${event.dra}: ${event.from} -> ${event.to} (${event.reason})`, fields);
    case "dra_connect_failed":
      return log.warning(
        kind,
        `DRA ${event.dra} ${event.reason}; next attempt in ${(event.retryIn / 1000).toFixed(1)} s`,
        { dra: event.dra, reason: event.reason, retry_in_ms: event.retryIn },
      );
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
    case "dra_up":
      return log.info(kind, `DRA ${event.dra} is usable, it is ${event.originHost}`, {
        dra: event.dra,
        origin_host: event.originHost,
        watchdog: event.watchdog,
      });
    case "dra_suspect":
      return log.warning(kind, `DRA ${event.dra} ${event.reason}, ${event.pending} requests wait`, fields);
    case "dra_down":
      return log.warning(kind, `DRA ${event.dra} is not usable: ${event.reason}`, fields);
    case "failover":
      return log.warning(kind, `failover from priority ${event.from} to ${event.to}`, fields);
    case "failback":
      return log.info(kind, `failback from priority ${event.from} to ${event.to}`, fields);
    case "no_dra":
      return log.error(kind, `no DRA is usable: ${event.reason}`, fields);
    case "resent":
      return log.warning(
        kind,
        `${event.count} pending requests of ${event.dra} were sent again (${event.reason})`,
        fields,
      );
    case "app_up":
      return log.info(kind, `Logic App ${event.app} connected from ${event.remote}`, {
        app: event.app,
        remote: event.remote,
        applications: event.applications.map(applicationText).join(", "),
      });
    case "app_down":
      return log.info(kind, `Logic App ${event.app} from ${event.remote} is gone: ${event.reason}`, fields);
    case "app_refused":
      return log.warning(kind, `connection from ${event.remote} was not opened: ${event.reason}`, fields);
    case "internal_error":
      return log.error(kind, "a request was answered 5012 because of a defect in this program", fields);
    case "draining":
      return log.info(kind, `shutting down, ${event.pending} requests are unanswered`, fields);
    case "stopped":
      return log.info(kind, "stopped", fields);
  }
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
    });
  };
}
