/**
 * A gateway in a process of its own, as whoever runs it has it, and what can be seen of it from
 * outside.
 * @module
 */
import { RUN_FLAGS } from "../../src/build/run_flags.ts";
import { TextLineStream } from "./lines.ts";
import type { Endpoint } from "../../src/net/connection.ts";
import type { Statistics } from "../../src/diameter/relay/statistics.ts";

/** One look at the process. */
export interface ProcessSample {
  /** Resident memory in bytes. */
  readonly memory: number;
  readonly openFiles: number;
  /** Processor seconds since its start. */
  readonly cpu: number;
}

/** Milliseconds until it must be listening, and until it must have ended. */
const PATIENCE = 20_000;

/** The program from source, with the flags that the built one runs with. */
export const FROM_SOURCE: readonly string[] = [
  Deno.execPath(),
  "run",
  ...RUN_FLAGS,
  new URL("../../src/main.ts", import.meta.url).pathname,
];

/** The same command in a shell that takes a limit first, such as `ulimit -n 200`. */
export function limited(limit: string, command: readonly string[] = FROM_SOURCE): string[] {
  return ["/bin/sh", "-c", `${limit}; exec "$@"`, "sh", ...command];
}

/** Log entries that are kept, the latest ones. */
const KEPT_ENTRIES = 20_000;

/** `serve` with a configuration of its own. */
export class GatewayProcess implements AsyncDisposable {
  /** The statistics that it logged last. */
  statistics: Statistics | undefined;
  /**
   * Lines of its log above level info that say more than that a DRA or a Logic App came or went.
   */
  readonly oddities: string[] = [];
  /** What it logged, the latest entries, each as the object that stood in its line. */
  readonly entries: Record<string, unknown>[] = [];
  /** Addresses that it listens on, in the order of its log. */
  readonly addresses: Endpoint[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #directory: string;
  readonly #reading: Promise<void>;
  readonly #listening = Promise.withResolvers<Endpoint>();
  #looks = 0;
  #ended = false;

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
    const directory = await Deno.makeTempDir({ prefix: "gateway-" });
    const file = fileIn(directory);
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

  /** Its configuration file. */
  get file(): string {
    return fileIn(this.#directory);
  }

  /** Where its admin interface is: known a moment after it listens. */
  get admin(): Endpoint | undefined {
    const [line] = this.logged("admin_listening");
    if (line === undefined) return undefined;
    const { hostname, port } = new URL(String(line["url"]));
    return { hostname, port: Number(port) };
  }

  /** The exit code, once it has ended by itself. */
  async exitCode(): Promise<number> {
    return (await this.#child.status).code;
  }

  /** How often it logged its statistics. */
  get looks(): number {
    return this.#looks;
  }

  /**
   * Memory and open files, as they stand. @throws Deno.errors.NotFound when the process has ended
   */
  async sample(): Promise<ProcessSample> {
    const { pid } = this.#child;
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
    let openFiles = 0;
    for await (const _ of Deno.readDir(`/proc/${pid}/fd`)) openFiles++;
    // Fields behind the name in brackets; utime and stime are the 12th and 13th of them, in
    // hundredths of a second.
    const stat = (await Deno.readTextFile(`/proc/${pid}/stat`)).split(") ")[1]!.split(" ");
    return { memory: kilobytes * 1024, openFiles, cpu: (Number(stat[11]) + Number(stat[12])) / 100 };
  }

  /** Sends it a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Entries of the log with this event. */
  logged(event: string): Record<string, unknown>[] {
    return this.entries.filter((entry) => entry["event"] === event);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#ended ? Promise.resolve() : this.stop().then(() => {});
  }

  /** SIGTERM; resolves with the exit code. What it logged until then is in {@link statistics}. */
  async stop(): Promise<number> {
    this.#ended = true;
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
      this.#odd(line);
      return;
    }
    this.entries.push(entry);
    if (this.entries.length > KEPT_ENTRIES) this.entries.shift();
    switch (entry["event"]) {
      case "listening": {
        const address = String(entry["address"]);
        const at = address.lastIndexOf(":");
        const endpoint = { hostname: address.slice(0, at), port: Number(address.slice(at + 1)) };
        this.addresses.push(endpoint);
        this.#listening.resolve(endpoint);
        break;
      }
      case "statistics":
        this.#looks++;
        this.statistics = entry as unknown as Statistics;
        break;
      case "config_warning":
        // The soak's own timers are shorter than anybody's should be.
        if (!String(entry["message"]).includes("below 6s")) this.#odd(line);
        break;
      default:
        if (!EXPECTED_EVENTS.has(String(entry["event"]))) this.#odd(line);
    }
  }

  #odd(line: string): void {
    if (this.oddities.length < 20) this.oddities.push(line);
  }
}

function fileIn(directory: string): string {
  return `${directory}/gateway.yaml`;
}

/** What faults of DRAs and the coming and going of Logic Apps bring about. */
const EXPECTED_EVENTS = new Set([
  "starting",
  "admin_listening",
  "admin_off",
  "config",
  "certificates_reloaded",
  "dra_reopening",
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
  "leaving",
  "stopped",
]);
