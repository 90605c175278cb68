/**
 * An instance's place at a discoverer: registered, kept by heartbeats, given up in the end.
 * @module
 */
import { pause } from "../../net/pause.ts";
import type { Logger } from "../../ops/log/mod.ts";
import type { Instance } from "./registry.ts";

/** Who registers where. */
export interface RegistrationOptions {
  /** Base URL of the discoverer. */
  readonly discoverer: string;
  readonly instance: Instance;
  /** ms between two heartbeats. */
  readonly heartbeat: number;
  readonly log: Logger;
}

/** ms that the discoverer may take to answer. */
const PATIENCE = 2_000;

/** Registers at once, and again whenever the discoverer has forgotten the instance. */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #ended = new AbortController();
  readonly #life: Promise<void>;
  #registered = false;
  #failing = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#life = this.#live();
  }

  /** Whether the discoverer knows the instance, as far as we know. */
  get registered(): boolean {
    return this.#registered;
  }

  /** Unregisters; a discoverer that is away will find out by itself. */
  async end(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    await this.#life;
    if (this.#registered) await this.#post(`unregister/${this.#id}`).catch(() => {});
    this.#registered = false;
  }

  /** Ends as a process does that is killed: says nothing to anybody. */
  async abort(): Promise<void> {
    this.#ended.abort();
    await this.#life;
  }

  get #id(): string {
    return encodeURIComponent(this.#options.instance.instance_id);
  }

  async #live(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      try {
        await this.#beat();
        this.#failing = false;
      } catch (error) {
        this.#told(error);
      }
      await pause(this.#options.heartbeat, this.#ended.signal);
    }
  }

  async #beat(): Promise<void> {
    const { instance, log } = this.#options;
    if (this.#registered && await this.#post(`heartbeat/${this.#id}`) !== 404) return;
    const status = await this.#post("register", instance);
    if (status !== 200) throw new Error(`it answers ${status} to the registration`);
    this.#registered = true;
    log.info("registered", `registered as ${instance.instance_id} at ${this.#options.discoverer}`, {
      instance_id: instance.instance_id,
    });
  }

  /** Once for each trouble. */
  #told(error: unknown): void {
    if (this.#failing || this.#ended.signal.aborted) return;
    this.#failing = true;
    const reason = error instanceof Error ? error.message : String(error);
    const { discoverer, log } = this.#options;
    log.warning("discoverer_failed", `the discoverer at ${discoverer} cannot be told: ${reason}`, { reason });
  }

  async #post(path: string, body?: unknown): Promise<number> {
    const response = await fetch(`${this.#options.discoverer.replace(/\/$/, "")}/v1/${path}`, {
      method: "POST",
      signal: AbortSignal.timeout(PATIENCE),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    await response.body?.cancel();
    return response.status;
  }
}
