/**
 * Errors as Connect writes them: an object of JSON (Connect protocol, "Error Codes"). PURE.
 * @module
 */
import { type ErrorCode, type ErrorDetail, isErrorCode, type RpcError } from "./error.ts";

/** The object. */
export function connectError({ code, message, details = [] }: RpcError): Readonly<Record<string, unknown>> {
  return {
    code,
    message,
    ...(details.length === 0 ? {} : {
      details: details.map(({ type, value }) => ({ type, value: value.toBase64({ omitPadding: true }) })),
    }),
  };
}

/** The error in the body of an answer; undefined when there is none. */
export function parseConnectError(text: string): RpcError | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(json) || !isErrorCode(json["code"])) return undefined;
  const { code, message, details } = json;
  const read = Array.isArray(details) ? details.flatMap(detailOf) : [];
  return {
    code,
    message: typeof message === "string" ? message : "",
    ...(read.length === 0 ? {} : { details: read }),
  };
}

/** The code for an answer that is no error of Connect: a proxy's, for instance. */
export function codeOfHttp(status: number): ErrorCode {
  return BY_STATUS[status] ?? "unknown";
}

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: "internal",
  401: "unauthenticated",
  403: "permission_denied",
  404: "unimplemented",
  429: "unavailable",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

function detailOf(detail: unknown): ErrorDetail[] {
  if (!isObject(detail)) return [];
  const { type, value } = detail;
  if (typeof type !== "string" || typeof value !== "string") return [];
  try {
    return [{ type: type.slice(type.lastIndexOf("/") + 1), value: Uint8Array.fromBase64(value) }];
  } catch {
    return [];
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
