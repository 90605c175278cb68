/**
 * A real gateway between scripted Logic Apps and DRAs.
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Clock } from "../../src/net/clock.ts";
import type { GatewayEvent } from "../../src/diameter/relay/core/events.ts";
import { assemble } from "../../src/diameter/relay/assemble.ts";
import type { RelayTrace } from "../../src/diameter/relay/core/trace.ts";
import { InsideGateway } from "../support/inside.ts";
import {
  DEFAULT_OPTIONS,
  type DraOptions,
  type DraPoolOptions,
  type GatewayOptions,
  type ServerOptions,
} from "../../src/diameter/relay/core/options.ts";
import { RESULT } from "../../src/diameter/wire/result_codes.ts";
import type { RawIdentity } from "../support/raw_message.ts";
import { RawListener, RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";

/** Who the gateway says it is. */
export const GATEWAY = { host: "gw.example.net", realm: "example.net" } as const;

/** What a test changes; the rest are short times on loopback. */
export interface StageOptions {
  /**
   * One entry for each DRA: what differs from priority 1, weight 100. With a `port`, the test
   * brings its own listener; `address` is what the gateway is told as its host.
   */
  readonly dras?: readonly Partial<Omit<DraOptions, "host"> & RawIdentity & { readonly address: string }>[];
  /** Whether the stage waits until each DRA has one open connection; true unless told otherwise. */
  readonly open?: boolean;
  readonly gateway?: Partial<Omit<GatewayOptions, "server" | "draPool">>;
  readonly server?: Partial<ServerOptions>;
  readonly draPool?: Partial<Omit<DraPoolOptions, "dras">>;
  /** Is told of transactions; nobody unless given. */
  readonly trace?: RelayTrace;
  /** What the gateway goes by; the time of the process unless given. */
  readonly clock?: Clock;
}

/** Everything that a test of the gateway needs. */
export class Stage {
  readonly gateway: InsideGateway;
  readonly listeners: readonly RawListener[];
  /** The first open connection of each DRA, in their order. */
  readonly dras: RawPeer[] = [];
  readonly events: GatewayEvent[] = [];
  readonly #apps: RawPeer[] = [];

  constructor(options: StageOptions) {
    const wanted = options.dras ?? [{}];
    this.listeners = wanted.map((dra, i) =>
      new RawListener({ host: `dra-${i + 1}.example.net`, realm: "example.net", ...identityOf(dra) })
    );
    const whole: GatewayOptions = {
      ...DEFAULT_OPTIONS,
      originHost: GATEWAY.host,
      originRealm: GATEWAY.realm,
      requestTimeout: 5_000,
      answerTimeout: 5_000,
      drainTimeout: 500,
      ...options.gateway,
      server: {
        ...DEFAULT_OPTIONS.server,
        listen: [{ hostname: "127.0.0.1", port: 0 }],
        dprTimeout: 500,
        ...options.server,
      },
      draPool: {
        ...DEFAULT_OPTIONS.draPool,
        dprTimeout: 500,
        reconnect: { initial: 20, multiplier: 1, max: 20, jitter: 0, afterRefusal: 20 },
        ...options.draPool,
        dras: wanted.map((dra, i) => ({
          name: dra.name ?? `dra-${i + 1}`,
          host: dra.address ?? "127.0.0.1",
          port: dra.port ?? this.listeners[i]!.port,
          priority: dra.priority ?? 1,
          weight: dra.weight ?? 100,
          originHost: dra.originHost ?? "",
          bind: dra.bind ?? "",
          accept: dra.accept ?? true,
          maxRequestsPerSecond: dra.maxRequestsPerSecond ?? 0,
          ...(dra.tls === undefined ? {} : { tls: dra.tls }),
        })),
      },
    };
    this.gateway = new InsideGateway(whole, assemble(whole, options.trace, options.clock));
    this.gateway.on((event) => this.events.push(event));
  }

  get port(): number {
    return this.gateway.addresses[0]!.port;
  }

  /** The first DRA's first connection. */
  get dra(): RawPeer {
    return this.dras[0]!;
  }

  /** A Logic App behind its capabilities exchange. */
  async app(host = "app.example.net", more: Partial<RawIdentity> = {}): Promise<RawPeer> {
    const app = await this.connect(host, more);
    assertEquals((await app.exchangeCapabilities()).resultCode, RESULT.success);
    return app;
  }

  /** A connection to the gateway, without a CER. */
  async connect(host = "app.example.net", more: Partial<RawIdentity> = {}): Promise<RawPeer> {
    return this.closesAtEnd(await RawPeer.connect(this.port, { host, realm: "example.net", ...more }));
  }

  /** Lets {@link finish} close `peer`, before the gateway stops. */
  closesAtEnd(peer: RawPeer): RawPeer {
    this.#apps.push(peer);
    return peer;
  }

  /** The next connection of DRA `index`, behind its capabilities exchange. */
  async reopened(index = 0): Promise<RawPeer> {
    return await this.listeners[index]!.open();
  }

  /** Waits until DRA `index` is usable, or is not. */
  async usable(index = 0, usable = true): Promise<void> {
    const dra = this.gateway.pool.dras[index]!;
    await until(() => dra.usable === usable, `${dra.name} is ${usable ? "" : "not "}usable`);
  }

  /** Events of that kind, as they came. */
  eventsOf<K extends GatewayEvent["kind"]>(kind: K): Extract<GatewayEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<GatewayEvent, { kind: K }> => event.kind === kind);
  }

  /** How often a message was thrown away for that reason. */
  discarded(reason: string): number {
    return this.gateway.runtime.meters.discarded.of({ reason: reason }).value;
  }

  /** How many answers matched no transaction, by reason. */
  unmatched(reason: string): number {
    return this.gateway.runtime.meters.unmatched.of({ reason: reason }).value;
  }

  /**
   * Ends everything; whatever the test did, all memory is back and every transaction has ended
   * once.
   */
  async finish(): Promise<void> {
    for (const app of this.#apps) await app.close();
    for (const listener of this.listeners) await listener.close();
    await this.gateway.stop();
    const { runtime, statistics } = this.gateway;
    await until(() => runtime.blocks.lent === 0, "all blocks are back");
    assertEquals(runtime.segments.bytesInUse, 0, "segments are still in use");
    assertEquals(statistics.active_sessions, 0);
    assertEquals([...runtime.connections].length, 0);
  }
}

function identityOf({ host, realm, applications, stateId }: Partial<RawIdentity>): Partial<RawIdentity> {
  return {
    ...(host === undefined ? {} : { host }),
    ...(realm === undefined ? {} : { realm }),
    ...(applications === undefined ? {} : { applications }),
    ...(stateId === undefined ? {} : { stateId }),
  };
}

/** Runs `play` on a stage of its own. */
export function stage(options: StageOptions, play: (stage: Stage) => Promise<void>): () => Promise<void> {
  return async () => {
    const set = new Stage(options);
    await set.gateway.start();
    try {
      if (options.open !== false) {
        for (const [i, listener] of set.listeners.entries()) {
          set.dras.push(await listener.open());
          await set.usable(i);
        }
      }
      await play(set);
    } catch (error) {
      await set.finish().catch(() => {});
      throw error;
    }
    await set.finish();
  };
}
