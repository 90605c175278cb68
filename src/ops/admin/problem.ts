/**
 * Errors as the admin interface tells them: problem objects (RFC 9457). A handler throws one;
 * whatever else it throws is a defect, and answered 500 without a word of what it said.
 * @module
 */

/** The type of a body that is a problem object. */
export const PROBLEM_TYPE = "application/problem+json";

/**
 * Titles of the statuses in use; with the type `about:blank` the title is the phrase of the status
 * (RFC 9457 4.2.1).
 */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
};

/** The phrase of `status`. */
export function titleOf(status: number): string {
  return TITLES[status] ?? `Status ${status}`;
}

/**
 * What a caller did wrong, or cannot have now. Its message is the `detail`, a sentence for people.
 */
export class Problem extends Error {
  override name = "Problem";

  /**
   * @param detail a sentence: what was expected, where, what to do
   * @param members further members of the object, such as `errors`
   * @param headers further headers of the response, such as `Allow`
   */
  constructor(
    readonly status: number,
    detail: string,
    readonly members: Readonly<Record<string, unknown>> = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
  }

  /** The problem object. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { status, message, members } = this;
    return { type: "about:blank", title: titleOf(status), status, detail: message, ...members };
  }
}

/** One of several things that are wrong with what was sent, or with a file. */
export interface Fault {
  /** A sentence for people. */
  readonly detail: string;
  /** Where, as in `dra_pool.dras[1].port`, when there is one place. */
  readonly path?: string;
}

/** 400: cannot be understood. `members` may name the `parameter`. */
export function badRequest(detail: string, members?: Readonly<Record<string, unknown>>): Problem {
  return new Problem(400, detail, members);
}

/** 403: understood, and not allowed, with whatever token. */
export function forbidden(detail: string): Problem {
  return new Problem(403, detail);
}

/** 404: there is no such thing. */
export function notFound(detail: string): Problem {
  return new Problem(404, detail);
}

/** 409: not in the state that things are in now. */
export function conflict(detail: string): Problem {
  return new Problem(409, detail);
}

/** 412: what If-Match named is not there any more. */
export function preconditionFailed(detail: string): Problem {
  return new Problem(412, detail);
}

/** 422: read, and wrong; every fault at once. */
export function unprocessable(detail: string, errors: readonly Fault[]): Problem {
  return new Problem(422, detail, { errors });
}

/** 502: somebody whom we had to ask failed. */
export function badGateway(detail: string): Problem {
  return new Problem(502, detail);
}

/** 503: not now. @param retryAfter seconds after which it may go */
export function unavailable(detail: string, retryAfter: number): Problem {
  return new Problem(503, detail, {}, { "retry-after": String(retryAfter) });
}
