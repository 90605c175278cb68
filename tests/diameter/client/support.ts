/**
 * Clients and what they talk to.
 * @module
 */
import type { ClientEvent } from "../../../src/diameter/client/events.ts";
import { ConnectionPool, type ConnectionPoolOptions } from "../../../src/diameter/client/connection_pool.ts";
import { RawListener, type RawPeer } from "../../support/raw_peer.ts";
import { until } from "../../support/until.ts";

/** Who the clients are. */
export const NAMES = { originHost: "client.example.net", originRealm: "example.net" } as const;

/** Who the scripted DRA is. */
export const DRA = { host: "dra.core.example.net", realm: "core.example.net" } as const;

/** Reconnects at once. */
export const QUICK = { initial: 5, max: 20, jitter: 0, afterRefusal: 5 } as const;

/** A scripted DRA for as long as `body` runs. */
export async function withDra(body: (dra: RawListener) => Promise<void>): Promise<void> {
  const dra = new RawListener(DRA);
  try {
    await body(dra);
  } finally {
    await dra.close();
  }
}

/** What a test with a pool has in hand. */
export interface Stage {
  readonly pool: ConnectionPool;
  readonly dra: RawListener;
  /** The DRA's ends of the connections, behind their capabilities exchange. */
  readonly peers: RawPeer[];
  /** Everything that the pool has told. */
  readonly events: ClientEvent[];
}

/**
 * A pool with all its connections open to a scripted DRA, for as long as `body` runs; one
 * connection unless `options` say otherwise.
 */
export function withPool(
  options: Partial<ConnectionPoolOptions>,
  body: (stage: Stage) => Promise<void>,
): Promise<void> {
  return withDra(async (dra) => {
    const { connections = 1 } = options;
    const pool = new ConnectionPool({
      host: "127.0.0.1",
      port: dra.port,
      dprTimeout: 20,
      ...NAMES,
      ...options,
      connections,
    });
    const events: ClientEvent[] = [];
    pool.on((event) => events.push(event));
    const peers: RawPeer[] = [];
    try {
      const started = pool.start();
      for (let i = 0; i < connections; i++) peers.push(await dra.open());
      await started;
      await until(() => pool.health.openConnections === connections, "all connections are open");
      await body({ pool, dra, peers, events });
    } finally {
      await pool.close();
    }
  });
}

/** How many calls of `promises` have ended, and how many of them well. */
export function watch(promises: readonly Promise<unknown>[]): { settled: number; done: number; failed: unknown[] } {
  const seen = { settled: 0, done: 0, failed: [] as unknown[] };
  for (const promise of promises) {
    promise.then(() => {
      seen.settled++;
      seen.done++;
    }, (error) => {
      seen.settled++;
      seen.failed.push(error);
    });
  }
  return seen;
}
