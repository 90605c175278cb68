/** A gateway with timers short enough for a test. */
import type { GatewayEvent } from "../../src/diameter/relay/core/events.ts";
import { InsideGateway } from "../support/inside.ts";
import { DEFAULT_OPTIONS, type DraOptions, type GatewayOptions } from "../../src/diameter/relay/core/options.ts";
import { waitFor } from "./wait_for.ts";

/** Who the gateway is in these tests. */
export const GATEWAY = { host: "gw.example.net", realm: "example.net" } as const;

/** Far below the 6 s that RFC 3539 asks for: a test sees several watchdogs. */
const WATCHDOG = { watchdogInterval: 400, watchdogJitter: 50 } as const;

/** What tests change. */
export interface Changes {
  readonly server?: Partial<GatewayOptions["server"]>;
  readonly draPool?: Partial<GatewayOptions["draPool"]>;
  readonly gateway?: Partial<GatewayOptions>;
}

/** A gateway that runs, and what it told. */
export class RunningGateway implements AsyncDisposable {
  readonly gateway: InsideGateway;
  readonly events: GatewayEvent[] = [];

  private constructor(dras: readonly DraOptions[], changes: Changes) {
    this.gateway = new InsideGateway({
      ...DEFAULT_OPTIONS,
      originHost: GATEWAY.host,
      originRealm: GATEWAY.realm,
      requestTimeout: 10_000,
      drainTimeout: 1_000,
      ...changes.gateway,
      server: {
        ...DEFAULT_OPTIONS.server,
        ...WATCHDOG,
        listen: [{ hostname: "127.0.0.1", port: 0 }],
        ...changes.server,
      },
      draPool: {
        ...DEFAULT_OPTIONS.draPool,
        ...WATCHDOG,
        reconnect: { initial: 200, multiplier: 1, max: 200, jitter: 0, afterRefusal: 200 },
        dras,
        ...changes.draPool,
      },
    });
    this.gateway.on((event) => this.events.push(event));
  }

  /** Starts one with `dras`, listening on a free port of the loopback address. */
  static async start(dras: readonly DraOptions[], changes: Changes = {}): Promise<RunningGateway> {
    const running = new RunningGateway(dras, changes);
    await running.gateway.start();
    return running;
  }

  /** Where Logic Apps connect. */
  get port(): number {
    return this.gateway.addresses[0]!.port;
  }

  /** Waits until the first DRA is usable with its watchdog in this state. */
  async draIs(state: "okay" | "reopen" | "suspect" | "down" | "initial", timeout = 10_000): Promise<void> {
    const link = this.gateway.pool.dras[0]!.links[0]!;
    await waitFor(
      `DRA in ${state}`,
      () => link.watchdog.state === state && (state === "down" || state === "initial" || link.relayPeer !== undefined),
      timeout,
      () =>
        `; it is in ${link.watchdog.state}, ${link.reason || "without a word"}; last error: ${
          link.lastError || "none"
        }`,
    );
  }

  /** The connections of Logic Apps with this identity. */
  apps(originHost: string): number {
    return this.gateway.apps.withHost(originHost).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.stop();
  }
}

/** A DRA on a port of this machine. */
export function draAt(port: number, changes: Partial<DraOptions> = {}): DraOptions {
  return { name: "dra-1", host: "127.0.0.1", port, priority: 1, weight: 100, originHost: "", bind: "", ...changes };
}
