/**
 * Who may call: a session, and a token that was made for it.
 * @module
 */
import { errors, jwtVerify } from "jose";
import type { HeaderList } from "../http2/hpack/header_list.ts";
import type { AuthOptions } from "./config/options.ts";
import { type CallInfo, type Claims, type HeaderProcessor, TokenError, type TokenValidator } from "./parts.ts";
import { type GatewayRefusal, REFUSAL } from "./refusals.ts";
import { TokenCache } from "../rpc/token_cache.ts";

/** What {@link HmacTokenValidator} is told. */
export interface HmacOptions {
  /** The secret of HS256. */
  readonly secret: string;
  /** The claim that must be equal to the session. */
  readonly sessionClaim?: string;
  /** ms by which clocks may differ. */
  readonly clockTolerance?: number;
}

/** Longer ones are verified each time. */
const LONGEST_REMEMBERED = 4096;
const MOST_REMEMBERED = 10_000;

/**
 * Verifies tokens (RFC 7519) that were signed with HS256. One that held is remembered until it
 * expires, so that a token which comes with every call costs no cryptography.
 */
export class HmacTokenValidator implements TokenValidator {
  readonly #secret: Uint8Array;
  readonly #claim: string;
  readonly #tolerance: number;
  readonly #now: () => number;
  readonly #held: TokenCache<Claims>;

  /**
   * Verifies nothing yet.
   * @param now ms since 1970
   * @throws TypeError without a secret: anybody can sign with that
   */
  constructor({ secret, sessionClaim = "session_id", clockTolerance = 0 }: HmacOptions, now = () => Date.now()) {
    if (secret === "") throw new TypeError("expected the secret of the tokens, got nothing");
    this.#secret = new TextEncoder().encode(secret);
    this.#claim = sessionClaim;
    this.#tolerance = clockTolerance;
    this.#now = now;
    this.#held = new TokenCache(MOST_REMEMBERED);
  }

  /**
   * What is known of a token without verifying it again: whether it holds for that session;
   * undefined for one that was not seen lately.
   */
  known(token: string, sessionId: string): boolean | undefined {
    const claims = this.#held.get(token);
    if (claims === undefined || !this.#inTime(claims)) return undefined;
    return claims[this.#claim] === sessionId;
  }

  /**
   * Until when a token that is known holds, whatever is asked meanwhile: ms since 1970, by the
   * clock of the process; 0 for one that was not seen lately.
   */
  goodUntil(token: string): number {
    const { exp } = this.#held.get(token) ?? {};
    return typeof exp === "number" ? exp * 1000 + this.#tolerance : 0;
  }

  /** What the token says. @throws TokenError when it does not hold, or not for that session */
  async validate(token: string, sessionId: string): Promise<Claims> {
    const claims = await this.#verify(token);
    if (token.length <= LONGEST_REMEMBERED) this.#held.set(token, claims);
    const session = claims[this.#claim];
    if (typeof session !== "string") throw new TokenError(`the token has no ${this.#claim}`);
    if (session !== sessionId) throw new TokenError("the token was made for another session");
    return claims;
  }

  async #verify(token: string): Promise<Claims> {
    try {
      const { payload } = await jwtVerify(token, this.#secret, {
        algorithms: ["HS256"],
        requiredClaims: ["exp"],
        clockTolerance: this.#tolerance / 1000,
        currentDate: new Date(this.#now()),
      });
      return payload;
    } catch (error) {
      if (!(error instanceof errors.JOSEError) && !(error instanceof TypeError)) throw error;
      throw new TokenError(error.message, { cause: error });
    }
  }

  /** As the verification judges it (RFC 7519 4.1.4, 4.1.5), at this moment. */
  #inTime({ exp, nbf }: Claims): boolean {
    const [now, tolerance] = [Math.floor(this.#now() / 1000), this.#tolerance / 1000];
    return typeof exp === "number" && exp > now - tolerance && !(typeof nbf === "number" && nbf > now + tolerance);
  }
}

/** What says at once, without verifying, what it knows. */
export interface Knowing extends TokenValidator {
  /** As {@link HmacTokenValidator.known}. */
  known?(token: string, sessionId: string): boolean | undefined;
  /** As {@link HmacTokenValidator.goodUntil}. */
  goodUntil?(token: string): number;
}

/** Lets a call through that has a session, and a token which holds for it. */
export class TokenAuthorization implements HeaderProcessor {
  readonly #validator: Knowing;
  readonly #sessionHeader: string;
  /**
   * The tokens in headers that were good: a header that comes again is the same string, whose hash
   * is known, and a token cut out of it anew is not.
   */
  readonly #cutOut = new TokenCache<string>(MOST_REMEMBERED);

  /** Judges by what `validator` says of a token. */
  constructor(validator: Knowing, { sessionHeader = "session-id" }: Partial<Pick<AuthOptions, "sessionHeader">> = {}) {
    this.#validator = validator;
    this.#sessionHeader = sessionHeader;
  }

  /** The same as {@link judge}, for a chain. */
  process({ metadata }: Pick<CallInfo, "metadata">): GatewayRefusal | undefined | Promise<GatewayRefusal | undefined> {
    return this.judge(metadata.list);
  }

  /** Judges the headers of a request; at once when nothing is to be verified. */
  judge({ names, values }: HeaderList): GatewayRefusal | undefined | Promise<GatewayRefusal | undefined> {
    const session = names.indexOf(this.#sessionHeader);
    const sessionId = values[session];
    if (sessionId === undefined || sessionId === "") return REFUSAL.missingSession;
    const authorization = names.indexOf("authorization");
    const value = values[authorization];
    if (value === undefined) return REFUSAL.badToken;
    if (names.includes(this.#sessionHeader, session + 1)) return REFUSAL.badToken;
    if (names.includes("authorization", authorization + 1)) return REFUSAL.badToken;
    const token = this.#cutOut.get(value) ?? bare(value);
    const known = this.#validator.known?.(token, sessionId);
    if (known !== undefined) return known ? undefined : REFUSAL.badToken;
    return this.#verify(value, token, sessionId);
  }

  /**
   * Until when headers that were judged to be good stay so: ms since 1970; 0 when they must be
   * judged each time.
   */
  goodUntil(list: HeaderList): number {
    const value = list.get("authorization");
    if (value === undefined) return 0;
    return this.#validator.goodUntil?.(this.#cutOut.get(value) ?? bare(value)) ?? 0;
  }

  async #verify(value: string, token: string, sessionId: string): Promise<GatewayRefusal | undefined> {
    try {
      await this.#validator.validate(token, sessionId);
      if (value.length <= LONGEST_REMEMBERED) this.#cutOut.set(value, token);
      return undefined;
    } catch (error) {
      if (error instanceof TokenError) return REFUSAL.badToken;
      throw error;
    }
  }
}

/** The token behind `Bearer `, in any case; or all of it. */
function bare(value: string): string {
  const scheme = value.charCodeAt(6) === 0x20 && value.slice(0, 6).toLowerCase() === "bearer";
  return scheme ? value.slice(7).trim() : value;
}
