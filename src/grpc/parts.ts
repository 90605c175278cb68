/**
 * The places where somebody's own code can stand: authorization, discovery, balancing, clusters of
 * another kind. The built-in ones implement the same interfaces.
 * @module
 */
import type { Metadata } from "./metadata.ts";

/** A call, as parts see it. */
export interface CallInfo {
  /** The full method name: `/package.Service/Method`. */
  readonly path: string;
  /** The client's metadata; what a processor changes goes to the backend. */
  readonly metadata: Metadata;
  /** Of the route; "" before there is one. */
  readonly cluster: string;
  /** `HOST:PORT` of the client. */
  readonly remote: string;
  /** 0 for the first attempt. */
  readonly attempt: number;
}

/** Why a call is not let through: a status of gRPC. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
}

/** Looks at calls before a backend is picked; the first one of a chain that refuses ends it. */
export interface HeaderProcessor {
  process(call: CallInfo): Refusal | void | Promise<Refusal | void>;
}

/** What a token says. */
export type Claims = Readonly<Record<string, unknown>>;

/** The token does not hold. */
export class TokenError extends Error {
  override name = "TokenError";
}

/** Judges tokens. */
export interface TokenValidator {
  /** @throws TokenError when the token does not hold, or is not for that session */
  validate(token: string, sessionId: string): Promise<Claims>;
}

/** An instance as a discoverer lists it. */
export interface Instance {
  /** Unique in its cluster. */
  readonly id: string;
  readonly hostname: string;
  readonly port: number;
}

/** Lists the instances of a cluster. */
export interface Discoverer {
  /** All of them, as they are now. @throws Error that says why they cannot be had */
  getInstances(signal: AbortSignal): Promise<Instance[]>;
  /** Tells that an instance has failed. @throws Error when that was not taken */
  unregisterInstance(id: string, signal: AbortSignal): Promise<void>;
}

/** An instance at the moment of a pick. */
export interface InstanceState {
  readonly id: string;
  /** Whether new calls may go there: enabled, healthy, not leaving, not failed. */
  readonly usable: boolean;
  /** Whether it takes no further call just now. */
  readonly busy: boolean;
  /** Calls that are under way there. */
  readonly inFlight: number;
}

/** Picks the instance of a call. */
export interface Balancer {
  /**
   * One of `instances` (those that this call has not tried), "busy" when the one that would do has
   * no room, undefined when there is none.
   */
  pick(call: CallInfo, instances: readonly InstanceState[]): InstanceState | "busy" | undefined;
  /** Binds nothing to that instance any more. */
  unbind?(instanceId: string): void;
}
