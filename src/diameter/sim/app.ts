/**
 * Simulated Logic Apps: they load what they are connected to, and check every answer.
 * @module
 */
import { BlockPool } from "../../net/block.ts";
import { SYSTEM_CLOCK } from "../../net/clock.ts";
import type { Endpoint } from "../../net/connection.ts";
import { endpointText } from "../../net/connection.ts";
import { SegmentPool } from "../../net/segment.ts";
import { reasonOf } from "../../net/reason.ts";
import { connectTcp } from "../../net/tcp.ts";
import { EndToEndIds } from "../peer/end_to_end_ids.ts";
import type { AdvertisedApplication } from "../peer/capabilities.ts";
import type { PeerEnd } from "../peer/peer_end.ts";
import { VENDOR } from "../wire/application_ids.ts";
import { DISCONNECT_CAUSE } from "../wire/avp_codes.ts";
import { AppConnection, type AppContext } from "./app_connection.ts";
import { AppSimulatorCounters } from "./app_counters.ts";
import { applicationsOf, type LoadIdentity, type LoadKind, loadTemplate } from "./load_messages.ts";
import { QuickTurns } from "../../net/quick_turns.ts";

/** What simulated Logic Apps are told; all but `connect` may be left out. Times in milliseconds. */
export interface AppSimulatorOptions {
  /** The gateway or DRA. */
  readonly connect: Endpoint;
  /** Connections, each a Logic App of its own; 1 unless said otherwise. */
  readonly connections?: number;
  /**
   * Origin-Host of the nth connection, counted from 0: `app-1.apps.example.net` and so on unless
   * said otherwise.
   */
  readonly originHost?: (index: number) => string;
  /** `apps.example.net` unless said otherwise. */
  readonly originRealm?: string;
  /** `core.example.net` unless said otherwise. */
  readonly destinationRealm?: string;
  /** Left out of the requests unless said otherwise. */
  readonly destinationHost?: string;
  /**
   * Most requests that wait on one connection: 64 in a closed loop, up to 4096 in an open one,
   * unless said otherwise.
   */
  readonly window?: number;
  /**
   * Requests a second over all connections (open loop); left out: as many as the window allows
   * (closed loop).
   */
  readonly rate?: number;
  /**
   * `exact`: an open loop sends each request when it is due and keeps a processor busy for it,
   * because timers are too coarse. `relaxed`: it sends what is due whenever a timer comes by, every
   * two milliseconds or so, and measures from then. `exact` unless said otherwise.
   */
  readonly pacing?: "exact" | "relaxed";
  /** Shares of the kinds of request, whole numbers; S13 alone unless said otherwise. */
  readonly mix?: Partial<Record<LoadKind, number>>;
  /** IMEIs of the S13 requests, in turn. */
  readonly imeis?: readonly string[];
  /** What the CER advertises: the applications of the mix unless said otherwise. */
  readonly applications?: readonly AdvertisedApplication[];
  /** A request without an answer for so long is lost; 10 s unless said otherwise. */
  readonly timeout?: number;
  /** Until a connection and its CEA must be there, each; 10 s unless said otherwise. */
  readonly connectTimeout?: number;
  /** Tw of their own watchdogs, 30 s unless said otherwise. */
  readonly watchdogInterval?: number;
  /** A lost connection is opened again after this long; left out: it stays lost. */
  readonly reconnect?: number;
  /** Is told, in a sentence, when a connection is lost. */
  readonly notice?: (text: string) => void;
}

const USUAL_WINDOW = 64;
/** In an open loop, so many requests may wait on all connections together ... */
const OPEN_WINDOW = 40_960;
/** ... and so many on one. */
const LARGEST_OPEN_WINDOW = 4_096;
const DEFAULT_IMEI = "490154203237518";
const IMSI = "001010000000001";
/** How often lost requests are looked for, in milliseconds. */
const EXPIRY_STEP = 100;
/** Milliseconds before a request is due from which a pacer no longer trusts a timer. */
const TIMER_ERROR = 3;

/** When a load ends; whatever comes first. */
export interface LoadLimit {
  /** Milliseconds. */
  readonly duration?: number;
  /** How many are sent. */
  readonly requests?: number;
  /** Ends the load when it fires. */
  readonly signal?: AbortSignal;
}

/**
 * Logic Apps that ask as fast as the answers come (closed loop), or at a rate (open loop).
 *
 * @example
 * ```ts ignore
 * const apps = new AppSimulator({ connect: { hostname: "127.0.0.1", port: 3868 }, connections: 4 });
 * await apps.start();
 * await apps.run({ duration: 5_000 });
 * await apps.stop();
 * console.log(apps.counters.answered, apps.counters.lost);
 * ```
 */
export class AppSimulator {
  /** What they have sent and seen so far. */
  readonly counters = new AppSimulatorCounters();
  readonly #options: AppSimulatorOptions;
  readonly #context: AppContext;
  readonly #connections: (AppConnection | undefined)[];
  readonly #startedAt = Math.floor(Date.now() / 1000);
  /** Requests that may still be sent by the current load; 0 when there is none. */
  #budget = 0;
  #stopping = false;
  #endToEnd = ((Math.floor(Date.now() / 1000) & 0xfff) << 20) | Math.floor(Math.random() * 0x100000);
  #expiry: ReturnType<typeof setInterval> | undefined;
  readonly #reconnects = new Set<ReturnType<typeof setTimeout>>();
  /** Ends the pacer's sleep. */
  #wakePacer: (() => void) | undefined;
  #pacing: Promise<void> | undefined;
  #nextDue = 0;
  #turn = 0;
  #budgetUsed: (() => void) | undefined;

  /** Connects only when it is started. */
  constructor(options: AppSimulatorOptions) {
    this.#options = options;
    this.#connections = Array.from({ length: options.connections ?? 1 }, () => undefined);
    this.#context = {
      blocks: new BlockPool(),
      segments: new SegmentPool(),
      clock: SYSTEM_CLOCK,
      random: Math.random,
      endToEndIds: new EndToEndIds(Date.now(), Math.random()),
      counters: this.counters,
      watchdogInterval: options.watchdogInterval ?? 30_000,
      capabilitiesTimeout: options.connectTimeout ?? 10_000,
      window: options.window ?? (options.rate === undefined ? USUAL_WINDOW : openWindow(this.#connections.length)),
      nextEndToEnd: () => this.#endToEnd = (this.#endToEnd & ~0xfffff) | ((this.#endToEnd + 1) & 0xfffff),
      room: (connection) => this.#fill(connection),
      onRequest: undefined,
    };
  }

  /** Connections that are open. */
  get openConnections(): number {
    return this.#connections.filter((connection) => connection?.peer.open === true).length;
  }

  /** Requests that wait for their answers. */
  get waiting(): number {
    return this.#connections.reduce((sum, connection) => sum + (connection?.waiting ?? 0), 0);
  }

  /**
   * Opens all connections at once; resolves when all are open.
   * @throws Error that says why one could not be opened; with `reconnect` it is tried again instead
   */
  async start(): Promise<void> {
    this.#expiry ??= setInterval(() => this.#expire(), EXPIRY_STEP);
    try {
      await Promise.all(this.#connections.map((_, index) => this.#connect(index)));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * Shows every request of the other side as it came, as a copy, to `observer`; undefined ends it.
   */
  onRequest(observer: ((message: Uint8Array) => void) | undefined): void {
    this.#context.onRequest = observer;
  }

  /**
   * Sends `message` over the nth connection, under a hop-by-hop id of its own.
   * @param timeout milliseconds
   * @returns the answer as it came
   * @throws Error when the connection is not open or is lost, or no answer comes in time
   */
  request(message: Uint8Array, index = 0, timeout = 5_000): Promise<Uint8Array> {
    const connection = this.#connections[index];
    if (connection === undefined) return Promise.reject(new Error(`Cannot send a request: app ${index} is not open`));
    return connection.own.send(message, timeout);
  }

  /** Begins to send, until {@link end}. */
  begin(requests = Infinity): void {
    this.#budget = requests;
    if (this.#options.rate !== undefined) {
      this.#nextDue = performance.now();
      this.#pacing ??= this.#pace().finally(() => this.#pacing = undefined);
    } else {
      for (const connection of this.#connections) if (connection !== undefined) this.#fill(connection);
    }
  }

  /** Sends no more, and resolves when every request was answered or given up. */
  async end(): Promise<void> {
    this.#budget = 0;
    this.#budgetUsed?.();
    this.#wakePacer?.();
    await this.#pacing;
    while (this.waiting > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  /** {@link begin}, then {@link end} when a limit is reached. */
  async run(limit: LoadLimit): Promise<void> {
    const done = Promise.withResolvers<void>();
    const timer = limit.duration === undefined ? undefined : setTimeout(done.resolve, limit.duration);
    limit.signal?.addEventListener("abort", () => done.resolve(), { once: true });
    if (limit.signal?.aborted === true) done.resolve();
    this.#budgetUsed = done.resolve;
    this.begin(limit.requests);
    await done.promise;
    this.#budgetUsed = undefined;
    if (timer !== undefined) clearTimeout(timer);
    await this.end();
  }

  /**
   * Takes leave with DPR on every connection; resolves when all have ended. What still waits is
   * lost.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#budget = 0;
    this.#wakePacer?.();
    await this.#pacing;
    for (const timer of this.#reconnects) clearTimeout(timer);
    this.#reconnects.clear();
    await Promise.all(
      this.#connections.map((connection) =>
        connection?.peer.stop(DISCONNECT_CAUSE.doNotWantToTalkToYou, "the simulated Logic App stops")
      ),
    );
    if (this.#expiry !== undefined) clearInterval(this.#expiry);
    this.#expiry = undefined;
  }

  async #connect(index: number): Promise<void> {
    const { connect, connectTimeout = 10_000, reconnect } = this.#options;
    try {
      const connection = await connectTcp(connect, { timeout: connectTimeout, noDelay: true }).catch((error) => {
        throw new Error(`Cannot connect to ${endpointText(connect)}: ${reasonOf(error)}`, { cause: error });
      });
      if (this.#stopping) return connection.close();
      const identity = this.#identity(index);
      const app = new AppConnection(
        connection,
        {
          ...identity,
          productName: "diam-gw simulated Logic App",
          vendorId: VENDOR.threeGpp,
          originStateId: this.#startedAt,
          applications: this.#options.applications ?? applicationsOf(this.#kinds()),
        },
        this.#templates(identity, index),
        this.#context,
        (ended, end) => this.#closed(index, ended, end),
      );
      this.#connections[index] = app;
      await app.opened;
      this.#fill(app);
    } catch (error) {
      if (reconnect === undefined) throw error;
      // A connection that was there tells its end itself.
      if (this.#connections[index] === undefined) this.#connectLater(index);
    }
  }

  #closed(index: number, ended: AppConnection, end: PeerEnd): void {
    if (this.#connections[index] === ended) this.#connections[index] = undefined;
    if (this.#stopping) return;
    this.counters.connectionsLost++;
    const text = `connection ${index + 1} ended: ${end.reason}`;
    this.counters.firstFault ||= text;
    this.#options.notice?.(text);
    if (this.#options.reconnect !== undefined) this.#connectLater(index);
    else if (this.openConnections === 0) this.#budgetUsed?.();
  }

  #connectLater(index: number): void {
    if (this.#stopping) return;
    const timer = setTimeout(() => {
      this.#reconnects.delete(timer);
      void this.#connect(index);
    }, this.#options.reconnect);
    this.#reconnects.add(timer);
  }

  #identity(index: number): LoadIdentity {
    const { originHost = (nth: number) => `app-${nth + 1}.apps.example.net` } = this.#options;
    return {
      originHost: originHost(index),
      originRealm: this.#options.originRealm ?? "apps.example.net",
      destinationRealm: this.#options.destinationRealm ?? "core.example.net",
      destinationHost: this.#options.destinationHost ?? "",
      session: this.#startedAt + index,
    };
  }

  #kinds(): LoadKind[] {
    return Object.keys(this.#options.mix ?? { s13: 1 }) as LoadKind[];
  }

  /**
   * What one connection sends in turn: the kinds by their shares, each IMEI in its turn. Each
   * connection begins elsewhere.
   */
  #templates(identity: LoadIdentity, index: number) {
    const { mix = { s13: 1 }, imeis = [DEFAULT_IMEI] } = this.#options;
    const round = (Object.entries(mix) as [LoadKind, number][]).flatMap(([kind, share]) => Array(share).fill(kind));
    const built = new Map<string, ReturnType<typeof loadTemplate>>();
    const rounds = round.includes("s13") ? imeis.length : 1;
    const list = Array.from({ length: rounds }, (_, nth) => imeis[(nth + index) % imeis.length] ?? DEFAULT_IMEI)
      .flatMap((imei) =>
        round.map((kind: LoadKind) => {
          const subscriber = kind === "s13" ? imei : IMSI;
          const key = `${kind} ${subscriber}`;
          const template = built.get(key) ?? loadTemplate(kind, identity, subscriber);
          built.set(key, template);
          return template;
        })
      );
    if (list.length === 0 || list.length > 0xffff) {
      throw new RangeError(`Cannot send ${list.length} different requests in turn: expected 1 to 65535`);
    }
    return list;
  }

  #expire(): void {
    const deadline = performance.now() - (this.#options.timeout ?? 10_000);
    for (const connection of this.#connections) {
      if (connection === undefined || connection.waiting === 0) continue;
      connection.expire(deadline);
      this.#fill(connection);
    }
  }

  /** Closed loop: sends what the window has room for. */
  #fill(connection: AppConnection): void {
    if (this.#budget <= 0 || this.#options.rate !== undefined) return;
    let space = Math.min(connection.space, this.#budget);
    if (space <= 0) return;
    this.#budget -= space;
    const now = performance.now();
    for (; space > 0; space--) connection.send(now);
    if (this.#budget <= 0) this.#budgetUsed?.();
  }

  /** Open loop: sends what is due until the budget is used up. */
  async #pace(): Promise<void> {
    const exact = this.#options.pacing !== "relaxed";
    const turns = exact ? await QuickTurns.open() : undefined;
    try {
      while (this.#budget > 0) {
        this.#sendDue(exact);
        const wait = this.#nextDue - performance.now();
        if (turns === undefined) await this.#sleep(Math.max(1, wait));
        else if (wait > TIMER_ERROR) await this.#sleep(wait - TIMER_ERROR);
        else await turns.turn();
      }
    } finally {
      turns?.close();
    }
    this.#budgetUsed?.();
  }

  #sendDue(exact: boolean): void {
    const interval = 1000 / this.#options.rate!;
    const now = performance.now();
    while (this.#nextDue <= now && this.#budget > 0) {
      const connection = this.#nextWithSpace();
      if (connection === undefined) break;
      connection.send(exact ? this.#nextDue : now);
      this.#nextDue += interval;
      this.#budget--;
    }
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wakePacer?.(), milliseconds);
      this.#wakePacer = () => {
        clearTimeout(timer);
        this.#wakePacer = undefined;
        resolve();
      };
    });
  }

  #nextWithSpace(): AppConnection | undefined {
    const connections = this.#connections;
    for (let i = 0; i < connections.length; i++) {
      this.#turn = this.#turn + 1 >= connections.length ? 0 : this.#turn + 1;
      const connection = connections[this.#turn];
      if (connection !== undefined && connection.space > 0) return connection;
    }
    return undefined;
  }
}

function openWindow(connections: number): number {
  return Math.min(LARGEST_OPEN_WINDOW, Math.max(USUAL_WINDOW, Math.ceil(OPEN_WINDOW / connections)));
}
