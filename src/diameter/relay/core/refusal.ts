/**
 * Why a request is answered by this gateway, and with what.
 * @module
 */
import type { RequestFault } from "../../wire/request_fault.ts";

/** A request that cannot be served: by anyone, or by this gateway. */
export interface Refusal extends RequestFault {
  /** The DRAs that could not be asked, where that is why. */
  readonly leftOut?: readonly LeftOut[];
}

/** A DRA that could not be asked. */
export interface LeftOut {
  readonly name: string;
  /** What follows its name in a sentence. */
  readonly reason: string;
}

/**
 * A refusal that one gateway uses again and again: what its answers have in common is made once.
 */
export class LastingRefusal implements Refusal {
  constructor(readonly resultCode: number, readonly message: string, readonly reason: string) {}
}
