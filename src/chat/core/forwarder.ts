/**
 * What the chat plane asks of the core chat service: calls of devices, and who is in a room.
 * @module
 */
import type { RpcError } from "../../rpc/error.ts";

/** Headers with names in lower case; several of one name are joined by `, `. */
export type Headers = Readonly<Record<string, string>>;

/** On whose behalf the core is called. */
export interface Caller {
  readonly profileId: string;
  /** Calls over HTTP may have none. */
  readonly deviceId: string | undefined;
  /** The device's token, without `Bearer `. */
  readonly token: string;
}

/** A unary call of any method of ChatService. */
export interface CoreCall {
  readonly caller: Caller;
  /** Without the service: `SendEvent`. It may be one that nobody here knows. */
  readonly method: string;
  readonly encoding: "json" | "proto";
  /** The message as it came, without any frame. */
  readonly body: Uint8Array;
  /** The device's, as they came; which of them the core gets is decided here. */
  readonly headers: Headers;
  /** The device's address: becomes `x-forwarded-for`. */
  readonly remote: string;
  /** What the device is ready to wait, in ms; undefined when it did not say. */
  readonly timeoutMs: number | undefined;
  /** Aborted when the device leaves. */
  readonly signal?: AbortSignal;
}

/** The core's answer, in the call's encoding, or an error: the core's or the gateway's. */
export type CoreAnswer =
  | { readonly body: Uint8Array; readonly headers: Headers }
  | { readonly error: RpcError; readonly headers?: Headers };

/** A call that the core has answered well; see {@link ForwarderOptions.accepted}. */
export interface AcceptedCall {
  readonly caller: Caller;
  readonly method: string;
  readonly encoding: "json" | "proto";
  readonly request: Uint8Array;
  readonly answer: Uint8Array;
}

/** Where the breaker is. */
export type BreakerState = "closed" | "half-open" | "open";

/** Sends calls to the core. */
export interface Forwarder {
  /** Never rejects. */
  forward(call: CoreCall): Promise<CoreAnswer>;
  readonly breaker: BreakerState;
  /** Calls that wait for the core. */
  readonly inFlight: number;
  /** Takes other limits for calls to come. */
  configure(options: CoreLimits): void;
  /** Cancels what is under way, which is answered `unavailable`, and closes its connections. */
  close(): Promise<void>;
}

/** What may be changed while it works. */
export interface CoreLimits {
  /** ms that a call may take; a device's shorter deadline counts. */
  readonly timeout: number;
  readonly maxInFlight: number;
  readonly breaker: {
    /** In a row, until it opens. */
    readonly failures: number;
    /** ms until a probe. */
    readonly open: number;
  };
}

/** How calls are forwarded. */
export interface ForwarderOptions extends CoreLimits {
  /** `HOST:PORT` or `http(s)://HOST:PORT`: Connect over HTTP/1.1; `grpc(s)://HOST:PORT`: gRPC. */
  readonly uri: string;
  /** Goes to the core as `x-gateway-id`. */
  readonly gatewayId: string;
  /**
   * A call went well, and its caller has not been answered yet: the place to publish its events,
   * and to see who was removed from a room. The answer waits for it; what it throws is told to
   * `failed`.
   */
  readonly accepted?: (call: AcceptedCall) => void | Promise<void>;
  /** For the meters: a call has ended. @param code `ok`, or a name of Connect's */
  readonly answered?: (method: string, code: string, milliseconds: number) => void;
  /** The breaker has moved. @param reason what the last failure was, as a clause for people */
  readonly breakerMoved?: (state: BreakerState, reason: string) => void;
  /** Something here or in `accepted` threw. */
  readonly failed?: (error: unknown) => void;
}

/** A question to the core that found no answer. */
export class CoreFailure extends Error {
  override name = "CoreFailure";

  constructor(readonly error: RpcError) {
    super(error.message);
  }
}

/** Who is in which rooms, as the core knows it. */
export interface Membership {
  /**
   * Whether the caller's profile is a member of that room. A yes is remembered for a while and then
   * given at once; a no never.
   * @throws CoreFailure
   */
  isMember(caller: Caller, roomId: string): boolean | Promise<boolean>;
  /**
   * Ids of all rooms of the caller's profile, in the core's order.
   * @param most no more than so many are asked for
   * @throws CoreFailure
   */
  roomsOf(caller: Caller, most: number): Promise<string[]>;
  /** A profile was removed from a room; without one the whole room is gone. */
  forget(roomId: string, profileId?: string): void;
  /** Sets how long a yes is remembered, in ms; what was remembered longer ago is forgotten. */
  remember(ttl: number): void;
}
