/**
 * What a chat gateway is made of, where somebody brings parts of their own: tests do, and a process
 * with several gateways in it.
 * @module
 */
import type { Clock } from "../net/clock.ts";
import type { Endpoint } from "../net/connection.ts";
import type { TokenChecker } from "./auth/checker.ts";
import type { ChatConfig } from "./config/options.ts";
import type { Forwarder, ForwarderOptions, Membership } from "./core/forwarder.ts";
import type { DeviceHost, PageAnswer, PageRequest } from "./device/host.ts";
import type { DeviceOptions, ListenOptions } from "./device/options.ts";
import type { Spans } from "./spans.ts";
import type { Store, StoreOptions } from "./store/mod.ts";
import type { Who } from "./session.ts";

export type { PageAnswer, PageRequest } from "./device/host.ts";

/** Listens for devices. */
export interface DeviceSide {
  readonly httpAddresses: readonly Endpoint[];
  readonly grpcAddresses: readonly Endpoint[];
  /** @throws Error that names an address or a file, and what is wrong with it */
  listenHttp(options: ListenOptions): Promise<void>;
  listenGrpc(options: ListenOptions): Promise<void>;
  /** Takes other options, for streams that are open, too. */
  configure(options: DeviceOptions): void;
  /** Reads certificates again. @throws Error when one cannot be used */
  reloadCertificates(http: ListenOptions["tls"], grpc: ListenOptions["tls"]): Promise<void>;
  /** Ends everything. */
  stop(): Promise<void>;
}

/** The core, as a gateway uses it. */
export interface CoreParts {
  readonly forwarder: Forwarder;
  readonly membership: Membership;
  /** Calls under way are answered `unavailable`. */
  close(): Promise<void>;
}

/** All parts that may be brought. */
export interface ChatParts {
  readonly clock?: Clock;
  /** Milliseconds of Unix time. */
  readonly wall?: () => number;
  /** Where spans are kept for whoever sends them; absent: none are made. */
  readonly spans?: Spans;
  /** Whether every request is told (`chat_request`); asked each time. */
  readonly tellsRequests?: () => boolean;
  /** From 0 to below 1. */
  readonly random?: () => number;
  /** More pages on http.listen, beside health. */
  page?(request: PageRequest): PageAnswer | undefined | Promise<PageAnswer | undefined>;
  store?(uri: string, options: StoreOptions): Store | Promise<Store>;
  checker?(config: ChatConfig): TokenChecker;
  core?(config: ChatConfig, options: ForwarderOptions): CoreParts | Promise<CoreParts>;
  devices?(host: DeviceHost<Who>, options: DeviceOptions): DeviceSide;
}
