/**
 * One gateway under measurement: a process of its own, from some checkout.
 * @module
 */
import { RUN_FLAGS } from "../../../src/build/run_flags.ts";
import type { Certificate } from "../../interop/certificates.ts";
import { GatewayProcess } from "../../support/gateway_process.ts";
import { until } from "../../support/until.ts";
import { startDra } from "../dra.ts";
import { Blaster, type Dial } from "./blaster.ts";
import type { IdleCase, LoadCase } from "./cases.ts";

/** Milliseconds of load before it counts, and while it does. */
export interface Times {
  readonly warmUp: number;
  readonly measured: number;
}

/** What came of a load. */
export interface LoadFigures {
  /** Processor seconds of the gateway per million answers. */
  readonly cpu: number;
  readonly perSecond: number;
  /** Share of the answers that were refusals. */
  readonly refused: number;
  /** Resident bytes at the end. */
  readonly memory: number;
}

/** What came of silence. */
export interface IdleFigures {
  /** Resident bytes that each connection costs. */
  readonly perConnection: number;
  /** Resident bytes before the first. */
  readonly atStart: number;
}

/** After this long without a byte a connection is as small as it gets, in milliseconds. */
const SETTLED = 12_000;

/** Milliseconds in which a gateway that does nothing uses no hundredth of a second. */
const AT_REST = 250;

/** A checkout whose gateway is measured. */
export class Subject {
  /**
   * @param directory of the checkout, with a slash at its end
   * @param settings sections of the configuration beyond what every subject gets
   */
  constructor(
    readonly name: string,
    readonly directory: string,
    readonly certificate: Certificate,
    readonly settings: Readonly<Record<string, unknown>> = {},
  ) {}

  /** Loads a fresh gateway. */
  async load(what: LoadCase, times: Times): Promise<LoadFigures> {
    await using dra = await startDra(what.dra);
    await using gateway = await this.#start(dra.port, what.draPool, what.policy);
    const { connections, window, size, tls = false } = what;
    await using apps = await Blaster.open(this.#address(gateway, tls), {
      connections,
      window,
      size,
      dial: this.#dial(tls),
    });
    await apps.run(times.warmUp);
    const [answers, refused, before, began] = [
      apps.answers,
      apps.refused,
      await gateway.sample(),
      performance.now(),
    ];
    await apps.run(times.measured);
    const [seconds, after] = [(performance.now() - began) / 1000, await gateway.sample()];
    const answered = apps.answers - answers;
    return {
      cpu: (after.cpu - before.cpu) * 1e6 / answered,
      perSecond: answered / seconds,
      refused: (apps.refused - refused) / answered,
      memory: after.memory,
    };
  }

  /** Opens connections, and lets them be silent. */
  async idle({ connections, tls = false, used = false }: IdleCase): Promise<IdleFigures> {
    await using dra = await startDra();
    await using gateway = await this.#start(dra.port);
    const options = { window: 1, size: 224, dial: this.#dial(tls) };
    // The first ones load code, grow pools and warm up: they are not the price of one more.
    await using first = await Blaster.open(this.#address(gateway, tls), { ...options, connections: 50 });
    await first.run(200);
    await sleep(SETTLED);
    const { memory } = await gateway.sample();
    await using apps = await Blaster.open(this.#address(gateway, tls), { ...options, connections });
    if (used) await apps.run(1);
    await sleep(SETTLED);
    const after = await gateway.sample();
    return { perConnection: (after.memory - memory) / connections, atStart: memory };
  }

  async #start(
    dra: number,
    draPool: Record<string, unknown> = {},
    policy: Record<string, unknown> = {},
  ): Promise<GatewayProcess> {
    const { cert, key } = this.certificate;
    const knowsPolicy = await Deno.stat(`${this.directory}src/diameter/relay/policy`).then(() => true, () => false);
    const configuration = {
      gateway: { origin_host: "gw.example.net", origin_realm: "example.net", drain_timeout: "100ms" },
      server: {
        listen: ["127.0.0.1:0"],
        tls: { listen: ["127.0.0.1:0"], cert, key },
        max_connections: 20_000,
        watchdog_interval: "10m",
        dpr_timeout: "100ms",
      },
      dra_pool: { dpr_timeout: "100ms", ...draPool, dras: [{ name: "dra", host: "127.0.0.1", port: dra }] },
      logging: { format: "json", level: "info" },
      stats: { interval: 0 },
      ...(knowsPolicy ? policy : {}),
      ...this.settings,
    };
    const command = [Deno.execPath(), "run", ...RUN_FLAGS, `${this.directory}src/main.ts`];
    const gateway = await GatewayProcess.start(command, JSON.stringify(configuration));
    await until(() => gateway.logged("dra_up").length > 0 && gateway.addresses.length === 2, "the DRA is usable");
    await atRest(gateway);
    return gateway;
  }

  #address(gateway: GatewayProcess, tls: boolean) {
    return gateway.addresses[tls ? 1 : 0]!;
  }

  #dial(tls: boolean): Dial {
    if (!tls) {
      return async (to) => {
        const conn = await Deno.connect(to);
        conn.setNoDelay(true);
        return conn;
      };
    }
    const ca = Deno.readTextFileSync(this.certificate.ca);
    return (to) => Deno.connectTls({ hostname: "localhost", port: to.port, caCerts: [ca] });
  }
}

/**
 * Until a gateway does nothing: what it loads behind its first listener, such as its admin
 * interface, is no part of what a message costs.
 */
async function atRest(gateway: GatewayProcess): Promise<void> {
  let { cpu } = await gateway.sample();
  for (let before = -1; cpu > before;) {
    before = cpu;
    await sleep(AT_REST);
    ({ cpu } = await gateway.sample());
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
