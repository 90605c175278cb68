/**
 * The rooms of one connection: coming in, being caught up, and leaving.
 *
 * A room goes through `asking` (may it?), `entering` (its events are fetched) and `live`. Whatever
 * else is asked about it meanwhile waits until it is live or refused, so that answers come in
 * order.
 * @module
 */
import { CoreFailure } from "./core/forwarder.ts";
import { ID_SYNTAX, isId } from "./auth/ids.ts";
import type { ErrorCode } from "../rpc/error.ts";
import type { ConnectionRooms, Entry } from "./connection.ts";
import type { Hub } from "./hub.ts";
import type { Encoded } from "./proto/mod.ts";
import type { Caller } from "./core/forwarder.ts";
import type { Room, RoomMember } from "./room.ts";
import type { Position, Recovery, RoomPosition } from "./store/mod.ts";

/** What the rooms of a connection need of it. */
export interface SubscriptionOwner extends RoomMember {
  readonly caller: Caller;
  readonly deviceId: string;
  /** Bytes that wait to be sent. */
  readonly queuedBytes: number;
  readonly encoding: "json" | "proto";
  readonly isClosed: boolean;
  subscribed(roomId: string, position: Position, recovered: boolean, replyTo: string): void;
  unsubscribed(roomId: string, reason: UnsubscribeReason, replyTo: string): void;
  refuse(replyTo: string, code: ErrorCode, message: string, roomId: string): void;
  /** Is in the room now, or no longer: for the shared record. */
  entered(roomId: string): void;
  left(roomId: string): void;
  failed(error: unknown): void;
}

/** Why somebody gets nothing of a room any more. */
export type UnsubscribeReason = "requested" | "removed" | "deleted";

/** ms between two looks at the queue of a device that is being caught up. */
const LOOK = 10;
/** Part of the send queue that what was missed may take. */
const SHARE = 2;

class Subscription {
  state: "asking" | "entering" | "live" = "asking";
  room: Room | undefined;
  /** It is to end as soon as it can. */
  revoked: "removed" | "deleted" | undefined;
  /** Since when everything was sent, or will be. */
  since: Position = { offset: 0, epoch: "" };
  /** What waits for it to be live, or refused. */
  later: (() => void)[] | undefined;
}

/** All rooms of a connection. */
export class Subscriptions implements ConnectionRooms {
  readonly #hub: Hub;
  readonly #owner: SubscriptionOwner;
  readonly #rooms = new Map<string, Subscription>();

  constructor(hub: Hub, owner: SubscriptionOwner) {
    this.#hub = hub;
    this.#owner = owner;
  }

  /** Rooms, those that are not live yet as well. */
  get size(): number {
    return this.#rooms.size;
  }

  /** Whether it gets what happens in the room. */
  isLive(roomId: string): boolean {
    return this.#rooms.get(roomId)?.state === "live";
  }

  /** Rooms that are live. */
  get live(): string[] {
    return [...this.#rooms].filter(([, { state }]) => state === "live").map(([roomId]) => roomId);
  }

  /** R1, V1: comes in, is answered once. */
  enter(entry: Entry): void {
    const { roomId, replyTo } = entry;
    if (!isId(roomId)) {
      return this.#owner.refuse(replyTo, "invalid_argument", `room_id: expected ${ID_SYNTAX}`, roomId);
    }
    const known = this.#rooms.get(roomId);
    if (known !== undefined) {
      if (known.state === "live") this.#again(known, entry);
      else (known.later ??= []).push(() => this.enter(entry));
      return;
    }
    const most = this.#hub.config.maxRoomsPerConnection;
    if (this.#rooms.size >= most) {
      return this.#owner.refuse(replyTo, "resource_exhausted", `at most ${most} rooms per connection`, roomId);
    }
    const subscription = new Subscription();
    this.#rooms.set(roomId, subscription);
    this.#ask(subscription, entry).catch((error) => {
      this.#drop(roomId, subscription);
      this.#owner.failed(error);
    });
  }

  /** R3: nothing more of the room comes. */
  leave(roomId: string, replyTo: string): void {
    const known = this.#rooms.get(roomId);
    if (known !== undefined && known.state !== "live") {
      (known.later ??= []).push(() => this.leave(roomId, replyTo));
      return;
    }
    if (known !== undefined) this.#drop(roomId, known);
    const { profileId, deviceId } = this.#owner;
    if (isId(roomId)) this.#hub.store.forgetRooms(profileId, deviceId, [roomId]);
    this.#owner.unsubscribed(roomId, "requested", replyTo);
  }

  /** R5: is no member any more. */
  revoke(roomId: string, reason: "removed" | "deleted"): void {
    const known = this.#rooms.get(roomId);
    if (known === undefined) return;
    known.revoked = reason;
    if (known.state !== "live") return;
    this.#drop(roomId, known);
    this.#forget(roomId);
    this.#owner.unsubscribed(roomId, reason, "");
  }

  /** The connection is over. */
  end(): void {
    for (const { room } of this.#rooms.values()) {
      if (room === undefined) continue;
      room.members.delete(this.#owner);
      this.#hub.rooms.release(room);
    }
    this.#rooms.clear();
  }

  async #ask(subscription: Subscription, entry: Entry): Promise<void> {
    const { roomId, from, replyTo } = entry;
    if (entry.isMember !== true && !await this.#isMember(subscription, entry)) return;
    if (this.#isOver(subscription, entry)) return;
    subscription.state = "entering";
    const room = subscription.room = this.#hub.rooms.hold(roomId);
    if (room.ready !== undefined) await room.ready;
    if (this.#isOver(subscription, entry)) return;
    if (from === undefined || from.epoch === "") {
      const position = this.#hub.store.position(roomId);
      this.#owner.subscribed(roomId, position, false, replyTo);
      this.#goLive(roomId, subscription, position);
      this.#save(entry, position);
    } else {
      this.#catchUp(subscription, entry, from, true);
    }
  }

  /** Asks the core; tells a no. */
  async #isMember(subscription: Subscription, { roomId, replyTo }: Entry): Promise<boolean> {
    let [code, message]: [ErrorCode, string] = ["permission_denied", "not a member of the room"];
    try {
      const answer = this.#hub.membership.isMember(this.#owner.caller, roomId);
      if (typeof answer === "boolean" ? answer : await answer) return true;
    } catch (error) {
      if (!(error instanceof CoreFailure)) throw error;
      ({ code, message } = error.error);
    }
    if (this.#owner.isClosed) return false;
    const { later } = subscription;
    this.#drop(roomId, subscription);
    this.#owner.refuse(replyTo, code, message, roomId);
    if (code === "permission_denied") this.#forget(roomId);
    later?.forEach((run) => run());
    return false;
  }

  /** Whether there is nobody to come in any more: told, if somebody waits. */
  #isOver(subscription: Subscription, { roomId, replyTo }: Entry): boolean {
    if (this.#owner.isClosed) return true;
    if (subscription.revoked === undefined) return false;
    const { later } = subscription;
    this.#drop(roomId, subscription);
    this.#forget(roomId);
    this.#owner.refuse(replyTo, "permission_denied", "not a member of the room", roomId);
    later?.forEach((run) => run());
    return true;
  }

  /**
   * Sends what came after `from`, as much at a time as the queue takes; then it is live.
   * @param isFirst it is not answered yet
   */
  #catchUp(subscription: Subscription, entry: Entry, from: Position, isFirst: boolean): void {
    const { roomId } = entry;
    this.#hub.store.recover(roomId, from, (recovery) => {
      if (this.#isOver(subscription, { ...entry, replyTo: isFirst ? entry.replyTo : "" })) return;
      if (isFirst || !recovery.recovered) {
        const { position, recovered } = recovery;
        this.#owner.subscribed(roomId, position, recovered, isFirst ? entry.replyTo : "");
        this.#hub.meters.recoveries.of({ result: recovered ? "recovered" : "lost" }).value++;
        subscription.since = recovered ? from : position;
        this.#save(entry, subscription.since);
      }
      const next = this.#sendMissed(subscription, recovery, from);
      if (next === undefined) return this.#goLive(roomId, subscription, subscription.since);
      this.#hub.clock.setTimeout(() => this.#goOn(subscription, entry, next), LOOK);
    });
  }

  /** The rest of what was missed, when the device has read enough of it. */
  #goOn(subscription: Subscription, entry: Entry, from: Position): void {
    if (this.#isOver(subscription, { ...entry, replyTo: "" })) return;
    if (this.#owner.queuedBytes < this.#hub.config.sendQueue / SHARE / 2) {
      this.#catchUp(subscription, entry, from, false);
    } else this.#hub.clock.setTimeout(() => this.#goOn(subscription, entry, from), LOOK);
  }

  /** @returns where it had to stop; undefined: all was sent */
  #sendMissed({ room }: Subscription, { events }: Recovery, from: Position): Position | undefined {
    let left = this.#hub.config.sendQueue / SHARE - this.#owner.queuedBytes;
    let sent = 0;
    let reached: Position | undefined;
    const { meters } = this.#hub;
    for (const stored of events) {
      const event: Encoded = room!.recovered(stored);
      left -= event.message(this.#owner.encoding).length;
      // One at least, else there is no end.
      if (left < 0 && sent > 0) {
        reached ??= from;
        break;
      }
      this.#owner.deliver(event);
      sent++;
      reached = stored.offset > 0 ? stored : reached;
    }
    meters.deliveries += sent;
    if (sent > 0) meters.went("event", sent);
    return sent === events.length ? undefined : { offset: reached!.offset, epoch: reached!.epoch };
  }

  #goLive(roomId: string, subscription: Subscription, since: Position): void {
    subscription.state = "live";
    subscription.since = since;
    subscription.room!.members.add(this.#owner);
    this.#owner.entered(roomId);
    const { later } = subscription;
    subscription.later = undefined;
    later?.forEach((run) => run());
  }

  /** R4: no second delivery. Recovered is what was sent since, or will be. */
  #again({ since }: Subscription, { roomId, from, replyTo }: Entry): void {
    const position = this.#hub.store.position(roomId);
    const recovered = from !== undefined && from.epoch !== "" && from.epoch === position.epoch &&
      from.epoch === since.epoch && from.offset >= since.offset && from.offset <= position.offset;
    this.#owner.subscribed(roomId, position, recovered, replyTo);
  }

  /** V3: the room is found again, and what came since. */
  #save({ roomId, isResumed }: Entry, position: Position): void {
    if (isResumed === true || position.epoch === "") return;
    const { profileId, deviceId } = this.#owner;
    const saved: RoomPosition = { roomId, ...position };
    this.#hub.store.savePositions(profileId, deviceId, [saved]);
  }

  #forget(roomId: string): void {
    const { profileId, deviceId } = this.#owner;
    this.#hub.store.forgetRooms(profileId, deviceId, [roomId]);
  }

  #drop(roomId: string, subscription: Subscription): void {
    if (this.#rooms.get(roomId) !== subscription) return;
    this.#rooms.delete(roomId);
    const { room, state } = subscription;
    if (room === undefined) return;
    room.members.delete(this.#owner);
    this.#hub.rooms.release(room);
    if (state === "live") this.#owner.left(roomId);
  }
}
