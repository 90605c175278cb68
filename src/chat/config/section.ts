/**
 * The configuration of the chat plane: the section `chat`.
 *
 * Here stand the kind and the bounds of each key. Its type and its default stand with the options
 * that it is decoded to; what it means to the person who sets it, in config/chat/diam-gw-chat.yaml.
 * @module
 */
import * as leaf from "../../ops/config/leaves.ts";
import { list, section } from "../../ops/config/mapping.ts";
import type { Section } from "../../ops/config/section.ts";
import { crossCheck } from "./checks.ts";
import { cacheUri, coreUri, network, origin, url } from "./leaves.ts";
import { ALGORITHMS, type ChatConfig, DEFAULT_CHAT, GRPC_PORT, HTTP_PORT } from "./options.ts";

const { choice, duration, flag, integer, listenAddresses, pemFile, secret, size, text } = leaf;

const KiB = 2 ** 10;
const MiB = 2 ** 20;
const ANY = Number.MAX_SAFE_INTEGER;

const tls = () => section({ cert: pemFile(), key: pemFile() }, { cert: "", key: "" }).exactOptional();

/** The section `chat`. */
export const chatSection: Section<"chat", ChatConfig, { readonly chat: ChatConfig }> = {
  key: "chat",
  schema: section({
    gateway_id: text(/^[\w.-]{0,128}$/, "up to 128 letters, digits, dots, hyphens and underscores"),
    http: section({
      listen: listenAddresses(HTTP_PORT, { none: true }),
      tls: tls(),
      allowed_origins: list(origin(), "[https://chat.example.com]"),
      trusted_proxies: list(network(), "[10.0.0.0/8]"),
      metrics: flag(),
      affinity_cookie: text(/^[\w!#$%&'*+.^`|~-]{0,64}$/, 'the name of a cookie, or "" for none'),
    }, DEFAULT_CHAT.http),
    grpc: section(
      { listen: listenAddresses(GRPC_PORT, { none: true }), tls: tls(), max_streams: integer(1, 2 ** 31 - 1) },
      DEFAULT_CHAT.grpc,
    ),
    auth: section({
      issuer: url("https://auth.example.com"),
      jwks_uri: url("https://auth.example.com/jwks.json"),
      audience: text(/./, "the name that tokens must be meant for"),
      algorithms: list(choice(ALGORITHMS), "[RS256, ES256]"),
      secret: secret(),
      leeway: duration(0),
      jwks_cooldown: duration(0),
      token_endpoint: url("https://auth.example.com/token"),
      client_id: text(),
      client_secret: secret(),
    }, DEFAULT_CHAT.auth),
    core: section({
      uri: coreUri(),
      timeout: duration(),
      max_in_flight: integer(1, 1_000_000),
      membership_ttl: duration(0),
      publish: choice(["accepted", "pushed"]),
      breaker: section({ failures: integer(1, 1_000_000), open: duration() }, DEFAULT_CHAT.core.breaker),
    }, DEFAULT_CHAT.core),
    cache: section(
      { uri: cacheUri(), outage_queue: integer(0, 10_000_000), session_ttl: duration(0) },
      DEFAULT_CHAT.cache,
    ),
    history: section({ size: integer(0, 1_000_000), ttl: duration() }, DEFAULT_CHAT.history),
    max_connections: integer(1, 10_000_000),
    max_connections_per_device: integer(1, 10_000),
    on_device_limit: choice(["replace", "reject"]),
    max_rooms_per_connection: integer(1, 1_000_000),
    max_message_size: size(KiB, 64 * MiB),
    hello_timeout: duration(),
    connection_timeout: duration(),
    heartbeat_interval: duration(),
    rate_limit: section({
      per_connection: integer(0, ANY),
      burst: integer(0, ANY),
      per_profile: integer(0, ANY),
      per_room: integer(0, ANY),
      max_refused: integer(1, ANY),
    }, DEFAULT_CHAT.rateLimit),
    send_queue: size(KiB, 1024 * MiB),
    compression: flag(),
    presence: section({ events_up_to: integer(0, ANY) }, DEFAULT_CHAT.presence),
    drain_timeout: duration(0),
    drain_spread: duration(0),
  }, DEFAULT_CHAT),
  check: crossCheck,
  restart: ["gateway_id", "http.listen", "grpc.listen", "cache.uri"],
};

/** What the chat plane brings to the configuration. */
export const CHAT_SECTIONS = [chatSection] as const;
