/**
 * The gRPC gateway: its life, and its face.
 * @module
 */
import { Http2Node } from "../http2/mod.ts";
import { type Clock, SYSTEM_CLOCK } from "../net/clock.ts";
import type { Endpoint } from "../net/connection.ts";
import { Listeners } from "../net/listeners.ts";
import { reasonOf } from "../net/reason.ts";
import type { TlsServerFiles } from "../net/tls_listener.ts";
import type { Registry } from "../ops/metrics/registry.ts";
import { Backends } from "./backends.ts";
import { Calls } from "./calls.ts";
import { Clients, type ConnectionStatus } from "./clients.ts";
import type { GrpcConfig } from "./config/options.ts";
import type { GrpcControl, GrpcStatus, SessionStatus } from "./control.ts";
import type { GrpcEvent, GrpcListener } from "./events.ts";
import { HealthService } from "./health_service.ts";
import { Meters } from "./meters.ts";
import type { GatewayParts } from "./parts.ts";
import { Planner } from "./planner.ts";
import { SharedCore } from "./shared_core.ts";

/** What a test gives it, beside the parts. */
export interface GatewaySurroundings {
  readonly clock?: Clock;
  /** Numbers from 0 to below 1. */
  readonly random?: () => number;
}

/** Milliseconds between two looks at what idles. */
const REST = 5_000;

const READY = { state: "ready", reason: "" } as const;

/** A gRPC proxy and load balancer that knows no `.proto`. */
export class GrpcGateway implements GrpcControl {
  readonly #clock: Clock;
  readonly #meters = new Meters();
  readonly #listeners = new Listeners<GrpcEvent>((error) => ({
    kind: "grpc_listener_failed",
    reason: reasonOf(error),
  }));
  readonly #health = new HealthService();
  readonly #backends: Backends;
  readonly #planner: Planner;
  readonly #core: SharedCore;
  readonly #calls: Calls;
  readonly #clients: Clients;
  #config: GrpcConfig;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #state: "starting" | "running" | "draining" | "stopped" = "starting";
  #ending: Promise<void> | undefined;
  #endBeat = () => {};
  /** When a part's failure was told last, by part. */
  readonly #told = new Map<string, number>();

  /**
   * Listens and connects only when it is started.
   * @throws TypeError when the configuration names a part that there is not
   */
  constructor(
    config: GrpcConfig,
    parts: GatewayParts = {},
    { clock = SYSTEM_CLOCK, random = Math.random }: GatewaySurroundings = {},
  ) {
    this.#config = config;
    this.#clock = clock;
    const meters = this.#meters;
    const node = new Http2Node({ clock });
    const tell = (event: GrpcEvent) => this.#listeners.tell(event);
    const partFailed = (part: string, error: unknown) => this.#partFailed(part, error);
    const core = this.#core = new SharedCore(config, clock, meters.overhead);
    const backends = this.#backends = new Backends(config, {
      own: parts,
      node,
      clock,
      random,
      meters,
      tell,
      partFailed,
    });
    const planner = this.#planner = new Planner({
      own: parts,
      backends,
      meters,
      health: this.#health,
      now: () => clock.now(),
      partFailed,
    });
    const plan = planner.plan(config, planner.prepare(config));
    const calls = this.#calls = new Calls({ core, plan, unrouted: planner.metersOf("none", "none"), partFailed });
    this.#clients = new Clients(config, { node, calls, deadlines: core.deadlines, meters, random, tell });
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
    this.#backends.start();
    this.#ticker = setInterval(() => this.#backends.rest(), REST);
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
    await this.#backends.stop();
    this.#core.deadlines.close();
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
    return this.#attempt(() => {
      // What may fail comes first: then nothing is changed.
      const prepared = this.#planner.prepare(config);
      this.#backends.configure(config);
      const restart = restartPaths(this.#config, config);
      this.#config = config;
      this.#core.configure(config);
      this.#calls.configure(this.#planner.plan(config, prepared));
      this.#clients.configure(config);
      return restart;
    });
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
      clusters: this.#backends.status(),
      routes: this.#planner.status(),
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
      if (this.#backends.cluster(cluster).setEnabled(instance, enabled)) return;
      throw new RangeError(`cluster ${cluster} has no instance ${JSON.stringify(instance)}`);
    });
  }

  /** Asks a discoverer now, see `GrpcControl`. */
  async refresh(cluster: string): Promise<number> {
    return await this.#backends.cluster(cluster).refresh();
  }

  /** Where a sticky key leads. @throws RangeError when there is no such cluster */
  session(cluster: string, key: string): Promise<SessionStatus | undefined> {
    return this.#attempt(() => {
      const bound = this.#backends.cluster(cluster).table.find(key, this.#clock.now());
      if (bound === undefined) return undefined;
      const { header, instance: { id: instance }, idle } = bound;
      return { cluster, header, key, instance, idleSeconds: idle / 1000 };
    });
  }

  /** Unbinds a sticky key, and tells whether it was bound. @throws RangeError */
  unbind(cluster: string, key: string): Promise<boolean> {
    return this.#attempt(() => {
      const { table } = this.#backends.cluster(cluster);
      const bound = table.find(key, this.#clock.now());
      return bound !== undefined && table.keys(bound.header).unbind(key);
    });
  }

  /**
   * Adds its metrics to those that somebody shows. For this program: no part of the library.
   * @internal
   */
  addMetrics(registry: Registry): void {
    const [backends, clients] = [this.#backends, this.#clients];
    this.#meters.addTo(registry, {
      inFlight: () => this.#planner.inFlight,
      connections: () => ({ client: clients.size, backend: backends.connections }),
      instances: () => backends.instances(),
      stickyKeys: () => backends.stickyKeys(),
      bytes: () => ({ client: clients.bytes, backend: backends.bytes }),
      replayBytes: () => this.#core.replays.used,
    });
  }

  #readiness(): { readonly state: GrpcStatus["state"]; readonly reason: string } {
    if (this.#state === "starting") return { state: "starting", reason: "it does not listen yet" };
    if (this.#state !== "running") return { state: "draining", reason: "it shuts down" };
    const { names, all } = this.#backends.unusable;
    if (names.length === 0) return all ? { state: "degraded", reason: "no cluster is configured" } : READY;
    return { state: all ? "degraded" : "ready", reason: `no instance of ${names.join(", ")} is usable` };
  }

  #attempt<T>(act: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve) => resolve(act()));
  }

  /** Told once a second at most. */
  #partFailed(part: string, error: unknown): void {
    const now = this.#clock.now();
    if (now - (this.#told.get(part) ?? -Infinity) < 1_000) return;
    this.#told.set(part, now);
    this.#listeners.tell({ kind: "grpc_part_failed", part, reason: reasonOf(error) });
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
