/**
 * The handle on the gateway of `bench`, which runs in a thread of its own.
 * @module
 */
import { DEFAULT_OPTIONS } from "../../diameter/relay/core/options.ts";
import type { Endpoint } from "../../net/connection.ts";
import { AskedThread } from "./thread.ts";
import type { BenchAnswer, BenchQuestion } from "./worker.ts";

/** How long the gateway may take to find its DRA usable, in milliseconds. */
const PATIENCE = 10_000;

/** A gateway with the default options and one DRA, on a free port of loopback. */
export class BenchGateway {
  readonly #thread = new AskedThread<BenchQuestion, BenchAnswer>(new URL("./worker.ts", import.meta.url));
  /** Where it listens. */
  address: Endpoint = { hostname: "127.0.0.1", port: 0 };

  private constructor() {}

  /** Starts the thread and the gateway; resolves when the DRA at `dra` is usable. */
  static async start(dra: Endpoint): Promise<BenchGateway> {
    const gateway = new BenchGateway();
    try {
      const started = await gateway.#thread.ask({
        kind: "start",
        options: {
          ...DEFAULT_OPTIONS,
          server: { ...DEFAULT_OPTIONS.server, listen: [{ hostname: "127.0.0.1", port: 0 }] },
          draPool: {
            ...DEFAULT_OPTIONS.draPool,
            dras: [{
              name: "dra-1",
              host: dra.hostname,
              port: dra.port,
              priority: 1,
              weight: 100,
              originHost: "",
              bind: "",
            }],
          },
        },
      });
      if (started.kind === "started") gateway.address = started.address;
      const deadline = performance.now() + PATIENCE;
      while (await gateway.#usableDras() === 0) {
        if (performance.now() > deadline) throw new Error("Cannot measure: the gateway does not reach its DRA");
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return gateway;
    } catch (error) {
      gateway.#thread.terminate();
      throw error;
    }
  }

  /** Processor seconds that its thread has used so far. */
  async cpuSeconds(): Promise<number> {
    const usage = await this.#thread.ask({ kind: "usage" });
    return usage.kind === "usage" ? usage.cpuSeconds : 0;
  }

  /** Shuts it down in order, and its thread. */
  async stop(): Promise<void> {
    try {
      await this.#thread.ask({ kind: "stop" });
    } finally {
      this.#thread.terminate();
    }
  }

  async #usableDras(): Promise<number> {
    const usage = await this.#thread.ask({ kind: "usage" });
    return usage.kind === "usage" ? usage.usableDras : 0;
  }
}
