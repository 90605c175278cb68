/**
 * A plane as the process knows it: started, stopped and told by it, and seen through its admin
 * interface.
 * @module
 */
import type { PlanePage } from "../dashboard/plane_page.ts";
import type { ChatParts } from "../chat/parts.ts";
import type { AdminPlane } from "../ops/admin/plane.ts";
import type { ClosableLogger, Logger } from "../ops/log/mod.ts";
import type { OtlpSettings } from "../ops/otlp/settings.ts";
import type { Registry } from "../ops/metrics/registry.ts";
import type { AdminConfig, Config } from "./config.ts";
import type { PlaneName } from "./planes.ts";

/** What a plane gets from the process. */
export interface PlaneSurroundings {
  readonly log: Logger & Pick<ClosableLogger, "format">;
  /** The same log for what may come in floods. */
  readonly events: Logger;
  /** Where spans go; absent for nowhere. */
  readonly telemetry?: OtlpSettings | undefined;
  /** Pages of the chat plane's own listener, where `--dev` brings some. */
  readonly chatPages?: ChatParts["page"];
  /** What admin.mask says now. */
  mask(): AdminConfig["mask"];
}

/** One plane of the process. */
export interface HostedPlane {
  readonly name: PlaneName;
  /** Listens, and does its work. @throws Error that names what cannot be listened on */
  start(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
  /**
   * Puts what a configuration says of it into force, all of that or nothing.
   * @throws Error that says why it cannot
   */
  configure(config: Config): Promise<void>;
  /** Reads the files of certificates again. @throws Error when one cannot be used */
  reloadCertificates(): Promise<void>;
  /** What it brings to the admin interface; only asked for when there is one. */
  admin(registry: Registry): Promise<AdminPlane>;
  /** What it brings to the page there; only asked for when there is one. */
  page?(): Promise<PlanePage>;
  /** There will be no admin interface after all: what nobody can see need not be recorded. */
  unseen?(): void;
  /** Whatever it has done so far; only whether it grows counts. */
  readonly work: number;
  /** A block in the log. */
  logStatistics(): void;
  /** Shows single messages in the log, until that is disposed of; undefined where it has none. */
  logMessages?(requests: boolean, responses: boolean): Disposable;
}
