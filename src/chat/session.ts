/**
 * One connection of a device, from its first message to its end.
 *
 * It sees messages in their order. While a token is checked, what comes after Hello waits.
 * @module
 */
import { BadDeviceId, deviceOf } from "./auth/ids.ts";
import { type CheckedToken, TokenRefusal } from "./auth/checker.ts";
import type { Caller } from "./core/forwarder.ts";
import { CoreFailure } from "./core/forwarder.ts";
import type { ErrorCode } from "../rpc/error.ts";
import type { CloseCode } from "./device/close_codes.ts";
import type { Handshake, Headers } from "./device/host.ts";
import type { Transport, TransportListener } from "./device/transport.ts";
import type { Hub } from "./hub.ts";
import { ConnectionLimit, type Limited } from "./limits.ts";
import { askPresence, sayTyping, sendSignal } from "./people.ts";
import { type Encoded, encoded, type Hello, type KnownRequest, type ServerEvent } from "./proto/mod.ts";
import type { Connection, Payload } from "./connection.ts";
import { SessionCalls } from "./session_calls.ts";
import type { DeviceRecord, Position, RoomPosition } from "./store/mod.ts";
import { type SubscriptionOwner, Subscriptions, type UnsubscribeReason } from "./subscriptions.ts";

/** Who a device is, as far as its handshake said. */
export interface Who {
  /** Undefined: Hello brings a token. */
  readonly token: string | undefined;
  readonly checked: CheckedToken | undefined;
  /** What it named in the handshake. */
  readonly deviceId: string | undefined;
}

/** Requests that may wait while a token is checked. */
const MOST_WAITING = 1_000;

/** How many there were so far. */
let connections = 0;

/** See the module. */
export class Session implements TransportListener, SubscriptionOwner, Connection {
  profileId = "";
  deviceId = "";
  /** Whether Hello was answered. */
  isOpen = false;
  isClosed = false;
  /** Gets rooms that its profile is added to (R2). */
  wantsAllRooms = false;
  /** When it is to be looked at next, see {@link look}. */
  due: number;
  /** Milliseconds of Unix time. */
  readonly connectedAt: number;
  readonly number = ++connections;
  messagesIn = 0;
  messagesOut = 0;
  readonly rooms: Subscriptions;
  readonly calls: SessionCalls;
  readonly #hub: Hub;
  readonly #transport: Transport;
  readonly #limit = new ConnectionLimit();
  readonly #headers: Headers;
  readonly #began: number;
  readonly #said: string | undefined;
  #token: string;
  #checked: CheckedToken | undefined;
  #record: DeviceRecord | undefined;
  /** Behind a Hello whose token is checked. */
  #waiting: KnownRequest[] | undefined;
  #lastHeard: number;
  #nextPing: number;
  /** By the clock; Infinity before Hello. */
  #expires = Infinity;
  #isLeaving = false;

  constructor(hub: Hub, transport: Transport, who: Who, handshake: Handshake) {
    this.#hub = hub;
    this.#transport = transport;
    this.#token = who.token ?? "";
    this.#checked = who.checked;
    this.#said = who.deviceId;
    this.#headers = passedHeaders(handshake.headers);
    this.rooms = new Subscriptions(hub, this);
    this.calls = new SessionCalls(hub, this);
    const now = hub.clock.now();
    this.#began = this.#lastHeard = now;
    this.#nextPing = now + hub.config.heartbeatInterval;
    this.due = now + Math.min(hub.config.helloTimeout, hub.config.heartbeatInterval);
    this.connectedAt = hub.wall();
  }

  get kind() {
    return this.#transport.kind;
  }

  get encoding() {
    return this.#transport.encoding;
  }

  get remote(): string {
    return this.#transport.remote;
  }

  get headers(): Headers {
    return this.#headers;
  }

  get queuedBytes(): number {
    return this.#transport.queuedBytes;
  }

  get bytesIn(): number {
    return this.#transport.bytesIn;
  }

  get bytesOut(): number {
    return this.#transport.bytesOut;
  }

  /** Milliseconds of Unix time. */
  get lastActive(): number {
    return this.#hub.wall() - Math.max(0, this.#hub.clock.now() - this.#lastHeard);
  }

  get caller(): Caller {
    return { profileId: this.profileId, deviceId: this.deviceId, token: this.#token };
  }

  message(request: KnownRequest): void {
    this.#lastHeard = this.#hub.clock.now();
    this.messagesIn++;
    this.#hub.meters.came(request.payload.case);
    if (this.#waiting !== undefined) {
      if (this.#waiting.length >= MOST_WAITING) this.close(4006);
      else this.#waiting.push(request);
    } else if (this.isOpen) this.#take(request);
    else if (request.payload.case === "hello") {
      this.#waiting = [];
      this.#hello(request.id, request.payload.value).catch((error) => this.failed(error));
    } else this.close(4003);
  }

  alive(): void {
    this.#lastHeard = this.#hub.clock.now();
  }

  closed(code: number, reason: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#waiting = undefined;
    this.calls.abort();
    this.rooms.end();
    this.#record?.end();
    this.#hub.sessions.remove(this);
    const { meters, clock } = this.#hub;
    const lasted = clock.now() - this.#began;
    meters.closes.of({ code: String(code) }).value++;
    meters.life.observe(lasted);
    const owner = { profile: this.profileId, device: this.deviceId, transport: this.kind };
    this.#hub.spans?.connection(this.#headers, owner, this.connectedAt, code, reason);
    if (code === 4008) {
      meters.slowConsumers++;
      this.#hub.tell({ kind: "chat_limit", profile: this.profileId, device: this.deviceId, what: "slow" });
    }
    this.#hub.tell({
      kind: "chat_disconnected",
      profile: this.profileId,
      device: this.deviceId,
      transport: this.kind,
      remote: this.remote,
      code,
      reason,
      seconds: lasted / 1000,
    });
  }

  /** What is due: a ping, or the end. @param now by the clock */
  look(now: number): void {
    const { config } = this.#hub;
    const silence = this.#lastHeard + config.connectionTimeout;
    const hello = this.isOpen || this.#waiting !== undefined ? Infinity : this.#began + config.helloTimeout;
    if (now >= hello) return this.close(4003);
    if (now >= silence) return this.close(4000);
    if (now >= this.#expires) return this.close(4002);
    this.#nextPing = Math.min(this.#nextPing, now + config.heartbeatInterval);
    if (now >= this.#nextPing) {
      this.#nextPing = Math.max(now, this.#nextPing) + config.heartbeatInterval;
      if (this.isOpen) {
        this.#transport.ping();
        this.#record?.beat(Math.floor(this.lastActive / 1000));
      }
    }
    this.due = Math.min(hello, silence, this.#expires, this.#nextPing);
  }

  /** Ends it, behind what is queued. */
  close(code: CloseCode, reason?: string): void {
    if (!this.isClosed) this.#transport.close(code, reason);
  }

  /** D1: leaves when its calls are answered. @param delay ms that the device should wait */
  sendAway(delay: number): void {
    if (this.#isLeaving || this.isClosed) return;
    this.#isLeaving = true;
    if (this.isOpen) this.tell({ case: "reconnect", value: { delayMs: delay, reason: "drain" } });
    if (this.calls.size === 0) this.close(1012);
  }

  /** A call was answered. */
  callEnded(): void {
    if (this.#isLeaving && this.calls.size === 0) this.close(1012);
  }

  deliver(event: Encoded): void {
    this.messagesOut++;
    this.#transport.send(event);
  }

  /** Sends something that nobody else gets. */
  tell(payload: Payload, replyTo = ""): void {
    if (this.isClosed) return;
    if (payload.case !== undefined) this.#hub.meters.went(payload.case as NonNullable<ServerEvent["payload"]["case"]>);
    this.deliver(encoded({ replyTo, payload }));
  }

  refuse(replyTo: string, code: ErrorCode, message: string, roomId = "", retryAfterMs = 0): void {
    this.#hub.meters.errors.of({ code }).value++;
    this.tell({ case: "error", value: { code, message, roomId, retryAfterMs } }, replyTo);
  }

  subscribed(roomId: string, { offset, epoch }: Position, recovered: boolean, replyTo: string): void {
    this.tell({ case: "subscribed", value: { roomId, offset: BigInt(offset), epoch, recovered } }, replyTo);
  }

  unsubscribed(roomId: string, reason: UnsubscribeReason, replyTo: string): void {
    this.tell({ case: "unsubscribed", value: { roomId, reason } }, replyTo);
  }

  entered(roomId: string): void {
    this.#record?.join(roomId);
  }

  left(roomId: string): void {
    this.#record?.leave(roomId);
  }

  failed(error: unknown): void {
    this.#hub.tell({
      kind: "chat_defect",
      reason: error instanceof Error ? error.stack ?? error.message : String(error),
    });
    this.close(1011);
  }

  /** Counts a refusal because of a limit. */
  limited(replyTo: string, { scope, retryAfter }: Limited): void {
    const { meters, config, clock } = this.#hub;
    meters.limited.of({ scope }).value++;
    if (this.#limit.refused(config.rateLimit, clock.now())) {
      this.#hub.tell({ kind: "chat_limit", profile: this.profileId, device: this.deviceId, what: "rate" });
      return this.close(4006);
    }
    this.refuse(replyTo, "resource_exhausted", `above the limit of the ${scope}`, "", retryAfter);
  }

  /** C1, A3, A4. */
  async #hello(id: string, hello: Hello): Promise<void> {
    if (hello.token !== "" && !await this.#checkHello(hello.token)) return;
    const checked = this.#checked;
    if (checked === undefined) return this.close(4001, "a token is missing");
    const device = deviceOf(
      checked.deviceClaim,
      this.#said === undefined || this.#said === "" ? hello.deviceId : this.#said,
    );
    if (device instanceof BadDeviceId) return this.close(4003, device.message);
    if (device === undefined) return this.close(4003, "device_id is missing");
    const kept = hello.resume ? await this.#hub.store.positions(checked.profileId, device) : [];
    if (this.isClosed) return;
    this.profileId = checked.profileId;
    this.deviceId = device;
    if (!this.#hub.sessions.open(this)) return this.close(4009);
    this.#welcome(id, kept.length > 0);
    await this.#enterRooms(hello, kept);
  }

  async #checkHello(token: string): Promise<boolean> {
    const judged = this.#hub.checker.check(token);
    const verdict = judged instanceof Promise ? await judged : judged;
    if (this.isClosed) return false;
    if (verdict instanceof TokenRefusal) {
      // The keys of the issuer cannot be read: not the device's fault.
      this.close(verdict.code === "unavailable" ? 1013 : 4001, verdict.message);
      return false;
    }
    if (this.#checked !== undefined && this.#checked.profileId !== verdict.profileId) {
      this.close(4001, "the token of Hello is of another profile than that of the handshake");
      return false;
    }
    this.#token = token;
    this.#checked = verdict;
    return true;
  }

  #welcome(id: string, resumed: boolean): void {
    const { config, gatewayId, clock, wall, store } = this.#hub;
    this.isOpen = true;
    this.#expires = this.#expiry();
    this.#record = store.record(this.profileId, this.deviceId, Math.floor(wall() / 1000));
    this.due = clock.now();
    this.tell({
      case: "welcome",
      value: {
        gatewayId,
        profileId: this.profileId,
        deviceId: this.deviceId,
        heartbeatIntervalMs: config.heartbeatInterval,
        connectionTimeoutMs: config.connectionTimeout,
        maxMessageSize: config.maxMessageSize,
        maxEventsPerSecond: config.rateLimit.perConnection,
        resumed,
      },
    }, id);
    const { profileId: profile, deviceId: device, kind: transport, remote } = this;
    this.#hub.tell({ kind: "chat_connected", profile, device, transport, remote });
  }

  /**
   * Rooms of Hello, of the session before, and all others that are wanted. Then what has waited.
   */
  async #enterRooms(hello: Hello, kept: readonly RoomPosition[]): Promise<void> {
    const asked = new Set<string>();
    for (const { roomId, offset, epoch } of hello.rooms) {
      if (asked.has(roomId)) continue;
      asked.add(roomId);
      this.rooms.enter({ roomId, from: { offset: Number(offset), epoch }, replyTo: "" });
    }
    for (const { roomId, offset, epoch } of kept) {
      if (asked.has(roomId)) continue;
      asked.add(roomId);
      this.rooms.enter({ roomId, from: { offset, epoch }, replyTo: "", isResumed: true });
    }
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const request of waiting) if (!this.isClosed) this.#take(request);
    if (!hello.allRooms) return;
    this.wantsAllRooms = true;
    try {
      const all = await this.#hub.membership.roomsOf(this.caller, this.#hub.config.maxRoomsPerConnection);
      for (const roomId of all) {
        if (this.isClosed) return;
        if (!asked.has(roomId)) this.rooms.enter({ roomId, from: undefined, replyTo: "", isMember: true });
      }
    } catch (error) {
      if (!(error instanceof CoreFailure)) throw error;
      this.refuse("", error.error.code, `all_rooms: ${error.error.message}`);
    }
  }

  /** A request of an open connection. */
  #take(request: KnownRequest): void {
    const { id, payload } = request;
    // An answer to us is nothing that a device does by itself.
    if (payload.case !== "pong") {
      const limited = this.#overLimit();
      if (limited !== undefined) return this.limited(id, limited);
    }
    switch (payload.case) {
      case "hello":
        return this.refuse(id, "invalid_argument", "hello was said already");
      case "subscribe":
        return this.#subscribe(id, payload.value.rooms);
      case "unsubscribe":
        if (payload.value.roomIds.length === 0) {
          return this.refuse(id, "invalid_argument", "room_ids: expected one at least");
        }
        for (const roomId of new Set(payload.value.roomIds)) this.rooms.leave(roomId, id);
        return;
      case "call":
        return this.calls.call(id, payload.value);
      case "ping":
        return this.tell({ case: "pong", value: {} }, id);
      case "pong":
        return this.#done(id);
      case "ack":
        return this.#ack(id, payload.value.positions);
      case "typing":
        if (sayTyping(this.#hub, this, payload.value, id)) this.#done(id);
        return;
      case "presence":
        return this.#unless(askPresence(this.#hub, this, payload.value.roomId, id));
      case "signal":
        return this.#unless(sendSignal(this.#hub, this, payload.value, id));
      case "refresh":
        return this.#unless(this.#refresh(id, payload.value.token));
    }
  }

  #unless(work: Promise<void>): void {
    work.catch((error) => this.failed(error));
  }

  /** C3: an answer to what has no answer of its own. */
  #done(id: string): void {
    if (id !== "") this.tell({ case: undefined }, id);
  }

  #overLimit(): Limited | undefined {
    const { clock, config: { rateLimit }, profileLimits } = this.#hub;
    const now = clock.now();
    let retryAfter = this.#limit.take(rateLimit, now);
    if (retryAfter > 0) return { scope: "connection", retryAfter };
    const { perProfile } = rateLimit;
    retryAfter = profileLimits.take(this.profileId, perProfile, perProfile, now);
    return retryAfter > 0 ? { scope: "profile", retryAfter } : undefined;
  }

  #subscribe(id: string, rooms: readonly { roomId: string; offset: bigint; epoch: string }[]): void {
    if (rooms.length === 0) return this.refuse(id, "invalid_argument", "rooms: expected one at least");
    const asked = new Set<string>();
    for (const { roomId, offset, epoch } of rooms) {
      if (asked.has(roomId)) continue;
      asked.add(roomId);
      this.rooms.enter({ roomId, from: { offset: Number(offset), epoch }, replyTo: id });
    }
  }

  /** V3. Positions in rooms that it is not in are nobody's. */
  #ack(id: string, positions: readonly { roomId: string; offset: bigint; epoch: string }[]): void {
    const saved = positions.filter(({ roomId }) => this.rooms.isLive(roomId)).map(({ roomId, offset, epoch }) => ({
      roomId,
      offset: Number(offset),
      epoch: epoch === "" ? this.#hub.store.position(roomId).epoch : epoch,
    })).filter(({ epoch }) => epoch !== "");
    if (saved.length > 0) this.#hub.store.savePositions(this.profileId, this.deviceId, saved);
    this.#done(id);
  }

  /** A6. */
  async #refresh(id: string, token: string): Promise<void> {
    const judged = this.#hub.checker.check(token);
    const verdict = judged instanceof Promise ? await judged : judged;
    if (this.isClosed) return;
    if (verdict instanceof TokenRefusal) return this.refuse(id, verdict.code, verdict.message);
    if (verdict.profileId !== this.profileId) return this.close(4001, "the token is of another profile");
    if (verdict.expiresAt >= this.#checked!.expiresAt) {
      this.#token = token;
      this.#checked = verdict;
      this.#expires = this.#expiry();
    }
    this.due = this.#hub.clock.now();
    this.tell({ case: "refreshed", value: {} }, id);
  }

  #expiry(): number {
    const { clock, wall, config } = this.#hub;
    return clock.now() + this.#checked!.expiresAt + config.auth.leeway - wall();
  }
}

/** Headers that calls may take to the core; the others are not kept for an hour. */
function passedHeaders(headers: Headers): Headers {
  const passed = Object.entries(headers).filter(([name]) => name.startsWith("x-") || name.startsWith("trace"));
  return passed.length === 0 ? NONE : Object.fromEntries(passed);
}

const NONE: Headers = {};
