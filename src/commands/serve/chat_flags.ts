/**
 * The flags of `serve chat`, and what they put in place of environment and file.
 * @module
 */
import type { Override } from "../../ops/config/mod.ts";
import { flagTable, type FlagValues } from "../cli/flags.ts";

/** All of them. Values are checked by the configuration, as those of the file are. */
export const chatFlags = flagTable({
  "config": {
    kind: "string",
    short: "c",
    once: true,
    placeholder: "FILE",
    help: "the configuration file; else DIAM_GW_CONFIG names it",
  },
  "dev": {
    kind: "boolean",
    help: "on loopback, with a token issuer, a core and a cache of its own where none is configured",
  },
  "http": {
    kind: "list",
    placeholder: "HOST:PORT",
    help: "listen there for WebSocket, Connect and gRPC-web over HTTP/1.1; else HTTP_PORT, or the file",
  },
  "grpc": {
    kind: "list",
    placeholder: "HOST:PORT",
    help: 'listen there for gRPC, Connect and gRPC-web over HTTP/2; else GRPC_PORT, or the file; "" turns it off',
  },
  "core": {
    kind: "string",
    placeholder: "URI",
    help: "the core chat service: HOST:PORT, http(s)://... or grpc(s)://...; else CHAT_SERVICE_URI",
  },
  "cache": {
    kind: "string",
    placeholder: "URI",
    help: "what gateways share: redis://..., rediss://... or mem://; else CACHE_URI",
  },
  "issuer": { kind: "string", placeholder: "URL", help: "whose tokens are accepted; else OAUTH2_ISSUER" },
  "admin": { kind: "string", placeholder: "HOST:PORT", help: 'the admin interface; "" turns it off' },
  "log": { kind: "string", placeholder: "LEVEL", help: "debug, info, warning or error; else LOG_LEVEL" },
  "log-format": { kind: "string", placeholder: "text|json", help: "text on a terminal, json elsewhere, unless set" },
});

/** The values of the flags of `serve chat`. */
export type ChatFlags = FlagValues<typeof chatFlags>;

/** The key that a flag sets. */
const KEYS = {
  "http": "chat.http.listen",
  "grpc": "chat.grpc.listen",
  "core": "chat.core.uri",
  "cache": "chat.cache.uri",
  "issuer": "chat.auth.issuer",
  "admin": "admin.listen",
  "log": "logging.level",
  "log-format": "logging.format",
} as const satisfies Partial<Record<keyof ChatFlags, string>>;

/** What the flags say. */
export function chatOverrides(flags: ChatFlags): Override[] {
  const overrides: Override[] = [];
  for (const [name, key] of Object.entries(KEYS)) {
    const value = flags[name as keyof typeof KEYS];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    overrides.push({ path: key.split("."), value: plain(value), flag: `--${name}` });
  }
  return overrides;
}

/** One address is written the way a file would, so that an error does not speak of an index. */
function plain(value: string | readonly string[]): unknown {
  if (typeof value === "string" || value.length > 1) return value;
  return value[0] === "" ? [] : value[0];
}
