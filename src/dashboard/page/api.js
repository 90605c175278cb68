// @ts-check
/// <reference lib="dom" />
/**
 * Asking the admin interface.
 * @module
 */

/** ms after which an answer is not waited for any more. */
const PATIENCE = 5_000;

/** An answer that is none: nobody answered, or it was refused. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status 0 when there was no answer at all
   * @param {readonly string[]} faults what is wrong, one by one
   */
  constructor(message, status, faults = []) {
    super(message);
    this.status = status;
    this.faults = faults;
  }
}

/**
 * @param {string} path
 * @param {{ method?: string, body?: unknown }} [options]
 * @returns {Promise<Response>}
 */
export async function ask(path, { method = "GET", body } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
  } catch (error) {
    const slow = error instanceof DOMException && error.name === "TimeoutError";
    throw new ApiError(slow ? `no answer within ${PATIENCE / 1000} s` : "nobody answers", 0);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** @param {string} path @returns {Promise<any>} */
export async function get(path) {
  const response = await ask(path);
  try {
    return await response.json();
  } catch {
    throw new ApiError("the answer broke off", 0);
  }
}

/** What a problem object (RFC 9457) says. @param {Response} response */
async function problemOf(response) {
  const { status, statusText } = response;
  try {
    const { detail, title, errors = [] } = await response.json();
    const faults = errors.map((/** @type {{ detail: unknown }} */ fault) => String(fault.detail));
    return new ApiError(String(detail ?? title), status, faults);
  } catch {
    return new ApiError(`${status} ${statusText}`, status);
  }
}

/** The path of a DRA. @param {string} name @param {string} [action] */
export function draPath(name, action) {
  return `/api/v1/dras/${encodeURIComponent(name)}${action === undefined ? "" : `/${action}`}`;
}
