/**
 * What requests are told apart by where DRAs are chosen by a key.
 * @module
 */
import type { Incoming } from "../core/incoming.ts";
import type { GatewayOptions } from "../core/options.ts";
import { SESSION_ID } from "../core/balance_name.ts";
import { mixed } from "../core/mixed.ts";
import { parsePath } from "./avp_path.ts";
import { dictionary } from "./loaded.ts";
import { type PathValues, Reading } from "./reading.ts";

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** Reads keys of the message at hand, each once. */
export class HashKeys {
  readonly #reading = new Reading();
  readonly #paths = new Map<string, PathValues>();
  #request!: Incoming;
  #last = "";
  #lastKey = -1;

  /** @param keys Session-Id, or paths of AVPs @throws PathError */
  constructor(keys: Iterable<string>) {
    for (const key of keys) {
      if (key === SESSION_ID) continue;
      this.#paths.set(key, this.#reading.valuesAt(parsePath(key, dictionary(), () => undefined)));
    }
  }

  /** Goes on to this request, whose AVPs have been found. */
  begin(request: Incoming): this {
    this.#request = request;
    this.#last = "";
    if (this.#paths.size > 0) this.#reading.begin(request);
    return this;
  }

  /** 32 bits, unsigned, of the octets as they came; -1 where the request has no such AVP. */
  of(key: string): number {
    if (key === this.#last) return this.#lastKey;
    this.#last = key;
    return this.#lastKey = this.#read(key);
  }

  #read(key: string): number {
    const { avps, block } = this.#request;
    if (key === SESSION_ID) {
      return avps.sessionIdStart < 0 ? -1 : hashed(block.bytes, avps.sessionIdStart, avps.sessionIdEnd);
    }
    const found = this.#paths.get(key)?.read();
    return found === undefined || found.count === 0 ? -1 : hashed(block.bytes, found.starts[0]!, found.ends[0]!);
  }
}

/** Every key that is asked for; none where nothing is balanced by one. */
export function hashKeysOf({ draPool, routing }: Pick<GatewayOptions, "draPool" | "routing">): Set<string> {
  const keys = new Set<string>();
  if (draPool.balance === "hash") keys.add(draPool.hashKey);
  for (const { balance, hashKey } of routing.pools) {
    if (balance === "hash" || (balance === "" && draPool.balance === "hash")) keys.add(hashKey);
  }
  return keys;
}

function hashed(bytes: Uint8Array, start: number, end: number): number {
  let hash = OFFSET_BASIS;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, PRIME);
  return mixed(hash);
}
