/**
 * The gRPC gateway: its life, and its face.
 * @module
 */
import { Http2Connection, Http2Node, type Http2Options } from "../http2/mod.ts";
import { type Clock, SYSTEM_CLOCK } from "../net/clock.ts";
import type { Endpoint } from "../net/connection.ts";
import { dial } from "../net/dial.ts";
import { Listeners } from "../net/listeners.ts";
import { reasonOf } from "../net/reason.ts";
import type { TlsServerFiles } from "../net/tls_listener.ts";
import type { Registry } from "../ops/metrics/registry.ts";
import { HmacTokenValidator, TokenAuthorization } from "./authorization.ts";
import { LeastPending } from "./balance/least_pending.ts";
import { RoundRobin } from "./balance/round_robin.ts";
import { StickySessions } from "./balance/sticky_sessions.ts";
import type { CallCore, Place } from "./call_core.ts";
import { Calls, type Plan } from "./calls.ts";
import { Clients, type ConnectionStatus } from "./clients.ts";
import { Cluster, type InstanceCluster } from "./cluster.ts";
import type { BackendTlsOptions, GrpcConfig, RouteOptions } from "./config/options.ts";
import type { GrpcControl, GrpcStatus, RouteStatus, SessionStatus } from "./control.ts";
import { Deadlines } from "./deadlines.ts";
import type { GrpcEvent, GrpcListener } from "./events.ts";
import { HealthService } from "./health_service.ts";
import { HttpDiscoverer } from "./http_discoverer.ts";
import type { InstanceLink } from "./instance.ts";
import { Meters, type RouteMeters } from "./meters.ts";
import type { Balancer, ConnectionPool, GatewayParts } from "./parts.ts";
import { PoolRoute } from "./pool_route.ts";
import { ReplayBudget, ReplayBuffer } from "./replay_buffer.ts";
import { type Route, RouteEntry } from "./route_entry.ts";
import { RouteTable } from "./routes.ts";

/** What a test gives it, beside the parts. */
export interface GatewaySurroundings {
  readonly clock?: Clock;
  /** Numbers from 0 to below 1. */
  readonly random?: () => number;
}

/** Milliseconds between two looks at what idles. */
const REST = 5_000;
/** The largest window of a connection (RFC 9113 section 6.9.1). */
const MAX_WINDOW = 2 ** 31 - 1;
/** Buffers for replays that are kept for the next call. */
const SPARE_REPLAYS = 1_024;

/** A gRPC proxy and load balancer that knows no `.proto`. */
export class GrpcGateway implements GrpcControl {
  readonly #parts: GatewayParts;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #meters = new Meters();
  readonly #node: Http2Node;
  readonly #deadlines: Deadlines;
  readonly #listeners = new Listeners<GrpcEvent>((error) => ({
    kind: "grpc_listener_failed",
    reason: reasonOf(error),
  }));
  readonly #clusters = new Map<string, Cluster>();
  /** Gone from the configuration, with calls that still run. */
  readonly #retired = new Set<Cluster>();
  /** Discoverers that were made here. */
  readonly #ownDiscoverers = new Map<Cluster, HttpDiscoverer>();
  /** Clusters of other kinds, with what they were made of. */
  readonly #pools = new Map<string, { readonly pool: ConnectionPool; readonly made: string }>();
  readonly #routeMeters = new Map<string, RouteMeters>();
  readonly #health = new HealthService();
  readonly #replayBudget: ReplayBudget;
  readonly #spareReplays: ReplayBuffer[] = [];
  readonly #core: Core;
  readonly #calls: Calls;
  readonly #clients: Clients;
  #config: GrpcConfig;
  #routes: readonly Route[] = [];
  #otherwise: Route | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #state: "starting" | "running" | "draining" | "stopped" = "starting";
  #ending: Promise<void> | undefined;
  #endBeat = () => {};
  /** When a part's failure was told last, by part. */
  readonly #told = new Map<string, number>();

  /** Listens and connects only when it is started. */
  constructor(config: GrpcConfig, parts: GatewayParts = {}, { clock, random }: GatewaySurroundings = {}) {
    this.#config = config;
    this.#parts = parts;
    this.#clock = clock ?? SYSTEM_CLOCK;
    this.#random = random ?? Math.random;
    this.#node = new Http2Node({ clock: this.#clock });
    this.#deadlines = new Deadlines(this.#clock);
    this.#replayBudget = new ReplayBudget(config.retry.bufferTotal);
    this.#core = new Core(this.#deadlines, this.#clock, config, this.#meters, {
      take: () => this.#spareReplays.pop() ?? new ReplayBuffer(this.#replayBudget),
      give: (buffer) => {
        buffer.reset();
        if (this.#spareReplays.length < SPARE_REPLAYS) this.#spareReplays.push(buffer);
      },
    });
    const partFailed = (part: string, error: unknown) => this.#partFailed(part, error);
    this.#calls = new Calls({
      core: this.#core,
      plan: this.#planOf(config),
      unrouted: this.#metersOf("none", "none"),
      partFailed,
    });
    this.#clients = new Clients(config, {
      node: this.#node,
      calls: this.#calls,
      deadlines: this.#deadlines,
      meters: this.#meters,
      random: this.#random,
      tell: (event) => this.#listeners.tell(event),
    });
  }

  /** Adds a listener; what comes back takes it away again. What it throws harms nobody. */
  on(listener: GrpcListener): Disposable {
    const end = this.#listeners.add(listener);
    return { [Symbol.dispose]: end };
  }

  /** Where it listens, with the real ports. */
  get addresses(): Endpoint[] {
    return this.#clients.addresses;
  }

  /** Calls of clients so far. */
  get calls(): number {
    return this.#meters.opened;
  }

  /**
   * Connects to backends, and listens.
   * @throws Error when an address cannot be listened on, or a certificate not be used
   */
  async start(): Promise<void> {
    if (this.#clock === SYSTEM_CLOCK) this.#endBeat = SYSTEM_CLOCK.keepBeat();
    try {
      await this.#clients.listen();
    } catch (error) {
      this.#clients.closeListeners();
      this.#endBeat();
      throw error;
    }
    for (const cluster of this.#clusters.values()) cluster.start();
    this.#ticker = setInterval(() => this.#rest(), REST);
    this.#state = "running";
  }

  /** Shuts down in order, see {@link drain}; resolves when everything is closed. */
  async stop(): Promise<void> {
    await this.drain();
  }

  /** Closes listeners, serves calls to their end, closes everything; resolves when that is done. */
  drain(): Promise<void> {
    return this.#ending ??= this.#end();
  }

  async #end(): Promise<void> {
    this.#state = "draining";
    this.#listeners.tell({ kind: "grpc_draining", calls: this.#meters.inFlight });
    this.#clients.closeListeners();
    this.#health.drain();
    await this.#clients.drain(this.#config.drainTimeout);
    if (this.#ticker !== undefined) clearInterval(this.#ticker);
    for (const cluster of [...this.#clusters.values(), ...this.#retired]) this.#stopCluster(cluster);
    await Promise.all([...this.#pools.values()].map(({ pool }) => this.#closePool(pool)));
    this.#deadlines.close();
    this.#endBeat();
    this.#state = "stopped";
    this.#listeners.tell({ kind: "grpc_stopped" });
  }

  /**
   * Takes another configuration; calls go on.
   * @returns the paths of what takes effect at the next start only
   * @throws TypeError when it names a part that there is not
   */
  configure(config: GrpcConfig): Promise<readonly string[]> {
    const restart = restartPaths(this.#config, config);
    this.#config = config;
    this.#core.configure(config);
    this.#replayBudget.limit = config.retry.bufferTotal;
    this.#calls.configure(this.#planOf(config));
    this.#clients.configure(config);
    return Promise.resolve(restart);
  }

  /** Reads the certificates of listeners again. @throws Error when one cannot be used */
  async reloadCertificates(files?: TlsServerFiles): Promise<void> {
    await this.#clients.reloadCertificates(files);
  }

  /** State, counts, clusters and routes as plain data. */
  status(): Promise<GrpcStatus> {
    const { opened, answered, refused, cancelled, inFlight, retries, transfers } = this.#meters;
    const { state, reason } = this.#readiness();
    return Promise.resolve({
      state,
      reason,
      connections: this.#clients.size,
      callsInFlight: inFlight,
      callsTotal: opened,
      answeredByBackend: answered,
      answeredByGateway: refused,
      cancelled,
      retriesTotal: retries,
      transfersTotal: transfers,
      clusters: [...this.#clusters.values()].map((cluster) => cluster.status()),
      routes: this.#routeStatus(),
    });
  }

  /** The connections of clients as plain data. */
  clients(): Promise<readonly ConnectionStatus[]> {
    return Promise.resolve(this.#clients.status());
  }

  /**
   * Puts an instance out of service, or into it again.
   * @throws RangeError when there is none of that id
   */
  setEnabled(cluster: string, instance: string, enabled: boolean): Promise<void> {
    return this.#attempt(() => {
      if (this.#cluster(cluster).setEnabled(instance, enabled)) return;
      throw new RangeError(`cluster ${cluster} has no instance ${JSON.stringify(instance)}`);
    });
  }

  /** Asks a discoverer now, see `GrpcControl`. */
  async refresh(cluster: string): Promise<number> {
    return await this.#cluster(cluster).refresh();
  }

  /** Where a sticky key leads. @throws RangeError when there is no such cluster */
  session(cluster: string, key: string): Promise<SessionStatus | undefined> {
    return this.#attempt(() => {
      const bound = this.#cluster(cluster).table.find(key, this.#clock.now());
      if (bound === undefined) return undefined;
      const { header, instance: { id: instance }, idle } = bound;
      return { cluster, header, key, instance, idleSeconds: idle / 1000 };
    });
  }

  /** Unbinds a sticky key, and tells whether it was bound. @throws RangeError */
  unbind(cluster: string, key: string): Promise<boolean> {
    return this.#attempt(() => {
      const { table } = this.#cluster(cluster);
      const bound = table.find(key, this.#clock.now());
      return bound !== undefined && table.keys(bound.header).unbind(key);
    });
  }

  /**
   * Adds its metrics to those that somebody shows. For this program: no part of the library.
   * @internal
   */
  addMetrics(registry: Registry): void {
    const clusters = () => [...this.#clusters.values()];
    const sum = (count: (cluster: Cluster) => number) =>
      [...clusters(), ...this.#retired].reduce((total, cluster) => total + count(cluster), 0);
    this.#meters.addTo(registry, {
      inFlight: () => {
        const calls = new Map<string, number>();
        for (const [key, meters] of this.#routeMeters) {
          const cluster = key.slice(key.indexOf("\n") + 1);
          calls.set(cluster, (calls.get(cluster) ?? 0) + meters.inFlight);
        }
        return calls;
      },
      connections: () => ({ client: this.#clients.size, backend: sum(({ connections }) => connections) }),
      instances: () =>
        clusters().flatMap((cluster) => [...cluster.states()].map(([state, n]) => [cluster.name, state, n] as const)),
      stickyKeys: () => clusters().map((cluster) => [cluster.name, cluster.table.size] as const),
      bytes: () => ({
        client: this.#clients.bytes,
        backend: { in: sum(({ bytesIn }) => bytesIn), out: sum(({ bytesOut }) => bytesOut) },
      }),
      replayBytes: () => this.#replayBudget.used,
    });
  }

  // Putting a configuration into force.

  #planOf(config: GrpcConfig): Plan {
    // What may fail comes first: then nothing is changed.
    const authorization = this.#authorization(config);
    this.#putClusters(config);
    const turns = new Map<string, RoundRobin>();
    this.#routes = config.routes.map((options) => this.#route(options, options.prefix, turns, authorization));
    const { action, useCluster: cluster } = config.default;
    this.#otherwise = action === "error" ? undefined : this.#route(
      { prefix: "", cluster, authorization: "none", balancer: { type: "round_robin" }, transfer: "auto" },
      "default",
      turns,
      undefined,
    );
    return {
      routes: new RouteTable(this.#routes),
      otherwise: this.#otherwise,
      healthService: config.healthService ? this.#health : undefined,
    };
  }

  #putClusters(config: GrpcConfig): void {
    const before = new Map(this.#clusters);
    this.#clusters.clear();
    this.#putPools(config);
    for (const [name, options] of Object.entries(config.clusters)) {
      if (options.type === "custom") continue;
      const known = before.get(name);
      if (known !== undefined && known.isSameAs(options)) {
        known.configure(options, config.sticky);
        this.#clusters.set(name, known);
        before.delete(name);
        continue;
      }
      const cluster = this.#newCluster(name, options, config);
      this.#clusters.set(name, cluster);
      if (this.#state === "running") cluster.start();
    }
    for (const cluster of before.values()) {
      cluster.retire();
      this.#retired.add(cluster);
    }
  }

  #putPools(config: GrpcConfig): void {
    const before = new Map(this.#pools);
    this.#pools.clear();
    for (const [name, options] of Object.entries(config.clusters)) {
      if (options.type !== "custom") continue;
      const made = JSON.stringify(options);
      const known = before.get(name);
      if (known?.made === made) before.delete(name);
      const pool = known?.made === made
        ? known.pool
        : this.#parts.clusterTypes?.[options.kind]?.(name, options.options);
      if (pool === undefined) throw new TypeError(`there is no cluster of type ${options.kind} among the parts`);
      this.#pools.set(name, { pool, made });
    }
    for (const { pool } of before.values()) this.#closePool(pool);
  }

  #closePool(pool: ConnectionPool): Promise<void> {
    return this.#attempt(() => pool.close()).catch((error) => this.#partFailed("connection pool", error));
  }

  #newCluster(name: string, options: InstanceCluster, config: GrpcConfig): Cluster {
    let own: HttpDiscoverer | undefined;
    let discoverer = this.#parts.discoverers?.[name];
    if (discoverer === undefined && options.type === "dynamic") {
      own = new HttpDiscoverer({
        url: options.discovererUrl,
        timeout: options.discovererTimeout,
        skipped: (sentences) => {
          for (const reason of sentences) {
            this.#listeners.tell({ kind: "grpc_instance_skipped", cluster: name, reason });
          }
        },
      });
      discoverer = own;
    }
    const cluster = new Cluster(name, options, config.sticky, {
      link: this.#linkTo(options.tls),
      clock: this.#clock,
      meters: this.#meters,
      tell: (event) => this.#listeners.tell(event),
      discoverer,
    });
    if (own !== undefined) this.#ownDiscoverers.set(cluster, own);
    return cluster;
  }

  /** How instances of a cluster are connected. */
  #linkTo(tls: BackendTlsOptions | undefined): InstanceLink {
    return {
      clock: this.#clock,
      random: this.#random,
      dial: (to, signal, timeout) => dial(to, tls && { ...tls, protocol: "h2" }, { timeout, noDelay: true, signal }),
      speak: (connection, keepalive, listener) => {
        const { limits } = this.#config;
        const options: Http2Options = {
          ...limits,
          // What slow clients have not taken is bounded by their streams. A bound for all of them
          // together would let a few of them stop everybody's answers.
          connectionWindow: MAX_WINDOW,
          keepalive: { interval: keepalive.interval, timeout: keepalive.timeout },
          handshakeTimeout: keepalive.handshakeTimeout,
        };
        return Http2Connection.client(connection, this.#node, options, listener);
      },
      protocolError: () => void this.#meters.protocolErrors.of({ side: "backend" }).value++,
    };
  }

  #route(
    options: RouteOptions,
    label: string,
    turns: Map<string, RoundRobin>,
    authorization: TokenAuthorization | undefined,
  ): Route {
    const required = options.authorization === "required" && authorization !== undefined ? [authorization] : [];
    const common = {
      options,
      processors: [...this.#parts.processors ?? [], ...required],
      meters: this.#metersOf(label, options.cluster),
      partFailed: (part: string, error: unknown) => this.#partFailed(part, error),
    };
    const pool = this.#pools.get(options.cluster)?.pool;
    if (pool !== undefined) return new PoolRoute(common, pool);
    const cluster = this.#clusters.get(options.cluster)!;
    const { balancer } = options;
    return new RouteEntry({
      ...common,
      cluster,
      balancer: this.#balancer(options, cluster, turns),
      keys: balancer.type === "sticky_sessions" ? cluster.table.keys(balancer.header) : undefined,
    });
  }

  #balancer({ balancer }: RouteOptions, cluster: Cluster, turns: Map<string, RoundRobin>): Pick<Balancer, "pick"> {
    switch (balancer.type) {
      case "round_robin":
        return new RoundRobin();
      case "least_pending":
        return new LeastPending();
      case "sticky_sessions": {
        // Routes that share keys share the turn in which new ones are bound.
        const key = `${cluster.name}\n${balancer.header}`;
        const turn = turns.get(key) ?? new RoundRobin();
        turns.set(key, turn);
        const sticky = new StickySessions<Place>(
          cluster.table.keys(balancer.header),
          () => this.#clock.now(),
          turn,
        );
        return sticky as unknown as Pick<Balancer, "pick">;
      }
      case "custom": {
        const make = this.#parts.balancers?.[balancer.kind];
        if (make === undefined) throw new TypeError(`there is no balancer of type ${balancer.kind} among the parts`);
        return make(balancer.options);
      }
    }
  }

  #authorization({ auth, routes }: GrpcConfig): TokenAuthorization | undefined {
    if (!routes.some(({ authorization }) => authorization === "required")) return undefined;
    const validator = this.#parts.tokenValidator ?? new HmacTokenValidator({
      secret: auth.jwtSecret,
      sessionClaim: auth.sessionClaim,
      clockTolerance: auth.clockTolerance,
    });
    return new TokenAuthorization(validator, auth);
  }

  #metersOf(route: string, cluster: string): RouteMeters {
    const key = `${route}\n${cluster}`;
    const known = this.#routeMeters.get(key);
    if (known !== undefined) return known;
    const meters = this.#meters.route(route, cluster);
    this.#routeMeters.set(key, meters);
    return meters;
  }

  // The rest.

  #readiness(): { readonly state: GrpcStatus["state"]; readonly reason: string } {
    if (this.#state === "starting") return { state: "starting", reason: "it does not listen yet" };
    if (this.#state !== "running") return { state: "draining", reason: "it shuts down" };
    const clusters = [...this.#clusters.values()];
    const unusable = clusters.filter(({ isUsable }) => !isUsable).map(({ name }) => name);
    if (clusters.length === 0 && this.#pools.size > 0) return { state: "ready", reason: "" };
    if (clusters.length === 0) return { state: "degraded", reason: "no cluster is configured" };
    if (unusable.length === 0) return { state: "ready", reason: "" };
    const which = `no instance of ${unusable.join(", ")} is usable`;
    return unusable.length < clusters.length ? { state: "ready", reason: which } : { state: "degraded", reason: which };
  }

  #routeStatus(): RouteStatus[] {
    const routes = this.#otherwise === undefined ? this.#routes : [...this.#routes, this.#otherwise];
    return routes.map(({ options, transfer, meters: { calls, errors } }) => ({
      prefix: options.prefix,
      cluster: options.cluster,
      authorization: options.authorization,
      balancer: options.balancer.type === "custom" ? options.balancer.kind : options.balancer.type,
      header: options.balancer.type === "sticky_sessions" ? options.balancer.header : "",
      transfer,
      calls,
      errors,
    }));
  }

  #cluster(name: string): Cluster {
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) throw new RangeError(`there is no cluster ${JSON.stringify(name)}`);
    return cluster;
  }

  #attempt<T>(act: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve) => resolve(act()));
  }

  #rest(): void {
    for (const cluster of this.#clusters.values()) cluster.rest();
    for (const cluster of this.#retired) {
      if (cluster.connections > 0 || cluster.inFlight > 0) continue;
      this.#stopCluster(cluster);
      this.#retired.delete(cluster);
    }
  }

  #stopCluster(cluster: Cluster): void {
    cluster.stop();
    this.#ownDiscoverers.get(cluster)?.close();
    this.#ownDiscoverers.delete(cluster);
  }

  /** Told once a second at most. */
  #partFailed(part: string, error: unknown): void {
    const now = this.#clock.now();
    if (now - (this.#told.get(part) ?? -Infinity) < 1_000) return;
    this.#told.set(part, now);
    this.#listeners.tell({ kind: "grpc_part_failed", part, reason: reasonOf(error) });
  }
}

/** What all calls share; its limits may change while it runs. */
class Core implements CallCore {
  retryCount = 0;
  attemptTimeout = 0;
  replayLimit = 0;
  readonly #meters: Meters;
  readonly #clock: Clock;
  readonly #replays: { take(): ReplayBuffer; give(buffer: ReplayBuffer): void };

  constructor(
    readonly deadlines: Deadlines,
    clock: Clock,
    config: GrpcConfig,
    meters: Meters,
    replays: { take(): ReplayBuffer; give(buffer: ReplayBuffer): void },
  ) {
    this.#clock = clock;
    this.#meters = meters;
    this.#replays = replays;
    this.configure(config);
  }

  configure({ retry }: GrpcConfig): void {
    this.retryCount = retry.count;
    this.attemptTimeout = retry.attemptTimeout;
    this.replayLimit = retry.buffer;
  }

  now(): number {
    return this.#clock.now();
  }

  takeReplay(): ReplayBuffer {
    return this.#replays.take();
  }

  giveReplay(buffer: ReplayBuffer): void {
    this.#replays.give(buffer);
  }

  overhead(milliseconds: number): void {
    this.#meters.overhead.observe(milliseconds * 1000);
  }
}

/** Paths of what takes effect at the next start only. */
function restartPaths(before: GrpcConfig, now: GrpcConfig): string[] {
  const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  return [
    ...(differs(before.listen, now.listen) ? ["listen"] : []),
    ...(differs(before.tls?.listen, now.tls?.listen) ? ["tls.listen"] : []),
  ];
}
