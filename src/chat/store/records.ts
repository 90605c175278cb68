/**
 * The shared records of this gateway's connections: what is due to be written, and when.
 *
 * A change marks; a flush writes what holds then. So many changes become one write, a failed write
 * is only marked again, and after an outage everything is.
 * @module
 */
import type { Alarm, Clock } from "../../net/clock.ts";
import type { Device, DeviceRecord, StoreEvent } from "./store.ts";

/** ms after a change until records are written: all that changed in one turn, and hardly later. */
const RECORD_DELAY = 2;
/** ms after a change until the list of a room is written (S5). */
const ROOM_DELAY = 200;

/** A record to write. */
export interface RecordWrite {
  /** `profileID:deviceID` */
  readonly member: string;
  /** As the contract has it; undefined: remove it if it is this gateway's. */
  readonly json: string | undefined;
  /** Whether it becomes this gateway's even if it is another's: not by a mere heartbeat. */
  readonly take: boolean;
}

/** A room's list to change. Renews it in any case. */
export interface ListWrite {
  readonly roomId: string;
  readonly add: readonly string[];
  /** Left in the list if the member's record holds the room: another gateway's connection. */
  readonly remove: readonly string[];
}

/** Who came and went by a {@link ListWrite}, over all gateways. */
export interface ListChange {
  readonly joined: readonly string[];
  readonly left: readonly string[];
  /** Profiles in the room now. */
  readonly profiles: number;
}

/** Where records are written. */
export interface RecordCache {
  /** Writes records first, then lists. @throws Error when something was not written */
  write(records: readonly RecordWrite[], lists: readonly ListWrite[]): Promise<readonly ListChange[]>;
}

/** What {@link Records} needs. */
export interface RecordOptions {
  readonly gatewayId: string;
  readonly recordTtl: number;
  readonly clock: Clock;
  readonly wall: () => number;
  readonly tell: (event: StoreEvent) => void;
}

interface Entry {
  readonly member: string;
  readonly profileId: string;
  readonly deviceId: string;
  readonly connected: number;
  /** Connections of the device here. */
  connections: number;
  /** Rooms, and how many of the connections are in them. */
  readonly rooms: Map<string, number>;
  lastActive: number;
  lastHeartbeat: number;
}

interface LocalRoom {
  /** Whether the member is known to have been in the list: if it comes again, the list was lost. */
  readonly members: Map<string, boolean>;
  /** Clock time of the last write; a heartbeat renews the list when that is long ago. */
  written: number;
}

/** All records of this gateway. */
export class Records {
  readonly #options: RecordOptions;
  readonly #cache: RecordCache;
  readonly #entries = new Map<string, Entry>();
  readonly #rooms = new Map<string, LocalRoom>();
  /** Members whose record is due; true: taken over. */
  readonly #dueRecords = new Map<string, boolean>();
  /** Rooms whose list is due, and the members that changed there. */
  readonly #dueLists = new Map<string, Set<string>>();
  #recordAlarm: Alarm | undefined;
  #listAlarm: Alarm | undefined;
  #paused = false;
  #closed = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: RecordOptions, cache: RecordCache) {
    this.#options = options;
    this.#cache = cache;
  }

  /** A connection. @param connected Unix seconds */
  open(profileId: string, deviceId: string, connected: number): DeviceRecord {
    const member = `${profileId}:${deviceId}`;
    let entry = this.#entries.get(member);
    if (entry === undefined) {
      entry = {
        member,
        profileId,
        deviceId,
        connected,
        connections: 0,
        rooms: new Map(),
        lastActive: connected,
        lastHeartbeat: connected,
      };
      this.#entries.set(member, entry);
    }
    entry.connections++;
    this.#recordIsDue(member, true);
    return new Connection(this, entry);
  }

  /** Own devices in a room, sorted. */
  localDevices(roomId: string): Device[] {
    return [...this.#rooms.get(roomId)?.members.keys() ?? []].sort().map((member) => {
      const { profileId, deviceId } = this.#entries.get(member)!;
      return { profileId, deviceId, gatewayId: this.#options.gatewayId };
    });
  }

  /** Whether the device has a connection here. */
  has(profileId: string, deviceId: string): boolean {
    return this.#entries.has(`${profileId}:${deviceId}`);
  }

  /** Nothing is written until {@link resume}. */
  pause(): void {
    this.#paused = true;
    this.#disarm();
  }

  /** Writes everything there is, because the cache may have lost it. */
  resume(): Promise<void> {
    this.#paused = false;
    for (const member of this.#entries.keys()) this.#dueRecords.set(member, true);
    for (const [roomId, { members }] of this.#rooms) this.#membersAreDue(roomId, members.keys());
    return this.flush();
  }

  /** Writes what is due now. Resolves also when that failed: it is due again then. */
  flush(): Promise<void> {
    return this.#writing = this.#writing.then(() => this.#write(true));
  }

  /** Writes no more. */
  close(): void {
    this.#closed = true;
    this.#disarm();
  }

  joined(entry: Entry, roomId: string): void {
    const count = entry.rooms.get(roomId) ?? 0;
    entry.rooms.set(roomId, count + 1);
    if (count > 0) return;
    let room = this.#rooms.get(roomId);
    if (room === undefined) this.#rooms.set(roomId, room = { members: new Map(), written: -Infinity });
    room.members.set(entry.member, false);
    this.#changed(entry.member, roomId);
  }

  left(entry: Entry, roomId: string): void {
    const count = entry.rooms.get(roomId) ?? 0;
    if (count > 1) return void entry.rooms.set(roomId, count - 1);
    if (!entry.rooms.delete(roomId)) return;
    const room = this.#rooms.get(roomId)!;
    room.members.delete(entry.member);
    if (room.members.size === 0) this.#rooms.delete(roomId);
    this.#changed(entry.member, roomId);
  }

  beat(entry: Entry, lastActive: number): void {
    entry.lastActive = Math.max(entry.lastActive, lastActive);
    entry.lastHeartbeat = Math.floor(this.#options.wall() / 1000);
    this.#recordIsDue(entry.member, false);
    const now = this.#options.clock.now();
    for (const roomId of entry.rooms.keys()) {
      const room = this.#rooms.get(roomId)!;
      // All members, as a list that was lost would else stay lost.
      if (now - room.written > this.#options.recordTtl / 4) this.#membersAreDue(roomId, room.members.keys());
    }
  }

  ended(entry: Entry): void {
    if (--entry.connections > 0) return;
    this.#entries.delete(entry.member);
    this.#recordIsDue(entry.member, false);
  }

  #changed(member: string, roomId: string): void {
    this.#recordIsDue(member, true);
    this.#membersAreDue(roomId, [member]);
  }

  #recordIsDue(member: string, take: boolean): void {
    this.#dueRecords.set(member, take || this.#dueRecords.get(member) === true);
    this.#arm();
  }

  #membersAreDue(roomId: string, members: Iterable<string>): void {
    let due = this.#dueLists.get(roomId);
    if (due === undefined) this.#dueLists.set(roomId, due = new Set());
    for (const member of members) due.add(member);
    this.#arm();
  }

  #arm(): void {
    if (this.#paused || this.#closed) return;
    const { clock } = this.#options;
    if (this.#dueRecords.size > 0) {
      this.#recordAlarm ??= clock.setTimeout(() => {
        this.#recordAlarm = undefined;
        this.#writing = this.#writing.then(() => this.#write(false));
      }, RECORD_DELAY);
    }
    if (this.#dueLists.size > 0) {
      this.#listAlarm ??= clock.setTimeout(() => {
        this.#listAlarm = undefined;
        void this.flush();
      }, ROOM_DELAY);
    }
  }

  #disarm(): void {
    const { clock } = this.#options;
    if (this.#recordAlarm !== undefined) clock.clearTimeout(this.#recordAlarm);
    if (this.#listAlarm !== undefined) clock.clearTimeout(this.#listAlarm);
    this.#recordAlarm = this.#listAlarm = undefined;
  }

  async #write(lists: boolean): Promise<void> {
    if (this.#paused || this.#closed) return;
    const members = [...this.#dueRecords];
    const records = members.map(([member, take]): RecordWrite => {
      const entry = this.#entries.get(member);
      return { member, json: entry === undefined ? undefined : this.#json(entry), take };
    });
    const due = lists ? [...this.#dueLists] : [];
    const now = this.#options.clock.now();
    const listWrites = due.map(([roomId, changed]): ListWrite => {
      const room = this.#rooms.get(roomId);
      if (room !== undefined) room.written = now;
      const here = (member: string) => room?.members.has(member) === true;
      return {
        roomId,
        add: [...changed].filter(here),
        remove: [...changed].filter((member) => !here(member)),
      };
    });
    if (records.length + listWrites.length === 0) return;
    this.#dueRecords.clear();
    if (lists) this.#dueLists.clear();
    try {
      const changes = await this.#cache.write(records, listWrites);
      for (const [i, change] of changes.entries()) this.#written(listWrites[i]!, change);
    } catch {
      // Whoever writes has told it.
      for (const [member, take] of members) this.#recordIsDue(member, take);
      for (const [roomId, changed] of due) this.#membersAreDue(roomId, changed);
    }
  }

  #written({ roomId, add }: ListWrite, { joined, left, profiles }: ListChange): void {
    const members = this.#rooms.get(roomId)?.members;
    const known = new Set<string>();
    for (const member of add) {
      const before = members?.get(member);
      if (before === true) known.add(profileOf(member));
      else if (before === false) members!.set(member, true);
    }
    const came = known.size === 0 ? joined : joined.filter((profile) => !known.has(profile));
    if (came.length + left.length === 0) return;
    this.#options.tell({ kind: "presence", roomId, joined: came, left, profiles });
  }

  /** The names and their order are the contract's. */
  #json(entry: Entry): string {
    return JSON.stringify({
      profile_id: entry.profileId,
      device_id: entry.deviceId,
      room_ids: [...entry.rooms.keys()].sort(),
      last_active: entry.lastActive,
      last_heartbeat: entry.lastHeartbeat,
      connected: entry.connected,
      gateway_id: this.#options.gatewayId,
    });
  }
}

class Connection implements DeviceRecord {
  readonly #records: Records;
  readonly #entry: Entry;
  readonly #rooms = new Set<string>();
  #ended = false;

  constructor(records: Records, entry: Entry) {
    this.#records = records;
    this.#entry = entry;
  }

  join(roomId: string): void {
    if (this.#ended || this.#rooms.has(roomId)) return;
    this.#rooms.add(roomId);
    this.#records.joined(this.#entry, roomId);
  }

  leave(roomId: string): void {
    if (this.#rooms.delete(roomId)) this.#records.left(this.#entry, roomId);
  }

  beat(lastActive: number): void {
    if (!this.#ended) this.#records.beat(this.#entry, lastActive);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const roomId of this.#rooms) this.#records.left(this.#entry, roomId);
    this.#rooms.clear();
    this.#records.ended(this.#entry);
  }
}

/** The profile of `profileID:deviceID`. */
export function profileOf(member: string): string {
  return member.slice(0, member.indexOf(":"));
}
