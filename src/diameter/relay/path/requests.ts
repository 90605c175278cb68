/**
 * What happens to a request, from either side. Its phases, in this order; each says "go on", or why
 * not, and there is one place that answers:
 *
 * | phase  | clause (RFC 6733)  | where                     |
 * | ------ | ------------------ | ------------------------- |
 * | checks | 3, 4.1, 6.1        | `checks.ts`               |
 * | screen |                    | `../policy/screening.ts`  |
 * | duplicates | 3              | `duplicates.ts`           |
 * | limits | 7.1.3              | `to_dras.ts`, `../policy/rate_limits.ts` |
 * | route  | 6.1.5 to 6.1.7     | `to_dras.ts` (`../policy/routing_table.ts`), `to_apps.ts` |
 * | send   | 6.1.8, 6.1.9       | the same, by `writer.ts`  |
 * | book   | 6.2.1              | the same, in the ledger   |
 * @module
 */
import { RESULT } from "../../wire/result_codes.ts";
import type { Incoming } from "../core/incoming.ts";
import type { Refusal } from "../core/refusal.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import type { PolicyHolder } from "../policy/policy.ts";
import type { RequestChecks } from "./checks.ts";
import type { Duplicates } from "./duplicates.ts";
import type { Refusals } from "./refusals.ts";
import type { ToApps } from "./to_apps.ts";
import type { ToDras } from "./to_dras.ts";
import { MISSES } from "./waiting_room.ts";

/** Takes requests one by one, straight from the batch they lie in. */
export class RequestStage {
  readonly #runtime: RelayRuntime;
  readonly #checks: RequestChecks;
  readonly #toDras: ToDras;
  readonly #toApps: ToApps;
  readonly #refusals: Refusals;
  readonly #policies: PolicyHolder;
  readonly #duplicates: Duplicates;

  constructor(
    runtime: RelayRuntime,
    checks: RequestChecks,
    policies: PolicyHolder,
    toDras: ToDras,
    toApps: ToApps,
    refusals: Refusals,
    duplicates: Duplicates,
  ) {
    this.#duplicates = duplicates;
    this.#runtime = runtime;
    this.#policies = policies;
    this.#checks = checks;
    this.#toDras = toDras;
    this.#toApps = toApps;
    this.#refusals = refusals;
  }

  /** Takes a request: it goes on, or is answered here. */
  take(request: Incoming): void {
    let refusal: Refusal | undefined;
    try {
      refusal = this.#checks.check(request, request.refused || this.#runtime.draining) ?? this.#onward(request);
    } catch (error) {
      refusal = this.#defect(error);
    }
    if (refusal !== undefined) this.#refuse(request, refusal);
  }

  /**
   * A DRA may have got room: those that wait for it go first.
   * @param who all of them, or those that need not be asked in vain
   */
  callWaiting(tick: number, who: "everybody" | "who may go at once"): void {
    this.#toDras.callWaiting(tick, who === "everybody" ? MISSES : 0, this.#taken);
  }

  /** Lets those go that wait until a DRA is usable again. */
  releaseQueued(tick: number): void {
    this.#toDras.releaseQueued(tick, this.#released);
  }

  /** One that waited for a DRA: false when it has to wait on. What it was checked for it passed. */
  readonly #released = (request: Incoming): boolean => {
    let refusal: Refusal | undefined;
    try {
      refusal = this.#checks.check(request, !request.from.peer.open) ?? this.#toDras.resume(request);
      if (refusal !== undefined && this.#toDras.isForDra(refusal)) return false;
    } catch (error) {
      refusal = this.#defect(error);
    }
    if (refusal !== undefined) this.#refuse(request, refusal);
    return true;
  };

  /** One that waited: false when it has to wait on. */
  readonly #taken = (request: Incoming, mayWait: boolean): boolean => {
    let refusal: Refusal | undefined;
    try {
      const refused = this.#runtime.draining || !request.from.peer.open;
      refusal = this.#checks.check(request, refused) ?? this.#toDras.resume(request);
      if (refusal !== undefined && mayWait && this.#toDras.isForRoom(refusal)) return false;
    } catch (error) {
      refusal = this.#defect(error);
    }
    if (refusal !== undefined) this.#refuse(request, refusal);
    return true;
  };

  #onward(request: Incoming): Refusal | undefined {
    const policy = this.#policies.current;
    if (policy !== undefined) {
      policy.reading.begin(request);
      const refusal = policy.screening?.check(policy.reading, this.#runtime.clock.now());
      if (refusal !== undefined) return refusal;
    }
    if (request.from.link !== undefined) return this.#toApps.forward(request);
    if (this.#duplicates.isOn && this.#duplicates.take(request)) return undefined;
    return this.#toDras.forward(request, policy);
  }

  #refuse(request: Incoming, refusal: Refusal): void {
    try {
      this.#refusals.refuse(request, refusal);
    } catch (error) {
      this.#refusals.refuse(request, this.#defect(error));
    }
  }

  /**
   * A defect of this program before the request was sent: the requester is told, others are not
   * hurt, and somebody gets to read about it.
   */
  #defect(error: unknown): Refusal {
    this.#runtime.defect(error, "answered");
    return INTERNAL_ERROR;
  }
}

const INTERNAL_ERROR: Refusal = {
  resultCode: RESULT.unableToComply,
  message: "internal error of this node",
  reason: "internal",
};
