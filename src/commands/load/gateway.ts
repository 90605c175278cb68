/**
 * The handle on the gateway of `bench`, which runs in a thread of its own.
 * @module
 */
import { DEFAULT_OPTIONS } from "../../diameter/relay/core/options.ts";
import type { Endpoint } from "../../net/connection.ts";
import type { BenchAnswer, BenchQuestion } from "./worker.ts";

/** How long the gateway may take to find its DRA usable, in milliseconds. */
const PATIENCE = 10_000;

/** A gateway with the default options and one DRA, on a free port of loopback. */
export class BenchGateway {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  #waiting: PromiseWithResolvers<BenchAnswer> | undefined;
  /** Where it listens. */
  address: Endpoint = { hostname: "127.0.0.1", port: 0 };

  private constructor() {
    this.#worker.addEventListener("message", (event) => {
      const answer = (event as MessageEvent<BenchAnswer>).data;
      if (answer.kind === "failed") this.#waiting?.reject(new Error(answer.reason));
      else this.#waiting?.resolve(answer);
    });
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#waiting?.reject(new Error(`the gateway's thread failed: ${event.message}`));
    });
  }

  /** Starts the thread and the gateway; resolves when the DRA at `dra` is usable. */
  static async start(dra: Endpoint): Promise<BenchGateway> {
    const gateway = new BenchGateway();
    try {
      const started = await gateway.#ask({
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
      gateway.#worker.terminate();
      throw error;
    }
  }

  /** Processor seconds that its thread has used so far. */
  async cpuSeconds(): Promise<number> {
    const usage = await this.#ask({ kind: "usage" });
    return usage.kind === "usage" ? usage.cpuSeconds : 0;
  }

  /** Shuts it down in order, and its thread. */
  async stop(): Promise<void> {
    try {
      await this.#ask({ kind: "stop" });
    } finally {
      this.#worker.terminate();
    }
  }

  async #usableDras(): Promise<number> {
    const usage = await this.#ask({ kind: "usage" });
    return usage.kind === "usage" ? usage.usableDras : 0;
  }

  async #ask(question: BenchQuestion): Promise<BenchAnswer> {
    this.#waiting = Promise.withResolvers();
    this.#worker.postMessage(question);
    return await this.#waiting.promise;
  }
}
