/**
 * The configuration that is in force, and how it becomes another one while the process runs.
 * @module
 */
import { FileError } from "../net/read_file.ts";
import { configFileName, diffConfig, plainConfig, reloaded, reportSentence, type Sections } from "../ops/config/mod.ts";
import type { EffectiveConfig, Reloaded, ReloadRequest } from "../ops/admin/host.ts";
import { conflict, type Fault, preconditionFailed, type Problem, unprocessable } from "../ops/admin/problem.ts";
import { formatPath } from "../ops/config/path.ts";
import { masked } from "../ops/config/print.ts";
import type { Report } from "../ops/config/report.ts";
import type { Config, Loaded, Read } from "./config.ts";

/** What the process does with configurations. */
export interface ConfigOwner {
  /** Reads it again, flags and all. @throws FileError */
  read(): Promise<Read>;
  /** What is wrong with files that it names. */
  fileErrors(loaded: Loaded): Promise<readonly Report[]>;
  /**
   * Puts it into force, all or nothing. @throws Error that names a listener that cannot be opened
   */
  apply(config: Config): Promise<void>;
  /** Something became of a configuration. */
  told(event: ConfigEvent): void;
}

/** What became of a configuration. */
export interface ConfigEvent {
  readonly action: "reloaded" | "refused" | "confirmed" | "gone_back";
  readonly changes?: readonly string[];
  readonly needsRestart?: readonly string[];
  readonly errors?: readonly string[];
  /** What is unwise in it, though it is in force. */
  readonly warnings?: readonly Report[];
}

/** A reload that waits to be confirmed. */
interface Pending {
  readonly before: Config;
  readonly beforeDigest: string;
  readonly until: Date;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** One at a time: what is in force, what was before and may be again. */
export class LiveConfig {
  readonly #owner: ConfigOwner;
  readonly #file: string | undefined;
  /** Of the planes that run: a process does not change them. */
  readonly #sections: Sections;
  /** Keys of planes that do not run, as they were at the start. */
  readonly #ignored: readonly string[];
  #config: Config;
  #digest: string;
  #loadedAt = new Date();
  #pending: Pending | undefined;
  #busy = false;
  /** The last look at the file. */
  #looked = { version: "", differs: false };

  private constructor(
    owner: ConfigOwner,
    { config, layout: { sections, ignored } }: Loaded,
    digest: string,
    file: string | undefined,
  ) {
    this.#owner = owner;
    this.#sections = sections;
    this.#ignored = ignored;
    this.#config = config;
    this.#digest = digest;
    this.#file = file;
  }

  /** @param flag the file that a flag named */
  static async of(owner: ConfigOwner, loaded: Loaded, flag: string | undefined): Promise<LiveConfig> {
    const digest = await digestOf(loaded.layout.sections, loaded.config);
    return new LiveConfig(owner, loaded, digest, configFileName(flag));
  }

  /** What is in force. */
  get current(): Config {
    return this.#config;
  }

  /** What is in force, for people and scripts. */
  async effective(): Promise<EffectiveConfig> {
    return {
      tree: maskedTree(this.#sections, this.#config),
      sha256: this.#digest,
      loadedAt: this.#loadedAt,
      fileDiffers: await this.#fileDiffers(),
      confirmBy: this.#pending?.until ?? null,
    };
  }

  /**
   * Reads the file again. @throws Problem 409 while one is to be confirmed or a listener cannot be
   * opened; 412 for If-Match; 422 with every error
   */
  async reload({ dryRun, confirm, ifMatch }: ReloadRequest): Promise<Reloaded> {
    if (this.#busy) throw conflict("another reload is under way");
    if (this.#pending !== undefined) {
      throw conflict(`a reload waits to be confirmed until ${this.#pending.until.toISOString()}`);
    }
    if (ifMatch !== undefined && !ifMatch.includes(this.#digest)) {
      throw preconditionFailed("the configuration in force is another one: read it again, and its ETag");
    }
    this.#busy = true;
    try {
      const { config: next, layout, reports } = await this.#read();
      const warnings = reports.filter(({ severity }) => severity === "warning");
      const { changes, needsRestart: later } = diffConfig(this.#sections, this.#config, next);
      // A plane that came into the file starts with the next process.
      const needsRestart = [...later, ...layout.ignored.filter((key) => !this.#ignored.includes(key))];
      if (dryRun) return { changes, needsRestart, applied: false };
      const [before, beforeDigest] = [this.#config, this.#digest];
      // What needs a restart is not in force, and is told again by the next reload.
      const inForce = reloaded(this.#sections, before, next) as unknown as Config;
      await this.#put(inForce, await digestOf(this.#sections, next));
      this.#owner.told({ action: "reloaded", changes: changes.map(({ path }) => path), needsRestart, warnings });
      if (confirm === undefined) return { changes, needsRestart, applied: true };
      const until = new Date(Date.now() + confirm);
      const timer = setTimeout(() => void this.#goBack(), confirm);
      this.#pending = { before, beforeDigest, until, timer };
      return { changes, needsRestart, applied: true, confirmBy: until };
    } finally {
      this.#busy = false;
    }
  }

  /** Keeps what was reloaded. @throws Problem 409 when nothing is to be confirmed */
  confirm(): void {
    if (this.#pending === undefined) throw conflict("no reload waits to be confirmed");
    clearTimeout(this.#pending.timer);
    this.#pending = undefined;
    this.#owner.told({ action: "confirmed" });
  }

  /** Nothing goes back by itself any more. */
  close(): void {
    if (this.#pending !== undefined) clearTimeout(this.#pending.timer);
  }

  async #read(): Promise<Loaded> {
    let loaded: Read;
    try {
      loaded = await this.#owner.read();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      throw this.#refuse([{ detail: error.message }]);
    }
    const files = loaded.ok ? await loaded.located(await this.#owner.fileErrors(loaded)) : [];
    const reports = [...loaded.reports, ...files];
    const errors = reports.filter(({ severity }) => severity === "error");
    if (loaded.ok && errors.length === 0) return { ...loaded, reports };
    const faults = errors.map((report): Fault => {
      const path = formatPath(report.path);
      return { detail: reportSentence(report), ...(path === "" ? {} : { path }) };
    });
    throw this.#refuse(faults);
  }

  #refuse(faults: readonly Fault[]): Problem {
    this.#owner.told({ action: "refused", errors: faults.map(({ detail }) => detail) });
    return unprocessable("the configuration cannot be used; nothing was changed", faults);
  }

  async #put(config: Config, digest: string): Promise<void> {
    try {
      await this.#owner.apply(config);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#owner.told({ action: "refused", errors: [reason] });
      throw conflict(`${reason}; nothing was changed`);
    }
    this.#config = config;
    this.#digest = digest;
    this.#loadedAt = new Date();
  }

  async #goBack(): Promise<void> {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    try {
      await this.#put(pending.before, pending.beforeDigest);
      this.#owner.told({ action: "gone_back" });
    } catch {
      // Told by then; what is in force stays.
    }
  }

  /**
   * Whether the file would amount to something else by now; read again only when it was written.
   */
  async #fileDiffers(): Promise<boolean> {
    if (this.#file === undefined || this.#file === "-") return false;
    try {
      const { mtime, size } = await Deno.stat(this.#file);
      const version = `${mtime?.getTime()} ${size} ${this.#digest}`;
      if (version === this.#looked.version) return this.#looked.differs;
      const loaded = await this.#owner.read();
      const differs = !loaded.ok || await digestOf(this.#sections, loaded.config) !== this.#digest;
      this.#looked = { version, differs };
      return differs;
    } catch {
      return true;
    }
  }
}

/** SHA-256 of a configuration as it is printed, in hexadecimal. */
async function digestOf(sections: Sections, config: Config): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(plainConfig(sections, config)));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", text)).toHex();
}

/** As a person would write it, secrets masked. */
function maskedTree(sections: Sections, config: Config): unknown {
  return masked(sections, plainConfig(sections, config));
}
