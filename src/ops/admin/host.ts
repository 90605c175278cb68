/**
 * What the admin interface needs of the process that it runs in.
 * @module
 */
import type { Logger } from "../log/logger.ts";
import type { EventSource } from "./plane.ts";
import type { Chunks } from "./route.ts";

/** The configuration in force. */
export interface EffectiveConfig {
  /** As a person would write it, every default filled in, secrets masked. */
  readonly tree: unknown;
  /** SHA-256 of what was loaded, in hexadecimal; the entity tag. */
  readonly sha256: string;
  readonly loadedAt: Date;
  /** Whether the file says something else by now. */
  readonly fileDiffers: boolean;
  /** When it goes back to the one before, unless confirmed; null when nothing is pending. */
  readonly confirmBy: Date | null;
}

/** How to read the file again. */
export interface ReloadRequest {
  /** Only tell what would change. */
  readonly dryRun: boolean;
  /** ms after which it goes back by itself, unless confirmed. */
  readonly confirm?: number;
  /** Only when the SHA-256 of the configuration in force is one of these. */
  readonly ifMatch?: readonly string[];
}

/** What reading it again did, or would do. */
export interface Reloaded {
  readonly changes: readonly { readonly path: string; readonly from: unknown; readonly to: unknown }[];
  /** Paths of changes that come into force at the next start. */
  readonly needsRestart: readonly string[];
  readonly applied: boolean;
  readonly confirmBy?: Date;
}

/** What is told when the file was read again, or what came of that: an event. */
export interface ConfigTold {
  readonly at: string;
  readonly kind: "config";
  readonly action: "reloaded" | "refused" | "confirmed" | "gone_back";
  /** Paths that have another value now. */
  readonly changes: readonly string[];
  /** Paths of changes that come into force at the next start. */
  readonly needs_restart: readonly string[];
  /** Why it was refused. */
  readonly errors: readonly string[];
}

/** What the log writes. */
export interface LogSettings {
  readonly level: "debug" | "info" | "warning" | "error";
  readonly requests: boolean;
  readonly responses: boolean;
}

/** What it writes now, and until when. */
export interface LogState extends LogSettings {
  /** When it goes back by itself; null when it stays. */
  readonly until: Date | null;
}

/** The process. */
export interface AdminHost {
  readonly version: string;
  /** When it started. */
  readonly startedAt: Date;
  /** Told of defects in handlers, and who changed what. */
  readonly log: Logger;
  config(): EffectiveConfig | Promise<EffectiveConfig>;
  /**
   * Reads the file again; a bad one changes nothing.
   * @throws Problem 409 while one is to be confirmed, or when a listener cannot be opened; 412 when
   * `ifMatch` does not match; 422 with every error of the file
   */
  reload(request: ReloadRequest): Promise<Reloaded>;
  /** Keeps what was reloaded. @throws Problem 409 when nothing is to be confirmed */
  confirm(): Promise<void>;
  logging(): LogState;
  /** Changes what is named; back by itself after `duration` ms, when given. */
  setLogging(change: Partial<LogSettings>, duration: number | undefined): LogState;
  /** Begins to drain every plane; resolves when that has begun, not when it is done. */
  drain(): Promise<void>;
  /** Events of the process itself, such as a reload. */
  readonly events?: EventSource;
  /** The process's part of `/metrics`. */
  metrics?(): Chunks;
}
