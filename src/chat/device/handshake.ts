/**
 * What a device said before the first message, out of its headers; and what is answered to one that
 * is not let in. PURE.
 * @module
 */
import { isAllowedOrigin, remoteOf } from "./origin.ts";
import type { Handshake, Headers, Refusal } from "./host.ts";
import type { DeviceOptions } from "./options.ts";
import { ERROR_CODES, type RpcError } from "./rpc_error.ts";

/** Reads it. @param peer address of the connection's other end */
export function readHandshake(
  kind: Handshake["kind"],
  peer: string,
  headers: Headers,
  query: URLSearchParams,
  options: DeviceOptions,
): Handshake {
  const [, token] = /^Bearer +(\S+) *$/i.exec(headers["authorization"] ?? "") ?? [];
  return {
    kind,
    remote: remoteOf(peer, headers["x-forwarded-for"], options.trustedProxies),
    token,
    deviceId: headers["x-device-id"] ?? query.get("device_id") ?? undefined,
    headers,
  };
}

/** Why no page of that Origin may go on; undefined when it may. */
export function refuseOrigin(headers: Headers, options: DeviceOptions): Refusal | undefined {
  const { origin, host } = headers;
  if (isAllowedOrigin(origin, host, options.allowedOrigins)) return undefined;
  return { status: 403, code: "permission_denied", message: "pages of this origin are not allowed here" };
}

/** What is answered when there are as many streams as there may be. */
export const FULL: Refusal = {
  status: 503,
  code: "unavailable",
  message: "the gateway is full",
  retryAfterMs: 5_000,
};

/** An error as Connect writes it (Connect protocol, "Error end-stream"). */
export function errorJson({ code, message, details = [] }: RpcError): Record<string, unknown> {
  return {
    code,
    message,
    ...(details.length === 0 ? {} : {
      details: details.map(({ type, value }) => ({ type, value: base64(value) })),
    }),
  };
}

/** Headers that belong to an error whatever its protocol is. */
export function errorHeaders({ code, retryAfterMs }: RpcError): Record<string, string> {
  return {
    ...(code === "unauthenticated" ? { "www-authenticate": "Bearer" } : {}),
    ...(retryAfterMs === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }),
  };
}

/** The status that an error has over HTTP. */
export function httpStatus({ code }: RpcError): number {
  return ERROR_CODES[code].http;
}

/** Headers that name the gateway (C7). @param secure whether the device came over TLS */
export function gatewayHeaders({ gatewayId, affinityCookie }: DeviceOptions, secure: boolean): Record<string, string> {
  return {
    "x-gateway-id": gatewayId,
    ...(affinityCookie === "" ? {} : {
      "set-cookie": `${affinityCookie}=${gatewayId}; Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`,
    }),
  };
}

function base64(bytes: Uint8Array): string {
  let octets = "";
  for (const byte of bytes) octets += String.fromCharCode(byte);
  return btoa(octets).replace(/=+$/, "");
}
