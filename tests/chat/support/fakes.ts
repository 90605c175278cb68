/**
 * Stand-ins for what is around the sessions of a gateway: tokens, the core, transports.
 */
import { type CheckedToken, type TokenChecker, TokenRefusal } from "../../../src/chat/auth/checker.ts";
import type {
  AcceptedCall,
  Caller,
  CoreAnswer,
  CoreCall,
  Forwarder,
  ForwarderOptions,
  Membership,
} from "../../../src/chat/core/forwarder.ts";
import { CoreFailure } from "../../../src/chat/core/forwarder.ts";
import type { ErrorCode } from "../../../src/rpc/error.ts";
import type { CloseCode } from "../../../src/chat/device/close_codes.ts";
import type { Transport, TransportListener } from "../../../src/chat/device/transport.ts";
import { decodeRequest, type Encoded, type Encoding } from "../../../src/chat/proto/mod.ts";

/**
 * Tokens are `profile`, `profile/device` or `profile/device/expiry in ms`; "bad" and "away" are
 * refused.
 */
export class FakeChecker implements TokenChecker {
  state: "up" | "down" = "up";

  check(token: string): CheckedToken | TokenRefusal {
    if (token === "bad") return new TokenRefusal("unauthenticated", "the token is not good");
    if (token === "away") return new TokenRefusal("unavailable", "the issuer is away", 1_000);
    const [profileId = "", device, expiry] = token.split("/");
    return {
      profileId,
      deviceClaim: device === undefined || device === "" ? undefined : device,
      expiresAt: expiry === undefined ? 8e15 : Number(expiry),
      claims: {},
    };
  }

  close(): void {}
}

/** A core that knows members, and answers as it is told. */
export class FakeCore implements Membership {
  /** Rooms and their members. */
  readonly members = new Map<string, Set<string>>();
  readonly calls: CoreCall[] = [];
  readonly forgotten: string[] = [];
  /** What it fails questions with. */
  failure: ErrorCode | undefined;
  /** Questions about members so far. */
  questions = 0;
  /** Answers a call; the events of SendEvent as they came unless told otherwise. */
  answer: (call: CoreCall) => Promise<CoreAnswer> | CoreAnswer = ({ body, encoding }) =>
    encoding === "json" ? { body, headers: {} } : { body, headers: {} };
  inFlight = 0;
  options: ForwarderOptions | undefined;

  /** Makes a room. */
  room(roomId: string, ...profiles: string[]): this {
    this.members.set(roomId, new Set(profiles));
    return this;
  }

  isMember({ profileId }: Caller, roomId: string): boolean | Promise<boolean> {
    this.questions++;
    const { failure } = this;
    if (failure !== undefined) throw new CoreFailure({ code: failure, message: "the core does not answer" });
    return this.members.get(roomId)?.has(profileId) ?? false;
  }

  roomsOf({ profileId }: Caller): Promise<string[]> {
    return Promise.resolve([...this.members].filter(([, members]) => members.has(profileId)).map(([room]) => room));
  }

  forget(roomId: string, profileId?: string): void {
    this.forgotten.push(profileId === undefined ? roomId : `${roomId}/${profileId}`);
  }

  remember(): void {}

  /** As a gateway gets it. */
  parts(options: ForwarderOptions) {
    this.options = options;
    const forwarder: Forwarder = {
      forward: (call) => this.#forward(call, options),
      breaker: "closed",
      inFlight: 0,
      configure: () => {},
      close: () => Promise.resolve(),
    };
    return { forwarder, membership: this, close: () => Promise.resolve() };
  }

  async #forward(call: CoreCall, { accepted, answered }: ForwarderOptions): Promise<CoreAnswer> {
    this.calls.push(call);
    this.inFlight++;
    const answer = await this.answer(call);
    this.inFlight--;
    const { caller, method, encoding, body: request } = call;
    if ("body" in answer) {
      const passed: AcceptedCall = { caller, method, encoding, request, answer: answer.body };
      await accepted?.(passed);
    }
    answered?.(method, "error" in answer ? answer.error.code : "ok", 1);
    return answer;
  }
}

/** An event as a device of JSON reads it. */
// deno-lint-ignore no-explicit-any -- Tests look into it as they like.
export type Told = any;

/** The other end of a stream: keeps what it is sent. */
export class FakeTransport implements Transport {
  readonly kind = "websocket";
  readonly remote = "192.0.2.1";
  readonly told: Told[] = [];
  queuedBytes = 0;
  bytesIn = 0;
  bytesOut = 0;
  pings = 0;
  ended: { readonly code: number; readonly reason: string } | undefined;
  listener!: TransportListener;

  constructor(readonly encoding: Encoding = "json") {}

  send(event: Encoded): void {
    if (this.ended !== undefined) return;
    const bytes = event.message("json");
    this.bytesOut += bytes.length;
    this.told.push(JSON.parse(new TextDecoder().decode(bytes)));
  }

  ping(): void {
    this.pings++;
  }

  close(code: CloseCode, reason = ""): void {
    this.#end(code, reason);
  }

  cut(): void {
    this.#end(1006, "");
  }

  /** The device sends a request. */
  say(request: Told): void {
    this.listener.message(decodeRequest(JSON.stringify(request), "json"), 100);
  }

  /** The device goes. */
  leave(code = 1000): void {
    this.#end(code, "");
  }

  /** What came, and is not looked at again. */
  take(): Told[] {
    return this.told.splice(0);
  }

  /** Events of rooms that came: `room offset id`. */
  events(): string[] {
    return this.told.flatMap(({ event }) =>
      event === undefined ? [] : [`${event.roomId} ${event.offset ?? 0} ${event.id}`]
    );
  }

  #end(code: number, reason: string): void {
    if (this.ended !== undefined) return;
    this.ended = { code, reason };
    this.listener.closed(code, reason);
  }
}
