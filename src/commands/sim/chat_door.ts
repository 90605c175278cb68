/**
 * What loads and simulated devices ask of a chat gateway before they connect: tokens and rooms.
 * @module
 */
import { SignJWT } from "jose";
import type { Endpoint } from "../../net/connection.ts";
import { reasonOf } from "../../net/reason.ts";
import type { FlagReader } from "./flags.ts";
import { listenAddress } from "./service.ts";

const TOKEN_LIFE = "2h";
/** Members of one call: a request with more might be too big for the gateway. */
const MEMBERS_PER_CALL = 500;

/** Who signs tokens. */
export interface TokenSource {
  /** Signs them here (HS256); undefined: the gateway is asked, which gives them with `--dev`. */
  readonly secret?: string | undefined;
  readonly audience: string;
}

/** `http://HOST:PORT`, or without the scheme; port 80 where none is said. */
export function webAddress(reader: FlagReader, flag: string, text: string): Endpoint {
  const [, address = ""] = /^(?:http:\/\/)?([^/]+)\/?$/.exec(text) ?? [];
  if (address !== "") return listenAddress(reader, flag, /:\d+$/.test(address) ? address : `${address}:80`);
  reader.reject(flag, `expected http://HOST:PORT, got ${JSON.stringify(text)}`);
  return { hostname: "", port: 0 };
}

/** A gateway that is asked. */
export class ChatDoor {
  readonly #base: string;
  readonly #source: TokenSource;
  readonly #tokens = new Map<string, Promise<string>>();

  /** @param url as {@link webAddress} takes it */
  constructor(url: string, source: TokenSource) {
    this.#base = `http://${url.replace(/^http:\/\//, "").replace(/\/$/, "")}`;
    this.#source = source;
  }

  /** The token of `profile`, always the same. @throws Error when the gateway gives none */
  token(profile: string, device: string): Promise<string> {
    const token = this.#tokens.get(profile) ?? this.#mint(profile, device);
    this.#tokens.set(profile, token);
    return token;
  }

  /** Makes a room. @throws Error when the gateway or the core refuses */
  async makeRoom(id: string, members: readonly string[], token: string): Promise<void> {
    const entries = members.map((profileId) => ({ profileId, roles: ["member"] }));
    await this.#call("CreateRoom", { id, name: id, members: entries.slice(0, MEMBERS_PER_CALL) }, token);
    for (let at = MEMBERS_PER_CALL; at < entries.length; at += MEMBERS_PER_CALL) {
      const more = { roomId: id, members: entries.slice(at, at + MEMBERS_PER_CALL) };
      await this.#call("AddRoomSubscriptions", more, token);
    }
  }

  async #call(method: string, body: unknown, token: string): Promise<void> {
    const response = await this.#fetch(`/chat.v1.ChatService/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`the gateway answered ${response.status} to ${method}: ${text}`);
  }

  async #mint(profile: string, device: string): Promise<string> {
    const { secret, audience } = this.#source;
    if (secret !== undefined) {
      return await new SignJWT({ device_id: device }).setProtectedHeader({ alg: "HS256" }).setSubject(profile)
        .setAudience(audience).setIssuedAt().setExpirationTime(TOKEN_LIFE).sign(new TextEncoder().encode(secret));
    }
    const response = await this.#fetch(`/dev/token?${new URLSearchParams({ profile, device })}`);
    if (response.ok) return (await response.json()).token;
    await response.body?.cancel();
    throw new Error(`${this.#base} gives no tokens (it does not run with --dev): give --secret`);
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    try {
      return await fetch(`${this.#base}${path}`, init);
    } catch (error) {
      const { cause } = error as Error;
      throw new Error(`no gateway answers at ${this.#base}: ${reasonOf(cause ?? error)}`);
    }
  }
}
