/**
 * The two connections to Redis: one for commands, one for what it publishes. Each comes back by
 * itself.
 *
 * A command is sent once, and fails when its connection breaks: only the caller knows whether it
 * may be sent again. Replies come in the order of the commands, so that one watch sees for all of
 * them that Redis does not answer, without a timer for each.
 * @module
 */
import { Buffer } from "node:buffer";
import { Redis } from "ioredis";
import type { Alarm, Clock } from "../../net/clock.ts";

/** ms without any reply, while one is due, after which a connection counts as broken. */
const PATIENCE = 1_000;
/** ms between two looks. */
const WATCH = 250;
/** Looks between two questions to a connection that is quiet, which may be gone without a word. */
const QUIET = 20;
/** Channels or commands sent in one go, so that Redis does something else in between. */
export const CHUNK = 200;

/** A command and its arguments. */
export type Command = readonly [name: string, ...args: (string | number | Uint8Array)[]];

/** What Redis answers; bulk strings are bytes. */
export type Reply = Uint8Array | string | number | null | Reply[];

/** Who uses the link. */
export interface LinkListener {
  /** Both connections stand. */
  ready(): void;
  /** One broke. */
  broken(which: "commands" | "bus", reason: string): void;
  /** Something was published. */
  message(channel: string, body: Uint8Array): void;
}

/** Redis said no to a command: the connection is sound. */
export class Refused extends Error {
  override name = "Refused";
}

/** Both connections. */
export class RedisLink {
  readonly #clock: Clock;
  readonly #listener: LinkListener;
  readonly #commands: Line;
  readonly #bus: Line;
  #alarm: Alarm | undefined;
  #looks = 0;

  /** @param uri as `redis://[USER:PASSWORD@]HOST:PORT[/DB]` or `rediss://...` */
  constructor(uri: string, clock: Clock, listener: LinkListener) {
    this.#clock = clock;
    this.#listener = listener;
    this.#commands = new Line(uri, "commands", clock, listener, () => this.#ready());
    this.#bus = new Line(uri, "bus", clock, listener, () => this.#ready());
    this.#bus.redis.on("messageBuffer", (channel: Buffer, body: Buffer) => {
      listener.message(channel.toString("latin1"), body);
    });
  }

  /** Both connections stand. */
  get ready(): boolean {
    return this.#commands.redis.status === "ready" && this.#bus.redis.status === "ready";
  }

  /** Connects, and goes on trying. */
  open(): void {
    this.#commands.open();
    this.#bus.open();
    this.#alarm = this.#clock.setTimeout(() => this.#look(), WATCH);
  }

  /** Ends both connections at once; resolves when nothing of them is left. */
  async close(): Promise<void> {
    if (this.#alarm !== undefined) this.#clock.clearTimeout(this.#alarm);
    await Promise.all([this.#commands.close(), this.#bus.close()]);
  }

  /**
   * Sends one command.
   * @throws Refused when Redis says no; Error when the connection broke, and nobody knows whether
   * Redis has done it
   */
  call(command: Command): Promise<Reply> {
    return this.#commands.call(command);
  }

  /**
   * Sends commands, and waits for all.
   * @throws what the first failure was, when all are answered
   */
  async callAll(commands: readonly Command[]): Promise<Reply[]> {
    const replies: Reply[] = [];
    for (let i = 0; i < commands.length; i += CHUNK) {
      const chunk = commands.slice(i, i + CHUNK).map((command) => this.#commands.call(command));
      const settled = await Promise.allSettled(chunk);
      for (const result of settled) {
        if (result.status === "rejected") throw result.reason;
        replies.push(result.value);
      }
    }
    return replies;
  }

  /** Hears channels. @throws Error when the connection broke */
  async subscribe(channels: readonly string[]): Promise<void> {
    for (let i = 0; i < channels.length; i += CHUNK) {
      await this.#bus.call(["subscribe", ...channels.slice(i, i + CHUNK)]);
    }
  }

  /** Hears a channel no more. */
  unsubscribe(channel: string): void {
    this.#bus.call(["unsubscribe", channel]).catch(() => {}); // broken: it hears nothing anyway
  }

  #ready(): void {
    if (this.ready) this.#listener.ready();
  }

  #look(): void {
    this.#alarm = this.#clock.setTimeout(() => this.#look(), WATCH);
    this.#looks++;
    for (const line of [this.#commands, this.#bus]) {
      if (this.#looks % QUIET === 0 && line.redis.status === "ready") line.call(["ping"]).catch(() => {});
      line.look();
    }
  }
}

class Line {
  readonly redis: Redis;
  readonly #which: "commands" | "bus";
  readonly #clock: Clock;
  readonly #listener: LinkListener;
  /** Answers that are due on this connection, and when the latest came or the first was asked. */
  #due = 0;
  #latest = 0;
  #connection = 0;
  #suspected = false;
  #reason = "";
  #failures = 0;
  #retry: Alarm | undefined;
  #closed = false;

  constructor(uri: string, which: "commands" | "bus", clock: Clock, listener: LinkListener, ready: () => void) {
    this.#which = which;
    this.#clock = clock;
    this.#listener = listener;
    this.redis = new Redis(uri, {
      lazyConnect: true,
      protocol: 2,
      connectTimeout: PATIENCE,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      disableClientInfo: true,
      retryStrategy: null, // The line tries again itself: on the clock, and it can be closed at any time.
    });
    this.redis.on("error", (error: Error) => this.#reason = reasonOf(error));
    this.redis.on("connect", () => {
      this.#reason = "";
      this.#begin(1); // its handshake
    });
    this.redis.on("ready", () => {
      this.#failures = 0;
      this.#begin(0);
      ready();
    });
    this.redis.on("end", () => this.#ended());
  }

  open(): void {
    this.redis.connect().catch(() => {}); // told by "end", and tried again
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#retry !== undefined) this.#clock.clearTimeout(this.#retry);
    if (this.redis.status === "end") return;
    const ended = new Promise((resolve) => this.redis.once("end", resolve));
    this.redis.disconnect();
    this.redis.stream?.destroy();
    await ended;
  }

  async call([name, ...args]: Command): Promise<Reply> {
    const connection = this.#connection;
    if (this.#due++ === 0) this.#latest = this.#clock.now();
    try {
      return await this.redis.callBuffer(name, ...args.map(argumentOf)) as Reply;
    } catch (error) {
      if (error instanceof Error && error.name === "ReplyError") throw new Refused(error.message);
      throw new Error(this.#reason || "the connection to Redis broke", { cause: error });
    } finally {
      if (connection === this.#connection) {
        this.#latest = this.#clock.now();
        this.#due--;
      }
    }
  }

  /** Breaks the connection when Redis does not answer. */
  look(): void {
    const late = this.#due > 0 && this.#clock.now() - this.#latest >= PATIENCE;
    const suspected = this.#suspected;
    this.#suspected = late;
    // Where this process was busy the answers may lie unread: they are read before the next look.
    if (!late || !suspected) return;
    this.#reason = `Redis did not answer on the connection for ${this.#which} within ${PATIENCE} ms`;
    this.redis.stream?.destroy();
  }

  #ended(): void {
    this.#begin(0);
    if (this.#closed) return;
    this.#failures++;
    this.#retry = this.#clock.setTimeout(() => this.open(), retryDelay(this.#failures));
    this.#listener.broken(this.#which, this.#reason || "the connection to Redis broke");
  }

  #begin(due: number): void {
    this.#connection++;
    this.#due = due;
    this.#latest = this.#clock.now();
  }
}

/** ms until the next attempt: soon, then seldom, and not all gateways in the same moment. */
function retryDelay(failures: number): number {
  return Math.min(50 * failures, PATIENCE) * (0.5 + Math.random() / 2);
}

/** Bytes as the client knows them; not copied. */
function argumentOf(value: string | number | Uint8Array): string | number | Buffer {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

/** Without names and passwords: none of these messages has them. */
function reasonOf(error: Error): string {
  const code = "code" in error ? String(error.code) : "";
  return error.message || code || error.name;
}
