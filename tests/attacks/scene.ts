/**
 * The scene of an attack: a gateway in a process of its own, DRAs that do everything right, and a
 * polite Logic App that asks all the time and must not notice.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Endpoint } from "../../src/net/connection.ts";
import { AppSimulator } from "../../src/diameter/sim/app.ts";
import { DraSimulator, type DraSimulatorOptions } from "../../src/diameter/sim/dra.ts";
import { freeAddress } from "../support/free_port.ts";
import { FROM_SOURCE, GatewayProcess } from "../support/gateway_process.ts";
import { until } from "../support/until.ts";

/** What a scene is made of; all of it may be left out. */
export interface SceneOptions {
  /** Keys of `gateway`, `server` and `dra_pool` (without `dras`), as in the file. */
  readonly gateway?: Record<string, unknown>;
  readonly server?: Record<string, unknown>;
  readonly draPool?: Record<string, unknown>;
  /** One that does everything right unless said otherwise. The order gives the priority. */
  readonly dras?: readonly DraSimulatorOptions[];
  /** Ports of DRAs that the test brings itself, behind those above. */
  readonly otherDras?: readonly number[];
  /** All but `serve` and its configuration; the program from source unless said otherwise. */
  readonly command?: readonly string[];
  /** Requests a second of the polite Logic App; 200 unless said otherwise. */
  readonly politeRate?: number;
}

/**
 * A running scene. Its end stops everything; {@link unharmed} says whether the polite Logic App
 * noticed anything.
 */
export class Scene implements AsyncDisposable {
  readonly #load: Promise<unknown>;
  readonly #endOfLoad: AbortController;

  private constructor(
    readonly gateway: GatewayProcess,
    readonly dras: readonly DraSimulator[],
    readonly polite: AppSimulator,
    load: Promise<unknown>,
    endOfLoad: AbortController,
  ) {
    this.#load = load;
    this.#endOfLoad = endOfLoad;
  }

  /** Starts all of it, and returns when the polite Logic App has got its first answers. */
  static async start(options: SceneOptions = {}): Promise<Scene> {
    const dras = (options.dras ?? [{}]).map((dra, nth) =>
      new DraSimulator({ originHost: `dra-${nth + 1}.core.example.net`, listen: freeAddress(), ...dra })
    );
    const ports = [...dras.map((dra) => dra.start().port), ...options.otherDras ?? []];
    const configuration = {
      gateway: { origin_host: "gw.example.net", origin_realm: "example.net", drain_timeout: "1s", ...options.gateway },
      server: { listen: ["127.0.0.1:0"], dpr_timeout: "500ms", ...options.server },
      dra_pool: {
        dpr_timeout: "500ms",
        reconnect: { initial: "100ms", max: "200ms" },
        ...options.draPool,
        dras: ports.map((port, nth) => ({ name: `dra-${nth + 1}`, host: "127.0.0.1", port, priority: nth + 1 })),
      },
      admin: { listen: "" },
      stats: { interval: "200ms" },
      logging: { format: "json" },
    };
    // JSON is YAML.
    const gateway = await GatewayProcess.start(options.command ?? FROM_SOURCE, JSON.stringify(configuration));
    await until(() => gateway.logged("dra_up").length >= ports.length, "every DRA is usable", 10_000);
    const rate = options.politeRate ?? 200;
    const polite = new AppSimulator({
      connect: gateway.address,
      originHost: () => "polite.apps.example.net",
      rate,
      pacing: "relaxed",
      timeout: 5_000,
    });
    await polite.start();
    const endOfLoad = new AbortController();
    const load = polite.run({ duration: 600_000, signal: endOfLoad.signal });
    const scene = new Scene(gateway, dras, polite, load, endOfLoad);
    await until(() => polite.counters.answered >= 10, "the polite Logic App has answers");
    return scene;
  }

  /** Where the gateway listens. */
  get address(): Endpoint {
    return this.gateway.address;
  }

  /**
   * Ends the polite load, and checks that every one of its requests got one good answer.
   * @param refusable how many of them may have been refused with an error answer
   */
  async unharmed(refusable = 0): Promise<void> {
    this.#endOfLoad.abort();
    await this.#load;
    const { counters } = this.polite;
    assert(counters.answered > 0, "the polite Logic App got no answer at all");
    assertEquals(counters.lost, 0, "requests of the polite Logic App were lost");
    assertEquals(counters.faulty, 0, counters.firstFault);
    const refused = counters.answered - counters.success;
    assert(
      refused <= refusable,
      `${refused} of ${counters.answered} polite requests were refused: ${counters.results}`,
    );
    for (const defect of ["internal_error", "listener_failed"]) assertEquals(this.gateway.logged(defect), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#endOfLoad.abort();
    await this.#load;
    await this.polite.stop();
    await this.gateway[Symbol.asyncDispose]();
    for (const dra of this.dras) dra.kill();
  }
}
