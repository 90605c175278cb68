/**
 * What no single key of the chat plane can know: what is missing, values that contradict each
 * other, and what is allowed and unwise.
 * @module
 */
import type { Finding, IsSet } from "../../ops/config/section.ts";
import { formatDuration, formatSize } from "../../ops/config/units.ts";
import type { AuthOptions, ChatConfig, TlsFiles } from "./options.ts";

/** Every finding on `chat`; `isSet` tells what somebody wrote from what is a default. */
export function* crossCheck({ chat }: { readonly chat: ChatConfig }, isSet: IsSet): Generator<Finding> {
  for (const { path, with: others = [], ...finding } of findings(chat, (path) => isSet(["chat", ...path]))) {
    yield { ...finding, path: ["chat", ...path], with: others.map((other) => ["chat", ...other]) };
  }
}

/** Paths begin below `chat`. */
function* findings(chat: ChatConfig, isSet: IsSet): Generator<Finding> {
  if (chat.http.listen.length + chat.grpc.listen.length === 0) {
    const message = "expected at least one HOST:PORT here or in grpc.listen, got empty lists";
    yield { path: ["http", "listen"], message, with: [["grpc", "listen"]] };
  }
  yield* tlsFindings(["http", "tls"], chat.http.tls);
  yield* tlsFindings(["grpc", "tls"], chat.grpc.tls);
  yield* authFindings(chat.auth, isSet);
  yield* clientFindings(chat.auth);
  yield* heartbeatFindings(chat);
  if (chat.cache.uri === "mem://") {
    const message = "mem:// is for one gateway only: several need redis:// to share rooms and events";
    yield { path: ["cache", "uri"], message, warning: true };
  }
  if (chat.sendQueue < chat.maxMessageSize) {
    const message = `expected at least max_message_size (${formatSize(chat.maxMessageSize)}), got ` +
      formatSize(chat.sendQueue);
    yield { path: ["send_queue"], message, with: [["max_message_size"]] };
  }
  if (chat.rateLimit.burst > 0 && chat.rateLimit.perConnection === 0) {
    const message = "has no effect: rate_limit.per_connection is 0";
    yield { path: ["rate_limit", "burst"], message, warning: true, with: [["rate_limit", "per_connection"]] };
  }
}

function* tlsFindings(path: readonly string[], tls: TlsFiles | undefined): Generator<Finding> {
  if (tls?.cert === "") yield { path: [...path, "cert"], message: "missing: the file of the certificate" };
  if (tls?.key === "") yield { path: [...path, "key"], message: "missing: the file of the private key" };
}

const SOURCES = ["issuer", "jwks_uri", "secret"] as const;

function* authFindings({ issuer, jwksUri, secret, algorithms }: AuthOptions, isSet: IsSet): Generator<Finding> {
  const values = { issuer, jwks_uri: jwksUri, secret };
  const given = SOURCES.filter((key) => values[key] !== "");
  const others = SOURCES.map((key) => ["auth", key]);
  if (given.length === 0) {
    yield {
      path: ["auth", "issuer"],
      message: "missing: whose tokens are accepted; give OAUTH2_ISSUER, auth.issuer, auth.jwks_uri or auth.secret",
      with: others,
    };
  } else if (given.length > 1) {
    const message = `expected exactly one of auth.issuer, auth.jwks_uri and auth.secret, got ${given.join(" and ")}`;
    yield { path: ["auth", given.at(-1)!], message, with: others };
  }
  const path = ["auth", "algorithms"];
  if (algorithms.length === 0) yield { path, message: "expected at least one algorithm, got an empty list" };
  if (secret !== "" && isSet(path)) {
    yield { path, message: "has no effect with auth.secret, which is for HS256", warning: true, with: others };
  }
  if (secret !== "" && new TextEncoder().encode(secret).length < 32) {
    yield {
      path: ["auth", "secret"],
      message: "shorter than 32 bytes: HS256 is as strong as its secret (RFC 7518 section 3.2)",
      warning: true,
      with: others,
    };
  }
}

const CLIENT = ["token_endpoint", "client_id", "client_secret"] as const;

/** All three, or the first alone that cannot do without the others. */
function* clientFindings({ tokenEndpoint, clientId, clientSecret }: AuthOptions): Generator<Finding> {
  const values = { token_endpoint: tokenEndpoint, client_id: clientId, client_secret: clientSecret };
  const missing = CLIENT.filter((key) => values[key] === "");
  if (missing.length === 0 || missing.length === CLIENT.length) return;
  const given = CLIENT.filter((key) => values[key] !== "").map((key) => `auth.${key}`).join(" and ");
  for (const key of missing) {
    yield { path: ["auth", key], message: `missing: ${given} needs it`, with: CLIENT.map((key) => ["auth", key]) };
  }
}

function* heartbeatFindings({ heartbeatInterval, connectionTimeout }: ChatConfig): Generator<Finding> {
  const [path, other] = [["heartbeat_interval"], ["connection_timeout"]];
  if (heartbeatInterval >= connectionTimeout) {
    const message = `expected less than connection_timeout (${formatDuration(connectionTimeout)}), got ` +
      formatDuration(heartbeatInterval);
    yield { path, message, with: [other] };
  } else if (connectionTimeout < 2 * heartbeatInterval) {
    const message = `less than 2 x heartbeat_interval (${formatDuration(heartbeatInterval)}): one heartbeat that is ` +
      "late closes a connection";
    yield { path: other, message, warning: true, with: [path] };
  }
}
