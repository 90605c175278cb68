/**
 * The rooms that have members on this gateway.
 * @module
 */
import { Room, type RoomSurroundings } from "./room.ts";
import type { Store } from "./store/mod.ts";

/** Rooms by id, each listened to while somebody holds it. */
export class Rooms {
  readonly #rooms = new Map<string, Room>();
  readonly #store: Store;
  readonly #around: RoomSurroundings;

  constructor(store: Store, around: RoomSurroundings) {
    this.#store = store;
    this.#around = around;
  }

  /** Rooms that somebody holds. */
  get size(): number {
    return this.#rooms.size;
  }

  get(roomId: string): Room | undefined {
    return this.#rooms.get(roomId);
  }

  [Symbol.iterator](): Iterator<Room> {
    return this.#rooms.values();
  }

  /** The room, held until {@link release}; its events come when `ready` is resolved or absent. */
  hold(roomId: string): Room {
    let room = this.#rooms.get(roomId);
    if (room === undefined) {
      const made = room = new Room(roomId, this.#around);
      this.#rooms.set(roomId, room);
      room.ready = this.#store.subscribe(roomId, room).finally(() => made.ready = undefined);
    }
    room.users++;
    return room;
  }

  release(room: Room): void {
    if (--room.users > 0) return;
    this.#rooms.delete(room.id);
    this.#store.unsubscribe(room.id);
  }

  /** Frees what was only needed by those who came back. */
  rest(): void {
    for (const room of this.#rooms.values()) room.rest();
  }
}
