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
import type { DeviceHost } from "./device/host.ts";
import type { DeviceOptions } from "./device/options.ts";
import type { Store, StoreOptions } from "./store/mod.ts";
import type { Who } from "./session.ts";

/** Listens for devices. */
export interface DeviceListener {
  readonly addresses: readonly {
    readonly address: Endpoint;
    readonly protocol: "http" | "grpc";
    readonly tls: boolean;
  }[];
  /** Takes no new connections; health is still answered. */
  drain(): void;
  /** Reads certificates again. @throws Error when one cannot be used */
  reload(config: ChatConfig): Promise<void>;
  close(): Promise<void>;
}

/** The core, as a gateway uses it. */
export interface CoreParts {
  readonly forwarder: Forwarder;
  readonly membership: Membership;
}

/** All parts that may be brought. */
export interface ChatParts {
  readonly clock?: Clock;
  /** Milliseconds of Unix time. */
  readonly wall?: () => number;
  /** From 0 to below 1. */
  readonly random?: () => number;
  store?(uri: string, options: StoreOptions): Store | Promise<Store>;
  checker?(config: ChatConfig): TokenChecker;
  core?(config: ChatConfig, options: ForwarderOptions): CoreParts;
  listen?(config: ChatConfig, host: DeviceHost<Who>, options: () => DeviceOptions): Promise<DeviceListener>;
}
