/**
 * What a plane brings to the admin interface. All of it is plain data and promises, so that a plane
 * may as well live in another thread.
 * @module
 */
import type * as z from "zod";
import type { Chunks, Route } from "./route.ts";

/** The states of a plane, the worst last. */
export const STATES = ["ready", "degraded", "starting", "draining"] as const;

/** How a plane is. */
export type State = (typeof STATES)[number];

/** Whether a plane can serve. */
export interface Readiness {
  readonly state: State;
  /** Whether it should get traffic; a plane may be degraded and ready. */
  readonly ready: boolean;
  /** Why it is not ready, or what is missing: a sentence. */
  readonly reason?: string;
  /** More of what `/readyz` shows, such as the state of a cache. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Something that happened. `at` is an ISO 8601 time, the other members are the kind's. */
export interface AdminEvent {
  readonly at: string;
  readonly kind: string;
  readonly [member: string]: unknown;
}

/** Where events come from. */
export interface EventSource {
  /** Every kind there is, of letters, digits and underscores, with a sentence on what it tells. */
  readonly kinds: Readonly<Record<string, string>>;
  /** Calls `listener` for each event; returns what ends that. */
  listen(listener: (event: AdminEvent) => void): Disposable;
}

/** What a plane, or the host, adds to `/api/v1/status`. */
export interface StatusPart {
  readonly shape: Readonly<Record<string, z.ZodType>>;
  read(): Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>;
}

/** One plane, as the admin interface knows it. */
export interface AdminPlane {
  /** As in `/readyz`: `diameter`, `grpc`, `chat`. */
  readonly name: string;
  readiness(): Readiness | Promise<Readiness>;
  /** Its own paths, below `/api/v1/`. */
  readonly routes: readonly Route[];
  readonly events?: EventSource;
  /** Its part of `/metrics`: whole lines of Prometheus text, in pieces of any size. */
  metrics?(): Chunks;
  readonly status?: StatusPart;
}
