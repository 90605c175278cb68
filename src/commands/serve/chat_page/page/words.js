// @ts-check
/**
 * Why a connection or a request failed, in words.
 *
 * PURE.
 * @module
 */

/**
 * What follows from a close code: `now` after a short while, `later` after a longer one, `never` by
 * itself.
 * @type {Record<number, [words: string, again: "now" | "later" | "never"]>}
 */
const CLOSES = {
  1009: ["a message was too big", "now"],
  1012: ["this gateway is about to stop", "now"],
  1013: ["the gateway is full", "later"],
  4000: ["nothing was heard of this page for too long", "now"],
  4001: ["the gateway does not take the token", "later"],
  4002: ["the token has expired", "now"],
  4005: ["another tab has taken the place of this one", "never"],
  4006: ["this page sent too much", "later"],
  4008: ["this page read too slowly", "now"],
  4009: ["this device is connected already", "never"],
  4010: ["an operator has ended the connection", "never"],
};

/** @param {number} code @param {string} reason */
export function closeWords(code, reason) {
  const known = CLOSES[code];
  if (known !== undefined) return { why: known[0], again: known[1] };
  if (code === 1006) return { why: "the connection was lost", again: /** @type {const} */ ("now") };
  return {
    why: `the gateway closed it: ${reason === "" ? "no reason was given" : reason} (${code})`,
    again: /** @type {"now" | "never"} */ (code >= 4000 || code === 1003 || code === 1007 ? "never" : "now"),
  };
}

/** A request that was not done. */
export class Refused extends Error {
  /**
   * @param {string} code a name of Connect's, or `lost` when the connection went first
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** @type {Record<string, string>} */
const CODES = {
  lost: "there is no connection",
  unavailable: "the chat service cannot be reached now",
  deadline_exceeded: "the chat service took too long",
  resource_exhausted: "that was too much at once",
};

/** `The room was not made: there is a room x.` @param {string} what @param {unknown} error */
export function failureWords(what, error) {
  if (!(error instanceof Refused)) return `${what}: ${error instanceof Error ? error.message : String(error)}.`;
  const words = CODES[error.code];
  const said = error.message === "" ? error.code : error.message;
  return `${what}: ${words === undefined ? said : error.code === "lost" ? words : `${words} (${said})`}.`;
}

/** `one message`, `3 messages` @param {number} number @param {string} one */
export function plural(number, one) {
  return number === 1 ? `one ${one}` : `${number} ${one}s`;
}

/**
 * What a person may be called here.
 * @param {string} name
 * @returns {string} what is wrong; "" for nothing
 */
export function nameProblem(name) {
  if (name === "") return "A name is missing.";
  if (name.length > 128) return "A name has at most 128 characters.";
  const [strange] = /[^A-Za-z0-9._~@+=|/-]/u.exec(name) ?? [];
  if (strange === undefined) return "";
  const shown = strange === " " ? "a space" : strange;
  return `A name has letters, digits and . _ ~ @ + = | / - only: ${shown} is none of them.`;
}
