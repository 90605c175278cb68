/**
 * What gateways of one process share, in memory: it does what Redis does for `redis://`.
 * @module
 */
import type { Alarm, Clock } from "../../net/clock.ts";
import { type ListChange, type ListWrite, profileOf, type RecordWrite } from "./records.ts";
import type { Device, NewEvent, Position, Published, Retention, RoomPosition, StoredEvent } from "./store.ts";

/** ms between two looks for what has expired. */
const SWEEP = 10_000;
/** ms for which a room's row of offsets lives after its last use, at least. */
const ROW_TTL = 86_400_000;

/** A gateway that listens. */
export interface CacheMember {
  event(roomId: string, event: StoredEvent): void;
  message(roomId: string, body: Uint8Array): void;
  control(body: Uint8Array): void;
}

interface Row {
  readonly epoch: string;
  offset: number;
  /** Oldest first, without gaps up to `offset`. */
  readonly history: StoredEvent[];
  historyExpires: number;
  /** Oldest first. */
  readonly seen: Map<string, { readonly offset: number; readonly expires: number }>;
  expires: number;
}

interface SharedRecord {
  readonly gatewayId: string;
  readonly rooms: ReadonlySet<string>;
  readonly expires: number;
}

/** The cache. It lives as long as somebody holds it, and sweeps while it has members. */
export class MemoryCache {
  readonly #clock: Clock;
  readonly #members = new Set<CacheMember>();
  readonly #rows = new Map<string, Row>();
  readonly #records = new Map<string, SharedRecord>();
  readonly #lists = new Map<string, Set<string>>();
  readonly #sessions = new Map<string, { readonly rooms: Map<string, Position>; expires: number }>();
  /** Told in turn, so that a listener that publishes does not overtake what the others wait for. */
  readonly #due: ((member: CacheMember) => void)[] = [];
  #telling = false;
  #alarm: Alarm | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a gateway; returns what takes it away. */
  enter(member: CacheMember): () => void {
    this.#members.add(member);
    this.#alarm ??= this.#clock.setTimeout(() => this.#sweep(), SWEEP);
    return () => {
      this.#members.delete(member);
      if (this.#members.size > 0 || this.#alarm === undefined) return;
      this.#clock.clearTimeout(this.#alarm);
      this.#alarm = undefined;
    };
  }

  publish(roomId: string, event: NewEvent, { historySize, historyTtl }: Retention): Published {
    const now = this.#clock.now();
    const row = this.#row(roomId);
    const known = row.seen.get(event.id);
    if (known !== undefined && known.expires > now) return { offset: known.offset, epoch: row.epoch, duplicate: true };
    const stored: StoredEvent = { id: event.id, body: event.body, offset: ++row.offset, epoch: row.epoch };
    row.seen.delete(event.id);
    row.seen.set(event.id, { offset: stored.offset, expires: now + historyTtl });
    if (row.historyExpires <= now) row.history.length = 0;
    row.history.push(stored);
    if (row.history.length > historySize) row.history.splice(0, row.history.length - historySize);
    row.historyExpires = now + historyTtl;
    this.#tell((member) => member.event(roomId, stored));
    return { offset: stored.offset, epoch: stored.epoch, duplicate: false };
  }

  spread(roomId: string, body: Uint8Array): void {
    this.#tell((member) => member.message(roomId, body));
  }

  /** @returns members that are told */
  control(body: Uint8Array): number {
    this.#tell((member) => member.control(body));
    return this.#members.size;
  }

  position(roomId: string): Position {
    const { epoch, offset } = this.#row(roomId);
    return { epoch, offset };
  }

  /** Events after `from`; undefined when they are not all there. */
  since(roomId: string, from: Position): readonly StoredEvent[] | undefined {
    const row = this.#row(roomId);
    const missed = row.offset - from.offset;
    if (row.epoch !== from.epoch || !Number.isSafeInteger(missed) || missed < 0) return undefined;
    if (missed === 0) return [];
    if (missed > row.history.length || row.historyExpires <= this.#clock.now()) return undefined;
    return row.history.slice(row.history.length - missed);
  }

  writeRecord({ member, json, take }: RecordWrite, gatewayId: string, ttl: number): void {
    const there = this.#record(member);
    const others = there !== undefined && there.gatewayId !== gatewayId;
    if (json === undefined) {
      if (!others) this.#records.delete(member);
    } else if (take || !others) {
      const rooms: string[] = JSON.parse(json).room_ids;
      this.#records.set(member, { gatewayId, rooms: new Set(rooms), expires: this.#clock.now() + ttl });
    }
  }

  writeList({ roomId, add, remove }: ListWrite): ListChange {
    const list = this.#lists.get(roomId) ?? new Set();
    const before = profilesOf(list);
    for (const member of add) list.add(member);
    for (const member of remove) {
      if (this.#record(member)?.rooms.has(roomId) !== true) list.delete(member);
    }
    this.#prune(list);
    if (list.size === 0) this.#lists.delete(roomId);
    else this.#lists.set(roomId, list);
    const after = profilesOf(list);
    return {
      joined: [...after].filter((profile) => !before.has(profile)).sort(),
      left: [...before].filter((profile) => !after.has(profile)).sort(),
      profiles: after.size,
    };
  }

  devices(roomId: string): Device[] {
    const list = this.#lists.get(roomId);
    if (list === undefined) return [];
    this.#prune(list);
    return [...list].sort().map((member) => {
      const [profileId = "", deviceId = ""] = member.split(":");
      return { profileId, deviceId, gatewayId: this.#records.get(member)!.gatewayId };
    });
  }

  gatewayOf(member: string): string | undefined {
    return this.#record(member)?.gatewayId;
  }

  savePositions(member: string, positions: readonly RoomPosition[], ttl: number): void {
    const session = this.#session(member) ?? { rooms: new Map<string, Position>(), expires: 0 };
    for (const { roomId, offset, epoch } of positions) session.rooms.set(roomId, { offset, epoch });
    session.expires = this.#clock.now() + ttl;
    this.#sessions.set(member, session);
  }

  forgetRooms(member: string, roomIds: readonly string[]): void {
    const session = this.#session(member);
    for (const roomId of roomIds) session?.rooms.delete(roomId);
    if (session?.rooms.size === 0) this.#sessions.delete(member);
  }

  positions(member: string): RoomPosition[] {
    return [...this.#session(member)?.rooms ?? []].map(([roomId, position]) => ({ roomId, ...position }))
      .sort((a, b) => a.roomId < b.roomId ? -1 : 1);
  }

  #row(roomId: string): Row {
    const now = this.#clock.now();
    let row = this.#rows.get(roomId);
    if (row === undefined || row.expires <= now) {
      row = {
        epoch: crypto.randomUUID().slice(0, 8),
        offset: 0,
        history: [],
        historyExpires: 0,
        seen: new Map(),
        expires: 0,
      };
      this.#rows.set(roomId, row);
    }
    row.expires = now + ROW_TTL;
    return row;
  }

  #record(member: string): SharedRecord | undefined {
    const record = this.#records.get(member);
    if (record === undefined || record.expires > this.#clock.now()) return record;
    this.#records.delete(member);
    return undefined;
  }

  #session(member: string) {
    const session = this.#sessions.get(member);
    return session !== undefined && session.expires > this.#clock.now() ? session : undefined;
  }

  /** Drops members whose record is gone: their gateway died. */
  #prune(list: Set<string>): void {
    for (const member of list) if (this.#record(member) === undefined) list.delete(member);
  }

  #tell(call: (member: CacheMember) => void): void {
    this.#due.push(call);
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) {
        for (const member of this.#members) next(member);
      }
    } finally {
      this.#telling = false;
    }
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const [roomId, row] of this.#rows) {
      if (row.expires <= now) this.#rows.delete(roomId);
      if (row.historyExpires <= now) row.history.length = 0;
      for (const [id, { expires }] of row.seen) {
        if (expires > now) break;
        row.seen.delete(id);
      }
    }
    for (const member of this.#records.keys()) this.#record(member);
    for (const [roomId, list] of this.#lists) {
      this.#prune(list);
      if (list.size === 0) this.#lists.delete(roomId);
    }
    for (const [member, { expires }] of this.#sessions) if (expires <= now) this.#sessions.delete(member);
    this.#alarm = this.#clock.setTimeout(() => this.#sweep(), SWEEP);
  }
}

function profilesOf(list: Iterable<string>): Set<string> {
  const profiles = new Set<string>();
  for (const member of list) profiles.add(profileOf(member));
  return profiles;
}
