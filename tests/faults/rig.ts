/**
 * A gateway between simulated DRAs and Logic Apps, watched all the time: whatever goes wrong around
 * it, each request gets exactly one answer, nobody gets another one's, the counters add up, and all
 * memory comes back.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { freeAddress } from "../support/free_port.ts";
import { InsideGateway } from "../support/inside.ts";
import {
  DEFAULT_OPTIONS,
  type DraOptions,
  type DraPoolOptions,
  type GatewayOptions,
  type ServerOptions,
} from "../../src/diameter/relay/core/options.ts";
import type { GatewayEvent } from "../../src/diameter/relay/core/events.ts";
import { AppSimulator, type AppSimulatorOptions } from "../../src/diameter/sim/app.ts";
import { DraSimulator, type DraSimulatorOptions } from "../../src/diameter/sim/dra.ts";
import { until } from "../support/until.ts";
import { Accounts } from "./accounts.ts";
import { FakeDra, type FakeDraOptions } from "./fake_dra.ts";
import { Sightings } from "./sightings.ts";

/** What a rig is made of; all of it may be left out. */
export interface RigOptions {
  /**
   * Simulated DRAs; without any DRA, there is one that does everything right. The order gives the
   * priority unless it is said.
   */
  readonly dras?: readonly (DraSimulatorOptions & Partial<Pick<DraOptions, "priority" | "weight">>)[];
  /** DRAs whose every answer the test decides, behind the simulated ones. */
  readonly fakes?: readonly (FakeDraOptions & Partial<Pick<DraOptions, "priority" | "weight">>)[];
  /** Simulated Logic Apps; one connection unless said otherwise. */
  readonly apps?: Omit<AppSimulatorOptions, "connect">;
  readonly gateway?: Partial<Omit<GatewayOptions, "server" | "draPool">>;
  readonly server?: Partial<ServerOptions>;
  readonly draPool?: Partial<Omit<DraPoolOptions, "dras">>;
  /** How many DRAs must be usable before the test begins; all of them unless said otherwise. */
  readonly usable?: number;
  /** False: {@link Rig.sightings} stays empty, for runs that are long. */
  readonly watchRequests?: boolean;
}

/** Timers that fit into a test. Longer than what a busy machine may lose. */
const QUICK_GATEWAY = { requestTimeout: 3_000, answerTimeout: 1_500, drainTimeout: 500 } as const;
const QUICK_SERVER = { dprTimeout: 500, writeTimeout: 2_000, capabilitiesTimeout: 2_000 } as const;
const QUICK_POOL = {
  dprTimeout: 500,
  writeTimeout: 2_000,
  connectTimeout: 2_000,
  capabilitiesTimeout: 2_000,
  reconnect: { initial: 20, multiplier: 1.5, max: 60, jitter: 0.2, afterRefusal: 60 },
} as const;

/** Answers that must not be there, and why; see {@link Rig.verdict}. */
const CLEAN = { lost: 0, duplicated: 0, mismatched: 0, unknown: 0, late: 0 };

/** All parts of one test, running. */
export class Rig {
  readonly dras: DraSimulator[] = [];
  readonly fakes: FakeDra[] = [];
  readonly gateway: InsideGateway;
  readonly apps: AppSimulator;
  readonly accounts: Accounts;
  /** Every request that a simulated DRA saw. */
  readonly sightings = new Sightings();
  readonly events: GatewayEvent[] = [];
  /** Requests that may stay without an answer because the Logic App itself left. */
  mayLose = 0;
  readonly #defects: string[] = [];
  readonly #options: RigOptions;
  readonly #started: Promise<void>;

  constructor(options: RigOptions) {
    this.#options = options;
    const dras: DraOptions[] = [];
    for (
      const [index, { priority = index + 1, weight = 100, ...simulated }]
        of (options.dras ?? (options.fakes === undefined ? [{}] : [])).entries()
    ) {
      const dra = new DraSimulator({
        originHost: `dra-${index + 1}.core.example.net`,
        listen: freeAddress(),
        ...simulated,
      });
      this.dras.push(dra);
      if (options.watchRequests !== false) this.sightings.watch(dra);
      const { port } = dra.start();
      dras.push({ name: `dra-${index + 1}`, host: "127.0.0.1", port, priority, weight, originHost: "", bind: "" });
    }
    for (const { priority = dras.length + 1, weight = 100, ...told } of options.fakes ?? []) {
      const fake = new FakeDra(told);
      this.fakes.push(fake);
      const name = `fake-${this.fakes.length}`;
      const place = { name, port: fake.port, priority, weight, originHost: "", bind: "" };
      const { certificate } = told;
      dras.push(
        certificate === undefined
          ? { ...place, host: "127.0.0.1" }
          : { ...place, host: "localhost", tls: { ca: certificate.ca, cert: "", key: "", serverName: "" } },
      );
    }
    this.gateway = new InsideGateway({
      ...DEFAULT_OPTIONS,
      ...QUICK_GATEWAY,
      ...options.gateway,
      server: {
        ...DEFAULT_OPTIONS.server,
        ...QUICK_SERVER,
        ...options.server,
        listen: [{ hostname: "127.0.0.1", port: 0 }],
      },
      draPool: { ...DEFAULT_OPTIONS.draPool, ...QUICK_POOL, ...options.draPool, dras },
    });
    this.gateway.on((event) => {
      this.events.push(event);
      if (event.kind === "internal_error" || event.kind === "listener_failed") this.#defects.push(event.reason);
    });
    this.#started = this.gateway.start();
    this.accounts = new Accounts(this.gateway);
    this.apps = new AppSimulator({
      connect: this.gateway.addresses[0]!,
      timeout: 20_000,
      ...options.apps,
    });
  }

  /** Resolves when the DRAs are usable and the Logic Apps connected. */
  async ready(): Promise<void> {
    await this.#started;
    const usable = this.#options.usable ?? this.dras.length + this.fakes.length;
    await until(() => this.gateway.statistics.active_dras >= usable, `${usable} DRAs are usable`);
    await this.apps.start();
  }

  /**
   * What was wrong so far: books that do not add up, and what the gateway itself calls a defect of
   * its own.
   */
  get complaints(): string[] {
    return [...this.accounts.complaints, ...this.#defects];
  }

  /**
   * How often the gateway counted an answer that nobody waited for: unknown, late, duplicate, gone.
   */
  unmatched(reason: string): number {
    return this.gateway.runtime.meters.unmatched.of({ reason: reason }).value;
  }

  /** How often the gateway answered so itself: `3002 timeout` and the like. */
  errorAnswers(key: string): number {
    const [code, reason] = key.split(" ");
    return this.gateway.runtime.meters.errorAnswers.of({ code: code!, reason: reason! }).value;
  }

  /** Results as the Logic Apps got them, as an object. */
  get results(): Record<string, number> {
    return Object.fromEntries(this.apps.counters.results);
  }

  /** What must hold at the end of every test, however it went. */
  async verdict(): Promise<void> {
    await this.apps.end();
    const { lost, duplicated, mismatched, unknown, late, sent, answered, firstFault } = this.apps.counters;
    const detail = JSON.stringify({ results: this.results, statistics: this.gateway.statistics }, undefined, 1);
    assertEquals(
      { lost: lost - this.mayLose, duplicated, mismatched, unknown, late },
      CLEAN,
      `${firstFault}\n${detail}`,
    );
    assertEquals(answered + lost, sent);
    // Answers of the other side to DRAs may still be on their way.
    await until(() => this.gateway.statistics.active_sessions === 0, `no transaction is active\n${detail}`);
    await until(() => this.accounts.pending === 0, `the transaction tables are empty: ${this.accounts.describe()}`);
    assertEquals(this.complaints, []);
    assert(this.accounts.looks > 0);
  }

  /** Stops everything; afterwards nothing of the gateway may be left. */
  async stop(): Promise<void> {
    for (const dra of this.dras) dra.setFaults({ readRate: Infinity, requestEvery: 0 });
    await this.apps.stop();
    await this.gateway.stop();
    for (const dra of this.dras) dra.kill();
    for (const fake of this.fakes) await fake.close();
    this.accounts.stop();
    // A write that was in flight when its connection was closed lets go a turn later.
    const { segments, blocks } = this.gateway.runtime;
    await until(() => segments.bytesInUse === 0 && blocks.lent === 0, "nothing is in use").catch(() => {});
    assertEquals({ bytesInUse: segments.bytesInUse, lent: blocks.lent }, { bytesInUse: 0, lent: 0 });
    assertEquals([this.accounts.pending, this.gateway.statistics.active_sessions], [0, 0]);
  }
}

/** A rig for as long as `body` runs, with the verdict at the end. */
export async function withRig(options: RigOptions, body: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = new Rig(options);
  try {
    await rig.ready();
    await body(rig);
    await rig.verdict();
  } finally {
    await rig.stop();
  }
}

/** One cell of the fault matrix, as a test. */
export function cell(name: string, options: RigOptions, body: (rig: Rig) => Promise<void>): void {
  Deno.test(name, () => withRig(options, body));
}
