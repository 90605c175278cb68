/**
 * The face of a chat gateway: plain data and promises, for the admin interface.
 * @module
 */
import type { Endpoint } from "../net/connection.ts";
import type { ChatConfig } from "./config/options.ts";
import type { BreakerState } from "./core/forwarder.ts";
import type { TransportKind } from "./device/transport.ts";
import type { ChatListener } from "./events.ts";
import type { Device } from "./store/mod.ts";

/** How a gateway is. */
export type ChatState = "starting" | "ready" | "draining" | "stopped";

/** What `/readyz` says. */
export interface ChatHealth {
  readonly ready: boolean;
  readonly state: ChatState;
  /** Why it is not ready; "" when it is. */
  readonly reason: string;
  readonly core: BreakerState;
  readonly cache: "up" | "down";
  readonly issuer: "up" | "down";
}

/** Everything at a glance. */
export interface ChatStatus extends ChatHealth {
  readonly gatewayId: string;
  readonly connections: number;
  /** Open ones of each kind. */
  readonly transports: Readonly<Record<TransportKind, number>>;
  /** How many have ended so far, by close code. */
  readonly closes: Readonly<Record<string, number>>;
  readonly rooms: number;
  readonly subscriptions: number;
  readonly published: number;
  readonly deliveries: number;
  readonly slowConsumers: number;
  readonly coreUri: string;
  /** Without its password. */
  readonly cacheUri: string;
}

/** A connection here. */
export interface ConnectionStatus {
  /** Rises with each connection of this process. */
  readonly number: number;
  readonly profileId: string;
  readonly deviceId: string;
  readonly transport: string;
  readonly encoding: string;
  readonly remote: string;
  /** ms since 1970. */
  readonly connectedAt: number;
  readonly lastActive: number;
  readonly roomIds: readonly string[];
  readonly queueBytes: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
}

/** Which connections are wanted; absent: any. */
export interface ConnectionFilter {
  readonly profile?: string | undefined;
  readonly device?: string | undefined;
  readonly room?: string | undefined;
}

/** A room with members here. */
export interface RoomStatus {
  readonly roomId: string;
  readonly epoch: string;
  readonly offset: number;
  /** Connections here. */
  readonly local: number;
}

/** An event that somebody pushes. */
export interface PushedEvent {
  /** "": one is made. */
  readonly id: string;
  readonly roomId: string;
  readonly senderId: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Where it has its place. */
export interface PublishedEvent {
  readonly roomId: string;
  readonly id: string;
  readonly offset: number;
}

/** A gateway. */
export interface ChatControl {
  readonly addresses: readonly Endpoint[];
  /** Ends it in order; resolves when it is over. */
  drain(): Promise<void>;
  /** Puts another configuration into force. @returns keys that need a restart */
  configure(config: ChatConfig): Promise<readonly string[]>;
  status(): Promise<ChatStatus>;
  connections(filter?: ConnectionFilter): Promise<ConnectionStatus[]>;
  rooms(): Promise<RoomStatus[]>;
  /** One room, and who is in it over all gateways; undefined when nobody is. */
  room(roomId: string): Promise<RoomStatus & { readonly devices: readonly Device[] } | undefined>;
  publish(events: readonly PushedEvent[]): Promise<PublishedEvent[]>;
  /** Closes connections on all gateways. @returns how many */
  disconnect(profileId: string, deviceId?: string): Promise<number>;
  /** Takes a profile out of a room, on all gateways. */
  unsubscribe(roomId: string, profileId: string): Promise<void>;
  on(listener: ChatListener): Disposable;
}
