/**
 * The keys of an issuer: read at the start, now and then, and when a token names one that is not
 * there; tried again by itself while the issuer cannot be reached.
 * @module
 */
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { type Alarm, type Clock, SYSTEM_CLOCK } from "../../net/clock.ts";
import { fetchJson } from "./fetch_json.ts";

/** Where the keys are. */
export interface IssuerKeysOptions {
  /** Asked at `ISSUER/.well-known/openid-configuration` where its keys are; "" with a `jwksUri`. */
  readonly issuer: string;
  /** Where the keys are; "" to ask the issuer. */
  readonly jwksUri: string;
  /** ms between two readings because of a key that is not known. */
  readonly jwksCooldown: number;
}

/** Parts that may be given. */
export interface IssuerKeysParts {
  readonly clock?: Clock;
  /** The keys have been read and are others than before. */
  readonly changed?: () => void;
  /** The issuer was lost, with the reason, or is back. */
  readonly moved?: (state: "up" | "down", reason: string) => void;
}

/** ms for a request to the issuer. */
const TIMEOUT = 5_000;
/** ms between readings where nothing asks for one, so that a key which was taken back is missed. */
const PERIOD = 600_000;
/** ms until it is tried again, the first time and at most. */
const [FIRST_RETRY, LAST_RETRY] = [500, 5_000];

/** What comes of a look at the keys because of one that is not known. */
export type Renewal = "read" | "cooling" | "down";

/** Keys of one issuer, over HTTP. Reads them at once. */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  readonly #clock: Clock;
  readonly #parts: IssuerKeysParts;
  readonly #client = Deno.createHttpClient({ allowHost: true });
  readonly #ending = new AbortController();
  #keys: JWTVerifyGetKey | undefined;
  #text = "";
  #reading: Promise<void> | undefined;
  #state: "up" | "down" = "down";
  /** Whether the first state was told. */
  #told = false;
  #retry = FIRST_RETRY;
  #alarm: Alarm | undefined;
  /** When the alarm goes off. */
  #due = 0;
  /** When keys were read because one was not known. */
  #renewedAt = -Infinity;

  constructor(options: IssuerKeysOptions, parts: IssuerKeysParts = {}) {
    this.#options = options;
    this.#parts = parts;
    this.#clock = parts.clock ?? SYSTEM_CLOCK;
    void this.#read();
  }

  /** `up`: the last reading went well. */
  get state(): "up" | "down" {
    return this.#state;
  }

  /** ms until the next reading. */
  get retryAfter(): number {
    return Math.max(1, this.#due - this.#clock.now());
  }

  /** The keys; undefined while none could be read. Waits for the first reading. */
  get keys(): JWTVerifyGetKey | undefined | Promise<JWTVerifyGetKey | undefined> {
    if (this.#keys !== undefined || this.#reading === undefined) return this.#keys;
    return this.#reading.then(() => this.#keys);
  }

  /** A token names a key that is not among {@link keys}: they are read again, if it is time. */
  async renew(): Promise<Renewal> {
    if (this.#reading === undefined) {
      const now = this.#clock.now();
      if (now - this.#renewedAt < this.#options.jwksCooldown) return this.#state === "up" ? "cooling" : "down";
      this.#renewedAt = now;
    }
    await this.#read();
    return this.#state === "up" ? "read" : "down";
  }

  /** Ends requests and timers. */
  close(): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort(new Error("it was closed"));
    this.#clearAlarm();
    this.#state = "down";
    this.#keys = undefined;
    this.#client.close();
  }

  /** Never rejects. One reading at a time. */
  #read(): Promise<void> {
    this.#reading ??= this.#readNow().finally(() => this.#reading = undefined);
    return this.#reading;
  }

  async #readNow(): Promise<void> {
    if (this.#ending.signal.aborted) return;
    this.#clearAlarm();
    let reason = "";
    try {
      const set = await this.#fetchKeys();
      if (this.#ending.signal.aborted) return;
      this.#take(set);
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      reason = error instanceof Error ? error.message : String(error);
    }
    const state = reason === "" ? "up" : "down";
    const wait = state === "up" ? PERIOD : this.#retry;
    this.#retry = state === "up" ? FIRST_RETRY : Math.min(LAST_RETRY, 2 * this.#retry);
    this.#due = this.#clock.now() + wait;
    this.#alarm = this.#clock.setTimeout(() => void this.#read(), wait);
    if (state === this.#state && this.#told) return;
    this.#told = true;
    this.#state = state;
    this.#parts.moved?.(state, reason);
  }

  /** @throws TypeError and errors of jose when it is no key set */
  #take(set: Readonly<Record<string, unknown>>): void {
    const text = JSON.stringify(set);
    if (text === this.#text) return;
    this.#keys = createLocalJWKSet(set as unknown as JSONWebKeySet);
    const isFirst = this.#text === "";
    this.#text = text;
    if (!isFirst) this.#parts.changed?.();
  }

  async #fetchKeys(): Promise<Readonly<Record<string, unknown>>> {
    const request = { timeout: TIMEOUT, signal: this.#ending.signal, client: this.#client };
    let uri = this.#options.jwksUri;
    if (uri === "") {
      const at = `${this.#options.issuer.replace(/\/+$/, "")}/.well-known/openid-configuration`;
      const { issuer, jwks_uri } = await fetchJson(at, request);
      // OpenID Connect Discovery 4.3: who speaks for another issuer is not believed.
      if (typeof issuer !== "string" || !isSameIssuer(issuer, this.#options.issuer)) {
        throw new Error(`GET ${at}: expected the issuer ${this.#options.issuer}, it says it is another one`);
      }
      if (typeof jwks_uri !== "string" || !/^https?:\/\//.test(jwks_uri)) {
        throw new Error(`GET ${at}: expected a jwks_uri`);
      }
      uri = jwks_uri;
    }
    return await fetchJson(uri, request);
  }

  #clearAlarm(): void {
    if (this.#alarm !== undefined) this.#clock.clearTimeout(this.#alarm);
    this.#alarm = undefined;
  }
}

/** Whether both names mean one issuer: a slash at the end is often forgotten. */
export function isSameIssuer(a: string, b: string): boolean {
  return a.replace(/\/$/, "") === b.replace(/\/$/, "");
}
