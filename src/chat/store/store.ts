/**
 * What gateways share: events in order, who is connected where, sessions, a word to all gateways.
 *
 * Five choices beside the plain reading of the contract:
 * - Events are bytes: an encoded RoomEvent without its offset. In protobuf the last of two fields
 *   counts, so that the offset is put in by appending it, without decoding.
 * - {@link Store.recover} calls back instead of resolving: in that very turn the device is caught
 * up
 *   with the room, and whoever attaches it then needs no buffer and no second look at offsets.
 * - A connection is a handle ({@link DeviceRecord}): several connections of a device share one key.
 * - Who joined and left is found where the shared list is changed, because only there the first and
 *   the last device of a profile over all gateways is known ({@link StoreEvent} `presence`).
 * - Nothing here rejects because the cache is away: the plane works on, and `cache_down` tells it.
 * @module
 */
import type { Clock } from "../../net/clock.ts";

/** Where somebody stands in a room. */
export interface Position {
  /** Of the last event that counts; 0 before the first. */
  readonly offset: number;
  /** Names the row of offsets; "" while it is not known (the cache is away). */
  readonly epoch: string;
}

/** An event to publish. */
export interface NewEvent {
  /** Unique in its room. */
  readonly id: string;
  /** RoomEvent in protobuf, with offset 0. Not copied: nobody writes to it any more. */
  readonly body: Uint8Array;
}

/** An event as it is delivered. */
export interface StoredEvent extends NewEvent {
  /** 1, 2, 3 ... in its epoch; 0: published while the cache is away, moves no position. */
  readonly offset: number;
  /** "" with offset 0. */
  readonly epoch: string;
}

/** What became of a publication. */
export interface Published extends Position {
  /** The id was published before: nobody gets it again, and the position is the first one's. */
  readonly duplicate: boolean;
}

/** The local members of a room. Called in the turn of whatever caused it; must not throw. */
export interface RoomListener {
  /** The next event: offset one more than the position, or 0. The position has moved already. */
  event(event: StoredEvent): void;
  /** Something was lost, or the epoch has changed: events go on after this position (V2). */
  moved(position: Position): void;
  /** What {@link Store.spread} sent, on this gateway or another. */
  message(body: Uint8Array): void;
}

/** The answer to {@link Store.recover}. */
export interface Recovery {
  /** False: epoch changed, or history too short; then there are no events. */
  readonly recovered: boolean;
  /** All after the asked position, oldest first; those with offset 0 come last. */
  readonly events: readonly StoredEvent[];
  /** The room's, now: the listener gets what comes after it. */
  readonly position: Position;
}

/** A device somewhere. */
export interface Device {
  readonly profileId: string;
  readonly deviceId: string;
  readonly gatewayId: string;
}

/** A room and a position in it. */
export interface RoomPosition extends Position {
  readonly roomId: string;
}

/** The shared record of one connection. Calls return at once, what they change is written soon. */
export interface DeviceRecord {
  /** The device is in the room: in its own record at once, in the room's list within 200 ms. */
  join(roomId: string): void;
  leave(roomId: string): void;
  /** Renews the record and the lists of its rooms. @param lastActive Unix seconds */
  beat(lastActive: number): void;
  /** Removes what no other connection of the device here needs, unless another gateway owns it. */
  end(): void;
}

/** What the store tells. */
export type StoreEvent =
  | { readonly kind: "cache_up" }
  /** Until the next `cache_up`, words of {@link Store.control} that are not kept may be missed. */
  | { readonly kind: "cache_down"; readonly reason: string }
  /** Something failed, and is tried again. */
  | { readonly kind: "cache_error"; readonly what: string; readonly reason: string }
  /** The outage queue is full: events of this room will not reach other gateways (new epoch). */
  | { readonly kind: "cache_overflow"; readonly roomId: string }
  /** A room's first or last device of these profiles, found by this gateway (P2). */
  | {
    readonly kind: "presence";
    readonly roomId: string;
    readonly joined: readonly string[];
    readonly left: readonly string[];
    /** Profiles in the room now. */
    readonly profiles: number;
  };

/** How much is kept, and for how long. */
export interface Retention {
  /** Events per room; 0: none. */
  readonly historySize: number;
  /** ms; also how long an event id is remembered. */
  readonly historyTtl: number;
  /** ms */
  readonly sessionTtl: number;
}

/** What a store is made of. */
export interface StoreOptions extends Retention {
  readonly gatewayId: string;
  /** ms without a beat after which a record and a room's list are gone: 2 x connection_timeout. */
  readonly recordTtl: number;
  /** Events that wait for the cache to come back, at most. */
  readonly outageQueue: number;
  readonly clock: Clock;
  /** Milliseconds of Unix time. */
  readonly wall: () => number;
  /** Must not throw. */
  readonly tell: (event: StoreEvent) => void;
}

/** What gateways share. */
export interface Store {
  /** Whether the cache can be read and written. */
  readonly up: boolean;
  /** Resolves when the cache is there, or clearly is not (then it is tried again and again). */
  start(): Promise<void>;
  /** Takes new limits; they hold from the next event on. */
  retain(retention: Retention): void;

  /**
   * Publishes to the room's members on all gateways, once per id within `historyTtl` (B1, B3).
   * Away: own members get it at once with offset 0, the others later (S4).
   */
  publish(roomId: string, event: NewEvent): Promise<Published>;
  /**
   * Sends to the room's listeners on all gateways what nobody keeps (Typing, Presence); may be
   * lost.
   */
  spread(roomId: string, body: Uint8Array): void;

  /**
   * Gives the room's events to `listener`, the room's only one here, from when it resolves on.
   * @throws TypeError when the room has a listener already
   */
  subscribe(roomId: string, listener: RoomListener): Promise<void>;
  /** Ends it at once. */
  unsubscribe(roomId: string): void;
  /** Where the listener of a subscribed room stands. @throws TypeError for another room */
  position(roomId: string): Position;
  /**
   * Finds what came after `from` in a subscribed room. `done` is called once, perhaps before this
   * returns: every event up to its position was given to the listener, none after it; not called
   * when the room is unsubscribed meanwhile. It must not throw.
   * @throws TypeError for a room that is not subscribed
   */
  recover(roomId: string, from: Position, done: (recovery: Recovery) => void): void;

  /** Starts the record of a connection. @param connected Unix seconds */
  record(profileId: string, deviceId: string, connected: number): DeviceRecord;
  /** Devices in a room over all gateways, sorted; only the own ones while the cache is away. */
  devices(roomId: string): Promise<Device[]>;
  /** Gateway that holds the device's record; undefined when there is none. */
  gatewayOf(profileId: string, deviceId: string): Promise<string | undefined>;

  /** Keeps positions of a device, and forgets rooms (V3). */
  savePositions(profileId: string, deviceId: string, positions: readonly RoomPosition[]): void;
  forgetRooms(profileId: string, deviceId: string, roomIds: readonly string[]): void;
  /** What is kept of a device, sorted by room; nothing when the cache is away. */
  positions(profileId: string, deviceId: string): Promise<RoomPosition[]>;

  /**
   * Says something to all gateways, this one too. In doubt it is heard twice.
   * @param keep whether it must arrive: gateways that cannot hear it now hear it later (R5)
   * @returns gateways that hear it now
   */
  control(body: Uint8Array, keep: boolean): Promise<number>;
  /** Who hears what {@link control} says. Called once, before {@link start}. */
  onControl(listener: (body: Uint8Array) => void): void;

  /** Writes what is due (records that ended), at most so many ms, and ends. */
  close(patience?: number): Promise<void>;
}
