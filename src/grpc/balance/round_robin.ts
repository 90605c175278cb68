/**
 * The instances in turn. PURE.
 * @module
 */
import type { CallInfo, InstanceState } from "../parts.ts";

/** Each instance gets as many calls as every other, but for one. */
export class RoundRobin {
  /** Whose turn it is, by place in the list. */
  #next = 0;
  /** The same for further attempts, whose list is shorter: they must not take anybody's turn. */
  #nextAgain = 0;

  /** One of `instances`, "busy" when none has room, undefined when there are none. */
  pick<I extends InstanceState>(
    { attempt }: Pick<CallInfo, "attempt">,
    instances: readonly I[],
  ): I | "busy" | undefined {
    const count = instances.length;
    if (count === 0) return undefined;
    const first = attempt === 0 ? this.#next : this.#nextAgain;
    for (let i = 0; i < count; i++) {
      const at = (first + i) % count;
      const instance = instances[at]!;
      if (instance.busy) continue;
      if (attempt === 0) this.#next = at + 1;
      else this.#nextAgain = at + 1;
      return instance;
    }
    return "busy";
  }
}
