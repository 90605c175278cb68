/**
 * What gateways share: `mem://` and `redis://`.
 * @module
 */
export { MemoryCache } from "./memory_cache.ts";
export { MemoryStore } from "./memory_store.ts";
export { openStore } from "./open_store.ts";
export type {
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
  StoredEvent,
  StoreEvent,
  StoreOptions,
} from "./store.ts";
