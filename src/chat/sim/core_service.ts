/**
 * The small chat service behind bytes: one call, in either encoding, with the faults that were
 * asked for.
 * @module
 */
import type { RpcError } from "../../rpc/error.ts";
import { CoreRooms } from "./core_rooms.ts";
import { isJson, type Json, SimError } from "./json.ts";
import type { ProtoCodec } from "./proto_codec.ts";

/** How it behaves. */
export interface CoreBehaviour {
  /** ms by which each answer comes later. */
  readonly delay: number;
  /** Of all calls, 0 to 1: so many fail, as `unavailable`. */
  readonly failRate: number;
  /** Those that may fail; empty: all. */
  readonly failMethods: readonly string[];
  /** 0 to 1. */
  readonly dice?: () => number;
}

/** A call as it came. */
export interface CoreServiceCall {
  readonly method: string;
  readonly encoding: "json" | "proto";
  readonly body: Uint8Array;
  /** x-profile-id. */
  readonly profileId: string;
  /** Fires when nobody waits any more. */
  readonly signal?: AbortSignal;
}

/** Its answer in the call's encoding. */
export type CoreServiceAnswer = { readonly body: Uint8Array } | { readonly error: RpcError };

const [ENCODE, DECODE] = [new TextEncoder(), new TextDecoder()];

/** Rooms, and how they are served. */
export class CoreService {
  /** May be changed while it works. */
  behaviour: CoreBehaviour;
  /** Calls by method so far, those that failed too. */
  readonly calls = new Map<string, number>();
  readonly #codec: ProtoCodec | undefined;
  readonly #rooms = new CoreRooms({ time: () => new Date().toISOString(), newId: () => crypto.randomUUID() });

  /** @param codec without one there is no protobuf */
  constructor(behaviour: CoreBehaviour, codec: ProtoCodec | undefined) {
    this.behaviour = behaviour;
    this.#codec = codec;
  }

  /** Serves a call. Never rejects. */
  async serve(call: CoreServiceCall): Promise<CoreServiceAnswer> {
    const { method, signal } = call;
    const { delay, failRate, failMethods, dice = Math.random } = this.behaviour;
    this.calls.set(method, (this.calls.get(method) ?? 0) + 1);
    if (delay > 0) await pause(delay, signal);
    if ((failMethods.length === 0 || failMethods.includes(method)) && failRate > 0 && dice() < failRate) {
      return { error: { code: "unavailable", message: "this call fails, as was asked for" } };
    }
    try {
      return { body: this.#write(call, this.#rooms.call(method, this.#read(call), call.profileId)) };
    } catch (error) {
      if (error instanceof SimError) return { error: { code: error.code, message: error.message } };
      return { error: { code: "internal", message: error instanceof Error ? error.message : String(error) } };
    }
  }

  #read({ method, encoding, body }: CoreServiceCall): Json {
    if (encoding === "proto") return this.#proto.read(method, body);
    const text = DECODE.decode(body);
    let json: unknown;
    try {
      json = text === "" ? {} : JSON.parse(text);
    } catch {
      throw new SimError("invalid_argument", "expected JSON");
    }
    if (!isJson(json)) throw new SimError("invalid_argument", "expected an object of JSON");
    return json;
  }

  #write({ method, encoding }: CoreServiceCall, answer: Json): Uint8Array {
    return encoding === "proto" ? this.#proto.write(method, answer) : ENCODE.encode(JSON.stringify(answer));
  }

  get #proto(): ProtoCodec {
    if (this.#codec === undefined) throw new SimError("unimplemented", "expected JSON: there is no protobuf here");
    return this.#codec;
  }
}

/** Ends early when nobody waits any more. */
function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done);
  });
}
