/**
 * An issuer of our own, for `--dev`, the demo and tests: its keys over HTTP as a real one has them.
 * @module
 */
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import type { Endpoint } from "../../net/connection.ts";

/** How it is set up. */
export interface LocalIssuerOptions {
  /** Port 0 for one that the system picks. */
  readonly listen: Endpoint;
  /** `aud` of its tokens. */
  readonly audience: string;
  /** The one client that may ask at `/token`; nobody may without it. */
  readonly client?: { readonly id: string; readonly secret: string };
}

/** What is in a token. */
export interface Minted {
  readonly sub: string;
  readonly deviceId?: string;
  /** ms that it holds; below 0: it has expired. */
  readonly life?: number;
  /** Beside these and in their place; undefined leaves a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

interface SigningKey {
  readonly kid: string;
  readonly key: CryptoKey;
  readonly jwk: JWK;
}

/** ms that a token holds where nothing else is said. */
const LIFE = 3_600_000;
const ALGORITHM = "ES256";

/** An issuer at work: discovery, keys, and a token endpoint. */
export class LocalIssuer {
  readonly #options: LocalIssuerOptions;
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #port = 0;
  #key: SigningKey;
  /** Requests for its keys so far. */
  keyReads = 0;

  private constructor(options: LocalIssuerOptions, key: SigningKey) {
    this.#options = options;
    this.#key = key;
  }

  /** @throws Deno.errors.AddrInUse and others of `Deno.serve` */
  static async start(options: LocalIssuerOptions): Promise<LocalIssuer> {
    const issuer = new LocalIssuer(options, await newKey());
    issuer.#port = options.listen.port;
    issuer.resume();
    return issuer;
  }

  /** Its name, and where it is: `iss`. */
  get url(): string {
    const { hostname } = this.#options.listen;
    return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${this.#port}`;
  }

  /** What its public key is. */
  get publicJwk(): JWK {
    return this.#key.jwk;
  }

  /** A token, signed with the present key. */
  async mint({ sub, deviceId, life = LIFE, claims = {} }: Minted): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const payload: Record<string, unknown> = {
      iss: this.url,
      aud: this.#options.audience,
      sub,
      jti: crypto.randomUUID(),
      iat: now,
      exp: now + Math.ceil(life / 1000),
      ...(deviceId === undefined ? {} : { device_id: deviceId }),
      ...claims,
    };
    const { kid, key } = this.#key;
    return await new SignJWT(payload).setProtectedHeader({ alg: ALGORITHM, kid, typ: "JWT" }).sign(key);
  }

  /** Takes a new key in place of the present one, which nobody finds any more. */
  async rotate(): Promise<void> {
    this.#key = await newKey();
  }

  /** Listens no more, as one that is down does; {@link resume} brings it back at the same place. */
  async pause(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.shutdown();
  }

  /** Listens again. */
  resume(): void {
    const listen = { hostname: this.#options.listen.hostname, port: this.#port, onListen: () => {} };
    this.#server ??= Deno.serve(listen, (request) => this.#answer(request));
    this.#port = this.#server.addr.port;
  }

  /** Ends it. */
  async stop(): Promise<void> {
    await this.pause();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/token" && request.method === "POST") return await this.#grant(request);
    if (request.method !== "GET") return new Response(null, { status: 405 });
    if (pathname === "/jwks.json") {
      this.keyReads++;
      return Response.json({ keys: [this.#key.jwk] });
    }
    if (pathname !== "/.well-known/openid-configuration") return new Response(null, { status: 404 });
    return Response.json({
      issuer: this.url,
      jwks_uri: `${this.url}/jwks.json`,
      token_endpoint: `${this.url}/token`,
      id_token_signing_alg_values_supported: [ALGORITHM],
      grant_types_supported: ["client_credentials"],
    });
  }

  async #grant(request: Request): Promise<Response> {
    const { client } = this.#options;
    const form = new URLSearchParams(await request.text());
    if (client === undefined || !isOf(client, request.headers.get("authorization") ?? "")) {
      return Response.json({ error: "invalid_client" }, { status: 401 });
    }
    if (form.get("grant_type") !== "client_credentials") {
      return Response.json({ error: "unsupported_grant_type" }, { status: 400 });
    }
    const token = await this.mint({ sub: client.id });
    return Response.json({ access_token: token, token_type: "Bearer", expires_in: LIFE / 1000 });
  }
}

/** RFC 6749 section 2.3.1: both parts were encoded like a form before they were joined. */
function isOf(client: { readonly id: string; readonly secret: string }, authorization: string): boolean {
  const [, credentials = ""] = /^Basic ([A-Za-z0-9+/=]+)$/.exec(authorization) ?? [];
  const [id = "", secret = ""] = atob(credentials).split(":");
  const form = new URLSearchParams(`id=${id}&secret=${secret}`);
  return form.get("id") === client.id && form.get("secret") === client.secret;
}

async function newKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(ALGORITHM);
  const kid = crypto.randomUUID();
  return { kid, key: privateKey, jwk: { ...await exportJWK(publicKey), kid, alg: ALGORITHM, use: "sig" } };
}
