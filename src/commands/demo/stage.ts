/**
 * What the demo plays with: a gateway as a configuration file describes it, two simulated DRAs, and
 * simulated Logic Apps.
 * @module
 */
import demoConfig from "../../../config/demo.yaml" with { type: "text" };
import { Gateway } from "../../diameter/relay/gateway.ts";
import { AppSimulator } from "../../diameter/sim/app.ts";
import { DraSimulator } from "../../diameter/sim/dra.ts";
import { DIAMETER_SECTIONS, type DiameterConfig, gatewayOptions } from "../../diameter/config.ts";
import { loadConfig } from "../../ops/config/mod.ts";

/** The text of the configuration. */
export const DEMO_CONFIG: string = demoConfig;

/** Logic Apps. */
export const APP_COUNT = 4;
/** Requests a second, of all Logic Apps together. */
export const RATE = 2_000;
/** Milliseconds that dra-1 takes for an answer: some requests are pending there at any time. */
export const DRA_1_DELAY = 5;

/** The gateway and the simulators, all in this process, talking TCP over loopback. */
export class DemoStage {
  readonly dras: readonly [DraSimulator, DraSimulator];
  readonly config: DiameterConfig;
  readonly gateway: Gateway;
  #apps: AppSimulator | undefined;

  /** Starts the DRAs, for their ports. @throws Error when nothing can be listened on */
  constructor() {
    this.dras = [
      new DraSimulator({ originHost: "dra-1.core.example.net", faults: { delay: DRA_1_DELAY } }),
      new DraSimulator({ originHost: "dra-2.core.example.net" }),
    ];
    const ports: Readonly<Record<string, number>> = {
      DEMO_PORT: 0,
      DEMO_DRA_1_PORT: this.dras[0].start().port,
      DEMO_DRA_2_PORT: this.dras[1].start().port,
    };
    const loaded = loadConfig(DIAMETER_SECTIONS, {
      file: "demo.yaml",
      text: DEMO_CONFIG,
      environment: (name) => ports[name]?.toString(),
    });
    if (!loaded.ok) throw new Error(loaded.errors.join("\n"));
    this.config = loaded.config;
    this.gateway = new Gateway(gatewayOptions(loaded.config));
  }

  /** The configured priority of that DRA. */
  priorityOf(dra: string): number | undefined {
    return this.config.dra_pool.dras.find(({ name }) => name === dra)?.priority;
  }

  /** The Logic Apps, once they are connected. */
  get apps(): AppSimulator {
    if (this.#apps === undefined) throw new Error("Cannot use the Logic Apps: they are not connected yet");
    return this.#apps;
  }

  /** Whether {@link apps} can be used. */
  get connected(): boolean {
    return this.#apps !== undefined;
  }

  /** Connects the Logic Apps. */
  async connectApps(): Promise<void> {
    this.#apps = new AppSimulator({
      connect: this.gateway.addresses[0]!,
      connections: APP_COUNT,
      rate: RATE,
      pacing: "relaxed",
    });
    await this.#apps.start();
  }

  /** Everybody takes their leave: Logic Apps first, DRAs last. */
  async stop(): Promise<void> {
    await this.#apps?.stop();
    await this.gateway.stop();
    await Promise.all(this.dras.map((dra) => dra.stop()));
  }
}
