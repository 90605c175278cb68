/**
 * What node:http says of a request, as the rest of this room wants it.
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { plainAddress } from "../../net/connection.ts";
import type { Headers } from "./host.ts";

/** Its headers; several of one name in one line. */
export function headersOf(request: IncomingMessage): Headers {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}

/** The address of the connection's other end. */
export function peerOf(socket: Socket): string {
  return plainAddress(socket.remoteAddress ?? "");
}

/** Path and query of what is asked for; the path as it was written. */
export function targetOf(request: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  const target = request.url ?? "/";
  const at = target.indexOf("?");
  if (at < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, at), query: new URLSearchParams(target.slice(at + 1)) };
}
