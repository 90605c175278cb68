/**
 * The rooms that somebody here listens to, and the channels they are heard on.
 * @module
 */
import type { Alarm, Clock } from "../../net/clock.ts";
import { readBusMessage } from "./bus_message.ts";
import { CHUNK } from "./redis_link.ts";
import { type History, RedisRoom } from "./redis_room.ts";
import type { RoomFeed } from "./room_feed.ts";
import { BUS, KEYS } from "./scripts.ts";
import type { Position, Recovery, RoomListener } from "./store.ts";

/** ms for which events are remembered for devices that come back at once. */
const RECENT = 5_000;

/** All of them. */
export class RedisRooms {
  readonly #clock: Clock;
  readonly #history: History;
  readonly #failed: (error: unknown) => void;
  readonly #rooms = new Map<string, RedisRoom>();
  /** Rooms that remember events, and since when. */
  readonly #recent = new Map<RedisRoom, number>();
  #alarm: Alarm | undefined;

  /** @param failed told why a history could not be read */
  constructor(clock: Clock, history: History, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.#history = history;
    this.#failed = failed;
  }

  get channels(): string[] {
    return [...this.#rooms.keys()].map(KEYS.bus);
  }

  /** @throws TypeError when the room has a listener already */
  add(roomId: string, listener: RoomListener): RedisRoom {
    if (this.#rooms.has(roomId)) throw new TypeError(`The room ${roomId} has a listener already`);
    const room = new RedisRoom(roomId, listener, this.#history, this.#failed);
    this.#rooms.set(roomId, room);
    return room;
  }

  /** @returns whether there was one */
  remove(roomId: string): boolean {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return false;
    this.#rooms.delete(roomId);
    this.#recent.delete(room);
    room.end();
    return true;
  }

  /** Whether it is still the one that is listened to. */
  holds(roomId: string, room: RedisRoom): boolean {
    return this.#rooms.get(roomId) === room;
  }

  /** Undefined when nobody listens. */
  feed(roomId: string): RoomFeed | undefined {
    return this.#rooms.get(roomId)?.feed;
  }

  listener(roomId: string): RoomListener | undefined {
    return this.#rooms.get(roomId)?.listener;
  }

  /** @throws TypeError when nobody listens */
  position(roomId: string): Position {
    return this.#room(roomId).feed.position;
  }

  /** See `Store.recover`. */
  recover(roomId: string, from: Position, done: (recovery: Recovery) => void): void {
    const room = this.#room(roomId);
    this.#recent.set(room, this.#clock.now());
    this.#alarm ??= this.#clock.setTimeout(() => this.#forget(), RECENT);
    room.recover(from, done);
  }

  /**
   * Finds where all rooms stand, and fetches what was missed.
   * @param current whether it is still wanted
   * @throws Error when that failed for one
   */
  async enter(current: () => boolean): Promise<void> {
    const rooms = [...this.#rooms.values()];
    for (let i = 0; i < rooms.length && current(); i += CHUNK) {
      const entered = await Promise.allSettled(rooms.slice(i, i + CHUNK).map((room) => room.enter()));
      for (const result of entered) if (result.status === "rejected") throw result.reason;
    }
  }

  /** Something came on a room's channel. */
  message(channel: string, body: Uint8Array): void {
    const room = this.#rooms.get(channel.slice(BUS.length));
    const message = room === undefined ? undefined : readBusMessage(body);
    if (message?.kind === "event") room!.offer(message.event);
    else if (message?.kind === "moved") room!.announced(message.position);
    else if (message?.kind === "message") room!.listener.message(message.body);
  }

  /** Nobody listens any more. */
  close(): void {
    if (this.#alarm !== undefined) this.#clock.clearTimeout(this.#alarm);
    for (const roomId of [...this.#rooms.keys()]) this.remove(roomId);
  }

  #forget(): void {
    this.#alarm = undefined;
    for (const [room, used] of this.#recent) {
      if (this.#clock.now() - used < RECENT) continue;
      room.feed.recent = undefined;
      this.#recent.delete(room);
    }
    if (this.#recent.size > 0) this.#alarm = this.#clock.setTimeout(() => this.#forget(), RECENT);
  }

  #room(roomId: string): RedisRoom {
    const room = this.#rooms.get(roomId);
    if (room === undefined) throw new TypeError(`The room ${roomId} is not subscribed`);
    return room;
  }
}
