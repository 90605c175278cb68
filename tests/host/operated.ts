/**
 * A gateway process between simulated DRAs and a loaded Logic App, as whoever operates it has it: a
 * configuration file, and the admin interface.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { AppSimulator } from "../../src/diameter/sim/app.ts";
import { DraSimulator } from "../../src/diameter/sim/dra.ts";
import { ask, type Asked, type RawAnswer } from "../ops/admin/raw_http.ts";
import { freeAddress } from "../support/free_port.ts";
import { FROM_SOURCE, GatewayProcess } from "../support/gateway_process.ts";
import { until } from "../support/until.ts";

/** Sections of the configuration file. */
export type Tree = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A DRA as `/api/v1/dras` shows it. */
export interface ShownDra {
  readonly name: string;
  readonly state: string;
  readonly enabled: boolean;
  readonly usable: boolean;
  readonly weight: number;
  readonly weight_overridden: boolean;
  readonly messages_sent: number;
  readonly in_flight: number;
  readonly reconnects: number;
  readonly breaker?: { readonly state: string };
}

/** What a test is about. */
export interface Operation {
  /** How many DRAs there are; the first two are configured. */
  readonly dras?: number;
  /** Requests a second; none unless said otherwise. */
  readonly rate?: number;
  /** Sections that differ. */
  readonly tree?: Tree;
}

/** The whole scene; its end stops everything. */
export class Operated implements AsyncDisposable {
  #load: Promise<void> | undefined;
  readonly #endOfLoad = new AbortController();

  private constructor(
    readonly gateway: GatewayProcess,
    readonly dras: readonly DraSimulator[],
    readonly tree: Tree,
    readonly app: AppSimulator,
  ) {}

  /** Starts all of it, and returns when the DRAs are usable and the load has its first answers. */
  static async start({ dras: count = 2, rate = 0, tree = {} }: Operation = {}): Promise<Operated> {
    const dras = Array.from(
      { length: count },
      (_, nth) =>
        new DraSimulator({
          originHost: `dra-${nth + 1}.core.example.net`,
          listen: freeAddress(),
          faults: { delay: 2 },
        }),
    );
    for (const dra of dras) dra.start();
    const whole: Tree = {
      ...tree,
      gateway: { origin_host: "gw.example.net", origin_realm: "example.net", ...tree["gateway"] },
      server: { listen: ["127.0.0.1:0"], dpr_timeout: "500ms", ...tree["server"] },
      dra_pool: {
        dpr_timeout: "500ms",
        reconnect: { initial: "100ms", max: "200ms" },
        dras: [draEntry(dras, 1), draEntry(dras, 2)],
        ...tree["dra_pool"],
      },
      admin: { listen: "127.0.0.1:0", ...tree["admin"] },
      stats: { interval: "100ms" },
      logging: { format: "json" },
    };
    const gateway = await GatewayProcess.start(FROM_SOURCE, JSON.stringify(whole));
    await until(() => gateway.admin !== undefined && gateway.logged("dra_up").length >= 2, "it is ready", 10_000);
    const app = new AppSimulator({
      connect: gateway.address,
      rate: Math.max(1, rate),
      pacing: "relaxed",
      timeout: 8_000,
    });
    await app.start();
    const scene = new Operated(gateway, dras, whole, app);
    if (rate > 0) {
      scene.#load = app.run({ duration: 600_000, signal: scene.#endOfLoad.signal });
      await until(() => app.counters.answered > 100, "the load has answers");
    }
    return scene;
  }

  /** An entry of `dra_pool.dras` for the nth DRA, counted from 1; its place gives the priority. */
  entry(nth: number, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    return { ...draEntry(this.dras, nth), ...more };
  }

  /** Asks the admin interface. */
  ask(path: string, asked: Asked = {}): Promise<RawAnswer> {
    return ask(this.gateway.admin!, { path, ...asked });
  }

  /** Tells it to do something, which must succeed. */
  async post(path: string, asked: Asked = {}): Promise<Record<string, unknown>> {
    const answer = await this.ask(`/api/v1/${path}`, { method: "POST", ...asked });
    assertEquals(answer.status, 200, answer.text);
    return answer.json();
  }

  /** Writes the file anew, with other keys in some sections. */
  async rewrite(change: Tree): Promise<void> {
    const sections = Object.entries(change).map(([key, section]) => [key, { ...this.tree[key], ...section }]);
    await Deno.writeTextFile(this.gateway.file, JSON.stringify({ ...this.tree, ...Object.fromEntries(sections) }));
  }

  /** One DRA. */
  async dra(name: string): Promise<ShownDra> {
    return (await this.ask(`/api/v1/dras/${name}`)).json() as unknown as ShownDra;
  }

  /** Waits until the nth DRA, counted from 1, gets requests, or gets none. */
  async gets(nth: number, gets = true): Promise<void> {
    const { counters } = this.dras[nth - 1]!;
    if (gets) {
      const before = counters.requests;
      return await until(() => counters.requests > before + 20, `DRA ${nth} gets requests`);
    }
    for (let before = -1; counters.requests !== before;) {
      before = counters.requests;
      const answered = this.app.counters.answered;
      await until(() => this.app.counters.answered > answered + 100, "the load goes on");
    }
  }

  /** Ends the load, and checks that every request got the answer of a DRA, once. */
  async nothingLost(): Promise<void> {
    this.#endOfLoad.abort();
    await this.#load;
    const { counters } = this.app;
    assert(counters.answered > 0);
    assertEquals([counters.lost, counters.faulty], [0, 0], counters.firstFault);
    assertEquals(counters.success, counters.answered, `some were refused: ${counters.results}`);
    for (const defect of ["internal_error", "listener_failed", "admin_failed", "metric_failed"]) {
      assertEquals(this.gateway.logged(defect), []);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#endOfLoad.abort();
    await this.#load;
    await this.app.stop();
    await this.gateway[Symbol.asyncDispose]();
    for (const dra of this.dras) dra.kill();
  }
}

function draEntry(dras: readonly DraSimulator[], nth: number): Record<string, unknown> {
  return { name: `dra-${nth}`, host: "127.0.0.1", port: dras[nth - 1]!.start().port, priority: nth };
}
