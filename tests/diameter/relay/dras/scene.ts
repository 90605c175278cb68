/**
 * A pool of DRAs without a network and without waiting: its clock stands still until a test turns
 * it, its connections end in memory, and its dice always show the middle.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Connection, Endpoint } from "../../../../src/net/connection.ts";
import { Intake } from "../../../../src/net/intake.ts";
import type { ConnectOptions } from "../../../../src/net/tcp.ts";
import type { TlsClientFiles } from "../../../../src/net/tls.ts";
import type { Peer } from "../../../../src/diameter/peer/peer.ts";
import { gate } from "../../../../src/diameter/peer/peer_gate.ts";
import type { Dra } from "../../../../src/diameter/relay/dras/dra.ts";
import type { DraLink } from "../../../../src/diameter/relay/dras/link.ts";
import { DraPool } from "../../../../src/diameter/relay/dras/pool.ts";
import type { GatewayEvent } from "../../../../src/diameter/relay/core/events.ts";
import {
  DEFAULT_OPTIONS,
  type DraOptions,
  type DraPoolOptions,
  type GatewayOptions,
} from "../../../../src/diameter/relay/core/options.ts";
import type { Served } from "../../../../src/diameter/relay/core/relay_peer.ts";
import { RelayRuntime } from "../../../../src/diameter/relay/core/runtime.ts";
import { COMMAND } from "../../../../src/diameter/wire/command_codes.ts";
import { diameterFrames } from "../../../../src/diameter/wire/frame_rule.ts";
import { readHeader } from "../../../../src/diameter/wire/header.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { cea, peerAnswer, peerRequest, type RawIdentity, RawMessage } from "../../../support/raw_message.ts";

/** Lets everything that is ready run: nothing here waits for the world. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A DRA's end of a connection. */
export class Line implements Connection {
  readonly tls = undefined;
  readonly local = { hostname: "192.0.2.1", port: 40_000 };
  readonly remote = { hostname: "192.0.2.2", port: 3868 };
  closed = false;
  /** What the gateway wrote and the test has not looked at. */
  readonly inbox: RawMessage[] = [];
  #coming: Uint8Array[] = [];
  #ended = false;
  #read: { into: Uint8Array; done: PromiseWithResolvers<number | null> } | undefined;

  constructor(readonly identity: RawIdentity) {}

  read(into: Uint8Array): Promise<number | null> {
    const done = Promise.withResolvers<number | null>();
    this.#read = { into, done };
    this.#serve();
    return done.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    for (let at = 0; at < bytes.length;) {
      const { length } = readHeader(bytes, at);
      this.inbox.push(new RawMessage(bytes.slice(at, at + length)));
      at += length;
    }
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.closed = true;
    this.#ended = true;
    this.#serve();
  }

  /** The DRA sends these. */
  async sends(...messages: readonly Uint8Array[]): Promise<void> {
    this.#coming.push(...messages);
    this.#serve();
    await settled();
  }

  /** The DRA closes the connection. */
  async ends(): Promise<void> {
    this.#ended = true;
    this.#serve();
    await settled();
  }

  /** The next message that the gateway wrote, which must be `command`. */
  next(command: number): RawMessage {
    const message = this.inbox.shift();
    assert(message !== undefined, `nothing came, where command ${command} was expected`);
    assertEquals(message.command, command);
    return message;
  }

  /** The DRA answers the CER, with success unless told otherwise. */
  async opens(resultCode?: number): Promise<this> {
    await this.sends(cea(this.identity, this.next(COMMAND.capabilitiesExchange), resultCode));
    return this;
  }

  /** The DRA answers the DWR that came. */
  async answersWatchdog(): Promise<void> {
    await this.sends(peerAnswer(this.identity, this.next(COMMAND.deviceWatchdog)));
  }

  /** The DRA takes its leave, and closes when that is answered. */
  async leaves(cause: number): Promise<void> {
    await this.sends(peerRequest(this.identity, cause));
    this.next(COMMAND.disconnectPeer);
    await this.ends();
  }

  #serve(): void {
    const read = this.#read;
    const bytes = this.#coming[0];
    if (read === undefined || (bytes === undefined && !this.#ended)) return;
    this.#read = undefined;
    if (bytes === undefined) return read.done.resolve(null);
    const count = Math.min(bytes.length, read.into.length);
    read.into.set(bytes.subarray(0, count));
    if (count === bytes.length) this.#coming.shift();
    else this.#coming[0] = bytes.subarray(count);
    read.done.resolve(count);
  }
}

/** What is being dialled. */
export class Call {
  readonly #outcome = Promise.withResolvers<Connection>();

  constructor(
    readonly dra: Dra,
    readonly to: Endpoint,
    readonly tls: TlsClientFiles | undefined,
    readonly options: ConnectOptions,
    readonly identity: RawIdentity,
  ) {
    options.signal?.addEventListener("abort", () => this.#outcome.reject(new Error("given up")));
  }

  get outcome(): Promise<Connection> {
    return this.#outcome.promise;
  }

  get givenUp(): boolean {
    return this.options.signal!.aborted;
  }

  /** The DRA accepts. */
  async accepted(): Promise<Line> {
    const line = new Line(this.identity);
    this.#outcome.resolve(line);
    await settled();
    return line;
  }

  /** It cannot be reached. */
  async fails(reason = "connection refused"): Promise<void> {
    this.#outcome.reject(new Error(reason));
    await settled();
  }
}

/** What a test changes. */
export interface SceneOptions {
  /** What differs from priority 1, weight 100. */
  readonly dras?: readonly Partial<DraOptions>[];
  readonly draPool?: Partial<Omit<DraPoolOptions, "dras">>;
  readonly gateway?: Partial<Omit<GatewayOptions, "server" | "draPool">>;
}

/** Tw, without jitter. */
export const TW = 30_000;
/** The first wait; each next one is twice as long. */
export const WAIT = 1_000;

/** A pool, and all that it tells and does. */
export class Scene {
  readonly clock = new FakeClock();
  readonly runtime: RelayRuntime;
  readonly pool: DraPool;
  readonly events: GatewayEvent[] = [];
  /** Attempts that nobody has looked at. */
  readonly calls: Call[] = [];
  /** What the pool's owner was told of. */
  readonly told: string[] = [];
  /** Messages of DRAs that are to be relayed. */
  readonly passed: RawMessage[] = [];

  constructor({ dras = [{}], draPool, gateway }: SceneOptions = {}) {
    const options: GatewayOptions = {
      ...DEFAULT_OPTIONS,
      originHost: "gw.example.net",
      originRealm: "example.net",
      ...gateway,
      draPool: {
        ...DEFAULT_OPTIONS.draPool,
        watchdogInterval: TW,
        watchdogJitter: 0,
        reconnect: { initial: WAIT, multiplier: 2, max: 8 * WAIT, jitter: 0, afterRefusal: 60 * WAIT },
        ...draPool,
        dras: dras.map((dra, i) => ({
          name: `dra-${i + 1}`,
          host: `192.0.2.${i + 1}`,
          port: 3868,
          priority: 1,
          weight: 100,
          originHost: "",
          bind: "",
          ...dra,
        })),
      },
    };
    this.runtime = new RelayRuntime(options, this.clock, () => 0.5, (to, tls, wish) => this.#dial(to, tls, wish));
    this.runtime.on((event) => this.events.push(event));
    this.pool = new DraPool(this.runtime, {
      suspect: (link) => this.suspect(link),
      lost: (link, reason) => this.lost(link, reason),
      serve: (connection, peer, served) => this.#serve(connection, peer, served),
    });
  }

  /** What the relay does about a suspect DRA, for a test with more than a pool to replace. */
  suspect: (link: DraLink) => void = (link) => this.told.push(`suspect ${link.dra.name}`);
  lost: (link: DraLink, reason: string) => void = (link, reason) => this.told.push(`lost ${link.dra.name}: ${reason}`);

  dra(index = 0): Dra {
    return this.pool.dras[index]!;
  }

  link(index = 0): DraLink {
    return this.dra(index).links[0]!;
  }

  /** The oldest attempt that nobody has looked at, which must be there. */
  call(): Call {
    const call = this.calls.shift();
    assert(call !== undefined, "nothing is being dialled");
    return call;
  }

  /** Starts, and opens one connection to each DRA. */
  async open(): Promise<Line[]> {
    this.pool.start();
    const lines: Line[] = [];
    while (this.calls.length > 0) lines.push(await (await this.call().accepted()).opens());
    return lines;
  }

  /** The next attempt, accepted and answered with success. */
  async opened(): Promise<Line> {
    return await (await this.call().accepted()).opens();
  }

  /** Lets time pass, and everything happen that follows. */
  async passes(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    await settled();
  }

  /** Events of that kind, as they came. */
  eventsOf<K extends GatewayEvent["kind"]>(kind: K): Extract<GatewayEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<GatewayEvent, { kind: K }> => event.kind === kind);
  }

  /** The states that link `index` has gone through. */
  states(index = 0): string[] {
    return this.eventsOf("dra_state").filter(({ dra }) => dra === this.dra(index).name).map(({ to }) => to);
  }

  /** Ends everything: nothing is left that would still happen. */
  async finish(): Promise<void> {
    let stopped = false;
    const stopping = this.pool.stop().then(() => stopped = true);
    for (let i = 0; i < 100 && !stopped; i++) await this.passes(1_000);
    await stopping;
    await settled();
    for (const link of this.pool.links()) link.table.dispose();
    assertEquals(this.clock.alarms, 0, "alarms are still set");
    assertEquals(this.runtime.blocks.lent, 0, "blocks are still lent");
    assertEquals(this.runtime.segments.bytesInUse, 0, "segments are still in use");
  }

  #dial(to: Endpoint, tls: TlsClientFiles | undefined, options: ConnectOptions): Promise<Connection> {
    const dra = this.pool.dras.find(({ options: { host } }) => host === to.hostname)!;
    const identity = { host: `${dra.name}.example.net`, realm: "example.net" };
    const call = new Call(dra, to, tls, options, identity);
    this.calls.push(call);
    return call.outcome;
  }

  #serve(connection: Connection, peer: Peer, served: Served): void {
    new Intake(connection, this.runtime.blocks, {
      rule: diameterFrames(() => peer.longestMessage(served.longestMessage)),
      take: gate(
        peer,
        (batch) => {
          for (let at = batch.start; at < batch.end;) {
            const { length } = readHeader(batch.block.bytes, at);
            this.passed.push(new RawMessage(batch.block.bytes.slice(at, at + length)));
            at += length;
          }
          batch.release();
        },
        this.runtime.discarded,
        () => served.servesReopening(),
      ),
      ended: (error) => peer.abort(error === undefined ? "the peer closed the connection" : String(error)),
    });
  }
}

/** Runs `play` on a scene of its own. */
export function scene(options: SceneOptions, play: (scene: Scene) => Promise<void>): () => Promise<void> {
  return async () => {
    const set = new Scene(options);
    await play(set);
    await set.finish();
  };
}
