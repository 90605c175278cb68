/**
 * The chat gateway's events as lines of the log.
 * @module
 */
import type { ChatEvent, ChatListener } from "../chat/events.ts";
import type { LogFields, Logger } from "../ops/log/mod.ts";
import { plural } from "./numbers.ts";

/**
 * A listener that logs what happens; single connections and requests at debug.
 * @param log takes every line
 * @param events the same log for what may come in floods
 * @param showsRequests whether requests are shown at info
 */
export function chatEventLog(log: Logger, events: Logger, showsRequests: () => boolean): ChatListener {
  return (event) => {
    // The table has a row for each kind, for events of just that kind.
    const line = LINES[event.kind] as (event: ChatEvent) => LogLine;
    const { level, sentence, unsaid = [] } = line(event);
    const shown = event.kind === "chat_request" && showsRequests() ? "info" : level;
    (level === "debug" ? log : events)[shown](event.kind, sentence, fieldsOf(event), unsaid);
  };
}

/** One line; `unsaid` are the fields that its sentence does not hold. */
interface LogLine {
  readonly level: "debug" | "info" | "warning" | "error";
  readonly sentence: string;
  readonly unsaid?: readonly string[];
}

type Lines = { readonly [K in ChatEvent["kind"]]: (event: Extract<ChatEvent, { kind: K }>) => LogLine };

function fieldsOf({ kind: _, ...fields }: ChatEvent): LogFields {
  return fields;
}

const at = (level: LogLine["level"]) => (sentence: string, unsaid: readonly string[] = []): LogLine => ({
  level,
  sentence,
  unsaid,
});
const [debug, info, warning, error] = [at("debug"), at("info"), at("warning"), at("error")];

/** Who nobody knows yet: before Hello. */
const name = (profile: string, device: string) => profile === "" ? "somebody" : `${profile} (${device})`;

/** What each kind says. A kind that is missing here does not compile. */
const LINES: Lines = {
  chat_listening: ({ address, protocol, tls }) =>
    info(`listening for devices on ${address} (${protocol === "http" ? "HTTP/1.1" : "HTTP/2"}${tls ? ", TLS" : ""})`),
  chat_connected: ({ profile, device, transport, remote }) =>
    debug(`${name(profile, device)} connected from ${remote} over ${transport}`),
  chat_disconnected: ({ profile, device, remote, code, reason, seconds }) =>
    debug(
      `${name(profile, device)} from ${remote} is gone after ${seconds.toFixed(1)} s: ${code}${
        reason === "" ? "" : ` ${reason}`
      }`,
      ["transport"],
    ),
  chat_request: ({ method, profile, device, code, milliseconds }) =>
    debug(`${method} of ${name(profile, device)}: ${code} in ${milliseconds.toFixed(1)} ms`),
  chat_limit: ({ profile, device, what }) =>
    warning(
      `${name(profile, device)} was closed: ${what === "slow" ? "it read too slowly" : "it went on above its limit"}`,
    ),
  chat_breaker: ({ state }) =>
    state === "open"
      ? warning("the core does not answer: calls fail at once for a while")
      : info(state === "closed" ? "the core answers again" : "the core is tried with one call"),
  chat_cache_up: () => info("the cache can be used"),
  chat_cache_down: ({ reason }) =>
    error(`the cache cannot be reached: ${reason}; events go to the devices of this gateway alone for now`),
  chat_cache_error: ({ what, reason }) => warning(`the cache failed at ${what}: ${reason}`),
  chat_cache_overflow: ({ room }) =>
    error(`the cache was away too long: events of room ${room} will not reach other gateways`),
  chat_issuer_up: () => info("the keys of the issuer were read"),
  chat_issuer_down: ({ reason }) => error(`the keys of the issuer cannot be read: ${reason}`),
  chat_defect: () => error("a defect in this program", ["reason"]),
  chat_draining: ({ connections }) => info(`shutting down: ${plural(connections, "device")} to send away`),
  chat_stopped: () => info("the chat gateway has stopped"),
};
