/**
 * Why an admin interface could not be asked.
 * @module
 */

/** What went wrong. */
export type AdminFailure =
  /** Nobody listens there, or it cannot be reached. */
  | "unreachable"
  /** TLS could not be agreed on: a certificate that is not trusted, or one side without TLS. */
  | "tls"
  /** Nothing came in time. */
  | "timeout"
  /** It wants a token, or another one. */
  | "unauthorized"
  /** Somebody answers who is no admin interface of ours. */
  | "not_admin"
  /** It said no, with a problem object. */
  | "problem";

/** Its message is a sentence for people: what was asked, what came of it, and what to do. */
export class AdminClientError extends Error {
  override name = "AdminClientError";

  /**
   * @param status of the answer, when there was one; `problem` its problem object, when it was one
   */
  constructor(
    readonly failure: AdminFailure,
    message: string,
    readonly status?: number,
    readonly problem?: Readonly<Record<string, unknown>>,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
