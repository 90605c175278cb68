/**
 * The same instance for the same value of a header. PURE: the time is asked of a function.
 * @module
 */
import type { CallInfo, InstanceState } from "../parts.ts";
import { RoundRobin } from "./round_robin.ts";
import type { StickyKeys } from "./sticky_table.ts";

/** Binds each value of a header to the next instance of the round robin. */
export class StickySessions<I extends InstanceState> {
  readonly #keys: StickyKeys<I>;
  readonly #now: () => number;
  readonly #turn: RoundRobin;

  /**
   * Binds nothing yet.
   * @param keys of the cluster's table
   * @param now ms of a clock that never goes back
   * @param turn shared by the routes that share the keys
   */
  constructor(keys: StickyKeys<I>, now: () => number, turn: RoundRobin = new RoundRobin()) {
    this.#keys = keys;
    this.#now = now;
    this.#turn = turn;
  }

  /** One of `instances`, "busy" when the one that would do has no room, undefined without any. */
  pick(call: Pick<CallInfo, "attempt" | "metadata">, instances: readonly I[]): I | "busy" | undefined {
    const key = call.metadata.get(this.#keys.header);
    if (key === undefined || key === "") return this.#turn.pick(call, instances);
    const now = this.#now();
    const bound = this.#keys.get(key, now);
    if (bound?.usable === true) {
      // Only that one will do, and its room is not ours to judge twice.
      if (call.attempt === 0 || instances.includes(bound)) return bound.busy ? "busy" : bound;
      // This call has tried it; others of the key still belong there.
      return this.#turn.pick(call, instances);
    }
    const picked = this.#turn.pick(call, instances);
    if (picked !== undefined && picked !== "busy") this.#keys.bind(key, picked, now);
    return picked;
  }

  /** Unbinds the key of this call alone: its stream was reset there. */
  unbindKey(call: Pick<CallInfo, "metadata">): void {
    const key = call.metadata.get(this.#keys.header);
    if (key !== undefined) this.#keys.unbind(key);
  }
}
