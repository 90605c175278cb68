/**
 * The gateway: its life, and its face.
 * @module
 */
import { SYSTEM_CLOCK } from "../../net/clock.ts";
import type { Endpoint } from "../../net/connection.ts";
import type { Registry } from "../../ops/metrics/registry.ts";
import { RESULT } from "../wire/result_codes.ts";
import { assemble, type RelayParts } from "./assemble.ts";
import type { GatewayControl } from "./control.ts";
import type { GatewayListener, MessageObserver } from "./core/events.ts";
import type { GatewayOptions } from "./core/options.ts";
import type { Refusal } from "./core/refusal.ts";
import type { RefusedMessage } from "./core/refused_messages.ts";
import { addMetrics } from "./metrics.ts";
import { type Deciders, explain, type ExplainRequest, type Explanation } from "./explain.ts";
import { loadForPolicy } from "./policy/loaded.ts";
import { checkPolicy, hasPolicy } from "./policy/policy.ts";
import { TICK } from "./core/transactions.ts";
import { type Statistics, statisticsOf } from "./statistics.ts";
import { type GatewayStatus, statusOf } from "./status.ts";

/**
 * A Diameter relay agent between Logic Apps and DRAs (RFC 6733 section 2.8.1).
 *
 * @example
 * ```ts ignore
 * const gateway = new Gateway({ ...DEFAULT_OPTIONS, draPool: { ...DEFAULT_OPTIONS.draPool, dras } });
 * await gateway.start();
 * // ...
 * await gateway.stop();
 * ```
 */
export class Gateway implements GatewayControl {
  readonly #parts: RelayParts;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #endBeat = () => {};
  #stopping: Promise<void> | undefined;

  /**
   * Listens and connects only when it is started.
   * @param parts those of a test that looks inside
   */
  constructor(options: GatewayOptions, parts: RelayParts = assemble(options)) {
    this.#parts = parts;
  }

  /**
   * Adds a listener for everything but single messages; what comes back takes it away again. What
   * it throws harms nobody: the other listeners are told of it, once, as `listener_failed`.
   */
  on(listener: GatewayListener): Disposable {
    return this.#parts.runtime.on(listener);
  }

  /**
   * Shows every message to `observer`, which costs time for each, until what comes back is disposed
   * of. What it throws is told to the listeners, once, as `listener_failed`.
   */
  observe(observer: MessageObserver): Disposable {
    return this.#parts.runtime.observe(observer);
  }

  /** Where it listens, with the real ports. */
  get addresses(): Endpoint[] {
    return this.#parts.server.addresses;
  }

  /** The statistics block, as it stands. */
  get statistics(): Statistics {
    return statisticsOf(this.#parts.runtime, this.#parts.pool);
  }

  /** State, statistics, DRAs and Logic Apps as plain data. */
  status(): Promise<GatewayStatus> {
    return Promise.resolve(statusOf(this.#parts));
  }

  /** The last messages that were malformed or refused, newest first. */
  refusedMessages(): Promise<readonly RefusedMessage[]> {
    return Promise.resolve(this.#parts.runtime.refusedMessages.list());
  }

  /**
   * What would become of a request, as things stand now. Nothing is sent or counted.
   * @throws RangeError when it is no whole request
   */
  explain(wish: ExplainRequest): Promise<Explanation> {
    const { runtime, apps, checks, policies, pool } = this.#parts;
    const connected = wish.app === undefined ? undefined : apps.withHost(wish.app)[0];
    const deciders: Deciders = {
      checks,
      policy: policies.current,
      isRefusing: runtime.draining,
      decide: (facts, route) => pool.routeFor(facts, route),
    };
    return Promise.resolve().then(() => explain(wish, deciders, connected));
  }

  /**
   * Adds its metrics to those that somebody shows. For this program: no part of the library.
   * @internal
   */
  addMetrics(registry: Registry): void {
    addMetrics(registry, this.#parts);
  }

  /**
   * Takes a DRA out of service with DPR (2), or puts it into service again. @throws RangeError when
   * there is none of that name
   */
  async setEnabled(dra: string, enabled: boolean): Promise<void> {
    await this.#parts.pool.named(dra).setEnabled(enabled);
  }

  /**
   * Ends the connections of a DRA with DPR, or its wait for the next attempt, and connects at once.
   * @throws RangeError
   */
  reconnect(dra: string): Promise<void> {
    this.#parts.pool.named(dra).reconnect();
    return Promise.resolve();
  }

  /** Another weight until the options are set anew. @throws RangeError when there is no such DRA */
  setWeight(dra: string, weight: number): Promise<void> {
    this.#parts.pool.setWeight(dra, weight);
    return Promise.resolve();
  }

  /**
   * Closes the circuit breaker of a DRA. @throws RangeError when there is no such DRA, or it has no
   * breaker
   */
  resetBreaker(dra: string): Promise<void> {
    const { breaker } = this.#parts.pool.named(dra);
    if (breaker === undefined) throw new RangeError("there are no circuit breakers (dra_pool.circuit_breaker.enabled)");
    breaker.close("its operator closed it");
    return Promise.resolve();
  }

  /**
   * Takes other options, and returns the paths of those that come into force at the next start.
   * Listeners that cannot be opened leave everything as it was.
   * @throws Error that names the listener
   */
  async configure(options: GatewayOptions): Promise<readonly string[]> {
    const { runtime, server, pool } = this.#parts;
    await loadForPolicy(options);
    checkPolicy(options);
    await server.relisten(options.server);
    const later = runtime.configure(options);
    server.configure();
    this.#parts.configure();
    pool.configure();
    return later;
  }

  /** The same as {@link stop}. */
  drain(): Promise<void> {
    return this.stop();
  }

  /**
   * Listens, and begins to connect to the DRAs.
   * @throws Error when an address cannot be listened on, or a certificate cannot be used
   */
  async start(): Promise<void> {
    const { runtime, server, pool, housekeeping } = this.#parts;
    if (hasPolicy(runtime.options)) {
      await loadForPolicy(runtime.options);
      this.#parts.configure();
    }
    this.#endBeat = SYSTEM_CLOCK.keepBeat();
    const listening = server.start();
    this.#ticker = setInterval(() => housekeeping.tick(), TICK);
    pool.start();
    try {
      await listening;
    } catch (error) {
      clearInterval(this.#ticker);
      this.#endBeat();
      await pool.stop();
      throw error;
    }
  }

  /**
   * Reads the certificates of TLS listeners again. Those towards DRAs are read for each connection.
   * @throws Error when a file cannot be used
   */
  reloadCertificates(): Promise<void> {
    return this.#parts.server.reloadCertificates();
  }

  /**
   * Shuts down (RFC 6733 section 5.4): accepts nothing new, answers new requests 3004, waits for
   * pending answers up to drainTimeout, answers what is then pending with 3002, and takes leave of
   * every peer with DPR.
   */
  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  async #stop(): Promise<void> {
    const { runtime, server, pool, requests, toDras, toApps } = this.#parts;
    const { ledger } = runtime;
    runtime.draining = true;
    server.stopListening();
    runtime.emit({ kind: "draining", pending: ledger.active });
    const deadline = runtime.clock.now() + runtime.options.drainTimeout;
    while (ledger.active > 0 && runtime.clock.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // Drained by now: they are told so.
    requests.callWaiting(runtime.tick(), "everybody");
    for (const direction of [toDras, toApps]) direction.refuseAll(SHUTTING_DOWN);
    runtime.emit({ kind: "leaving" });
    await Promise.all([server.stop(), pool.stop()]);
    if (this.#ticker !== undefined) clearInterval(this.#ticker);
    this.#endBeat();
    for (const direction of [toDras, toApps]) direction.dispose();
    runtime.emit({ kind: "stopped" });
  }
}

const SHUTTING_DOWN: Refusal = {
  resultCode: RESULT.unableToDeliver,
  message: "this gateway is shutting down and no answer came in time",
  reason: "draining",
};
