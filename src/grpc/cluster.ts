/**
 * One cluster: its instances, who lists them, and which keys are bound to them.
 * @module
 */
import type { Alarm, Clock } from "../net/clock.ts";
import { endpointText } from "../net/connection.ts";
import { reasonOf } from "../net/reason.ts";
import { StickyTable } from "./balance/sticky_table.ts";
import type { Place } from "./call_core.ts";
import type { DynamicCluster, StaticCluster, StickyOptions } from "./config/options.ts";
import type { GrpcEvent } from "./events.ts";
import { HealthCheck } from "./health_check.ts";
import {
  Instance,
  INSTANCE_STATES,
  type InstanceLink,
  type InstanceOwner,
  type InstanceStateName,
} from "./instance.ts";
import { diffInstances } from "./instances.ts";
import type { Meters } from "./meters.ts";
import type { Discoverer, Instance as Listed } from "./parts.ts";

/** What a cluster is given. */
export interface ClusterParts {
  readonly link: InstanceLink;
  readonly clock: Clock;
  readonly meters: Meters;
  readonly tell: (event: GrpcEvent) => void;
  /** Of a dynamic one. */
  readonly discoverer: Discoverer | undefined;
}

/** Options of a cluster that this file knows how to run. */
export type InstanceCluster = StaticCluster | DynamicCluster;

/** How an instance is, as plain data. */
export interface InstanceStatus {
  /** Unique in its cluster; of a static one its address. */
  readonly id: string;
  /** `host:port`. */
  readonly address: string;
  /** What it is doing now. */
  readonly state: InstanceStateName;
  /** Whether somebody has put it out of service. */
  readonly enabled: boolean;
  /** Connections that are open. */
  readonly connections: number;
  /** Calls that are under way there. */
  readonly inFlight: number;
  /** Attempts so far. */
  readonly calls: number;
  /** How often it has failed. */
  readonly failures: number;
  /** Keys that are bound to it. */
  readonly stickyKeys: number;
  /** Why it failed last; "" since it is connected again. */
  readonly lastError: string;
  /** Unix time in ms; 0 when none is planned. */
  readonly nextAttemptAt: number;
}

/** How a cluster is, as plain data. */
export interface ClusterStatus {
  /** As the configuration calls it. */
  readonly name: string;
  /** `static` or `dynamic`. */
  readonly type: string;
  /** Of a dynamic one. Times are Unix times in ms; 0 before the first. */
  readonly discoverer?: { readonly url: string; readonly lastSuccessAt: number; readonly lastError: string };
  /** In the order of their list; behind them those that are leaving. */
  readonly instances: readonly InstanceStatus[];
}

/** A cluster. */
export class Cluster implements InstanceOwner {
  readonly table: StickyTable<Place>;
  readonly #parts: ClusterParts;
  #options: InstanceCluster;
  /** Those that are listed, in the order of the list. */
  #instances: Instance[] = [];
  /** Gone from the list, with calls that still run. */
  readonly #leaving = new Set<Instance>();
  /** Instances that get calls. */
  #usable: Instance[] = [];
  /** Those that may get calls when there is no usable one. */
  #possible: Instance[] = [];
  readonly #health = new Map<Instance, HealthCheck>();
  #alarm: Alarm | undefined;
  #polling: AbortController | undefined;
  #lastSuccessAt = 0;
  #lastError = "";
  /** When an instance was unregistered; a list that was asked for before does not bring it back. */
  readonly #unregistered = new Map<string, number>();
  readonly #ending = new AbortController();
  #stopped = false;
  /** The gateway ends: that instances go is no news. */
  #closing = false;
  /** Bytes of instances that are gone. */
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(readonly name: string, options: InstanceCluster, sticky: StickyOptions, parts: ClusterParts) {
    this.#options = options;
    this.#parts = parts;
    this.table = new StickyTable(sticky);
    parts.meters.declareCluster(name, options.type === "dynamic");
  }

  /** Whether options can be put into force here; else it takes another cluster. */
  isSameAs(options: InstanceCluster): boolean {
    const mine = this.#options;
    if (JSON.stringify(mine.tls) !== JSON.stringify(options.tls)) return false;
    if (mine.type === "static" || options.type === "static") return mine.type === options.type;
    return mine.discovererUrl === options.discovererUrl && mine.discovererTimeout === options.discovererTimeout;
  }

  /** Connects to its instances, or asks for them first. */
  start(): void {
    if (this.#options.type === "static") this.#list(staticInstances(this.#options));
    else void this.#poll();
  }

  /** Takes other options; calls go on. The type and the discoverer's address stay. */
  configure(options: InstanceCluster, sticky: StickyOptions): void {
    this.#options = options;
    this.table.configure(sticky);
    for (const instance of this.#instances) {
      instance.configure(options);
      this.#watchHealth(instance);
    }
    if (options.type === "static") this.#list(staticInstances(options));
    else if (this.#polling === undefined) this.#schedule();
  }

  /** Gives no more calls to anybody; resolves at once. Connections close with their last call. */
  retire(): void {
    this.#stopped = true;
    this.#ending.abort();
    this.#clearAlarm();
    for (const check of this.#health.values()) check.stop();
    this.#health.clear();
    for (const instance of [...this.#instances]) this.#remove(instance);
  }

  /** Closes everything. */
  stop(): void {
    this.#closing = true;
    this.retire();
    for (const instance of this.#leaving) instance.stop();
    this.#leaving.clear();
  }

  /** To be called every few seconds. */
  rest(): void {
    this.table.sweep(this.#parts.clock.now());
    for (const instance of this.#instances) instance.rest();
  }

  /** There is no instance at all. */
  get isEmpty(): boolean {
    return this.#instances.length === 0;
  }

  /** An instance has a connection and gets calls. */
  get isUsable(): boolean {
    return this.#usable.some(({ isConnected }) => isConnected);
  }

  /** Calls that have a place here. */
  get inFlight(): number {
    let sum = 0;
    for (const { inFlight } of this.#instances) sum += inFlight;
    for (const { inFlight } of this.#leaving) sum += inFlight;
    return sum;
  }

  get connections(): number {
    let sum = 0;
    for (const { connections } of this.#instances) sum += connections;
    for (const { connections } of this.#leaving) sum += connections;
    return sum;
  }

  get bytesIn(): number {
    let sum = this.#bytesIn;
    for (const { bytesIn } of this.#instances) sum += bytesIn;
    for (const { bytesIn } of this.#leaving) sum += bytesIn;
    return sum;
  }

  get bytesOut(): number {
    let sum = this.#bytesOut;
    for (const { bytesOut } of this.#instances) sum += bytesOut;
    for (const { bytesOut } of this.#leaving) sum += bytesOut;
    return sum;
  }

  /** Instances that a call may go to, those that it tried left out; the best kind there is. */
  candidates(tried: ReadonlySet<Place> | undefined): readonly Instance[] {
    if (tried === undefined) return this.#usable.length > 0 ? this.#usable : this.#possible;
    const usable = this.#usable.filter((instance) => !tried.has(instance));
    return usable.length > 0 ? usable : this.#possible.filter((instance) => !tried.has(instance));
  }

  /** How many there are in each state. */
  *states(): Generator<readonly [InstanceStateName, number]> {
    const instances = [...this.#instances, ...this.#leaving];
    for (const state of INSTANCE_STATES) {
      yield [state, instances.filter((instance) => instance.state === state).length];
    }
  }

  status(): ClusterStatus {
    const options = this.#options;
    const instances = [...this.#instances, ...this.#leaving].map((instance): InstanceStatus => ({
      id: instance.id,
      address: instance.addressText,
      state: instance.state,
      enabled: instance.enabled,
      connections: instance.connections,
      inFlight: instance.inFlight,
      calls: instance.calls,
      failures: instance.failures,
      stickyKeys: this.table.countOf(instance.id),
      lastError: instance.lastError,
      nextAttemptAt: instance.nextAttemptAt,
    }));
    return {
      name: this.name,
      type: options.type,
      ...(options.type === "dynamic"
        ? {
          discoverer: {
            url: options.discovererUrl,
            lastSuccessAt: this.#lastSuccessAt,
            lastError: this.#lastError,
          },
        }
        : {}),
      instances,
    };
  }

  /** @returns whether there is an instance of that id */
  setEnabled(id: string, enabled: boolean): boolean {
    const instance = this.#instances.find((each) => each.id === id);
    if (instance === undefined) return false;
    if (instance.enabled === enabled) return true;
    instance.enabled = enabled;
    if (!enabled) this.table.unbind(id);
    this.#parts.tell({ kind: "grpc_instance_enabled", cluster: this.name, instance: id, enabled });
    return true;
  }

  /**
   * Asks the discoverer now.
   * @returns how many instances there are
   * @throws Error when it fails; RangeError for a static cluster
   */
  async refresh(): Promise<number> {
    if (this.#parts.discoverer === undefined) throw new RangeError(`cluster ${this.name} is static`);
    const error = await this.#ask();
    if (error !== undefined) throw error;
    return this.#instances.length;
  }

  // What instances tell.

  failed(instance: Instance, error: Error, retryIn: number): void {
    this.table.unbind(instance.id);
    this.#parts.meters.failures.of({ cluster: this.name }).value++;
    const { name: cluster } = this;
    this.#parts.tell({
      kind: "grpc_instance_failed",
      cluster,
      instance: instance.id,
      reason: reasonOf(error),
      retryIn,
    });
    const options = this.#options;
    if (options.type === "dynamic" && options.unregisterFailed) void this.#unregister(instance);
  }

  ready(instance: Instance): void {
    this.#parts.tell({ kind: "grpc_instance_ready", cluster: this.name, instance: instance.id });
  }

  changed(): void {
    this.#sort();
  }

  gone(instance: Instance): void {
    if (!this.#leaving.delete(instance)) return;
    this.#bytesIn += instance.bytesIn;
    this.#bytesOut += instance.bytesOut;
  }

  /** A failed health check, or a good one again. */
  healthChanged(instance: Instance, healthy: boolean, reason: string): void {
    instance.healthy = healthy;
    if (!healthy) this.table.unbind(instance.id);
    const of = { cluster: this.name, instance: instance.id };
    this.#parts.tell(
      healthy ? { kind: "grpc_instance_healthy", ...of } : { kind: "grpc_instance_unhealthy", ...of, reason },
    );
  }

  // The list.

  #list(listed: readonly Listed[]): void {
    const before = this.#instances.map(({ id, address }) => ({ id, ...address }));
    const { added, removed, changed } = diffInstances(before, listed);
    for (const { id } of [...removed, ...changed]) this.#remove(this.#instances.find((each) => each.id === id)!);
    for (const each of [...added, ...changed]) this.#add(each);
    const places = new Map(listed.map(({ id }, nth) => [id, nth]));
    this.#instances.sort((a, b) => places.get(a.id)! - places.get(b.id)!);
    this.#sort();
  }

  #add({ id, hostname, port }: Listed): void {
    const instance = new Instance(id, { hostname, port }, this.#options, this.#parts.link, this);
    this.#instances.push(instance);
    this.#parts.tell({
      kind: "grpc_instance_added",
      cluster: this.name,
      instance: id,
      address: instance.addressText,
    });
    instance.start();
    this.#watchHealth(instance);
  }

  #remove(instance: Instance): void {
    const at = this.#instances.indexOf(instance);
    if (at < 0) return;
    this.#instances.splice(at, 1);
    this.#leaving.add(instance);
    this.table.unbind(instance.id);
    this.#health.get(instance)?.stop();
    this.#health.delete(instance);
    this.#sort();
    const { id, addressText: address } = instance;
    if (!this.#closing) this.#parts.tell({ kind: "grpc_instance_removed", cluster: this.name, instance: id, address });
    instance.retire();
  }

  #sort(): void {
    this.#usable = this.#instances.filter(({ usable }) => usable);
    this.#possible = this.#instances.filter(({ possible }) => possible);
  }

  #watchHealth(instance: Instance): void {
    this.#health.get(instance)?.stop();
    this.#health.delete(instance);
    const { health } = this.#options;
    if (health.type === "none") {
      if (!instance.healthy) instance.healthy = true;
      return;
    }
    this.#health.set(instance, new HealthCheck(instance, health, this.#parts.clock, this));
  }

  // The discoverer.

  async #poll(): Promise<void> {
    await this.#ask();
    this.#schedule();
  }

  #schedule(): void {
    const options = this.#options;
    this.#clearAlarm();
    if (this.#stopped || options.type === "static") return;
    this.#alarm = this.#parts.clock.setTimeout(() => void this.#poll(), options.discovererInterval);
  }

  #clearAlarm(): void {
    if (this.#alarm !== undefined) this.#parts.clock.clearTimeout(this.#alarm);
    this.#alarm = undefined;
  }

  /** @returns why it failed */
  async #ask(): Promise<Error | undefined> {
    const askedAt = this.#parts.clock.now();
    const polling = this.#polling = new AbortController();
    const { discovery } = this.#parts.meters;
    const count = (result: string) => discovery.of({ cluster: this.name, operation: "instances", result }).value++;
    try {
      const listed = await this.#inTime((signal) => this.#parts.discoverer!.getInstances(signal));
      if (this.#stopped) return undefined;
      count("ok");
      this.#lastSuccessAt = Date.now();
      this.#list(listed.filter(({ id }) => !(this.#unregistered.get(id)! >= askedAt)));
      this.#unregistered.clear();
      if (this.#lastError !== "") {
        this.#parts.tell({ kind: "grpc_discoverer_recovered", cluster: this.name, instances: listed.length });
      }
      this.#lastError = "";
      return undefined;
    } catch (error) {
      if (this.#stopped) return undefined;
      count("error");
      const reason = reasonOf(error);
      if (reason !== this.#lastError) {
        this.#parts.tell({ kind: "grpc_discoverer_failed", cluster: this.name, reason });
      }
      this.#lastError = reason;
      return error instanceof Error ? error : new Error(reason);
    } finally {
      if (this.#polling === polling) this.#polling = undefined;
    }
  }

  async #unregister(instance: Instance): Promise<void> {
    const { discovery } = this.#parts.meters;
    const count = (result: string) => discovery.of({ cluster: this.name, operation: "unregister", result }).value++;
    try {
      await this.#inTime((signal) => this.#parts.discoverer!.unregisterInstance(instance.id, signal));
      count("ok");
      if (this.#stopped) return;
      this.#unregistered.set(instance.id, this.#parts.clock.now());
      this.#remove(instance);
    } catch (error) {
      if (this.#stopped) return;
      count("error");
      const { name: cluster } = this;
      const reason = reasonOf(error);
      this.#parts.tell({ kind: "grpc_unregister_failed", cluster, instance: instance.id, reason });
    }
  }

  /** What a discoverer takes too long for has failed, whether it listens to the signal or not. */
  async #inTime<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const options = this.#options as DynamicCluster;
    const late = Promise.withResolvers<never>();
    const controller = new AbortController();
    const timeout = this.#parts.clock.setTimeout(() => {
      controller.abort();
      late.reject(new Error(`no answer within ${options.discovererTimeout} ms`));
    }, options.discovererTimeout);
    const ended = () => {
      controller.abort();
      late.reject(new Error("the gateway was stopped"));
    };
    this.#ending.signal.addEventListener("abort", ended);
    late.promise.catch(() => {});
    try {
      return await Promise.race([ask(controller.signal), late.promise]);
    } finally {
      this.#parts.clock.clearTimeout(timeout);
      this.#ending.signal.removeEventListener("abort", ended);
    }
  }
}

function staticInstances({ addresses }: StaticCluster): Listed[] {
  const listed = new Map<string, Listed>();
  for (const address of addresses) listed.set(endpointText(address), { id: endpointText(address), ...address });
  return [...listed.values()];
}
