/**
 * Errors of calls, under the names that Connect has for them. PURE.
 * @module
 */

/** Every code: its number in gRPC, and its status in HTTP (Connect protocol, "Error Codes"). */
export const ERROR_CODES = {
  canceled: { grpc: 1, http: 499 },
  unknown: { grpc: 2, http: 500 },
  invalid_argument: { grpc: 3, http: 400 },
  deadline_exceeded: { grpc: 4, http: 504 },
  not_found: { grpc: 5, http: 404 },
  already_exists: { grpc: 6, http: 409 },
  permission_denied: { grpc: 7, http: 403 },
  resource_exhausted: { grpc: 8, http: 429 },
  failed_precondition: { grpc: 9, http: 400 },
  aborted: { grpc: 10, http: 409 },
  out_of_range: { grpc: 11, http: 400 },
  unimplemented: { grpc: 12, http: 501 },
  internal: { grpc: 13, http: 500 },
  unavailable: { grpc: 14, http: 503 },
  data_loss: { grpc: 15, http: 500 },
  unauthenticated: { grpc: 16, http: 401 },
} as const;

/** The name of a code. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** More about an error: a message of protobuf (google.rpc.Status.details). */
export interface ErrorDetail {
  /** Full name of the message, without a host: `google.rpc.RetryInfo`. */
  readonly type: string;
  /** Its protobuf. */
  readonly value: Uint8Array;
}

/** Why a call failed, in no protocol's form. */
export interface RpcError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: readonly ErrorDetail[];
  /** When to try again, in ms: becomes `Retry-After` over HTTP. */
  readonly retryAfterMs?: number;
}

/** The code with that number of gRPC; `unknown` for a number that is none. */
export function codeOfGrpc(number: number): ErrorCode {
  return BY_NUMBER.get(number) ?? "unknown";
}

const BY_NUMBER = new Map(
  Object.entries(ERROR_CODES).map(([name, { grpc }]) => [grpc as number, name as ErrorCode]),
);
