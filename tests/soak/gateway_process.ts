/**
 * A gateway in a process of its own, as whoever runs it has it, and what can be seen of it from outside.
 * @module
 */
import { TextLineStream } from "./lines.ts";
import type { Endpoint } from "../../src/net/connection.ts";
import type { Statistics } from "../../src/diameter/relay/statistics.ts";

/** One look at the process. */
export interface ProcessSample {
  /** Resident memory in bytes. */
  readonly memory: number;
  readonly openFiles: number;
}

/** Milliseconds until it must be listening, and until it must have ended. */
const PATIENCE = 20_000;

/** `serve` with a configuration of its own. */
export class GatewayProcess {
  /** The statistics that it logged last. */
  statistics: Statistics | undefined;
  /** Lines of its log above level info that say more than that a DRA or a Logic App came or went. */
  readonly oddities: string[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #directory: string;
  readonly #reading: Promise<void>;
  readonly #listening = Promise.withResolvers<Endpoint>();
  #looks = 0;

  private constructor(child: Deno.ChildProcess, directory: string) {
    this.#child = child;
    this.#directory = directory;
    this.#reading = this.#read();
  }

  /**
   * Starts `command` (all but `serve` and its configuration) and waits until it listens.
   * @throws Error when it does not
   */
  static async start(command: readonly string[], configuration: string): Promise<GatewayProcess> {
    const directory = await Deno.makeTempDir({ prefix: "soak-" });
    const file = `${directory}/gateway.yaml`;
    await Deno.writeTextFile(file, configuration);
    const [program, ...args] = command;
    const child = new Deno.Command(program!, {
      args: [...args, "serve", "-c", file],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const gateway = new GatewayProcess(child, directory);
    const timer = setTimeout(
      () => gateway.#listening.reject(new Error(`The gateway does not listen after ${PATIENCE} ms`)),
      PATIENCE,
    );
    try {
      gateway.address = await gateway.#listening.promise;
    } catch (error) {
      child.kill("SIGKILL");
      await gateway.stop();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return gateway;
  }

  /** Where it listens. */
  address: Endpoint = { hostname: "127.0.0.1", port: 0 };

  /** How often it logged its statistics. */
  get looks(): number {
    return this.#looks;
  }

  /** Memory and open files, as they stand. @throws Deno.errors.NotFound when the process has ended */
  async sample(): Promise<ProcessSample> {
    const { pid } = this.#child;
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
    let openFiles = 0;
    for await (const _ of Deno.readDir(`/proc/${pid}/fd`)) openFiles++;
    return { memory: kilobytes * 1024, openFiles };
  }

  /** SIGTERM; resolves with the exit code. What it logged until then is in {@link statistics}. */
  async stop(): Promise<number> {
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), PATIENCE);
    const { code } = await this.#child.status;
    clearTimeout(timer);
    await this.#reading;
    await Deno.remove(this.#directory, { recursive: true });
    return code;
  }

  async #read(): Promise<void> {
    const lines = this.#child.stderr.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) this.#take(line);
    this.#listening.reject(new Error(`The gateway ended before it listened: ${this.oddities.join("\n")}`));
    this.#listening.promise.catch(() => {});
  }

  #take(line: string): void {
    let entry: Record<string, unknown>;
    try {
      entry = JSON.parse(line);
    } catch {
      // The soak's own timers are shorter than anybody's should be.
      if (!line.includes("warning: below 6s")) this.#odd(line);
      return;
    }
    switch (entry["event"]) {
      case "listening": {
        const address = String(entry["address"]);
        const at = address.lastIndexOf(":");
        this.#listening.resolve({ hostname: address.slice(0, at), port: Number(address.slice(at + 1)) });
        break;
      }
      case "statistics":
        this.#looks++;
        this.statistics = entry as unknown as Statistics;
        break;
      default:
        if (!EXPECTED_EVENTS.has(String(entry["event"]))) this.#odd(line);
    }
  }

  #odd(line: string): void {
    if (this.oddities.length < 20) this.oddities.push(line);
  }
}

/** What faults of DRAs and the coming and going of Logic Apps bring about. */
const EXPECTED_EVENTS = new Set([
  "starting",
  "dra_up",
  "dra_down",
  "dra_suspect",
  "dra_state",
  "dra_connect_failed",
  "dra_restarted",
  "no_dra",
  "failover",
  "failback",
  "resent",
  "app_up",
  "app_down",
  "signal",
  "draining",
  "stopped",
]);
