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

/**
 * Looks at calls before a backend is picked; the first one of a chain that refuses ends it. One
 * that throws, or never settles, costs its call alone.
 *
 * @example Nobody but callers of one's own network, whose address goes on to the backend
 * ```ts
 * import { GrpcGateway, grpcConfig, type HeaderProcessor, STATUS } from "@diam-gw/diam-gw/grpc";
 *
 * const ownNetwork: HeaderProcessor = {
 *   process({ remote, metadata }) {
 *     if (!remote.startsWith("10.")) return { code: STATUS.PERMISSION_DENIED, message: "from inside only" };
 *     metadata.set("x-remote", remote);
 *     return undefined;
 *   },
 * };
 * const config = grpcConfig({
 *   listen: ["127.0.0.1:0"],
 *   routes: [{ prefix: "/", cluster: "main" }],
 *   clusters: { main: { type: "static", address: "127.0.0.1:5001" } },
 * });
 * const gateway = new GrpcGateway(config, { processors: [ownNetwork] });
 * await gateway.start();
 * console.log(gateway.addresses[0]?.hostname); // 127.0.0.1
 * await gateway.stop();
 * ```
 */
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

/**
 * Judges tokens of routes with `authorization: required`.
 *
 * @example Tokens that a table knows, in place of signed ones
 * ```ts
 * import { GrpcGateway, grpcConfig, TokenError, type TokenValidator } from "@diam-gw/diam-gw/grpc";
 *
 * const sessions = new Map([["s-1", "secret"]]);
 * const byTable: TokenValidator = {
 *   validate(token, sessionId) {
 *     if (sessions.get(sessionId) === token) return Promise.resolve({ session_id: sessionId });
 *     return Promise.reject(new TokenError("no such session"));
 *   },
 * };
 * const config = grpcConfig({
 *   listen: ["127.0.0.1:0"],
 *   routes: [{ prefix: "/", cluster: "main", authorization: "required" }],
 *   clusters: { main: { type: "static", address: "127.0.0.1:5001" } },
 *   auth: { jwt_secret: "not asked for" },
 * });
 * const gateway = new GrpcGateway(config, { tokenValidator: byTable });
 * await gateway.start();
 * console.log(await byTable.validate("secret", "s-1")); // { session_id: "s-1" }
 * await gateway.stop();
 * ```
 */
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

/**
 * Lists the instances of a cluster. While it fails, the last list stays in use.
 *
 * @example Instances that somebody else keeps a list of
 * ```ts
 * import { type Discoverer, GrpcGateway, grpcConfig } from "@diam-gw/diam-gw/grpc";
 *
 * const list = new Map([["one", { id: "one", hostname: "127.0.0.1", port: 5001 }]]);
 * const fromList: Discoverer = {
 *   getInstances: () => Promise.resolve([...list.values()]),
 *   unregisterInstance(id) {
 *     list.delete(id);
 *     return Promise.resolve();
 *   },
 * };
 * const config = grpcConfig({
 *   listen: ["127.0.0.1:0"],
 *   routes: [{ prefix: "/", cluster: "main" }],
 *   clusters: { main: { type: "dynamic", discoverer_url: "http://nobody.invalid" } },
 * });
 * const gateway = new GrpcGateway(config, { discoverers: { main: fromList } });
 * await gateway.start();
 * console.log(await gateway.refresh("main")); // 1
 * await gateway.stop();
 * ```
 */
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

/**
 * Picks the instance of a call.
 *
 * @example The first instance that has room, so that the others may sleep
 * ```ts
 * import { type Balancer, GrpcGateway, grpcConfig } from "@diam-gw/diam-gw/grpc";
 *
 * const first = (): Balancer => ({
 *   pick: (_call, instances) => instances.find(({ usable, busy }) => usable && !busy) ?? "busy",
 * });
 * const parts = { balancers: { first } };
 * const config = grpcConfig({
 *   listen: ["127.0.0.1:0"],
 *   routes: [{ prefix: "/", cluster: "main", balancer: { type: "first" } }],
 *   clusters: { main: { type: "static", addresses: ["127.0.0.1:5001", "127.0.0.1:5002"] } },
 * }, parts);
 * const gateway = new GrpcGateway(config, parts);
 * await gateway.start();
 * console.log((await gateway.status()).routes[0]?.balancer); // first
 * await gateway.stop();
 * ```
 */
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

/**
 * A cluster of another kind: who keeps its connections, and picks one for a call.
 *
 * @example One connection, over whatever carries bytes
 * ```ts
 * import { type ConnectionPool, GrpcGateway, grpcConfig } from "@diam-gw/diam-gw/grpc";
 * import { DEFAULT_OPTIONS, dial, Http2Connection, Http2Node } from "@diam-gw/diam-gw/http2";
 *
 * const single = (_name: string, options: Readonly<Record<string, unknown>>): ConnectionPool => {
 *   const to = { hostname: "127.0.0.1", port: Number(options["port"]) };
 *   let connection: Http2Connection | undefined;
 *   return {
 *     async acquire() {
 *       if (connection === undefined) {
 *         const carrier = await dial(to, undefined, { timeout: 1_000, noDelay: true });
 *         const closed = () => void (connection = undefined);
 *         connection = Http2Connection.client(carrier, new Http2Node(), DEFAULT_OPTIONS, { closed });
 *       }
 *       const http2 = connection;
 *       return { instanceId: "only", open: (list, end, listener) => http2.open(list, end, listener) };
 *     },
 *     onBackendFailure: (_id, error) => console.error(error.message),
 *     close: () => Promise.resolve(connection?.close()),
 *   };
 * };
 * const parts = { clusterTypes: { single } };
 * const config = grpcConfig({
 *   listen: ["127.0.0.1:0"],
 *   routes: [{ prefix: "/", cluster: "main" }],
 *   clusters: { main: { type: "single", port: 5001 } },
 * }, parts);
 * const gateway = new GrpcGateway(config, parts);
 * await gateway.start();
 * console.log((await gateway.status()).state); // ready, or why not
 * await gateway.stop();
 * ```
 */
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
