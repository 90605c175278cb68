/**
 * The chat gateway: its life, and its face.
 * @module
 */
import { create, type JsonObject } from "@bufbuild/protobuf";
import { type Clock, SYSTEM_CLOCK } from "../net/clock.ts";
import type { Endpoint } from "../net/connection.ts";
import { withoutPassword } from "../ops/config/leaves.ts";
import { formatAddress } from "../ops/config/address.ts";
import { CONTENT_TYPE } from "../ops/metrics/mod.ts";
import { Registry } from "../ops/metrics/registry.ts";
import type { ChatConfig } from "./config/options.ts";
import type {
  ChatControl,
  ChatHealth,
  ChatState,
  ChatStatus,
  ConnectionFilter,
  ConnectionStatus,
  PublishedEvent,
  PushedEvent,
  RoomStatus,
} from "./control.ts";
import type { PageAnswer, PageRequest } from "./device/host.ts";
import type { DeviceOptions } from "./device/options.ts";
import { sendAway } from "./drain.ts";
import type { ChatListener } from "./events.ts";
import { healthOf, shownHealth } from "./health.ts";
import { NamedLimits } from "./limits.ts";
import { LiveHub } from "./live_hub.ts";
import { makeChecker, makeCore, makeDevices } from "./made_parts.ts";
import { PatientMembership } from "./patient_membership.ts";
import type { ChatParts, CoreParts, DeviceSide } from "./parts.ts";
import { consequences } from "./passed.ts";
import { RoomEventSchema } from "./proto/mod.ts";
import { Reception } from "./reception.ts";
import { type Device, openStore } from "./store/mod.ts";

/** ms between two looks at what idles. */
const REST = 5_000;
/** ms that what is due in the cache may take at the end. */
const LAST_WRITES = 2_000;

const BREAKER = { "closed": 0, "half-open": 1, "open": 2 } as const;

/** A gateway between devices and a core chat service. */
export class ChatGateway implements ChatControl {
  readonly #parts: ChatParts;
  readonly #clock: Clock;
  readonly #hub: LiveHub;
  readonly #reception: Reception;
  readonly #callLimits = new NamedLimits();
  readonly #registry = new Registry();
  readonly #devices: DeviceSide;
  #core: CoreParts | undefined;
  #state: ChatState = "starting";
  #ticker: ReturnType<typeof setInterval> | undefined;
  #ending: Promise<void> | undefined;
  #endBeat = () => {};

  /** Listens and connects only when it is started. */
  constructor(config: ChatConfig, parts: ChatParts = {}) {
    this.#parts = parts;
    this.#clock = parts.clock ?? SYSTEM_CLOCK;
    const wall = parts.wall ?? Date.now;
    const gatewayId = config.gatewayId === "" ? freshId(wall()) : config.gatewayId;
    this.#hub = new LiveHub(gatewayId, config, this.#clock, wall, parts.tellsRequests ?? (() => false), parts.spans);
    this.#reception = new Reception({
      hub: this.#hub,
      sessions: this.#hub.sessions,
      callLimits: this.#callLimits,
      isServing: () => this.#health().ready,
      page: (request) => this.#page(request),
    });
    this.#devices = (parts.devices ?? makeDevices)(this.#reception, this.#deviceOptions());
    this.addMetrics(this.#registry);
  }

  get gatewayId(): string {
    return this.#hub.gatewayId;
  }

  get addresses(): readonly Endpoint[] {
    return [...this.#devices.httpAddresses, ...this.#devices.grpcAddresses];
  }

  /** Where it listens for one protocol. */
  addressesOf(wanted: "http" | "grpc"): readonly Endpoint[] {
    return wanted === "http" ? this.#devices.httpAddresses : this.#devices.grpcAddresses;
  }

  /** Messages of devices so far. */
  get work(): number {
    return this.#hub.meters.deliveries + this.#hub.meters.published;
  }

  /** Adds a listener; what comes back takes it away again. What it throws harms nobody. */
  on(listener: ChatListener): Disposable {
    return { [Symbol.dispose]: this.#hub.listeners.add(listener) };
  }

  /**
   * Connects to the cache, and listens.
   * @throws Error when an address cannot be listened on, or a certificate not be used
   */
  async start(): Promise<void> {
    const hub = this.#hub;
    if (this.#clock === SYSTEM_CLOCK) this.#endBeat = SYSTEM_CLOCK.keepBeat();
    await this.#openStore();
    hub.checker = this.#makeChecker(hub.config);
    try {
      await this.#takeCore(hub.config);
      await hub.store.start();
      const { http, grpc } = hub.config;
      await this.#devices.listenHttp({ listen: http.listen, tls: http.tls });
      await this.#devices.listenGrpc({ listen: grpc.listen, tls: grpc.tls });
    } catch (error) {
      await this.#close();
      throw error;
    }
    hub.sessions.start();
    this.#ticker = setInterval(() => this.#rest(), REST);
    this.#state = "ready";
    for (const protocol of ["http", "grpc"] as const) {
      const tls = hub.config[protocol].tls !== undefined;
      for (const { hostname, port } of this.addressesOf(protocol)) {
        hub.tell({ kind: "chat_listening", address: formatAddress(hostname, port), protocol, tls });
      }
    }
  }

  /** Shuts down in order, see {@link drain}. */
  async stop(): Promise<void> {
    await this.drain();
  }

  drain(): Promise<void> {
    return this.#ending ??= this.#end();
  }

  async configure(config: ChatConfig): Promise<readonly string[]> {
    const hub = this.#hub;
    const before = hub.config;
    const isElsewhere = before.core.uri !== config.core.uri || !same(clientOf(before), clientOf(config));
    const old = this.#core;
    // First what may fail.
    if (isElsewhere) await this.#takeCore(config);
    hub.config = config;
    const { historySize, historyTtl, sessionTtl } = retentionOf(config);
    this.#devices.configure(this.#deviceOptions());
    hub.sessions.look();
    hub.store.retain({ historySize, historyTtl, sessionTtl });
    if (!same(before.auth, config.auth)) {
      const old = hub.checker;
      hub.checker = this.#makeChecker(config);
      old.close();
    }
    if (isElsewhere && old !== undefined) void this.#closeLater(old);
    else if (!same(before.core, config.core)) {
      hub.forwarder.configure(config.core);
      hub.membership.remember(config.core.membershipTtl);
    }
    return restartPaths(before, config);
  }

  /** Reads the certificates of listeners again. @throws Error when one cannot be used */
  async reloadCertificates(): Promise<void> {
    const { http, grpc } = this.#hub.config;
    await this.#devices.reloadCertificates(http.tls, grpc.tls);
  }

  /** Adds its metrics to those that somebody shows. */
  addMetrics(registry: Registry): void {
    const hub = this.#hub;
    hub.meters.addTo(registry, {
      connections: () => hub.sessions.counts,
      rooms: () => hub.rooms?.size ?? 0,
      subscriptions: () => this.#subscriptions(),
      bytes: () => {
        const bytes = hub.sessions.bytes;
        return { in: bytes.in + this.#reception.bytesIn, out: bytes.out + this.#reception.bytesOut };
      },
      queueBytes: () => [...hub.sessions].reduce((sum, { queuedBytes }) => sum + queuedBytes, 0),
      breaker: () => BREAKER[hub.forwarder?.breaker ?? "closed"],
      cacheUp: () => hub.store?.up ?? false,
    });
  }

  status(): Promise<ChatStatus> {
    const { gatewayId, sessions, rooms, meters, config } = this.#hub;
    return Promise.resolve({
      ...this.#health(),
      gatewayId,
      connections: sessions.size,
      transports: Object.fromEntries(sessions.counts) as ChatStatus["transports"],
      closes: Object.fromEntries(
        [...meters.closes].filter(([, count]) => count > 0).map(([{ code }, count]) => [code, count]),
      ),
      rooms: rooms?.size ?? 0,
      subscriptions: this.#subscriptions(),
      published: meters.published,
      deliveries: meters.deliveries,
      slowConsumers: meters.slowConsumers,
      coreUri: config.core.uri,
      cacheUri: withoutPassword(config.cache.uri, "********"),
    });
  }

  connections({ profile, device, room }: ConnectionFilter = {}): Promise<ConnectionStatus[]> {
    const { sessions } = this.#hub;
    const wanted = profile === undefined ? sessions[Symbol.iterator]() : sessions.of(profile);
    return Promise.resolve(
      [...wanted].filter((session) =>
        (device === undefined || session.deviceId === device) && (room === undefined || session.rooms.isLive(room))
      ).map((session) => ({
        number: session.number,
        profileId: session.profileId,
        deviceId: session.deviceId,
        transport: session.kind,
        encoding: session.encoding,
        remote: session.remote,
        connectedAt: session.connectedAt,
        lastActive: session.lastActive,
        roomIds: session.rooms.live.sort(),
        queueBytes: session.queuedBytes,
        messagesIn: session.messagesIn,
        messagesOut: session.messagesOut,
      })),
    );
  }

  rooms(): Promise<RoomStatus[]> {
    const { rooms, store } = this.#hub;
    const statuses: RoomStatus[] = [];
    for (const { id, members, ready } of rooms) {
      if (ready === undefined) statuses.push({ roomId: id, ...store.position(id), local: members.size });
    }
    return Promise.resolve(statuses);
  }

  async room(roomId: string): Promise<RoomStatus & { readonly devices: readonly Device[] } | undefined> {
    const { rooms, store } = this.#hub;
    const devices = await store.devices(roomId);
    const held = rooms.get(roomId);
    if (held === undefined && devices.length === 0) return undefined;
    // Asked for like a member asks, so that the position is known here as well.
    const room = rooms.hold(roomId);
    try {
      await room.ready;
      const { epoch, offset } = store.position(roomId);
      return { roomId, epoch, offset, local: room.members.size, devices };
    } finally {
      rooms.release(room);
    }
  }

  async publish(events: readonly PushedEvent[]): Promise<PublishedEvent[]> {
    const published: PublishedEvent[] = [];
    for (const { id, roomId, senderId, type, payload } of events) {
      const now = this.#hub.wall();
      const event = create(RoomEventSchema, {
        id,
        roomId,
        senderId,
        type,
        payload: payload as JsonObject,
        sentAt: { seconds: BigInt(Math.floor(now / 1000)), nanos: Math.floor(now % 1000) * 1_000_000 },
      });
      const place = await this.#hub.publish(event);
      published.push({ roomId, id: place.id, offset: place.offset });
    }
    return published;
  }

  async disconnect(profile: string, device = ""): Promise<number> {
    const { questions, gatewayId: asker } = this.#hub;
    return await questions.ask((nonce) => this.#hub.say({ kind: "disconnect", asker, nonce, profile, device }, false));
  }

  async unsubscribe(roomId: string, profileId: string): Promise<void> {
    await this.#hub.say({ kind: "removed", room: roomId, profiles: [profileId] }, true);
  }

  async #openStore(): Promise<void> {
    const hub = this.#hub;
    const open = this.#parts.store ?? openStore;
    hub.use(
      await open(hub.config.cache.uri, {
        gatewayId: hub.gatewayId,
        recordTtl: 2 * hub.config.connectionTimeout,
        outageQueue: hub.config.cache.outageQueue,
        clock: this.#clock,
        wall: hub.wall,
        tell: (event) => hub.heardOfStore(event),
        ...retentionOf(hub.config),
      }),
    );
  }

  #makeChecker(config: ChatConfig) {
    const moved = (state: "up" | "down", reason: string) =>
      this.#hub.tell(state === "up" ? { kind: "chat_issuer_up" } : { kind: "chat_issuer_down", reason });
    return this.#parts.checker?.(config) ??
      makeChecker(config, { clock: this.#clock, wallClock: this.#hub.wall, moved });
  }

  async #takeCore(config: ChatConfig): Promise<void> {
    const hub = this.#hub;
    const core = await (this.#parts.core ?? makeCore)(config, {
      uri: config.core.uri,
      gatewayId: hub.gatewayId,
      timeout: config.core.timeout,
      maxInFlight: config.core.maxInFlight,
      breaker: config.core.breaker,
      accepted: (call) => consequences(hub, call),
      answered: (method, code, milliseconds) => hub.meters.coreAnswered(method, code, milliseconds),
      breakerMoved: (state) => hub.tell({ kind: "chat_breaker", state }),
      failed: (error) => hub.failed(error),
    });
    this.#core = core;
    hub.forwarder = core.forwarder;
    hub.membership = new PatientMembership(core.membership, () => hub.config.core.maxInFlight);
  }

  /** When its calls are answered, or could have been. */
  async #closeLater(core: CoreParts): Promise<void> {
    const until = this.#clock.now() + this.#hub.config.core.timeout;
    while (core.forwarder.inFlight > 0 && this.#clock.now() < until && this.#state === "ready") {
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, 100));
    }
    await core.close();
  }

  /** D1. */
  async #end(): Promise<void> {
    const hub = this.#hub;
    const { drainTimeout, drainSpread } = hub.config;
    this.#state = "draining";
    hub.draining = true;
    hub.tell({ kind: "chat_draining", connections: hub.sessions.size });
    let alarm: ReturnType<Clock["setTimeout"]> | undefined;
    const late = new Promise<void>((resolve) => {
      alarm = this.#clock.setTimeout(resolve, Math.max(drainTimeout, drainSpread));
    });
    const random = this.#parts.random ?? Math.random;
    const gone = sendAway([...hub.sessions], drainSpread, this.#clock, random).then(() =>
      Promise.all([hub.sessions.empty(), this.#reception.idle()])
    );
    await Promise.race([gone, late]);
    this.#clock.clearTimeout(alarm!);
    for (const session of [...hub.sessions]) session.close(1012);
    await this.#close();
    hub.tell({ kind: "chat_stopped" });
  }

  async #close(): Promise<void> {
    const hub = this.#hub;
    if (this.#ticker !== undefined) clearInterval(this.#ticker);
    hub.sessions.stop();
    hub.questions.close();
    await this.#devices.stop();
    await this.#core?.close();
    hub.checker?.close();
    await hub.store?.close(LAST_WRITES);
    this.#endBeat();
    this.#state = "stopped";
  }

  #rest(): void {
    this.#callLimits.sweep(this.#clock.now());
    this.#hub.rest();
  }

  #health(): ChatHealth {
    const { forwarder, store, checker } = this.#hub;
    return healthOf({
      state: this.#state,
      core: forwarder?.breaker ?? "closed",
      cache: store?.up === true ? "up" : "down",
      issuer: checker?.state ?? "down",
    });
  }

  #page(request: PageRequest): PageAnswer | undefined | Promise<PageAnswer | undefined> {
    const { method, path } = request;
    const isMetrics = path === "/metrics" && this.#hub.config.http.metrics;
    if (path !== "/healthz" && path !== "/readyz" && !isMetrics) return this.#parts.page?.(request);
    if (method !== "GET" && method !== "HEAD") {
      return { status: 405, headers: { "allow": "GET, HEAD", "content-type": "text/plain" }, body: "expected GET\n" };
    }
    if (isMetrics) {
      return { status: 200, headers: { "content-type": CONTENT_TYPE.prometheus }, body: this.#registry.text() };
    }
    const health = this.#health();
    const headers = { "content-type": "application/json", "cache-control": "no-store" };
    if (path === "/healthz") return { status: 200, headers, body: '{"state":"ok"}' };
    return { status: health.ready ? 200 : 503, headers, body: JSON.stringify(shownHealth(health)) };
  }

  #subscriptions(): number {
    let sum = 0;
    if (this.#hub.rooms !== undefined) { for (const { members } of this.#hub.rooms) sum += members.size; }
    return sum;
  }

  #deviceOptions(): DeviceOptions {
    const { gatewayId, config } = this.#hub;
    return {
      gatewayId,
      affinityCookie: config.http.affinityCookie,
      allowedOrigins: config.http.allowedOrigins,
      trustedProxies: config.http.trustedProxies,
      maxConnections: config.maxConnections,
      maxMessageSize: config.maxMessageSize,
      helloTimeout: config.helloTimeout,
      sendQueue: config.sendQueue,
      compression: config.compression,
      maxStreams: config.grpc.maxStreams,
    };
  }
}

/** Unique per start: two that start in one nanosecond are told apart by chance. */
function freshId(wall: number): string {
  const nanoseconds = BigInt(Math.floor(wall)) * 1_000_000n + BigInt(Math.floor(Math.random() * 1_000_000));
  return `gateway-${nanoseconds}`;
}

function retentionOf({ history, cache }: ChatConfig) {
  return { historySize: history.size, historyTtl: history.ttl, sessionTtl: cache.sessionTtl };
}

function clientOf({ auth: { tokenEndpoint, clientId, clientSecret } }: ChatConfig) {
  return { tokenEndpoint, clientId, clientSecret };
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Keys that a running gateway does not take. */
function restartPaths(before: ChatConfig, after: ChatConfig): string[] {
  const paths: readonly (readonly [path: string, of: (config: ChatConfig) => unknown])[] = [
    ["gateway_id", ({ gatewayId }) => gatewayId],
    ["http.listen", ({ http }) => http.listen],
    ["grpc.listen", ({ grpc }) => grpc.listen],
    ["cache.uri", ({ cache }) => cache.uri],
  ];
  return paths.filter(([, of]) => !same(of(before), of(after))).map(([path]) => `chat.${path}`);
}
