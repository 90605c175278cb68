/**
 * Gateways' stores on one real Redis, and somebody who looks into it.
 * @module
 */
import { Redis } from "ioredis";
import { RedisStore } from "../../../src/chat/store/redis_store.ts";
import type { StoreOptions } from "../../../src/chat/store/mod.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { freePort, type RedisServer, startRedis } from "../../support/redis_server.ts";
import { until } from "../../support/until.ts";
import { Told } from "./scene.ts";

export { REDIS } from "../../support/redis_server.ts";

/** A gateway's store, and what it told. */
export interface Gateway {
  readonly store: RedisStore;
  readonly told: Told;
}

/** A client that ends with its block. */
export function redisClient(port: number, password = ""): Disposable & { readonly client: Redis } {
  const client = new Redis({ port, host: "127.0.0.1", retryStrategy: null, protocol: 2, password });
  client.on("error", () => {});
  return { client, [Symbol.dispose]: () => client.disconnect() };
}

/** One Redis after the other on a port, and gateways. */
export class RedisScene implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly port = freePort();
  readonly gateways: Gateway[] = [];
  server!: RedisServer;
  #look: ReturnType<typeof redisClient> | undefined;

  /** @param gateways that are up then */
  static async start(gateways: number, options: Partial<StoreOptions> = {}): Promise<RedisScene> {
    const scene = new RedisScene();
    await scene.serve();
    for (let i = 0; i < gateways; i++) await scene.gateway(options);
    return scene;
  }

  /** Starts a Redis, an empty one. */
  async serve(more: readonly string[] = []): Promise<void> {
    this.server = await startRedis(this.port, more);
  }

  /** Ends Redis, and what it has. */
  async outage(): Promise<void> {
    this.#look?.[Symbol.dispose]();
    this.#look = undefined;
    await this.server.kill();
    await until(() => this.gateways.every(({ store }) => !store.up), "the gateways notice it");
  }

  /** Waits until all gateways are up; time passes. */
  async up(): Promise<void> {
    await until(() => {
      this.clock.advance(10);
      return this.gateways.every(({ store }) => store.up);
    }, "the gateways are up");
  }

  /** Lets time pass in steps, so that answers come in between. */
  async pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= 200) {
      this.clock.advance(Math.min(left, 200));
      await this.look.ping();
    }
  }

  /** One more gateway, `gw1`, `gw2` ... */
  async gateway(options: Partial<StoreOptions> = {}): Promise<Gateway> {
    const told = new Told();
    const store = new RedisStore(`redis://127.0.0.1:${this.port}`, {
      gatewayId: `gw${this.gateways.length + 1}`,
      historySize: 1000,
      historyTtl: 600_000,
      sessionTtl: 3_600_000,
      recordTtl: 600_000,
      outageQueue: 1000,
      clock: this.clock,
      wall: () => 1_700_000_000_000,
      tell: told.tell,
      ...options,
    });
    this.gateways.push({ store, told });
    await store.start();
    return { store, told };
  }

  get one(): RedisStore {
    return this.gateways[0]!.store;
  }

  get two(): RedisStore {
    return this.gateways[1]!.store;
  }

  /** A client of its own, for keys and orders. */
  get look(): Redis {
    return (this.#look ??= redisClient(this.port)).client;
  }

  /** Calls of a command since the start. */
  async calls(command: string): Promise<number> {
    const stats = await this.look.info("commandstats");
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  }

  /** Loses a gateway's connections of a type. */
  async cut(type: "normal" | "pubsub"): Promise<void> {
    await this.look.call("CLIENT", "KILL", "TYPE", type, "SKIPME", "yes");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { store } of this.gateways) await store.close();
    this.#look?.[Symbol.dispose]();
    await this.server?.kill();
    if (this.clock.alarms > 0) throw new Error(`${this.clock.alarms} alarms are still set`);
  }
}
