/**
 * `redis://`: what gateways share in a Redis that may be away, slow, full, empty or another one.
 *
 * The cache is up when both connections stand and Redis takes writes. Whatever fails makes it down;
 * then everything is brought into order, in this sequence, until it succeeds: scripts, channels,
 * where the rooms stand and what was missed, what waits in the outage queue. Then it is up, and the
 * records of this gateway are written anew.
 * @module
 */
import type { Alarm } from "../../net/clock.ts";
import { spreadMessage } from "./bus_message.ts";
import { OutageQueue, type Waiting } from "./outage_queue.ts";
import { Records } from "./records.ts";
import { RedisCommands } from "./redis_commands.ts";
import { CHUNK, RedisLink, Refused } from "./redis_link.ts";
import type { RedisRoom } from "./redis_room.ts";
import { RedisRooms } from "./redis_rooms.ts";
import { KEYS } from "./scripts.ts";
import { SessionWrites } from "./session_writes.ts";
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
import { readWord, type Word, Words, writeWord } from "./words.ts";

/** ms between two attempts while Redis refuses. */
const RETRY = 500;
/** ms for which the bus may be away: what it misses is fetched, and nobody need know. */
const BUS_GRACE = 1_000;

/** A store in Redis. */
export class RedisStore implements Store {
  readonly #options: StoreOptions;
  readonly #link: RedisLink;
  readonly #commands: RedisCommands;
  readonly #records: Records;
  readonly #sessions: SessionWrites;
  readonly #rooms: RedisRooms;
  readonly #queue: OutageQueue;
  readonly #words: Words;
  /** Who waits for the bus, which is away for a moment, or for longer after all. */
  readonly #subscribing: (() => void)[] = [];
  #up = false;
  /** Undefined before the first word of the cache. */
  #told: "up" | "down" | undefined;
  #closed = false;
  /** Of the attempt to bring everything into order; a newer one ends the older. */
  #attempt = 0;
  #retryAlarm: Alarm | undefined;
  #busAlarm: Alarm | undefined;
  #heard: (body: Uint8Array) => void = () => {};
  readonly #started = Promise.withResolvers<void>();

  /** @param uri `redis://[USER:PASSWORD@]HOST:PORT[/DB]` or `rediss://...` */
  constructor(uri: string, options: StoreOptions) {
    this.#options = options;
    this.#link = new RedisLink(uri, options.clock, {
      ready: () => this.#linked(),
      broken: (which, reason) => this.#broken(which, reason),
      message: (channel, body) => this.#message(channel, body),
    });
    this.#commands = new RedisCommands(this.#link, options, (key) => {
      this.#tellError("repair", `${key} was of no use, and is removed`);
    });
    this.#rooms = new RedisRooms(options.clock, this.#commands, (error) => this.#failed("history", error));
    this.#records = new Records(options, {
      write: (records, lists) => this.#try("records", () => this.#commands.write(records, lists)),
    });
    this.#sessions = new SessionWrites(
      options.clock,
      (member, change) => this.#try("sessions", () => this.#commands.saveSession(member, change)),
    );
    this.#records.pause();
    this.#sessions.pause();
    this.#queue = new OutageQueue(options.outageQueue);
    this.#words = new Words(options.gatewayId, (body) => this.#heard(body));
  }

  get up(): boolean {
    return this.#up;
  }

  start(): Promise<void> {
    this.#link.open();
    return this.#started.promise;
  }

  retain(retention: Retention): void {
    this.#commands.retention = retention;
  }

  async publish(roomId: string, event: NewEvent): Promise<Published> {
    if (!this.#up) return this.#publishHere(roomId, event);
    const feed = this.#rooms.feed(roomId);
    feed?.expect(event.id);
    try {
      const published = await this.#commands.publish(roomId, event);
      feed?.settle(event.id);
      return published;
    } catch (error) {
      this.#failed("publish", error);
      // Redis had done it, only the answer was lost.
      const seen = feed?.settle(event.id);
      return seen === undefined ? this.#publishHere(roomId, event) : { ...seen, duplicate: false };
    }
  }

  spread(roomId: string, body: Uint8Array): void {
    if (!this.#up) return this.#rooms.listener(roomId)?.message(body);
    this.#commands.tell(KEYS.bus(roomId), spreadMessage(body)).catch((error) => this.#failed("spread", error));
  }

  async subscribe(roomId: string, listener: RoomListener): Promise<void> {
    const room = this.#rooms.add(roomId, listener);
    while (!await this.#enter(roomId, room) && this.#up && this.#rooms.holds(roomId, room)) {
      // The bus is away for a moment: the room is entered when it is back.
      await new Promise<void>((resolve) => this.#subscribing.push(resolve));
    }
    if (!room.feed.placed) room.feed.await();
  }

  unsubscribe(roomId: string): void {
    if (this.#rooms.remove(roomId)) this.#link.unsubscribe(KEYS.bus(roomId));
  }

  position(roomId: string): Position {
    return this.#rooms.position(roomId);
  }

  recover(roomId: string, from: Position, done: (recovery: Recovery) => void): void {
    this.#rooms.recover(roomId, from, done);
  }

  record(profileId: string, deviceId: string, connected: number): DeviceRecord {
    return this.#records.open(profileId, deviceId, connected);
  }

  async devices(roomId: string): Promise<Device[]> {
    if (!this.#up) return this.#records.localDevices(roomId);
    await this.#records.flush();
    try {
      return await this.#try("devices", () => this.#commands.devices(roomId));
    } catch {
      return this.#records.localDevices(roomId);
    }
  }

  async gatewayOf(profileId: string, deviceId: string): Promise<string | undefined> {
    const here = this.#records.has(profileId, deviceId) ? this.#options.gatewayId : undefined;
    if (!this.#up) return here;
    await this.#records.flush();
    try {
      return await this.#try("record", () => this.#commands.gatewayOf(`${profileId}:${deviceId}`));
    } catch {
      return here;
    }
  }

  savePositions(profileId: string, deviceId: string, positions: readonly RoomPosition[]): void {
    for (const { roomId, offset, epoch } of positions) {
      this.#sessions.set(`${profileId}:${deviceId}`, roomId, { offset, epoch });
    }
  }

  forgetRooms(profileId: string, deviceId: string, roomIds: readonly string[]): void {
    for (const roomId of roomIds) this.#sessions.set(`${profileId}:${deviceId}`, roomId, undefined);
  }

  async positions(profileId: string, deviceId: string): Promise<RoomPosition[]> {
    if (!this.#up) return [];
    await this.#sessions.flush();
    try {
      const positions = await this.#try("session", () => this.#commands.session(`${profileId}:${deviceId}`));
      return positions.sort((a, b) => a.roomId < b.roomId ? -1 : 1);
    } catch {
      return [];
    }
  }

  async control(body: Uint8Array, keep: boolean): Promise<number> {
    if (this.#up) {
      try {
        if (keep) return await this.#commands.keepWord("", body);
        return await this.#commands.tell(KEYS.control, writeWord({ heard: "", entry: "", body }));
      } catch (error) {
        this.#failed("control", error);
      }
    }
    if (keep) this.#queue.push({ roomId: undefined, body });
    this.#heard(body);
    return 1;
  }

  onControl(listener: (body: Uint8Array) => void): void {
    this.#heard = listener;
  }

  async close(patience = 1_000): Promise<void> {
    if (this.#closed) return;
    if (this.#up) {
      const { clock } = this.#options;
      const late = Promise.withResolvers<void>();
      const alarm = clock.setTimeout(late.resolve, patience);
      await Promise.race([Promise.all([this.#records.flush(), this.#sessions.flush()]), late.promise]);
      clock.clearTimeout(alarm);
    }
    this.#closed = true;
    this.#up = false;
    this.#attempt++;
    for (const alarm of [this.#retryAlarm, this.#busAlarm]) {
      if (alarm !== undefined) this.#options.clock.clearTimeout(alarm);
    }
    this.#records.close();
    this.#sessions.close();
    this.#rooms.close();
    this.#subscribed();
    this.#started.resolve();
    await this.#link.close();
  }

  /** @returns whether it is known where the room stands */
  async #enter(roomId: string, room: RedisRoom): Promise<boolean> {
    if (room.feed.placed || !this.#link.ready) return room.feed.placed;
    try {
      await this.#link.subscribe([KEYS.bus(roomId)]);
      await room.enter();
    } catch (error) {
      this.#failed("subscribe", error);
    }
    return room.feed.placed;
  }

  /** To own members at once, to the others when the cache is back (S4). */
  #publishHere(roomId: string, event: NewEvent): Published {
    const feed = this.#rooms.feed(roomId);
    const published = { offset: 0, epoch: "", duplicate: false };
    if (feed?.tellUnplaced({ id: event.id, body: event.body, offset: 0, epoch: "" }) === false) {
      return { ...published, duplicate: true };
    }
    if (!this.#queue.push({ roomId, event })) {
      feed?.place(event.id, undefined);
      this.#options.tell({ kind: "cache_overflow", roomId });
    }
    return published;
  }

  #message(channel: string, body: Uint8Array): void {
    if (channel === KEYS.control) {
      const word = readWord(body);
      if (word !== undefined) this.#words.offer(word);
      return;
    }
    this.#rooms.message(channel, body);
  }

  #linked(): void {
    if (this.#busAlarm !== undefined) this.#options.clock.clearTimeout(this.#busAlarm);
    this.#busAlarm = undefined;
    void this.#settle();
  }

  #broken(which: "commands" | "bus", reason: string): void {
    this.#attempt++;
    if (which === "bus") this.#words.interrupted();
    if (which === "commands" || this.#told === undefined) return this.#down(reason);
    if (!this.#up) return;
    this.#busAlarm ??= this.#options.clock.setTimeout(() => {
      this.#busAlarm = undefined;
      this.#down(reason);
    }, BUS_GRACE);
  }

  /** Brings everything into order, see above. */
  async #settle(): Promise<void> {
    const attempt = ++this.#attempt;
    const current = () => attempt === this.#attempt && !this.#closed;
    try {
      await this.#commands.prepare();
      if (current()) await this.#link.subscribe([KEYS.control, ...this.#rooms.channels]);
      const words = await this.#keptWords();
      if (current()) this.#words.caughtUp(words);
      await this.#rooms.enter(current);
      while (current() && this.#queue.size + this.#queue.lost.size > 0) await this.#replay();
      if (current()) this.#isUp();
    } catch (error) {
      if (current()) this.#failed("restore", error);
    }
  }

  /** Words that were missed. A gateway that starts has missed none. */
  async #keptWords(): Promise<Word[]> {
    const { last } = this.#words;
    const words = await this.#commands.words(last);
    if (last !== "") return words;
    this.#words.last = words[0]?.entry ?? "0-0";
    return [];
  }

  async #replay(): Promise<void> {
    const waiting = this.#queue.first(CHUNK);
    let arrived = 0;
    const sent = waiting.map((item) => this.#send(item));
    try {
      for (const one of sent) {
        await one;
        arrived++;
      }
    } finally {
      this.#queue.done(arrived);
      await Promise.allSettled(sent);
    }
    if (this.#queue.size > 0) return;
    for (const roomId of this.#queue.lost) {
      await this.#commands.renew(roomId);
      this.#queue.told(roomId);
    }
  }

  async #send(item: Waiting): Promise<void> {
    if (item.roomId === undefined) {
      await this.#commands.keepWord(this.#options.gatewayId, item.body);
    } else {
      const at = await this.#commands.publish(item.roomId, item.event);
      this.#rooms.feed(item.roomId)?.place(item.event.id, at);
    }
  }

  #isUp(): void {
    this.#subscribed();
    if (this.#up) return; // The bus alone had been away.
    this.#up = true;
    this.#told = "up";
    this.#options.tell({ kind: "cache_up" });
    this.#started.resolve();
    void this.#records.resume();
    void this.#sessions.resume();
  }

  #subscribed(): void {
    for (const resolve of this.#subscribing.splice(0)) resolve();
  }

  #down(reason: string): void {
    if (this.#closed) return;
    this.#up = false;
    this.#records.pause();
    this.#sessions.pause();
    this.#subscribed();
    if (this.#told !== "down") {
      this.#told = "down";
      this.#options.tell({ kind: "cache_down", reason });
    }
    this.#started.resolve();
  }

  /** Awaits what is asked of Redis. @throws what it throws, when that is told */
  async #try<T>(what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      this.#failed(what, error);
      throw error;
    }
  }

  #failed(what: string, error: unknown): void {
    if (this.#closed) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#tellError(what, reason);
    // A broken bus alone is told by the link.
    if (what === "subscribe" && !(error instanceof Refused)) return;
    this.#attempt++;
    this.#down(reason);
    if (!this.#link.ready) return; // It tells when it is.
    this.#retryAlarm ??= this.#options.clock.setTimeout(() => {
      this.#retryAlarm = undefined;
      if (this.#link.ready) void this.#settle();
    }, RETRY);
  }

  #tellError(what: string, reason: string): void {
    this.#options.tell({ kind: "cache_error", what, reason });
  }
}
