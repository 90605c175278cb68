/**
 * Checks tokens (RFC 7519) by an issuer's keys, or by a secret.
 * @module
 */
import { errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey, type JWTVerifyOptions } from "jose";
import { type Clock, SYSTEM_CLOCK } from "../../net/clock.ts";
import { TokenCache } from "../../rpc/token_cache.ts";
import { type CheckedToken, type TokenChecker, TokenRefusal, type Verdict } from "./checker.ts";
import { isId } from "./ids.ts";
import { isSameIssuer, IssuerKeys, type IssuerKeysOptions } from "./issuer_keys.ts";

/** Which tokens hold. */
export interface TokenOptions extends IssuerKeysOptions {
  /** HS256 in place of an issuer; "" with one. */
  readonly secret: string;
  /** Must be among `aud`. */
  readonly audience: string;
  /** Signatures that are taken, with an issuer: RS256, ES256, EdDSA ... */
  readonly algorithms: readonly string[];
  /** ms by which clocks may differ. */
  readonly leeway: number;
}

/** Parts that a checker may be given. */
export interface CheckerParts {
  readonly clock?: Clock;
  /** ms since 1970. */
  readonly wallClock?: () => number;
  /** The issuer was lost, with the reason, or is back. */
  readonly moved?: (state: "up" | "down", reason: string) => void;
}

/** Characters of a token. Nobody's is so long, and nothing is done with one that is. */
const LONGEST = 16 * 1024;
/** Longer ones are verified each time. */
const LONGEST_REMEMBERED = 4 * 1024;
const MOST_REMEMBERED = 10_000;
/** Keys of one name that are tried. */
const MOST_KEYS = 8;
/** The last moment that a Date has. */
const LAST_MOMENT = 8.64e15;

type Key = Uint8Array | JWTVerifyGetKey;

/**
 * Takes only signatures that are expected of an issuer: a secret is never compared with a public
 * key. One that held is remembered until it expires or the issuer's keys change.
 */
export class JwtChecker implements TokenChecker {
  readonly #options: TokenOptions;
  readonly #secret: Uint8Array | undefined;
  readonly #keys: IssuerKeys | undefined;
  readonly #algorithms: string[];
  readonly #now: () => number;
  #held = new TokenCache<CheckedToken>(MOST_REMEMBERED);
  #closed = false;

  /**
   * @throws TypeError without secret, issuer and key set, or with an algorithm that is none here
   */
  constructor(options: TokenOptions, parts: CheckerParts = {}) {
    const { issuer, jwksUri, secret, algorithms } = options;
    this.#options = options;
    this.#now = parts.wallClock ?? (() => Date.now());
    if (secret !== "") {
      this.#secret = new TextEncoder().encode(secret);
      this.#algorithms = ["HS256"];
      return;
    }
    if (issuer === "" && jwksUri === "") throw new TypeError("expected an issuer, a key set or a secret, got none");
    const wrong = algorithms.find((name) => !/^(RS|PS|ES)(256|384|512)$|^EdDSA$|^Ed25519$/.test(name));
    if (wrong !== undefined) throw new TypeError(`expected signatures with a public key, got ${wrong}`);
    // RFC 9864 gives the one curve that EdDSA means here a name of its own.
    this.#algorithms = [...algorithms, ...(algorithms.includes("EdDSA") ? ["Ed25519"] : [])];
    this.#keys = new IssuerKeys(options, {
      clock: parts.clock ?? SYSTEM_CLOCK,
      changed: () => this.#held = new TokenCache(MOST_REMEMBERED),
      ...(parts.moved === undefined ? {} : { moved: parts.moved }),
    });
  }

  get state(): "up" | "down" {
    return this.#keys?.state ?? "up";
  }

  check(token: string): Verdict | Promise<Verdict> {
    if (this.#closed) return new TokenRefusal("unavailable", "the gateway is stopping", 1_000);
    const held = this.#held.get(token);
    if (held !== undefined && this.#inTime(held)) return held;
    if (token.length > LONGEST || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return MALFORMED;
    return this.#judge(token);
  }

  close(): void {
    this.#closed = true;
    this.#keys?.close();
  }

  async #judge(token: string): Promise<Verdict> {
    const held = this.#held;
    try {
      const payload = await this.#verify(token);
      if (payload instanceof TokenRefusal) return payload;
      const checked = this.#read(payload);
      // Whoever was checked by keys that are gone is not remembered.
      if (!(checked instanceof TokenRefusal) && held === this.#held && token.length <= LONGEST_REMEMBERED) {
        held.set(token, checked);
      }
      return checked;
    } catch (error) {
      return new TokenRefusal("unauthenticated", sentenceOf(error));
    }
  }

  /** @throws errors of jose */
  async #verify(token: string): Promise<JWTPayload | TokenRefusal> {
    if (this.#secret !== undefined) return await this.#verifyWith(token, this.#secret);
    const issuer = this.#keys!;
    const keys = await issuer.keys;
    if (keys === undefined) return this.#unavailable(issuer);
    try {
      return await this.#verifyWith(token, keys);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const renewal = await issuer.renew();
      if (renewal === "down") return this.#unavailable(issuer);
      const renewed = await issuer.keys;
      if (renewal === "cooling" || renewed === undefined) throw error;
      return await this.#verifyWith(token, renewed);
    }
  }

  async #verifyWith(token: string, key: Key): Promise<JWTPayload> {
    const { audience, leeway, issuer } = this.#options;
    const options: JWTVerifyOptions = {
      algorithms: this.#algorithms,
      audience,
      requiredClaims: issuer === "" ? ["exp", "sub"] : ["iss", "exp", "sub"],
      clockTolerance: leeway / 1000,
      currentDate: new Date(this.#now()),
    };
    try {
      // Two calls, because the types of jose do not take either kind of key.
      const { payload } = typeof key === "function"
        ? await jwtVerify(token, key, options)
        : await jwtVerify(token, key, options);
      return payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return await this.#verifyWithAny(token, error, options);
    }
  }

  /** A token that names no key, where several could have signed it. */
  async #verifyWithAny(token: string, keys: errors.JWKSMultipleMatchingKeys, options: JWTVerifyOptions) {
    let tries = 0;
    for await (const key of keys) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed) || ++tries >= MOST_KEYS) throw error;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }

  /** What is beyond jose: the issuer's name in both its forms, and ids. */
  #read(claims: JWTPayload): Verdict {
    const { issuer } = this.#options;
    const { iss, sub, exp } = claims;
    if (issuer !== "" && this.#secret === undefined && !(typeof iss === "string" && isSameIssuer(iss, issuer))) {
      return new TokenRefusal("unauthenticated", "the token is of another issuer");
    }
    if (!isId(sub)) return new TokenRefusal("unauthenticated", "the token's sub is no id of a profile");
    const device = claims["device_id"];
    if (device !== undefined && !isId(device)) {
      return new TokenRefusal("unauthenticated", "the token's device_id is no id of a device");
    }
    return { profileId: sub, deviceClaim: device, expiresAt: Math.min(exp! * 1000, LAST_MOMENT), claims };
  }

  /** As the verification judges `exp` (RFC 7519 4.1.4), at this moment. */
  #inTime({ expiresAt }: CheckedToken): boolean {
    return expiresAt > Math.floor(this.#now() / 1000) * 1000 - this.#options.leeway;
  }

  #unavailable(issuer: IssuerKeys): TokenRefusal {
    return new TokenRefusal("unavailable", "the issuer of tokens cannot be reached", issuer.retryAfter);
  }
}

const MALFORMED = new TokenRefusal("unauthenticated", "the token is malformed");

/** What is wrong, for the device: never with a part of the token in it. */
function sentenceOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "the token has expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error;
    if (reason === "missing") return `the token has no ${claim}`;
    if (claim === "aud") return "the token is for another audience";
    if (claim === "nbf" && reason === "check_failed") return "the token does not hold yet";
    return `the token's ${claim} is not as expected`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return "the token's algorithm is not allowed";
  if (error instanceof errors.JWKSNoMatchingKey) return "the token was signed with a key that is not known";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "the token's signature does not hold";
  return MALFORMED.message;
}
