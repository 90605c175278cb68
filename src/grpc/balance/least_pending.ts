/**
 * The instance that has least to do. PURE.
 * @module
 */
import type { CallInfo, InstanceState } from "../parts.ts";

/** The one with fewest calls in flight; of several the next in turn. */
export class LeastPending {
  #next = 0;

  /** One of `instances`, "busy" when none has room, undefined when there are none. */
  pick<I extends InstanceState>(_call: Pick<CallInfo, "attempt">, instances: readonly I[]): I | "busy" | undefined {
    const count = instances.length;
    if (count === 0) return undefined;
    let best: I | undefined;
    let bestAt = 0;
    for (let i = 0; i < count; i++) {
      const at = (this.#next + i) % count;
      const instance = instances[at]!;
      if (instance.busy || (best !== undefined && instance.inFlight >= best.inFlight)) continue;
      best = instance;
      bestAt = at;
    }
    if (best === undefined) return "busy";
    this.#next = bestAt + 1;
    return best;
  }
}
