/**
 * `mem://`: a gateway's face of a {@link MemoryCache}. Always up; nothing outlives the process.
 * @module
 */
import { MemoryCache } from "./memory_cache.ts";
import { Records } from "./records.ts";
import type {
  Device,
  DeviceRecord,
  NewEvent,
  Position,
  Published,
  Recovery,
  Retention,
  RoomListener,
  RoomPosition,
  Store,
  StoreOptions,
} from "./store.ts";

/** A store in memory. */
export class MemoryStore implements Store {
  readonly up = true;
  readonly #options: StoreOptions;
  readonly #cache: MemoryCache;
  readonly #records: Records;
  readonly #rooms = new Map<string, { readonly listener: RoomListener; position: Position }>();
  #retention: Retention;
  #heard: (body: Uint8Array) => void = () => {};
  #leave: (() => void) | undefined;

  /** @param cache shared by the gateways of one process; one of its own if left out */
  constructor(options: StoreOptions, cache: MemoryCache = new MemoryCache(options.clock)) {
    this.#options = options;
    this.#retention = options;
    this.#cache = cache;
    this.#records = new Records(options, {
      write: (records, lists) => {
        for (const record of records) cache.writeRecord(record, options.gatewayId, options.recordTtl);
        return Promise.resolve(lists.map((list) => cache.writeList(list)));
      },
    });
  }

  start(): Promise<void> {
    this.#leave ??= this.#cache.enter({
      event: (roomId, event) => {
        const room = this.#rooms.get(roomId);
        // Was published before this listener came, and is told after.
        if (room === undefined || event.epoch === room.position.epoch && event.offset <= room.position.offset) return;
        room.position = event;
        room.listener.event(event);
      },
      message: (roomId, body) => this.#rooms.get(roomId)?.listener.message(body),
      control: (body) => this.#heard(body),
    });
    this.#options.tell({ kind: "cache_up" });
    return Promise.resolve();
  }

  retain(retention: Retention): void {
    this.#retention = retention;
  }

  publish(roomId: string, event: NewEvent): Promise<Published> {
    return Promise.resolve(this.#cache.publish(roomId, event, this.#retention));
  }

  spread(roomId: string, body: Uint8Array): void {
    this.#cache.spread(roomId, body);
  }

  subscribe(roomId: string, listener: RoomListener): Promise<void> {
    if (this.#rooms.has(roomId)) {
      return Promise.reject(new TypeError(`The room ${roomId} has a listener already`));
    }
    this.#rooms.set(roomId, { listener, position: this.#cache.position(roomId) });
    return Promise.resolve();
  }

  unsubscribe(roomId: string): void {
    this.#rooms.delete(roomId);
  }

  position(roomId: string): Position {
    const { offset, epoch } = this.#room(roomId).position;
    return { offset, epoch };
  }

  recover(roomId: string, from: Position, done: (recovery: Recovery) => void): void {
    const position = this.position(roomId);
    const events = this.#cache.since(roomId, from);
    done({
      recovered: events !== undefined,
      // What was published in this very turn may not have been told yet.
      events: events?.filter(({ offset }) => offset <= position.offset) ?? [],
      position,
    });
  }

  record(profileId: string, deviceId: string, connected: number): DeviceRecord {
    return this.#records.open(profileId, deviceId, connected);
  }

  async devices(roomId: string): Promise<Device[]> {
    await this.#records.flush();
    return this.#cache.devices(roomId);
  }

  async gatewayOf(profileId: string, deviceId: string): Promise<string | undefined> {
    await this.#records.flush();
    return this.#cache.gatewayOf(`${profileId}:${deviceId}`);
  }

  savePositions(profileId: string, deviceId: string, positions: readonly RoomPosition[]): void {
    this.#cache.savePositions(`${profileId}:${deviceId}`, positions, this.#retention.sessionTtl);
  }

  forgetRooms(profileId: string, deviceId: string, roomIds: readonly string[]): void {
    this.#cache.forgetRooms(`${profileId}:${deviceId}`, roomIds);
  }

  positions(profileId: string, deviceId: string): Promise<RoomPosition[]> {
    return Promise.resolve(this.#cache.positions(`${profileId}:${deviceId}`));
  }

  control(body: Uint8Array): Promise<number> {
    return Promise.resolve(this.#cache.control(body));
  }

  onControl(listener: (body: Uint8Array) => void): void {
    this.#heard = listener;
  }

  async close(): Promise<void> {
    await this.#records.flush();
    this.#records.close();
    this.#rooms.clear();
    this.#leave?.();
    this.#leave = undefined;
  }

  #room(roomId: string) {
    const room = this.#rooms.get(roomId);
    if (room === undefined) throw new TypeError(`The room ${roomId} is not subscribed`);
    return room;
  }
}
