/**
 * A room with members on this gateway: what happens in it goes to each of them.
 * @module
 */
import { create, fromBinary } from "@bufbuild/protobuf";
import type { Meters } from "./meters.ts";
import { Encoded, encoded, RoomEventSchema, type ServerEvent, ServerEventSchema } from "./proto/mod.ts";
import type { Position, RoomListener, StoredEvent } from "./store/mod.ts";

/** A connection that gets what happens in a room. */
export interface RoomMember {
  readonly profileId: string;
  /** Queues an event; must not throw. */
  deliver(event: Encoded): void;
}

/** Events that are kept encoded for devices which come back at the same time. */
const KEPT = 2_000;

/** What a room needs of its gateway. */
export interface RoomSurroundings {
  readonly meters: Meters;
  /** When the publication of an event began here, in ms; undefined for one from elsewhere. */
  began(roomId: string, eventId: string): number | undefined;
  failed(error: unknown): void;
}

/** The members of a room, and those who are about to be. */
export class Room implements RoomListener {
  readonly id: string;
  /** Gets every event from now on. */
  readonly members = new Set<RoomMember>();
  /** Connections that hold it, members or not yet. */
  users = 0;
  /** Resolves when its events come. */
  ready: Promise<void> | undefined;
  readonly #around: RoomSurroundings;
  /** By offset, while devices come back. */
  #kept: Map<number, Encoded> | undefined;
  #keptEpoch = "";

  constructor(id: string, around: RoomSurroundings) {
    this.id = id;
    this.#around = around;
  }

  event(stored: StoredEvent): void {
    const { meters } = this.#around;
    const began = this.#around.began(this.id, stored.id) ?? performance.now();
    const { size } = this.members;
    if (size === 0) return;
    let event: Encoded;
    try {
      event = encodedEvent(stored);
    } catch (error) {
      return this.#around.failed(error);
    }
    if (this.#kept !== undefined) this.#keep(stored, event);
    // One pass, one object for all of them (B4).
    for (const member of this.members) member.deliver(event);
    meters.deliveries += size;
    meters.went("event", size);
    // Behind the writes of this turn, which are due already.
    setImmediate(() => meters.fanout.observe((performance.now() - began) * 1000));
  }

  moved({ offset, epoch }: Position): void {
    this.#kept = undefined;
    const told = encoded({
      payload: { case: "subscribed", value: { roomId: this.id, offset: BigInt(offset), epoch, recovered: false } },
    });
    this.#toAll(told, "subscribed");
  }

  message(body: Uint8Array): void {
    let event: ServerEvent;
    try {
      event = fromBinary(ServerEventSchema, body);
    } catch (error) {
      return this.#around.failed(error);
    }
    const { case: kind, value } = event.payload;
    // Nobody is told of himself (B5, P2).
    if (kind === "typing") this.#toAll(new Encoded(event), kind, value.profileId);
    else if (kind === "presence") this.#toAll(new Encoded(event), kind, value.joined || value.left);
  }

  /** An event that was missed, encoded once for all that come back at the same time (V5). */
  recovered(stored: StoredEvent): Encoded {
    if (stored.offset === 0) return encodedEvent(stored);
    if (stored.epoch !== this.#keptEpoch) this.#kept = undefined;
    const known = this.#kept?.get(stored.offset);
    if (known !== undefined) return known;
    const event = encodedEvent(stored);
    this.#keptEpoch = stored.epoch;
    this.#kept ??= new Map();
    this.#keep(stored, event);
    return event;
  }

  /** Forgets what was encoded for those who came back. */
  rest(): void {
    this.#kept = undefined;
  }

  #keep({ offset, epoch }: StoredEvent, event: Encoded): void {
    if (offset === 0 || epoch !== this.#keptEpoch) return;
    this.#kept!.set(offset, event);
    if (this.#kept!.size > KEPT) this.#kept!.delete(this.#kept!.keys().next().value!);
  }

  #toAll(event: Encoded, kind: "subscribed" | "typing" | "presence", except = ""): void {
    let count = 0;
    for (const member of this.members) {
      if (member.profileId === except) continue;
      member.deliver(event);
      count++;
    }
    this.#around.meters.went(kind, count);
  }
}

/** As devices get it: with its offset. */
export function encodedEvent({ body, offset }: StoredEvent): Encoded {
  const value = fromBinary(RoomEventSchema, body);
  value.offset = BigInt(offset);
  return new Encoded(create(ServerEventSchema, { payload: { case: "event", value } }));
}
