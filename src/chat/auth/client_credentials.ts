/**
 * The gateway's own token: client credentials (RFC 6749 section 4.4).
 * @module
 */
import { type Clock, SYSTEM_CLOCK } from "../../net/clock.ts";
import { fetchJson } from "./fetch_json.ts";

/** Whom to ask, and as whom. */
export interface ClientCredentialsOptions {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** ms for a request. */
const TIMEOUT = 5_000;
/** ms that a token holds which does not say how long. */
const DEFAULT_LIFE = 300_000;
/** Of its life, when a token is renewed; it is still used while that goes on. */
const RENEW_AT = 0.8;
/** ms between two tries to renew a token that still holds. */
const PAUSE = 1_000;

interface Held {
  readonly token: string;
  readonly renewAt: number;
  readonly endsAt: number;
}

/** Gets a token when the first is needed, and another before it expires. */
export class ClientCredentials {
  readonly #options: ClientCredentialsOptions;
  readonly #clock: Clock;
  readonly #client = Deno.createHttpClient({ allowHost: true });
  readonly #ending = new AbortController();
  #held: Held | undefined;
  #getting: Promise<string> | undefined;
  #triedAt = -Infinity;

  constructor(options: ClientCredentialsOptions, clock: Clock = SYSTEM_CLOCK) {
    this.#options = options;
    this.#clock = clock;
  }

  /**
   * A token that holds.
   * @throws Error that tells why there is none; no secret is in it
   */
  token(): string | Promise<string> {
    const [held, now] = [this.#held, this.#clock.now()];
    if (held === undefined || now >= held.endsAt) return this.#get();
    if (now >= held.renewAt && now - this.#triedAt >= PAUSE) this.#get().catch(() => {});
    return held.token;
  }

  /** The core did not take `token`: another one is asked for the next time. */
  refused(token: string): void {
    if (this.#held?.token === token) this.#held = undefined;
  }

  /** Ends its requests. */
  close(): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort(new Error("it was closed"));
    this.#client.close();
  }

  #get(): Promise<string> {
    this.#getting ??= this.#getNow().finally(() => this.#getting = undefined);
    return this.#getting;
  }

  async #getNow(): Promise<string> {
    const { tokenEndpoint, clientId, clientSecret } = this.#options;
    this.#ending.signal.throwIfAborted();
    this.#triedAt = this.#clock.now();
    const answer = await fetchJson(tokenEndpoint, {
      method: "POST",
      headers: {
        authorization: `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: "grant_type=client_credentials",
      timeout: TIMEOUT,
      signal: this.#ending.signal,
      client: this.#client,
    });
    const { access_token: token, expires_in: seconds } = answer;
    if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
      throw new Error(`POST ${tokenEndpoint}: expected an access_token`);
    }
    const life = Number(seconds) > 0 ? Number(seconds) * 1000 : DEFAULT_LIFE;
    const now = this.#clock.now();
    this.#held = { token, renewAt: now + RENEW_AT * life, endsAt: now + life };
    return token;
  }
}

/** RFC 6749 section 2.3.1: both parts are encoded like a form before they are joined. */
function formEncoded(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice(2);
}
