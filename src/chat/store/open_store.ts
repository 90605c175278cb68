/**
 * The store that a cache URI means.
 * @module
 */
import { MemoryStore } from "./memory_store.ts";
import type { Store, StoreOptions } from "./store.ts";

/**
 * Makes a store; it does nothing before its `start`. What Redis needs is loaded only for Redis.
 * @param uri `mem://`, `redis://[USER:PASSWORD@]HOST:PORT[/DB]` or `rediss://...`
 * @throws TypeError for another one
 */
export async function openStore(uri: string, options: StoreOptions): Promise<Store> {
  if (uri === "mem://") return new MemoryStore(options);
  if (/^rediss?:\/\//.test(uri)) {
    const { RedisStore } = await import("./redis_store.ts");
    return new RedisStore(uri, options);
  }
  throw new TypeError(`Cannot open the cache: expected mem://, redis://HOST:PORT or rediss://HOST:PORT`);
}
