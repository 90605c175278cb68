/**
 * Why a request is answered by this gateway, and with what.
 * @module
 */
import type { RequestFault } from "../../wire/request_fault.ts";
import { RESULT } from "../../wire/result_codes.ts";

/**
 * Every reason with the codes that it is answered with, so that each is counted from the start.
 * `timeout` has the one that is configured, too.
 */
export const ERROR_ANSWERS = {
  header_bits: [RESULT.invalidHeaderBits],
  avp_length: [RESULT.invalidAvpLength],
  too_long: [RESULT.unableToComply],
  not_proxiable: [RESULT.commandUnsupported],
  application: [RESULT.applicationUnsupported],
  draining: [RESULT.tooBusy, RESULT.unableToDeliver],
  loop: [RESULT.loopDetected],
  no_destination: [RESULT.commandUnsupported],
  destination_is_gateway: [RESULT.applicationUnsupported],
  no_realm: [RESULT.unableToDeliver],
  app_in_flight: [RESULT.tooBusy],
  app_rate: [RESULT.tooBusy],
  dra_full: [RESULT.tooBusy],
  dra_rate: [RESULT.tooBusy],
  route_reject: [RESULT.realmNotServed],
  rate_limit: [RESULT.tooBusy],
  screened: [RESULT.unableToComply],
  no_route: [RESULT.unableToDeliver],
  queue_full: [RESULT.tooBusy],
  queue_timeout: [RESULT.unableToDeliver],
  app_full: [RESULT.tooBusy],
  no_app: [RESULT.unableToDeliver],
  connection_lost: [RESULT.unableToDeliver],
  timeout: [RESULT.unableToDeliver],
  internal: [RESULT.unableToComply],
} as const satisfies Readonly<Record<string, readonly number[]>>;
/** One of {@link ERROR_ANSWERS}. */
export type ErrorReason = keyof typeof ERROR_ANSWERS;

/** A request that cannot be served: by anyone, or by this gateway. */
export interface Refusal extends Omit<RequestFault, "reason"> {
  /** For counters. */
  readonly reason: ErrorReason;
  /** The DRAs that could not be asked, where that is why. */
  readonly leftOut?: readonly LeftOut[];
  /** The route that rejects it, where that is why. */
  readonly route?: string | undefined;
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
  constructor(
    readonly resultCode: number,
    readonly message: string,
    readonly reason: ErrorReason,
    readonly route?: string,
  ) {}
}
