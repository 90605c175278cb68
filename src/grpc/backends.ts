/**
 * Every cluster of a gateway: those in force, and those that left the configuration with calls that
 * still run.
 * @module
 */
import { Http2Connection, type Http2Node } from "../http2/mod.ts";
import type { Clock } from "../net/clock.ts";
import { dial } from "../net/dial.ts";
import { Cluster, type ClusterStatus, type InstanceCluster } from "./cluster.ts";
import type { BackendTlsOptions, CustomCluster, GrpcConfig } from "./config/options.ts";
import type { GrpcEvent } from "./events.ts";
import { HttpDiscoverer } from "./http_discoverer.ts";
import type { InstanceLink } from "./instance.ts";
import type { Bytes, Meters } from "./meters.ts";
import type { ConnectionPool, GatewayParts } from "./parts.ts";

/** What they are given. */
export interface BackendsParts {
  readonly own: GatewayParts;
  readonly node: Http2Node;
  readonly clock: Clock;
  readonly random: () => number;
  readonly meters: Meters;
  readonly tell: (event: GrpcEvent) => void;
  readonly partFailed: (part: string, error: unknown) => void;
}

/** Somebody's own cluster, and what it was made of. */
interface Pool {
  readonly pool: ConnectionPool;
  readonly made: string;
}

/** The largest window of a connection (RFC 9113 section 6.9.1). */
const MAX_WINDOW = 2 ** 31 - 1;

/** The clusters. */
export class Backends {
  readonly #parts: BackendsParts;
  #clusters: ReadonlyMap<string, Cluster> = new Map();
  #pools: ReadonlyMap<string, Pool> = new Map();
  readonly #retired = new Set<Cluster>();
  /** Discoverers that were made here. */
  readonly #discoverers = new Map<Cluster, HttpDiscoverer>();
  #config: GrpcConfig;
  #running = false;
  /** Bytes of clusters that are gone: a counter only rises. */
  #gone = { in: 0, out: 0 };

  /** Makes those of `config`. @throws TypeError when it names a type that is not among the parts */
  constructor(config: GrpcConfig, parts: BackendsParts) {
    this.#parts = parts;
    this.#config = config;
    this.configure(config);
  }

  /** Connects to all of them. */
  start(): void {
    this.#running = true;
    for (const cluster of this.#clusters.values()) cluster.start();
  }

  /**
   * Takes another configuration: clusters that stay keep connections and keys; of those that go,
   * calls run to their end. Nothing has changed when it throws.
   * @throws TypeError when it names a type that is not among the parts
   */
  configure(config: GrpcConfig): void {
    const pools = this.#poolsOf(config);
    this.#config = config;
    const [before, poolsBefore] = [new Map(this.#clusters), new Map(this.#pools)];
    const clusters = new Map<string, Cluster>();
    for (const [name, options] of Object.entries(config.clusters)) {
      if (options.type === "custom") continue;
      let cluster = before.get(name);
      if (cluster?.isSameAs(options) === true) {
        cluster.configure(options, config.sticky);
        before.delete(name);
      } else {
        cluster = this.#newCluster(name, options);
        if (this.#running) cluster.start();
      }
      clusters.set(name, cluster);
    }
    this.#clusters = clusters;
    this.#pools = pools;
    for (const cluster of before.values()) {
      cluster.retire();
      this.#retired.add(cluster);
    }
    for (const [name, { pool }] of poolsBefore) if (pools.get(name)?.pool !== pool) void this.#closePool(pool);
  }

  /** Closes everything. */
  async stop(): Promise<void> {
    this.#running = false;
    for (const cluster of [...this.#clusters.values(), ...this.#retired]) this.#stopCluster(cluster);
    await Promise.all([...this.#pools.values()].map(({ pool }) => this.#closePool(pool)));
  }

  /** To be called every few seconds: what idles is let go. */
  rest(): void {
    for (const cluster of this.#clusters.values()) cluster.rest();
    for (const cluster of this.#retired) {
      if (cluster.connections > 0 || cluster.inFlight > 0) continue;
      this.#gone = { in: this.#gone.in + cluster.bytesIn, out: this.#gone.out + cluster.bytesOut };
      this.#stopCluster(cluster);
      this.#retired.delete(cluster);
    }
  }

  /** @throws RangeError when there is none of that name */
  cluster(name: string): Cluster {
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) throw new RangeError(`there is no cluster ${JSON.stringify(name)}`);
    return cluster;
  }

  /** Somebody's own cluster of that name. */
  pool(name: string): ConnectionPool | undefined {
    return this.#pools.get(name)?.pool;
  }

  status(): ClusterStatus[] {
    return [...this.#clusters.values()].map((cluster) => cluster.status());
  }

  /** Clusters without an instance that is connected and gets calls; none at all counts as that. */
  get unusable(): { readonly names: readonly string[]; readonly all: boolean } {
    const clusters = [...this.#clusters.values()];
    const names = clusters.filter(({ isUsable }) => !isUsable).map(({ name }) => name);
    return { names, all: names.length === clusters.length && this.#pools.size === 0 };
  }

  get connections(): number {
    return this.#sum(({ connections }) => connections);
  }

  get bytes(): Bytes {
    return {
      in: this.#gone.in + this.#sum(({ bytesIn }) => bytesIn),
      out: this.#gone.out + this.#sum(({ bytesOut }) => bytesOut),
    };
  }

  /** How many instances are in each state. */
  *instances(): Generator<readonly [cluster: string, state: string, count: number]> {
    for (const cluster of this.#clusters.values()) {
      for (const [state, count] of cluster.states()) yield [cluster.name, state, count];
    }
  }

  /** Keys that are bound. */
  *stickyKeys(): Generator<readonly [cluster: string, count: number]> {
    for (const { name, table } of this.#clusters.values()) yield [name, table.size];
  }

  #sum(count: (cluster: Cluster) => number): number {
    return [...this.#clusters.values(), ...this.#retired].reduce((sum, cluster) => sum + count(cluster), 0);
  }

  #poolsOf({ clusters }: GrpcConfig): Map<string, Pool> {
    const pools = new Map<string, Pool>();
    for (const [name, options] of Object.entries(clusters)) {
      if (options.type !== "custom") continue;
      const made = JSON.stringify(options);
      const known = this.#pools.get(name);
      pools.set(name, known?.made === made ? known : { pool: this.#newPool(name, options), made });
    }
    return pools;
  }

  #newPool(name: string, { kind, options }: CustomCluster): ConnectionPool {
    const make = this.#parts.own.clusterTypes?.[kind];
    if (make === undefined) throw new TypeError(`there is no cluster of type ${kind} among the parts`);
    return make(name, options);
  }

  async #closePool(pool: ConnectionPool): Promise<void> {
    try {
      await pool.close();
    } catch (error) {
      this.#parts.partFailed("connection pool", error);
    }
  }

  #newCluster(name: string, options: InstanceCluster): Cluster {
    const { own, clock, meters, tell } = this.#parts;
    let discoverer = own.discoverers?.[name];
    let made: HttpDiscoverer | undefined;
    if (discoverer === undefined && options.type === "dynamic") {
      discoverer = made = new HttpDiscoverer({
        url: options.discovererUrl,
        timeout: options.discovererTimeout,
        skipped: (sentences) => {
          for (const reason of sentences) tell({ kind: "grpc_instance_skipped", cluster: name, reason });
        },
      });
    }
    const link = this.#linkTo(options.tls);
    const cluster = new Cluster(name, options, this.#config.sticky, { link, clock, meters, tell, discoverer });
    if (made !== undefined) this.#discoverers.set(cluster, made);
    return cluster;
  }

  /** How instances of a cluster are connected. */
  #linkTo(tls: BackendTlsOptions | undefined): InstanceLink {
    const { node, clock, random, meters, tell } = this.#parts;
    return {
      clock,
      random,
      dial: (to, signal, timeout) => dial(to, tls && { ...tls, protocol: "h2" }, { timeout, noDelay: true, signal }),
      speak: (connection, { interval, timeout, handshakeTimeout }, listener) =>
        Http2Connection.client(connection, node, {
          ...this.#config.limits,
          // What slow clients have not taken is bounded by their streams. A bound for all of them
          // together would let a few of them stop everybody's answers.
          connectionWindow: MAX_WINDOW,
          keepalive: { interval, timeout },
          handshakeTimeout,
        }, listener),
      internalError: (error) => {
        const reason = error instanceof Error ? error.stack ?? error.message : String(error);
        tell({ kind: "grpc_internal_error", reason });
      },
      protocolError: () => void meters.protocolErrors.of({ side: "backend" }).value++,
    };
  }

  #stopCluster(cluster: Cluster): void {
    cluster.stop();
    this.#discoverers.get(cluster)?.close();
    this.#discoverers.delete(cluster);
  }
}
