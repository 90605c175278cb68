/**
 * A connection of a device, as the other parts of the gateway see it: plain interfaces, so that
 * those parts need not know how a session does its work.
 * @module
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ErrorCode } from "../rpc/error.ts";
import type { Caller } from "./core/forwarder.ts";
import type { CloseCode } from "./device/close_codes.ts";
import type { Headers } from "./device/host.ts";
import type { TransportKind } from "./device/transport.ts";
import type { Limited } from "./limits.ts";
import type { Encoded, Encoding, ServerEventSchema } from "./proto/mod.ts";
import type { RoomMember } from "./room.ts";
import type { Position } from "./store/mod.ts";

/** An event without its `reply_to`. */
export type Payload = NonNullable<MessageInitShape<typeof ServerEventSchema>["payload"]>;

/** How somebody comes into a room. */
export interface Entry {
  readonly roomId: string;
  /** Everything behind it is wanted; undefined: only what comes. */
  readonly from: Position | undefined;
  /** "" where nobody waits for an answer. */
  readonly replyTo: string;
  /** The core has just said that it is a member. */
  readonly isMember?: boolean;
  /** The position is what the session already holds. */
  readonly isResumed?: boolean;
}

/** The rooms of a connection. */
export interface ConnectionRooms {
  /** Those that are not live yet as well. */
  readonly size: number;
  /** Rooms that are live. */
  readonly live: string[];
  /** Whether it gets what happens in the room. */
  isLive(roomId: string): boolean;
  /** Comes in; is answered once. */
  enter(entry: Entry): void;
  /** Is no member any more (R5). */
  revoke(roomId: string, reason: "removed" | "deleted"): void;
}

/** One connection. */
export interface Connection extends RoomMember {
  /** "" before Hello. */
  readonly deviceId: string;
  readonly kind: TransportKind;
  readonly encoding: Encoding;
  readonly remote: string;
  /** Of its handshake, those that calls may take to the core. */
  readonly headers: Headers;
  readonly caller: Caller;
  readonly rooms: ConnectionRooms;
  /** Gets rooms that its profile is added to (R2). */
  readonly wantsAllRooms: boolean;
  readonly isClosed: boolean;
  /** When it is to be looked at next, by the clock. */
  readonly due: number;
  /** Milliseconds of Unix time. */
  readonly connectedAt: number;
  /** Rises with each connection of this process. */
  readonly number: number;
  readonly lastActive: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly queuedBytes: number;
  /** What is due: a ping, or the end. @param now by the clock */
  look(now: number): void;
  /** Ends it, behind what is queued. */
  close(code: CloseCode, reason?: string): void;
  /** D1: leaves when its calls are answered. @param delay ms that the device should wait */
  sendAway(delay: number): void;
  /** Sends something that nobody else gets. */
  tell(payload: Payload, replyTo?: string): void;
  /** Tells an error. */
  refuse(replyTo: string, code: ErrorCode, message: string, roomId?: string, retryAfterMs?: number): void;
  /** Tells that a limit is used up, and counts that. */
  limited(replyTo: string, limited: Limited): void;
  /** A call was answered. */
  callEnded(): void;
  /** A defect of this program befell it. */
  failed(error: unknown): void;
  deliver(event: Encoded): void;
}

/** All connections, by whose they are. */
export interface Directory extends Iterable<Connection> {
  readonly size: number;
  /**
   * Connections of a profile that have said Hello, oldest first; of one device when it is named.
   */
  of(profileId: string, deviceId?: string): Iterable<Connection>;
  /** C5: whether one more connection of the device is refused. */
  refuses(profileId: string, deviceId: string): boolean;
  /** It knows who it is. Closes those that are too many. @returns false: that is this one */
  open(connection: Connection): boolean;
  remove(connection: Connection): void;
}
