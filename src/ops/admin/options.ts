/**
 * How the admin interface is set up.
 * @module
 */
import type { Endpoint } from "../../net/connection.ts";
import type { TlsServerFiles } from "../../net/tls_listener.ts";

/** Bounds. None of them needs a thought; tests make them small. */
export interface AdminLimits {
  /**
   * Connections at once. One more costs the oldest that waits for nothing; when all are at work, it
   * is refused itself.
   */
  readonly connections: number;
  /** ms for a whole head. */
  readonly headTimeout: number;
  /** ms for a whole request. */
  readonly requestTimeout: number;
  /** ms that a connection may stay after an answer. */
  readonly idleTimeout: number;
  /** ms that an answer may wait for its reader without a byte going out. */
  readonly stallTimeout: number;
  /** Bytes of a head. */
  readonly headBytes: number;
  /** Bytes of a body. */
  readonly bodyBytes: number;
  /** Readers of `/api/v1/events` at once. */
  readonly eventStreams: number;
  /** Bytes that one of these may be behind. */
  readonly eventStreamBytes: number;
  /** Events that are kept for readers who come back. */
  readonly eventsKept: number;
  /** Bytes of these in all. */
  readonly eventsKeptBytes: number;
  /** ms between two comments to readers of events. */
  readonly heartbeat: number;
}

/** The bounds in use. */
export const ADMIN_LIMITS: AdminLimits = {
  connections: 256,
  headTimeout: 10_000,
  requestTimeout: 30_000,
  idleTimeout: 60_000,
  stallTimeout: 60_000,
  headBytes: 64 * 1024,
  bodyBytes: 1024 * 1024,
  eventStreams: 32,
  eventStreamBytes: 256 * 1024,
  eventsKept: 1000,
  eventsKeptBytes: 1024 * 1024,
  heartbeat: 10_000,
};

/** A file of the page; text is UTF-8. */
export interface Asset {
  readonly type: string;
  readonly body: string | Uint8Array<ArrayBuffer>;
  /** What is at its path never changes, because the path has its hash: a browser may keep it. */
  readonly isImmutable?: true;
}

/** Files by their path: `/` is the page, which may load the others and nothing else. */
export type Assets = Readonly<Record<string, Asset>>;

/** Who may ask, and by which name; may change while it runs. */
export interface AdminAccess {
  /** What everything but `/healthz` and `/readyz` needs; "" for nothing. */
  readonly token: string;
  /** Names that the Host header may carry besides loopback ones and the address. */
  readonly hosts: readonly string[];
}

/** All of it. */
export interface AdminOptions extends AdminAccess {
  /** Port 0 for one that the system picks. */
  readonly listen: Endpoint;
  readonly tls?: TlsServerFiles;
  /** A placeholder unless given. */
  readonly assets?: Assets;
  readonly limits?: Partial<AdminLimits>;
}
