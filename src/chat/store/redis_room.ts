/**
 * A subscribed room and its history in Redis: fetches what the bus lost, and what devices missed.
 * @module
 */
import { RecentEvents } from "./recent_events.ts";
import type { HistoryPage } from "./redis_commands.ts";
import { RoomFeed } from "./room_feed.ts";
import type { Position, Recovery, RoomListener, StoredEvent } from "./store.ts";

/** What a room asks. */
export interface History {
  /** See `RedisCommands.since`. */
  since(roomId: string, from: Position, seen?: string): Promise<HistoryPage>;
  readonly retention: { readonly historySize: number };
}

interface Waiting {
  readonly from: Position;
  readonly done: (recovery: Recovery) => void;
}

/** A room. */
export class RedisRoom {
  readonly feed: RoomFeed;
  readonly listener: RoomListener;
  readonly #roomId: string;
  readonly #history: History;
  readonly #failed: (error: unknown) => void;
  /** Devices that wait for what they missed. */
  #waiting: Waiting[] = [];
  #fetching = false;
  #ended = false;

  /** @param failed told why history could not be read */
  constructor(roomId: string, listener: RoomListener, history: History, failed: (error: unknown) => void) {
    this.#roomId = roomId;
    this.listener = listener;
    this.feed = new RoomFeed(listener);
    this.#history = history;
    this.#failed = failed;
  }

  /** The room has no listener any more. */
  end(): void {
    this.#ended = true;
    this.#waiting = [];
  }

  /** An event from the bus. */
  offer(event: StoredEvent): void {
    this.feed.offer(event);
    if (this.feed.gap) void this.#fetch();
  }

  /** A new position from the bus. */
  announced(position: Position): void {
    this.feed.announced(position);
    if (this.feed.gap) void this.#fetch();
  }

  /** Finds where the room stands, and fetches what was missed. @throws Error when that failed */
  async enter(): Promise<void> {
    do await this.#catchUp(); while (this.feed.gap && !this.#ended);
  }

  /** See `Store.recover`. */
  recover(from: Position, done: (recovery: Recovery) => void): void {
    const recovery = this.#recovery(from);
    if (recovery !== undefined) return done(recovery);
    this.#waiting.push({ from, done });
    void this.#fetch();
  }

  /** Fetches until nothing is missing and nobody waits; one at a time. */
  async #fetch(): Promise<void> {
    if (this.#fetching) return;
    this.#fetching = true;
    try {
      while (!this.#ended && (this.feed.gap || this.#waiting.length > 0)) {
        if (this.feed.gap) await this.#catchUp();
        // What was fetched for others is enough for many.
        const asked = this.#waiting.splice(0).filter(({ from, done }) => {
          const recovery = this.#recovery(from);
          if (recovery !== undefined) done(recovery);
          return recovery === undefined;
        });
        if (asked.length === 0) continue;
        try {
          const { epoch } = this.feed.position;
          await this.#remember(asked);
          while (this.feed.gap && !this.#ended) await this.#catchUp();
          if (this.feed.position.epoch !== epoch) await this.#remember(asked); // Some may know the new one.
        } finally {
          if (!this.#ended) this.#answer(asked);
        }
      }
    } catch (error) {
      if (!this.#ended) {
        this.#answer(this.#waiting.splice(0));
        this.#failed(error);
      }
    } finally {
      this.#fetching = false;
    }
  }

  /** For the last time: what cannot be found now is lost. */
  #answer(asked: readonly Waiting[]): void {
    const lost = { recovered: false, events: [], position: this.feed.position };
    for (const { from, done } of asked) done(this.#recovery(from) ?? lost);
  }

  async #catchUp(): Promise<void> {
    const { position: asked, lastId, highest } = this.feed;
    let page = await this.#history.since(this.#roomId, asked, lastId);
    if (page.newest.epoch === asked.epoch && page.newest.offset < highest) {
      // Redis knows less than it has told: another server took over, which makes it a new epoch.
      page = await this.#history.since(this.#roomId, { epoch: asked.epoch, offset: highest }, "");
    }
    // Else the bus has told of another epoch meanwhile: this answer is older.
    if (this.feed.position.epoch === asked.epoch) this.feed.filled(page.newest, page.events);
  }

  /** Fetches what was missed, or as much of it as there is, and lets the feed remember it. */
  async #remember(asked: readonly Waiting[]): Promise<void> {
    const { epoch, offset } = this.feed.position;
    if (epoch === "") return;
    let at = offset;
    for (const { from } of asked) if (from.epoch === epoch) at = Math.min(at, from.offset);
    let newest: Position;
    let more: boolean;
    const all: StoredEvent[] = [];
    do {
      const page = await this.#history.since(this.#roomId, { epoch, offset: at });
      newest = page.newest;
      if (this.feed.position.epoch !== epoch) return;
      if (newest.epoch !== epoch) return this.feed.filled(newest, []);
      // A history that was trimmed meanwhile begins anew.
      if (page.events.length > 0 && page.events[0]!.offset !== at + 1) all.length = 0;
      for (const event of page.events) all.push(event);
      at = all.at(-1)?.offset ?? at;
      more = page.events.length > 0 && at < Math.max(newest.offset, this.feed.position.offset);
    } while (more);
    const here = this.feed.position.offset;
    const known = all.filter((event) => event.offset <= here);
    if (known.at(-1)?.offset === here) {
      this.feed.recent = new RecentEvents(known, Math.max(1, this.#history.retention.historySize));
    }
    this.feed.filled(newest, all.slice(known.length));
  }

  /** Undefined when history must be asked. */
  #recovery(from: Position): Recovery | undefined {
    const { position, recent, unplaced } = this.feed;
    const sound = Number.isSafeInteger(from.offset) && from.offset >= 0;
    if (!this.feed.placed || from.epoch === "" || !sound) return { recovered: false, events: [], position };
    if (from.epoch !== position.epoch || from.offset > position.offset) return undefined;
    if (from.offset === position.offset) return { recovered: true, events: unplaced, position };
    if (recent?.covers(from.offset) !== true) return undefined;
    return { recovered: true, events: [...recent.after(from.offset), ...unplaced], position };
  }
}
