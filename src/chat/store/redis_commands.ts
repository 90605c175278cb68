/**
 * What a store asks of Redis, in its own words. What lies in the way under our own names (a key of
 * another type, a history ahead of its counter) is removed, and the question asked again.
 * @module
 */
import { createHash } from "node:crypto";
import type { ListChange, ListWrite, RecordWrite } from "./records.ts";
import { type Command, Refused, type Reply } from "./redis_link.ts";
import { KEYS, META_TTL, type Script, type ScriptName, SCRIPTS } from "./scripts.ts";
import type { Device, NewEvent, Position, Published, Retention, RoomPosition, StoredEvent } from "./store.ts";
import type { Word } from "./words.ts";

/** Entries of a history in one answer. */
const PAGE = 250;
/** Words that are kept, and for how many ms: longer than any outage that gateways live through. */
const WORDS = 1_000;
const WORDS_TTL = 3_600_000;
const DECODER = new TextDecoder();

/** What is used of a link. */
export interface CommandLink {
  call(command: Command): Promise<Reply>;
  callAll(commands: readonly Command[]): Promise<Reply[]>;
}

/** What a room's history has. */
export interface HistoryPage {
  readonly newest: Position;
  /** After the asked offset, oldest first; not all when the last is not the newest. */
  readonly events: readonly StoredEvent[];
}

/** The questions. */
export class RedisCommands {
  readonly #link: CommandLink;
  readonly #gatewayId: string;
  readonly #recordTtl: number;
  readonly #repaired: (key: string) => void;
  retention: Retention;

  /** @param repaired told of keys that were removed */
  constructor(
    link: CommandLink,
    options: Retention & { readonly gatewayId: string; readonly recordTtl: number },
    repaired: (key: string) => void,
  ) {
    this.#link = link;
    this.#gatewayId = options.gatewayId;
    this.#recordTtl = Math.ceil(options.recordTtl);
    this.retention = options;
    this.#repaired = repaired;
  }

  /**
   * Loads the scripts, and finds out whether Redis takes writes.
   * @throws Refused when it does not
   */
  async prepare(): Promise<void> {
    await this.#link.callAll(Object.values(SCRIPTS).map(({ lua }): Command => ["SCRIPT", "LOAD", lua]));
    await this.#link.call(script("probe", [`gateway:probe:${this.#gatewayId}`], []));
  }

  /** Publishes an event, once per id. */
  async publish(roomId: string, event: NewEvent): Promise<Published> {
    const { historySize, historyTtl } = this.retention;
    const seen = KEYS.seen(roomId, event.id);
    const keys = [KEYS.meta(roomId), KEYS.history(roomId), seen];
    const args = [event.id, event.body, historySize, Math.max(1, historyTtl), newEpoch(), KEYS.bus(roomId), META_TTL];
    const reply = await this.#mending(roomId, [[seen, "string"]], script("publish", keys, args));
    const [epoch, offset, duplicate] = reply as [Uint8Array, number, number];
    return { epoch: textOf(epoch), offset, duplicate: duplicate === 1 };
  }

  /**
   * Where a room stands, and what came after a position. A position that was `seen` and that Redis
   * knows otherwise makes a new epoch.
   * @param seen id of the event at that position, "" when not known which; undefined: not seen
   */
  async since(roomId: string, { epoch, offset }: Position, seen?: string): Promise<HistoryPage> {
    const keys = [KEYS.meta(roomId), KEYS.history(roomId)];
    const known = seen === undefined ? [0, ""] : [1, seen];
    const args = [newEpoch(), META_TTL, epoch, offset, ...known, PAGE, KEYS.bus(roomId)];
    const reply = await this.#mending(roomId, [], script("since", keys, args)) as [Uint8Array, number, Reply[]];
    const newest = { epoch: textOf(reply[0]), offset: reply[1] };
    const events = (reply[2] as [Uint8Array, Uint8Array[]][]).map(([entry, fields]): StoredEvent => ({
      id: textOf(fields[1]!),
      body: fields[3]!,
      offset: parseInt(textOf(entry)),
      epoch: newest.epoch,
    }));
    return { newest, events };
  }

  /** Starts a new epoch, which the bus tells. */
  async renew(roomId: string): Promise<void> {
    const keys = [KEYS.meta(roomId), KEYS.history(roomId)];
    await this.#link.call(script("renew", keys, [newEpoch(), META_TTL, KEYS.bus(roomId)]));
  }

  /** @returns connections that hear it */
  async tell(channel: string, body: Uint8Array): Promise<number> {
    return Number(await this.#link.call(["PUBLISH", channel, body]));
  }

  /** Says a word that must arrive. @param heard the gateway that has heard it; "": none */
  async keepWord(heard: string, body: Uint8Array): Promise<number> {
    const args = [heard, body, KEYS.control, WORDS, WORDS_TTL];
    return Number(await this.#mending("", [[KEYS.words, "stream"]], script("word", [KEYS.words], args)));
  }

  /** Words that are kept after `last`; where they end, when that is "". */
  async words(last: string): Promise<Word[]> {
    const command: Command = last === ""
      ? ["XREVRANGE", KEYS.words, "+", "-", "COUNT", 1]
      : ["XRANGE", KEYS.words, `(${last}`, "+"];
    const entries = await this.#mending("", [[KEYS.words, "stream"]], command) as [Uint8Array, Uint8Array[]][];
    return entries.map(([entry, fields]) => ({ entry: textOf(entry), heard: textOf(fields[1]!), body: fields[3]! }));
  }

  /** Writes records, then lists. */
  async write(records: readonly RecordWrite[], lists: readonly ListWrite[]): Promise<ListChange[]> {
    const gateway = JSON.stringify(this.#gatewayId);
    const writes = records.map(({ member, json, take }) =>
      this.#mending(
        "",
        [[KEYS.record(member), "string"]],
        script("record", [KEYS.record(member)], [
          json ?? "",
          this.#recordTtl,
          gateway,
          take ? 1 : 0,
        ]),
      )
    );
    const changes = lists.map(async ({ roomId, add, remove }) => {
      const args = [this.#recordTtl, roomId, add.length, ...add, ...remove];
      const key = KEYS.list(roomId);
      const reply = await this.#mending("", [[key, "string"]], script("list", [key], args));
      const [joined, left, profiles] = reply as [Uint8Array[], Uint8Array[], number];
      return { joined: joined.map(textOf).sort(), left: left.map(textOf).sort(), profiles };
    });
    // All of them are waited for, so that no failure is left without an owner.
    const settled = await Promise.allSettled([...writes, ...changes]);
    for (const result of settled) if (result.status === "rejected") throw result.reason;
    return await Promise.all(changes);
  }

  /** Devices of a room whose record is there. */
  async devices(roomId: string): Promise<Device[]> {
    const list = await this.#mending("", [[KEYS.list(roomId), "string"]], ["GET", KEYS.list(roomId)]);
    const members = list === null ? [] : membersOf(textOf(list as Uint8Array));
    const devices: Device[] = [];
    let gone = false;
    for (let i = 0; i < members.length; i += PAGE) {
      const page = members.slice(i, i + PAGE);
      const records = await this.#link.call(["MGET", ...page.map(KEYS.record)]) as (Uint8Array | null)[];
      for (const [j, record] of records.entries()) {
        const gatewayId = gatewayOf(record);
        const [profileId = "", deviceId = ""] = page[j]!.split(":");
        if (gatewayId === undefined) gone = true;
        else devices.push({ profileId, deviceId, gatewayId });
      }
    }
    if (gone) await this.write([], [{ roomId, add: [], remove: [] }]);
    return devices;
  }

  async gatewayOf(member: string): Promise<string | undefined> {
    const key = KEYS.record(member);
    return gatewayOf(await this.#mending("", [[key, "string"]], ["GET", key]) as Uint8Array | null);
  }

  /** Keeps positions (undefined: forgets the room) of a device. */
  async saveSession(member: string, positions: ReadonlyMap<string, Position | undefined>): Promise<void> {
    const key = KEYS.session(member);
    const set: string[] = [];
    const forget: string[] = [];
    for (const [roomId, position] of positions) {
      if (position === undefined) forget.push(roomId);
      else set.push(roomId, `${position.epoch}:${position.offset}`);
    }
    const types: Types = [[key, "hash"]];
    if (forget.length > 0) await this.#mending("", types, ["HDEL", key, ...forget]);
    if (set.length === 0) return;
    await this.#mending("", types, ["HSET", key, ...set]);
    await this.#link.call(["PEXPIRE", key, Math.ceil(this.retention.sessionTtl)]);
  }

  async session(member: string): Promise<RoomPosition[]> {
    const key = KEYS.session(member);
    const fields = (await this.#mending("", [[key, "hash"]], ["HGETALL", key]) as Uint8Array[]).map(textOf);
    const positions: RoomPosition[] = [];
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const colon = fields[i + 1]!.lastIndexOf(":");
      const offset = Number(fields[i + 1]!.slice(colon + 1));
      if (colon < 1 || !Number.isSafeInteger(offset)) continue;
      positions.push({ roomId: fields[i]!, offset, epoch: fields[i + 1]!.slice(0, colon) });
    }
    return positions;
  }

  /** @param roomId whose row of offsets the command counts in; "": none */
  async #mending(roomId: string, types: Types, command: Command): Promise<Reply> {
    try {
      return await this.#link.call(command);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.message.startsWith("WRONGTYPE")) {
        const room: Types = roomId === "" ? [] : [[KEYS.meta(roomId), "hash"], [KEYS.history(roomId), "stream"]];
        for (const [key, type] of [...types, ...room]) {
          const there = String(await this.#link.call(["TYPE", key]));
          if (there === type || there === "none") continue;
          await this.#link.call(["DEL", key]);
          this.#repaired(key);
        }
      } else if (roomId !== "" && error.message.includes("XADD")) {
        await this.renew(roomId);
        this.#repaired(KEYS.history(roomId));
      } else throw error;
      return await this.#link.call(command);
    }
  }
}

type Types = readonly (readonly [key: string, type: string])[];

const SHAS = Object.fromEntries(
  Object.entries(SCRIPTS).map(([name, { lua }]) => [name, createHash("sha1").update(lua).digest("hex")]),
) as Record<ScriptName, string>;

function script(name: ScriptName, keys: readonly string[], args: readonly (string | number | Uint8Array)[]): Command {
  return ["EVALSHA", SHAS[name], (SCRIPTS[name] as Script).keys, ...keys, ...args];
}

function newEpoch(): string {
  return crypto.randomUUID().slice(0, 8);
}

function textOf(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}

function membersOf(json: string): string[] {
  try {
    const list: unknown = JSON.parse(json);
    return Array.isArray(list) ? list.filter((it) => typeof it === "string" && it.includes(":")) : [];
  } catch {
    return [];
  }
}

function gatewayOf(record: Uint8Array | null): string | undefined {
  if (record === null) return undefined;
  try {
    return String(JSON.parse(textOf(record)).gateway_id);
  } catch {
    return "";
  }
}
