/**
 * Why a stream ends: the codes, their texts, and how a call says the same. PURE.
 * @module
 */
import type { ErrorCode } from "./rpc_error.ts";

/** The codes of the protocol, with the reason that is sent unless a better one is at hand. */
export const CLOSE = {
  /** The device ended it. */
  1000: "",
  /** RFC 6455: the frames are broken. */
  1002: "protocol error",
  1003: "wrong kind of message",
  1007: "text is not UTF-8",
  1009: "message too big",
  1011: "internal error",
  1012: "drain",
  1013: "full",
  4000: "connection timeout",
  4001: "unauthenticated",
  4002: "token expired",
  4003: "hello expected",
  4005: "replaced by a newer connection of the device",
  4006: "rate limit",
  4007: "bad message",
  4008: "slow consumer",
  4009: "device limit",
  4010: "disconnected by the operator",
} as const;

/** A code that this side sends. */
export type CloseCode = keyof typeof CLOSE;

/** Nothing was said: the connection was lost or cut (RFC 6455 section 7.4.1). */
export const LOST = 1006;

/** The status with which a stream of gRPC or Connect ends; undefined: it ends well. */
export function statusOf(code: CloseCode): ErrorCode | undefined {
  return STATUSES[code];
}

const STATUSES: Readonly<Record<CloseCode, ErrorCode | undefined>> = {
  1000: undefined,
  1002: "invalid_argument",
  1003: "invalid_argument",
  1007: "invalid_argument",
  1009: "resource_exhausted",
  1011: "internal",
  1012: "unavailable",
  1013: "unavailable",
  4000: "deadline_exceeded",
  4001: "unauthenticated",
  4002: "unauthenticated",
  4003: "invalid_argument",
  4005: "aborted",
  4006: "resource_exhausted",
  4007: "invalid_argument",
  4008: "resource_exhausted",
  4009: "resource_exhausted",
  4010: "permission_denied",
};
