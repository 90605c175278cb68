/**
 * A simulated DRA: answers what it is sent, and misbehaves where it is told to.
 * @module
 */
import { BlockPool } from "../../net/block.ts";
import { SYSTEM_CLOCK } from "../../net/clock.ts";
import { type Connection, type Endpoint, endpointText } from "../../net/connection.ts";
import { type Listener, listenTcp } from "../../net/listener.ts";
import { reasonOf } from "../../net/reason.ts";
import { SegmentPool } from "../../net/segment.ts";
import { EndToEndIds } from "../peer/end_to_end_ids.ts";
import type { AdvertisedApplication } from "../peer/capabilities.ts";
import { APPLICATION, VENDOR } from "../wire/application_ids.ts";
import { ApplicationSet } from "../wire/application_set.ts";
import { AnswerWriter } from "./answer_writer.ts";
import { DraConnection, type DraContext } from "./dra_connection.ts";
import { DraSimulatorCounters } from "./dra_counters.ts";
import { EquipmentTable } from "./equipment.ts";
import { type Faults, NO_FAULTS, seededDice } from "./faults.ts";
import { RecentRequests } from "./recent_requests.ts";

/** What a simulated DRA is told; all of it may be left out. Times in milliseconds. */
export interface DraSimulatorOptions {
  /** 127.0.0.1 and a free port unless said otherwise. */
  readonly listen?: Endpoint;
  /** `dra-1.core.example.net` unless said otherwise. */
  readonly originHost?: string;
  /** `core.example.net` unless said otherwise. */
  readonly originRealm?: string;
  /** What the CEA advertises: Relay and S13 unless said otherwise. */
  readonly applications?: readonly AdvertisedApplication[];
  /** What it knows of IMEIs: all are whitelisted unless said otherwise. */
  readonly equipment?: EquipmentTable;
  /** None unless said otherwise. */
  readonly faults?: Partial<Faults>;
  /** The same seed gives the same jitter. */
  readonly seed?: number;
  /** Tw of its own watchdog, 30 s unless said otherwise. */
  readonly watchdogInterval?: number;
  /** Is told, in a sentence, when a connection opens or ends. */
  readonly notice?: (text: string) => void;
}

/** What {@link DraSimulatorOptions.applications} is when left out. */
export const DRA_APPLICATIONS: readonly AdvertisedApplication[] = [
  { id: APPLICATION.relay },
  { id: APPLICATION.s13, vendor: VENDOR.threeGpp },
];

/**
 * A DRA (RFC 6733) on a listener. It answers CER, DWR and DPR; any request of an application that
 * it advertises (Relay stands for all) with 2001, its Session-Id, and what the answer repeats;
 * others with 3007; an S13 ME-Identity-Check with the Equipment-Status of its IMEI (TS 29.272
 * section 7.2.20).
 *
 * @example
 * ```ts ignore
 * const dra = new DraSimulator({ faults: { delay: 5 } });
 * const { port } = dra.start();
 * // ...
 * await dra.stop();
 * ```
 */
export class DraSimulator {
  /** What it has seen and done so far. */
  readonly counters = new DraSimulatorCounters();
  #options: DraSimulatorOptions;
  #listener: Listener | undefined;
  #address: Endpoint | undefined;
  #context: DraContext | undefined;
  #faults: Faults;
  #onRequest: ((message: Uint8Array) => void) | undefined;
  readonly #connections = new Set<DraConnection>();
  readonly #blocks = new BlockPool();
  readonly #segments = new SegmentPool();
  readonly #endToEndIds = new EndToEndIds(Date.now(), Math.random());
  readonly #recent = new RecentRequests();

  /** Listens only when it is started. */
  constructor(options: DraSimulatorOptions = {}) {
    this.#options = options;
    this.#faults = { ...NO_FAULTS, ...options.faults };
  }

  /** Identity in its CEA and its answers. */
  get originHost(): string {
    return this.#options.originHost ?? "dra-1.core.example.net";
  }

  /** Realm in its CEA and its answers. */
  get originRealm(): string {
    return this.#options.originRealm ?? "core.example.net";
  }

  /** What goes wrong now. */
  get faults(): Faults {
    return this.#faults;
  }

  /** Connections that are open. */
  get openConnections(): number {
    let open = 0;
    for (const { peer } of this.#connections) if (peer.open) open++;
    return open;
  }

  /**
   * Listens. After {@link stop} or {@link kill} it may be called again and takes the same port.
   * @returns the address, with the real port
   * @throws Error that names the address and the cause
   */
  start(): Endpoint {
    if (this.#listener !== undefined) return this.#listener.address;
    const applications = this.#options.applications ?? DRA_APPLICATIONS;
    const context = this.#context = {
      local: {
        originHost: this.originHost,
        originRealm: this.originRealm,
        productName: "diam-gw simulated DRA",
        vendorId: VENDOR.threeGpp,
        // A restarted node has lost its state and says so (RFC 6733 section 8.16).
        originStateId: Math.max(Math.floor(Date.now() / 1000), (this.#context?.local.originStateId ?? 0) + 1),
        applications,
      },
      applications: new ApplicationSet(applications.map(({ id }) => id)),
      blocks: this.#blocks,
      segments: this.#segments,
      clock: SYSTEM_CLOCK,
      random: Math.random,
      endToEndIds: this.#endToEndIds,
      counters: this.counters,
      writer: new AnswerWriter({ originHost: this.originHost, originRealm: this.originRealm }),
      recent: this.#recent,
      equipment: this.#options.equipment ?? new EquipmentTable(),
      dice: seededDice(this.#options.seed ?? 1),
      watchdogInterval: this.#options.watchdogInterval ?? 30_000,
      watchdogJitter: Math.min(2_000, (this.#options.watchdogInterval ?? 30_000) / 10),
      faults: this.#faults,
      onRequest: this.#onRequest,
      notice: this.#options.notice,
    };
    const endpoint = this.#address ?? this.#options.listen ?? { hostname: "127.0.0.1", port: 0 };
    try {
      this.#listener = listenTcp(endpoint, { noDelay: true }, (connection) => this.#accept(connection, context));
    } catch (error) {
      throw new Error(`Cannot listen on ${endpointText(endpoint)}: ${reasonOf(error)}`, { cause: error });
    }
    return this.#address = this.#listener.address;
  }

  #accept(connection: Connection, context: DraContext): void {
    const accepted = new DraConnection(connection, context, ({ peer }, { reason }) => {
      this.#connections.delete(accepted);
      const who = peer.capabilities?.originHost ?? "someone";
      this.#options.notice?.(`${who} from ${peer.remoteText} is gone: ${reason}`);
    });
    this.#connections.add(accepted);
  }

  /** Changes what goes wrong, on open connections too; what is not named stays as it is. */
  setFaults(faults: Partial<Faults>): void {
    this.#faults = { ...this.#faults, ...faults };
    if (this.#context !== undefined) this.#context.faults = this.#faults;
    for (const connection of this.#connections) connection.faultsChanged();
  }

  /** Shows every request as it came, as a copy, to `observer`; undefined ends it. */
  onRequest(observer: ((message: Uint8Array) => void) | undefined): void {
    this.#onRequest = observer;
    if (this.#context !== undefined) this.#context.onRequest = observer;
  }

  /**
   * Sends `message` over one of its connections, under a hop-by-hop id of its own.
   * @param timeout milliseconds
   * @returns the answer
   * @throws Error when no connection is open, it is lost, or no answer comes in time
   */
  async request(message: Uint8Array, timeout = 5_000): Promise<Uint8Array> {
    for (const connection of this.#connections) {
      if (!connection.peer.open) continue;
      this.counters.requestsSent++;
      return await connection.own.send(message, timeout);
    }
    throw new Error(`Cannot send a request from ${this.originHost}: no connection is open`);
  }

  /**
   * Takes leave of everyone with DPR and listens no more; resolves when all connections have ended.
   */
  async stop(): Promise<void> {
    this.#closeListener();
    await Promise.all(
      [...this.#connections].map(({ peer }) => peer.stop(this.#faults.dprCause, "the simulated DRA stops")),
    );
  }

  /** Is gone at once, without a word, as a crashed process is. */
  kill(): void {
    this.#closeListener();
    for (const { peer } of [...this.#connections]) peer.abort("the simulated DRA was killed");
  }

  #closeListener(): void {
    this.#listener?.close();
    this.#listener = undefined;
  }
}
