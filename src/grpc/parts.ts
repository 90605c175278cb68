/**
 * The places where somebody's own code can stand: authorization, discovery, balancing, clusters of
 * another kind. The built-in ones implement the same interfaces.
 * @module
 */
import type { HeaderList, Http2Stream, StreamListener } from "../http2/mod.ts";
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
  /** One of {@link STATUS}. */
  readonly code: number;
  /** Plain text; what cannot stand in a header is encoded. */
  readonly message: string;
}

/** Looks at calls before a backend is picked; the first one of a chain that refuses ends it. */
export interface HeaderProcessor {
  /** Nothing lets the call through. */
  process(call: CallInfo): Refusal | void | Promise<Refusal | void>;
}

/** What a token says. */
export type Claims = Readonly<Record<string, unknown>>;

/** The token does not hold. */
export class TokenError extends Error {
  /** As errors of this kind are told apart. */
  override name = "TokenError";
}

/** Judges tokens. */
export interface TokenValidator {
  /** What the token says. @throws TokenError when it does not hold, or not for that session */
  validate(token: string, sessionId: string): Promise<Claims>;
}

/** An instance as a discoverer lists it. */
export interface Instance {
  /** Unique in its cluster. */
  readonly id: string;
  /** Where it is. */
  readonly hostname: string;
  /** And on which port. */
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
  /** As the discoverer has it. */
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

/** A stream that a pool gives away: of a connection that it keeps. */
export interface BackendStream {
  /** Who it goes to. */
  readonly instanceId: string;
  /**
   * Opens it with a request: `Http2Connection.open` of that connection. Called once, in the turn in
   * which the stream was acquired; undefined when it cannot be opened after all.
   */
  open(list: HeaderList, end: boolean, listener: StreamListener): Http2Stream | undefined;
}

/** A cluster of another kind: who keeps its connections, and picks one for a call. */
export interface ConnectionPool {
  /**
   * A stream for `call`. What rejects counts as an attempt that has sent nothing, and another one
   * follows; so does what takes longer than an attempt may, and then `signal` fires.
   * @param tried ids of instances that it was tried at in vain
   */
  acquire(call: CallInfo, tried: ReadonlySet<string>, signal: AbortSignal): Promise<BackendStream>;
  /** A call's stream on that instance was lost. */
  onBackendFailure(instanceId: string, error: Error): void;
  /** Closes its connections: the gateway stops, or the cluster left the configuration. */
  close(): Promise<void>;
}

/** What the library's user brings. */
export interface GatewayParts {
  /** Look at every call, before the built-in authorization, in this order. */
  readonly processors?: readonly HeaderProcessor[];
  /** In place of the built-in one. */
  readonly tokenValidator?: TokenValidator;
  /** By cluster, in place of the one over HTTP. */
  readonly discoverers?: Readonly<Record<string, Discoverer>>;
  /** By the `kind` that a route's balancer of type `custom` names. */
  readonly balancers?: Readonly<Record<string, (options: Readonly<Record<string, unknown>>) => Balancer>>;
  /** By the `kind` that a cluster of type `custom` names. */
  readonly clusterTypes?: Readonly<
    Record<string, (name: string, options: Readonly<Record<string, unknown>>) => ConnectionPool>
  >;
}
