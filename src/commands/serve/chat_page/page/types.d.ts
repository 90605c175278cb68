/**
 * What the gateway tells a device, in proto3 JSON, as far as the page looks at it: what has its
 * default may be absent.
 * @module
 */

export interface RoomEvent {
  readonly id: string;
  readonly roomId: string;
  readonly senderId?: string;
  readonly type?: string;
  readonly payload?: { readonly [key: string]: unknown };
  readonly sentAt?: string;
  /** 64 bits, and so a string. Absent or 0: it has none. */
  readonly offset?: string;
}

export interface RoomInfo {
  readonly id: string;
  readonly name?: string;
}

export interface Welcome {
  readonly gatewayId: string;
  readonly heartbeatIntervalMs?: number;
}

export interface Subscribed {
  readonly roomId: string;
  /** Of the newest event now. */
  readonly offset?: string;
  readonly epoch?: string;
  readonly recovered?: boolean;
}

export interface Presence {
  readonly roomId: string;
  readonly members?: readonly { readonly profileId: string }[];
  readonly joined?: string;
  readonly left?: string;
}

export interface Failure {
  readonly code: string;
  readonly message?: string;
  readonly roomId?: string;
}

/** A ServerEvent. */
export interface Told {
  readonly replyTo?: string;
  readonly welcome?: Welcome;
  readonly subscribed?: Subscribed;
  readonly unsubscribed?: { readonly roomId: string; readonly reason?: string };
  readonly result?: { readonly json?: unknown };
  readonly event?: RoomEvent;
  readonly typing?: { readonly roomId: string; readonly profileId: string; readonly typing?: boolean };
  readonly presence?: Presence;
  readonly error?: Failure;
  readonly reconnect?: { readonly delayMs?: number };
}

/** Where a device has got to. */
export interface Position {
  readonly roomId: string;
  readonly offset: string;
  readonly epoch: string;
}

/** How the connection is. */
export interface LineState {
  readonly kind: "connecting" | "open" | "waiting" | "ended";
  /** Why there is none. */
  readonly why: string;
  /** When it is tried again, in milliseconds of Unix time; 0: only when it is told to. */
  readonly again: number;
}

/** The connection to the gateway, made anew when it is lost. */
export interface Line {
  /** Its answer; rejects with a Refused. */
  ask(payload: object): Promise<Told>;
  /** Says what needs no answer; nothing while there is no connection. */
  say(payload: object): void;
  /** Loses the connection, and comes back after so many ms. */
  cut(pause: number): void;
  /** Connects now. */
  connect(): void;
}

/** A message of a room. */
export interface Message {
  readonly kind: "message";
  readonly id: string;
  sender: string;
  readonly text: string;
  /** RFC 3339. */
  at: string;
  /** waiting: the gateway has not taken it yet. */
  state: "sent" | "waiting" | "failed";
  /** Why it failed. */
  problem: string;
  /** Whether it came while there was no connection. */
  wasMissed: boolean;
}

/** What happened to the connection, among the messages. */
export interface Note {
  readonly kind: "note";
  readonly id: string;
  readonly at: string;
  readonly text: string;
  /** How a recovery went. */
  readonly recovery?: Recovery;
}

/** Counts while what was missed comes in. */
export interface Recovery {
  /** The offsets that were missed: behind `from`, up to `to`. */
  readonly from: number;
  readonly to: number;
  read: number;
  twice: number;
}

export interface Room {
  readonly id: string;
  name: string;
  /** Whether the gateway sends what happens in it. */
  isLive: boolean;
  offset: number;
  epoch: string;
  /** In order; those that are waiting come behind them. */
  readonly log: (Message | Note)[];
  readonly waiting: Message[];
  /** Ids of events in the log. */
  readonly known: Set<string>;
  unread: number;
  /** Who is in it. */
  present: Set<string>;
  /** Who is writing, and until when that is believed. */
  readonly typing: Map<string, number>;
  /** Where older messages begin; "" for none, undefined when nobody has asked yet. */
  cursor: string | undefined;
  isLoading: boolean;
  recovery: Recovery | undefined;
}
