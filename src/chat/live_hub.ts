/**
 * The hub of a running gateway: its parts, and what they do together.
 * @module
 */
import { toBinary } from "@bufbuild/protobuf";
import type { Clock } from "../net/clock.ts";
import { Listeners } from "../net/listeners.ts";
import { reasonOf } from "../net/reason.ts";
import type { TokenChecker } from "./auth/checker.ts";
import type { ChatConfig } from "./config/options.ts";
import { decodeWord, encodeWord, type Word } from "./control_words.ts";
import type { Forwarder, Membership } from "./core/forwarder.ts";
import type { ChatEvent } from "./events.ts";
import { hear } from "./heard.ts";
import type { Hub } from "./hub.ts";
import { NamedLimits } from "./limits.ts";
import { Meters } from "./meters.ts";
import { tellPresence } from "./people.ts";
import { type RoomEvent, RoomEventSchema } from "./proto/mod.ts";
import { Questions } from "./questions.ts";
import { Rooms } from "./rooms.ts";
import { Sessions } from "./sessions.ts";
import type { Spans } from "./spans.ts";
import type { Published, Store, StoreEvent } from "./store/mod.ts";

/** Publications whose time is kept; more than are ever under way at once. */
const MOST_BEGAN = 10_000;

/** See the module. The parts that a start makes are there from then on. */
export class LiveHub implements Hub {
  readonly meters = new Meters();
  readonly listeners = new Listeners<ChatEvent>((error) => ({ kind: "chat_defect", reason: reasonOf(error) }));
  readonly sessions: Sessions;
  readonly questions: Questions;
  readonly profileLimits = new NamedLimits();
  readonly roomLimits = new NamedLimits();
  draining = false;
  store!: Store;
  rooms!: Rooms;
  checker!: TokenChecker;
  forwarder!: Forwarder;
  membership!: Membership;
  readonly #tellsRequests: () => boolean;
  /** When publications began, by room and event. */
  readonly #began = new Map<string, number>();

  constructor(
    readonly gatewayId: string,
    public config: ChatConfig,
    readonly clock: Clock,
    readonly wall: () => number,
    tellsRequests: () => boolean,
    readonly spans: Spans | undefined,
  ) {
    this.#tellsRequests = tellsRequests;
    this.sessions = new Sessions(clock, () => this.config);
    this.questions = new Questions(clock);
  }

  get tellsRequests(): boolean {
    return this.#tellsRequests();
  }

  /** Takes a store, which is not started yet. */
  use(store: Store): void {
    this.store = store;
    this.rooms = new Rooms(store, {
      meters: this.meters,
      began: (roomId, eventId) => this.#takeBegan(roomId, eventId),
      failed: (error) => this.failed(error),
    });
    store.onControl((body) => {
      const word = decodeWord(body);
      if (word !== undefined) hear(this, word);
    });
  }

  say(word: Word, keep: boolean): Promise<number> {
    return this.store.control(encodeWord(word), keep);
  }

  async publish(event: RoomEvent): Promise<Published & { readonly id: string }> {
    const id = event.id === "" ? crypto.randomUUID() : event.id;
    const { roomId } = event;
    const body = toBinary(RoomEventSchema, { ...event, id, offset: 0n });
    if (this.rooms.get(roomId) !== undefined && this.#began.size < MOST_BEGAN) {
      this.#began.set(`${roomId}:${id}`, performance.now());
    }
    const published = await this.store.publish(roomId, { id, body });
    if (published.duplicate) this.#began.delete(`${roomId}:${id}`);
    else this.meters.published++;
    return { ...published, id };
  }

  tell(event: ChatEvent): void {
    this.listeners.tell(event);
  }

  /** Told by the store. */
  heardOfStore(event: StoreEvent): void {
    switch (event.kind) {
      case "cache_up":
        return this.tell({ kind: "chat_cache_up" });
      case "cache_down":
        return this.tell({ kind: "chat_cache_down", reason: event.reason });
      case "cache_error":
        this.meters.cacheErrors++;
        return this.tell({ kind: "chat_cache_error", what: event.what, reason: event.reason });
      case "cache_overflow":
        return this.tell({ kind: "chat_cache_overflow", room: event.roomId });
      case "presence":
        return tellPresence(this, event);
    }
  }

  /** A defect of this program. */
  failed(error: unknown): void {
    this.tell({ kind: "chat_defect", reason: error instanceof Error ? error.stack ?? error.message : String(error) });
  }

  /** Forgets what nobody needs any more. */
  rest(): void {
    const now = this.clock.now();
    this.profileLimits.sweep(now);
    this.roomLimits.sweep(now);
    this.rooms.rest();
    if (this.#began.size >= MOST_BEGAN) this.#began.clear();
  }

  #takeBegan(roomId: string, eventId: string): number | undefined {
    if (this.#began.size === 0) return undefined;
    const key = `${roomId}:${eventId}`;
    const began = this.#began.get(key);
    if (began !== undefined) this.#began.delete(key);
    return began;
  }
}
