/**
 * Users in Redis: a hash `user:NAME` each, its `password` as {@link hashPassword} has it.
 * @module
 */
import { Redis } from "ioredis";
import { hashPassword, matches, StoreAway, type UserStore } from "./users.ts";

/** ms after which Redis counts as away. */
const PATIENCE = 1000;

/** Users in a Redis server, which may come and go: each question connects when it must. */
export class RedisUsers implements UserStore {
  readonly #redis: Redis;
  #connecting: Promise<void> | undefined;

  /** @param url as `redis://HOST:PORT/DB` */
  constructor(url: string) {
    this.#redis = new Redis(url, {
      lazyConnect: true,
      connectTimeout: PATIENCE,
      commandTimeout: PATIENCE,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      retryStrategy: null,
    });
    // Whoever asks is told.
    this.#redis.on("error", () => {});
  }

  async add(name: string, password: string): Promise<void> {
    const hash = await hashPassword(password);
    await this.#ask(() => this.#redis.hset(`user:${name}`, "password", hash));
  }

  async check(name: string, password: string): Promise<boolean> {
    return await matches(password, await this.#ask(() => this.#redis.hget(`user:${name}`, "password")));
  }

  close(): void {
    if (this.#redis.status !== "end") this.#redis.disconnect();
  }

  async #ask<T>(command: () => Promise<T>): Promise<T> {
    try {
      if (this.#redis.status !== "ready") await this.#connected();
      return await command();
    } catch (cause) {
      throw new StoreAway(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  #connected(): Promise<void> {
    return this.#connecting ??= this.#redis.connect().finally(() => this.#connecting = undefined);
  }
}
