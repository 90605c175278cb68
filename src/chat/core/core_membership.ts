/**
 * Questions of the gateway itself to the core: who is in which rooms.
 * @module
 */
import type { ClientCredentials } from "../auth/client_credentials.ts";
import { type Clock, SYSTEM_CLOCK } from "../../net/clock.ts";
import { type Caller, CoreFailure, type Forwarder, type Membership } from "./forwarder.ts";
import { MemberMemory } from "./member_memory.ts";

/** Parts of a {@link CoreMembership}. */
export interface MembershipParts {
  readonly forwarder: Forwarder;
  /** The gateway's own token; without it the caller's goes along. */
  readonly credentials?: ClientCredentials;
  readonly clock?: Clock;
}

/** Rooms of one answer. */
const PAGE = 200;
const [ENCODE, DECODE] = [new TextEncoder(), new TextDecoder()];

type Json = Readonly<Record<string, unknown>>;

/** Asks over the forwarder, so that its limits and its breaker hold. */
export class CoreMembership implements Membership {
  readonly #forwarder: Forwarder;
  readonly #credentials: ClientCredentials | undefined;
  readonly #clock: Clock;
  readonly #memory: MemberMemory;

  /** @param ttl ms that a yes is remembered */
  constructor({ forwarder, credentials, clock = SYSTEM_CLOCK }: MembershipParts, ttl: number) {
    this.#forwarder = forwarder;
    this.#credentials = credentials;
    this.#clock = clock;
    this.#memory = new MemberMemory(ttl);
  }

  isMember(caller: Caller, roomId: string): boolean | Promise<boolean> {
    if (this.#memory.has(roomId, caller.profileId, this.#clock.now())) return true;
    return this.#ask(caller, roomId);
  }

  async roomsOf(caller: Caller, most: number): Promise<string[]> {
    const rooms = new Set<string>();
    for (let cursor = ""; rooms.size < most;) {
      const limit = Math.min(PAGE, most - rooms.size);
      const answer = await this.#call(caller, "SearchRooms", { profileId: caller.profileId, cursor, limit });
      const before = rooms.size;
      for (const room of listOf(answer, "rooms")) {
        const { id } = room;
        if (typeof id === "string" && rooms.size < most) rooms.add(id);
      }
      const { nextCursor } = answer;
      // A core whose cursor leads nowhere is not asked for ever.
      if (typeof nextCursor !== "string" || nextCursor === "" || rooms.size === before) break;
      cursor = nextCursor;
    }
    return [...rooms];
  }

  forget(roomId: string, profileId?: string): void {
    this.#memory.forget(roomId, profileId);
  }

  remember(ttl: number): void {
    this.#memory.ttl = ttl;
  }

  async #ask(caller: Caller, roomId: string): Promise<boolean> {
    const { profileId } = caller;
    const question = this.#memory.question();
    let answer: Json;
    try {
      answer = await this.#call(caller, "SearchRoomSubscriptions", { roomId, profileId, limit: 1 });
    } catch (error) {
      if (!(error instanceof CoreFailure)) throw error;
      const { code } = error.error;
      if (code === "not_found" || code === "permission_denied") return false;
      throw error;
    }
    // Whoever ignores a filter must not open the room.
    const isMember = listOf(answer, "subscriptions").some((one) => one["profileId"] === profileId);
    if (isMember) this.#memory.keep(question, roomId, profileId, this.#clock.now());
    return isMember;
  }

  /** @throws CoreFailure */
  async #call(caller: Caller, method: string, question: Json): Promise<Json> {
    const token = await this.#token();
    const answer = await this.#forwarder.forward({
      caller: token === undefined ? caller : { ...caller, token },
      method,
      encoding: "json",
      body: ENCODE.encode(JSON.stringify(question)),
      headers: {},
      remote: "",
      timeoutMs: undefined,
    });
    if ("error" in answer) {
      if (answer.error.code === "unauthenticated" && token !== undefined) this.#credentials?.refused(token);
      throw new CoreFailure(answer.error);
    }
    return parsed(answer.body);
  }

  async #token(): Promise<string | undefined> {
    try {
      return await this.#credentials?.token();
    } catch {
      throw new CoreFailure({ code: "unavailable", message: "the gateway has no token for the chat service" });
    }
  }
}

function parsed(body: Uint8Array): Json {
  try {
    const json: unknown = JSON.parse(DECODE.decode(body));
    if (typeof json === "object" && json !== null) return json as Json;
  } catch {
    // Told below.
  }
  throw new CoreFailure({ code: "internal", message: "the answer of the chat service is not JSON" });
}

function listOf(answer: Json, name: string): readonly Json[] {
  const list = answer[name];
  return Array.isArray(list) ? list.filter((one) => typeof one === "object" && one !== null) : [];
}
