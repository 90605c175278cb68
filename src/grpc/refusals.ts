/**
 * What the gateway answers itself: the status of each refusal, and its header lists. PURE.
 * @module
 */
import { HeaderList } from "../http2/hpack/header_list.ts";
import { STATUS, trailers, trailersOnly } from "../rpc/status.ts";

/** Why a call was answered here: the label of `diamgw_grpc_gateway_errors_total`. */
export type RefusalReason =
  | "no_route"
  | "session"
  | "token"
  | "busy"
  | "backend"
  | "deadline"
  | "timeout_header"
  | "headers"
  | "draining"
  | "part";

/**
 * One answer. Its lists are made once and shared by all calls that get it, so that the encoder
 * knows them again.
 */
export class GatewayRefusal {
  #only: HeaderList | undefined;
  #trailers: HeaderList | undefined;

  /** One of {@link STATUS}, a plain text, and what it is counted as. */
  constructor(readonly code: number, readonly message: string, readonly reason: RefusalReason) {}

  /** Where no headers have gone to the client. */
  get trailersOnly(): HeaderList {
    return this.#only ??= trailersOnly(this.code, this.message);
  }

  /** Where they have. */
  get trailers(): HeaderList {
    return this.#trailers ??= trailers(this.code, this.message);
  }
}

/** Those that are always the same. */
export const REFUSAL = {
  missingSession: new GatewayRefusal(STATUS.UNAUTHENTICATED, "missing session-id", "session"),
  badToken: new GatewayRefusal(STATUS.UNAUTHENTICATED, "missing or invalid token", "token"),
  busy: new GatewayRefusal(STATUS.RESOURCE_EXHAUSTED, "all instances are busy", "busy"),
  backend: new GatewayRefusal(STATUS.UNAVAILABLE, "backend service unavailable", "backend"),
  deadline: new GatewayRefusal(STATUS.DEADLINE_EXCEEDED, "deadline exceeded", "deadline"),
  badTimeout: new GatewayRefusal(STATUS.INTERNAL, "malformed grpc-timeout", "timeout_header"),
  headersTooLarge: new GatewayRefusal(STATUS.RESOURCE_EXHAUSTED, "header list too large", "headers"),
  draining: new GatewayRefusal(STATUS.UNAVAILABLE, "gateway is shutting down", "draining"),
  tooOld: new GatewayRefusal(STATUS.UNAVAILABLE, "connection too old", "draining"),
  /** A part that the library's user brought has failed. */
  partFailed: new GatewayRefusal(STATUS.INTERNAL, "gateway error", "part"),
} as const;

/** No prefix matches `path`, and there is no default cluster. */
export function noRoute(path: string): GatewayRefusal {
  return new GatewayRefusal(STATUS.UNIMPLEMENTED, `no route for ${path}`, "no_route");
}

/** Answers to requests that are not gRPC: they are the whole response. */
export const NOT_GRPC = {
  /** Any method but POST. */
  method: new HeaderList().append(":status", "405").append("allow", "POST"),
  /** Any other content-type (PROTOCOL-HTTP2, "Requests"). */
  contentType: new HeaderList().append(":status", "415"),
} as const;

/** Whether a content-type is that of gRPC: `application/grpc`, alone or with `+...` or `;...`. */
export function isGrpc(contentType: string | undefined): boolean {
  if (contentType === undefined || !contentType.startsWith("application/grpc")) return false;
  const next = contentType.charAt(16);
  return next === "" || next === "+" || next === ";";
}
