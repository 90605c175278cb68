/**
 * The chat plane as one process: issuer, core, a cache, two gateways and their devices, on ports of
 * loopback that are free.
 * @module
 */
import { LocalIssuer } from "../../../chat/auth/local_issuer.ts";
import { type ChatConfig, DEFAULT_CHAT } from "../../../chat/config/options.ts";
import { ChatGateway } from "../../../chat/gateway.ts";
import { ChatService } from "../../../chat/proto/mod.ts";
import { CoreServer } from "../../../chat/sim/core_server.ts";
import { DeviceCrowd } from "../../../chat/sim/crowd.ts";
import type { DeviceTarget } from "../../../chat/sim/sim_device.ts";
import { MemoryCache, MemoryStore } from "../../../chat/store/mod.ts";
import { SYSTEM_CLOCK } from "../../../net/clock.ts";
import { formatAddress } from "../../../ops/config/address.ts";
import { Front } from "./front.ts";

const LOOPBACK = { hostname: "127.0.0.1", port: 0 } as const;
/** Of a hundred devices. */
const GRPC_PERCENT = 10;
const OWNER = "demo-owner";

/** What a demo is like. */
export interface ChatStageOptions {
  readonly devices: number;
  readonly rooms: number;
  /** Events a second. */
  readonly rate: number;
  /** Gets each gateway before it starts. */
  readonly watch?: (gateway: ChatGateway) => void;
}

interface Standing {
  readonly gateway: ChatGateway;
  readonly http: Front;
  readonly grpc: Front;
}

/** All of it. Whoever starts it ends it. */
export class ChatStage implements AsyncDisposable {
  readonly crowd: DeviceCrowd;
  readonly #options: ChatStageOptions;
  readonly #issuer: LocalIssuer;
  readonly #core: CoreServer;
  readonly #cache = new MemoryCache(SYSTEM_CLOCK);
  readonly #standing = new Map<string, Standing>();
  /** Gateways that were cut off, as they end. */
  readonly #ending = new Set<Promise<void>>();
  readonly #tokens = new Map<string, Promise<string>>();

  private constructor(options: ChatStageOptions, issuer: LocalIssuer, core: CoreServer) {
    this.#options = options;
    this.#issuer = issuer;
    this.#core = core;
    this.crowd = new DeviceCrowd({
      ...options,
      rooms: Array.from({ length: options.rooms }, (_, i) => `room-${i + 1}`),
      grpcPercent: GRPC_PERCENT,
      encoding: "json",
      profile: (index) => `person-${index + 1}`,
      token: (sub, deviceId) => this.#token(sub, deviceId),
      target: (index) => this.#target(index),
    });
  }

  /** Starts everything but the devices. */
  static async start(options: ChatStageOptions): Promise<ChatStage> {
    const issuer = await LocalIssuer.start({ listen: LOOPBACK, audience: DEFAULT_CHAT.auth.audience });
    const core = await CoreServer.start({ listen: LOOPBACK, service: ChatService });
    const stage = new ChatStage(options, issuer, core);
    await stage.#makeRooms();
    for (const id of ["gateway-a", "gateway-b"]) await stage.startGateway(id);
    return stage;
  }

  /** Starts a gateway; it may have run before. */
  async startGateway(id: string): Promise<void> {
    const gateway = new ChatGateway(this.#config(id), {
      store: (_uri, options) => new MemoryStore(options, this.#cache),
    });
    this.#options.watch?.(gateway);
    await gateway.start();
    const [http] = gateway.addressesOf("http");
    const [grpc] = gateway.addressesOf("grpc");
    this.#standing.set(id, { gateway, http: new Front(http!), grpc: new Front(grpc!) });
  }

  /** Cuts a gateway off, as a host is that loses its power: nobody is told. */
  kill(id: string): void {
    const standing = this.#standing.get(id);
    if (standing === undefined) return;
    this.#standing.delete(id);
    standing.http.cut();
    standing.grpc.cut();
    const ending = standing.gateway.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Ends a gateway in order: its devices are told to go elsewhere. */
  async drain(id: string): Promise<void> {
    const standing = this.#standing.get(id);
    if (standing === undefined) return;
    this.#standing.delete(id);
    await standing.gateway.drain();
    standing.http.cut();
    standing.grpc.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.crowd.end();
    await Promise.all([...this.#standing.keys()].map((id) => this.drain(id)));
    await Promise.all(this.#ending);
    await this.#core.stop();
    await this.#issuer.stop();
  }

  #config(id: string): ChatConfig {
    const { hostname, port } = this.#core.address;
    return {
      ...DEFAULT_CHAT,
      gatewayId: id,
      http: { ...DEFAULT_CHAT.http, listen: [LOOPBACK] },
      grpc: { ...DEFAULT_CHAT.grpc, listen: [LOOPBACK] },
      auth: { ...DEFAULT_CHAT.auth, issuer: this.#issuer.url },
      core: { ...DEFAULT_CHAT.core, uri: formatAddress(hostname, port) },
      drainSpread: 1_000,
      drainTimeout: 3_000,
    };
  }

  /** Half of the devices at each, while there are two. */
  #target(index: number): DeviceTarget {
    const standing = [...this.#standing.values()];
    const { http, grpc } = standing[index % standing.length] ?? { http: undefined, grpc: undefined };
    if (http === undefined || grpc === undefined) throw new Error("no gateway stands");
    return { http: http.address, grpc: grpc.address };
  }

  #token(sub: string, deviceId: string): Promise<string> {
    const token = this.#tokens.get(sub) ?? this.#issuer.mint({ sub, deviceId });
    this.#tokens.set(sub, token);
    return token;
  }

  async #makeRooms(): Promise<void> {
    const { devices, rooms } = this.#options;
    for (let room = 0; room < rooms; room++) {
      const members = Array.from({ length: Math.ceil((devices - room) / rooms) }, (_, i) => ({
        profileId: `person-${room + i * rooms + 1}`,
        roles: ["member"],
      }));
      const answer = await this.#core.service.serve({
        method: "CreateRoom",
        encoding: "json",
        profileId: OWNER,
        body: new TextEncoder().encode(JSON.stringify({ id: `room-${room + 1}`, name: `Room ${room + 1}`, members })),
      });
      if ("error" in answer) throw new Error(answer.error.message);
    }
  }
}
