/**
 * A gateway with devices that are held in the hand: no socket, a clock that the test turns.
 */
import { type ChatConfig, DEFAULT_CHAT } from "../../../src/chat/config/options.ts";
import type { DeviceHost, Handshake } from "../../../src/chat/device/host.ts";
import type { ChatEvent } from "../../../src/chat/events.ts";
import { ChatGateway } from "../../../src/chat/gateway.ts";
import type { Encoding } from "../../../src/chat/proto/mod.ts";
import { Spans } from "../../../src/chat/spans.ts";
import type { Who } from "../../../src/chat/session.ts";
import { MemoryCache, MemoryStore } from "../../../src/chat/store/mod.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { until } from "../../support/until.ts";
import { FakeChecker, FakeCore, FakeTransport, type Told } from "./fakes.ts";

/** What several gateways share. */
export interface Shared {
  readonly clock: FakeClock;
  readonly cache: MemoryCache;
  readonly core: FakeCore;
}

/** Milliseconds of Unix time at which a scene begins. */
export const BEGIN = 1_700_000_000_000;

/** See the file. */
export class Scene {
  readonly checker = new FakeChecker();
  readonly events: ChatEvent[] = [];
  readonly spans: Spans;
  readonly gateway: ChatGateway;
  #host: DeviceHost<Who> | undefined;

  private constructor(readonly config: ChatConfig, readonly shared: Shared) {
    const { clock, cache, core } = shared;
    const begin = clock.now();
    this.spans = new Spans(() => BEGIN + clock.now() - begin);
    this.gateway = new ChatGateway(config, {
      clock,
      wall: () => BEGIN + clock.now() - begin,
      random: () => 0.5,
      spans: this.spans,
      store: (_uri, options) => new MemoryStore(options, cache),
      checker: () => this.checker,
      core: (_config, options) => core.parts(options),
      devices: (host) => {
        this.#host = host;
        return {
          httpAddresses: [],
          grpcAddresses: [],
          listenHttp: () => Promise.resolve(),
          listenGrpc: () => Promise.resolve(),
          configure: () => {},
          reloadCertificates: () => Promise.resolve(),
          stop: () => Promise.resolve(),
        };
      },
    });
    this.gateway.on((event) => void this.events.push(event));
  }

  static async start(config: Partial<ChatConfig> = {}, shared: Partial<Shared> = {}): Promise<Scene> {
    const clock = shared.clock ?? new FakeClock();
    const scene = new Scene({ ...DEFAULT_CHAT, ...config }, {
      clock,
      cache: shared.cache ?? new MemoryCache(clock),
      core: shared.core ?? new FakeCore(),
    });
    await scene.gateway.start();
    return scene;
  }

  get core(): FakeCore {
    return this.shared.core;
  }

  get clock(): FakeClock {
    return this.shared.clock;
  }

  get host(): DeviceHost<Who> {
    return this.#host!;
  }

  /** A handshake, as the transports would make it. */
  handshake(rest: Partial<Handshake> = {}): Handshake {
    return { kind: "websocket", remote: "192.0.2.1", token: undefined, deviceId: undefined, headers: {}, ...rest };
  }

  /** A stream before its Hello. @throws Error when it is refused */
  async open(rest: Partial<Handshake> = {}, encoding: Encoding = "json"): Promise<FakeTransport> {
    const handshake = this.handshake(rest);
    const admission = await this.host.admit(handshake);
    if ("refused" in admission) throw new Error(`refused: ${JSON.stringify(admission.refused)}`);
    const transport = new FakeTransport(encoding);
    transport.listener = this.host.opened(transport, admission.who, handshake);
    return transport;
  }

  /** A device behind its Hello, in these rooms. */
  async device(profile: string, device = "phone", rooms: readonly string[] = [], hello: Told = {}) {
    const transport = await this.open();
    transport.say({
      id: "h",
      hello: { token: profile, deviceId: device, rooms: rooms.map((roomId) => ({ roomId })), ...hello },
    });
    await until(() => transport.ended !== undefined || transport.told.some(({ welcome }) => welcome), "it is welcome");
    await until(
      () => transport.ended !== undefined || answersOf(transport).length >= new Set(rooms).size,
      `${profile} is in its rooms`,
    );
    return transport;
  }

  /** Publishes events of those ids, from outside. */
  async publish(roomId: string, ...ids: string[]): Promise<void> {
    await this.gateway.publish(ids.map((id) => ({ id, roomId, senderId: "bot", type: "message", payload: { id } })));
  }

  /** Lets time pass, and what follows from it. */
  async pass(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    await settled();
  }

  /** Ends it at once, whatever the drain would take. */
  async stop(): Promise<void> {
    const ended = this.gateway.stop();
    let over = false;
    void ended.then(() => over = true);
    while (!over) {
      this.clock.advance(1_000);
      await settled();
    }
  }
}

/** Lets everything that is ready run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

function answersOf({ told }: FakeTransport): Told[] {
  return told.filter(({ subscribed, error }) => subscribed !== undefined || error !== undefined);
}
