/**
 * The Logic Apps of a soak: some stay, some come and go, some leave without waiting for their
 * answers.
 * @module
 */
import type { Endpoint } from "../../src/net/connection.ts";
import { AppSimulator, type AppSimulatorOptions } from "../../src/diameter/sim/app.ts";

/** What all of them found out together. */
export interface LoadTotals {
  sent: number;
  answered: number;
  /** Without an answer, although the Logic App waited for it. */
  lost: number;
  duplicated: number;
  /** For another request, or for none. */
  misdelivered: number;
  /** After the Logic App had given up. */
  late: number;
  /** Without an answer because the Logic App left. */
  left: number;
  /** Requests of DRAs. */
  peerRequests: number;
  /** Connections that ended although nobody wanted it. */
  connectionsLost: number;
  /** The first thing that was wrong. */
  firstFault: string;
  results: Map<string, number>;
}

/** Longer than the gateway's request_timeout: what is not answered by then is lost. */
const GIVE_UP = 15_000;
/**
 * What the Logic Apps advertise: what they send, and RFC 6733's re-authorization for credit
 * control.
 */
const APPLICATIONS = [{ id: 4 }, { id: 16777252, vendor: 10415 }, { id: 16777251, vendor: 10415 }] as const;
const MIX = { s13: 2, s6a: 1, ccr: 1 } as const;

/** Keeps the load up until it is stopped. */
export class LoadPlan {
  readonly #gateway: Endpoint;
  readonly #rate: number;
  readonly #lasting: AppSimulator[] = [];
  readonly #passing = new Set<AppSimulator>();
  readonly #done: LoadTotals = emptyTotals();
  readonly #changing: Promise<void>[] = [];
  #serial = 0;
  #stopped = false;
  readonly #wakes = new Set<() => void>();

  /** @param rate requests a second, all together */
  constructor(gateway: Endpoint, rate: number) {
    this.#gateway = gateway;
    this.#rate = rate;
  }

  /** Opens the connections that stay, and begins. */
  async start(): Promise<void> {
    this.#lasting.push(
      this.#apps({ rate: this.#rate * 0.6, connections: 6, mix: MIX }),
      this.#apps({ rate: this.#rate * 0.1, connections: 2, destinationHost: "dra-2.core.example.net" }),
    );
    for (const apps of this.#lasting) {
      await apps.start();
      apps.begin();
    }
    this.#changing.push(this.#comeAndGo(true), this.#comeAndGo(false));
  }

  /** As they stand. */
  get totals(): LoadTotals {
    const totals = { ...this.#done, results: new Map(this.#done.results) };
    for (const apps of [...this.#lasting, ...this.#passing]) add(totals, apps, false);
    return totals;
  }

  /** Requests that wait for their answers. */
  get waiting(): number {
    return [...this.#lasting, ...this.#passing].reduce((sum, apps) => sum + apps.waiting, 0);
  }

  get connections(): number {
    return [...this.#lasting, ...this.#passing].reduce((sum, apps) => sum + apps.openConnections, 0);
  }

  /** Sends no more, waits for the answers, and leaves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const wake of this.#wakes) wake();
    await Promise.all(this.#changing);
    for (const apps of this.#lasting) {
      await apps.end();
      await apps.stop();
    }
  }

  /** A few Logic Apps come, send for a while, and go: in order, or all of a sudden. */
  async #comeAndGo(orderly: boolean): Promise<void> {
    for (let round = 0; !this.#stopped; round++) {
      const apps = this.#apps({ rate: this.#rate * 0.15, connections: 1 + round % 5, mix: MIX });
      await apps.start();
      this.#passing.add(apps);
      apps.begin();
      await this.#sleep(2_000 + (round * 1_700) % 7_000);
      if (orderly || this.#stopped) await apps.end();
      await apps.stop();
      this.#passing.delete(apps);
      add(this.#done, apps, !orderly);
      await this.#sleep(500);
    }
  }

  #apps(options: Omit<AppSimulatorOptions, "connect">): AppSimulator {
    const serial = ++this.#serial;
    return new AppSimulator({
      connect: this.#gateway,
      originHost: (nth) => `app-${serial}-${nth + 1}.apps.example.net`,
      applications: APPLICATIONS,
      window: 2_048,
      pacing: "relaxed",
      timeout: GIVE_UP,
      ...options,
    });
  }

  #sleep(milliseconds: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#wakes.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      this.#wakes.add(wake);
    });
  }
}

function emptyTotals(): LoadTotals {
  return {
    sent: 0,
    answered: 0,
    lost: 0,
    duplicated: 0,
    misdelivered: 0,
    late: 0,
    left: 0,
    peerRequests: 0,
    connectionsLost: 0,
    firstFault: "",
    results: new Map(),
  };
}

/** @param left they did not wait for their answers */
function add(totals: LoadTotals, { counters }: AppSimulator, left: boolean): void {
  totals.sent += counters.sent;
  totals.answered += counters.answered;
  totals.duplicated += counters.duplicated;
  totals.misdelivered += counters.mismatched + counters.unknown;
  totals.late += counters.late;
  totals[left ? "left" : "lost"] += counters.lost;
  totals.peerRequests += counters.peerRequests;
  totals.connectionsLost += counters.connectionsLost;
  totals.firstFault ||= counters.firstFault;
  for (const [result, count] of counters.results) totals.results.set(result, (totals.results.get(result) ?? 0) + count);
}
