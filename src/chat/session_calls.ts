/**
 * The calls of one connection.
 * @module
 */
import type { CoreAnswer } from "./core/forwarder.ts";
import { isMethodName } from "./core/methods.ts";
import type { RpcError } from "../rpc/error.ts";
import type { Hub } from "./hub.ts";
import { eventsPerRoom } from "./passed.ts";
import type { Call } from "./proto/mod.ts";
import type { Connection } from "./connection.ts";

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

/** Calls that wait for the core. */
export class SessionCalls {
  readonly #hub: Hub;
  readonly #session: Connection;
  /** Made for the first call: most connections have none under way. */
  #running: Set<AbortController> | undefined;

  constructor(hub: Hub, session: Connection) {
    this.#hub = hub;
    this.#session = session;
  }

  /** Calls that are not answered yet. */
  get size(): number {
    return this.#running?.size ?? 0;
  }

  /** F2: sends it to the core, and answers. */
  call(id: string, { method, json, proto }: Call): void {
    const session = this.#session;
    if (!isMethodName(method) || method === "Connect") {
      return session.refuse(id, "invalid_argument", 'method: expected the name of a method such as "SendEvent"');
    }
    if (json !== undefined && proto.length > 0) {
      return session.refuse(id, "invalid_argument", "call: expected json or proto, got both");
    }
    const asJson = json !== undefined || (proto.length === 0 && session.encoding === "json");
    const encoding = asJson ? "json" : "proto";
    const body = asJson ? UTF8.encode(JSON.stringify(json ?? {})) : proto;
    const retryAfter = roomLimit(this.#hub, method, encoding, body);
    if (retryAfter > 0) return session.limited(id, { scope: "room", retryAfter });
    if (this.#hub.draining) return session.refuse(id, "unavailable", "the gateway is draining");
    this.#run(id, method, encoding, body).catch((error) => session.failed(error));
  }

  /** F11. */
  abort(): void {
    for (const controller of this.#running ?? []) controller.abort();
  }

  async #run(id: string, method: string, encoding: "json" | "proto", body: Uint8Array): Promise<void> {
    const { caller, remote, kind: transport } = this.#session;
    const owner = { profile: caller.profileId, device: this.#session.deviceId, transport };
    const span = this.#hub.spans?.call(method, this.#session.headers, owner);
    const headers = span?.headers ?? this.#session.headers;
    const controller = new AbortController();
    const running = this.#running ??= new Set();
    running.add(controller);
    const began = performance.now();
    let answer: CoreAnswer;
    try {
      const { signal } = controller;
      answer = await this.#hub.forwarder.forward(
        { caller, method, encoding, body, headers, remote, timeoutMs: undefined, signal },
      );
    } finally {
      running.delete(controller);
    }
    span?.end("error" in answer ? answer.error.code : "ok");
    this.#tellRequest(method, answer, performance.now() - began);
    if (!this.#session.isClosed) this.#answer(id, encoding, answer);
    this.#session.callEnded();
  }

  #answer(id: string, encoding: "json" | "proto", answer: CoreAnswer): void {
    if ("error" in answer) return this.#failed(id, answer.error);
    if (encoding === "proto") return this.#session.tell({ case: "result", value: { proto: answer.body } }, id);
    const text = TEXT.decode(answer.body);
    let json: unknown;
    try {
      json = text === "" ? {} : JSON.parse(text);
    } catch {
      json = undefined;
    }
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      return this.#session.refuse(id, "internal", "the core's answer is no JSON object");
    }
    this.#session.tell({ case: "result", value: { json: json as NonNullable<Call["json"]> } }, id);
  }

  #failed(id: string, { code, message, retryAfterMs = 0 }: RpcError): void {
    this.#session.refuse(id, code, message, "", retryAfterMs);
  }

  #tellRequest(method: string, answer: CoreAnswer, milliseconds: number): void {
    if (!this.#hub.tellsRequests) return;
    const { profileId: profile, deviceId: device } = this.#session;
    const code = "error" in answer ? answer.error.code : "ok";
    this.#hub.tell({ kind: "chat_request", method, profile, device, code, milliseconds });
  }
}

/** L1: events that a call sends to rooms. @returns ms until there is room again; 0: there is */
export function roomLimit(hub: Hub, method: string, encoding: "json" | "proto", body: Uint8Array): number {
  const { perRoom } = hub.config.rateLimit;
  if (perRoom === 0 || method !== "SendEvent") return 0;
  let longest = 0;
  const now = hub.clock.now();
  for (const [roomId, count] of eventsPerRoom(encoding, body)) {
    longest = Math.max(longest, hub.roomLimits.take(roomId, perRoom, perRoom, now, count));
  }
  return longest;
}
