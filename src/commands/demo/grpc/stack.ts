/**
 * The example as one process: auth service, discoverer, instances, and the gateway in front of
 * them, on ports of loopback that are free.
 * @module
 */
import { GrpcGateway } from "../../../grpc/gateway.ts";
import {
  DEFAULT_CLUSTER,
  DEFAULT_DISCOVERY,
  DEFAULT_GRPC,
  type DynamicCluster,
  type GrpcConfig,
} from "../../../grpc/config/options.ts";
import { authMethods } from "../../../grpc/sim/auth.ts";
import { GrpcClient } from "../../../rpc/client.ts";
import { type DiscovererSimulator, startDiscoverer } from "../../../grpc/sim/discoverer.ts";
import { echoMethods } from "../../../grpc/sim/echo.ts";
import { LOGIN_REQUEST, LOGIN_RESPONSE, METHOD } from "../../../grpc/sim/my_service.ts";
import { Registration } from "../../../grpc/sim/registration.ts";
import { GrpcServer } from "../../../rpc/server.ts";
import { MemoryUsers } from "../../../grpc/sim/users.ts";
import { type Endpoint, endpointText } from "../../../net/connection.ts";
import { silentLogger } from "../../../ops/log/mod.ts";
import { VERSION } from "../../../version.ts";

/** Who may log in. */
export const USER = { username: "demo", password: "demo" } as const;

const LOOPBACK = { hostname: "127.0.0.1", port: 0 } as const;
const SECRET = "the secret of a demonstration on loopback";
const TOKEN_LIFE = 3_600_000;
/** ms between two looks of the gateway at the discoverer, and between two heartbeats. */
const LOOK = 200;
/** ms after which a silent instance is forgotten: it would be killed otherwise. */
const TTL = 2_000;
/** ms that what must happen by itself may take: far longer than it does. */
const PATIENCE = 10_000;

/** What a scenario wants to be different. */
export interface StackOptions {
  /** Instances that run from the beginning; 3 unless given. */
  readonly instances?: number;
  /** ms before each answer of an instance. */
  readonly delay?: number;
  /** Calls that an instance gets at a time; 0 for any number. */
  readonly maxInFlight?: number;
  /** Gets the gateway before it starts. */
  readonly watch?: (gateway: GrpcGateway) => void;
}

/** A session: what Login gave. */
export interface Session {
  readonly id: string;
  /** What a call of this session carries. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An instance that runs. */
export interface RunningInstance {
  readonly id: string;
  readonly address: Endpoint;
  /** Ends it as a process does that is killed. */
  kill(): Promise<void>;
}

/** All of it. Whoever starts it stops it. */
export class Stack implements AsyncDisposable {
  readonly gateway: GrpcGateway;
  readonly #options: StackOptions;
  readonly #users: MemoryUsers;
  readonly #auth: GrpcServer;
  readonly #discoverer: DiscovererSimulator;
  readonly #instances = new Map<string, { readonly server: GrpcServer; readonly registration: Registration }>();
  readonly #clients = new Set<GrpcClient>();

  private constructor(options: StackOptions, users: MemoryUsers, auth: GrpcServer, discoverer: DiscovererSimulator) {
    this.#options = options;
    this.#users = users;
    this.#auth = auth;
    this.#discoverer = discoverer;
    this.gateway = new GrpcGateway(configuration(auth.address, discoverer.address, options));
    options.watch?.(this.gateway);
  }

  /** Starts it; resolves when the gateway knows every instance. */
  static async start(options: StackOptions = {}): Promise<Stack> {
    const users = new MemoryUsers();
    await users.add(USER.username, USER.password);
    const methods = authMethods({ users, secret: SECRET, tokenLife: TOKEN_LIFE });
    const auth = new GrpcServer({ listen: LOOPBACK, methods: () => methods });
    const log = silentLogger;
    const discoverer = await startDiscoverer({ listen: LOOPBACK, ttl: TTL, version: VERSION, log });
    const stack = new Stack(options, users, auth, discoverer);
    for (let i = 1; i <= (options.instances ?? 3); i++) stack.startInstance(`instance-${i}`);
    await stack.gateway.start();
    await stack.until(async () => (await stack.instanceIds()).length === stack.#instances.size);
    return stack;
  }

  /** Resolves when `condition` holds. @throws Error when it does not in far longer than it takes */
  async until(condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (!await condition()) {
      if (performance.now() > deadline) throw new Error(`waited ${PATIENCE / 1000} s in vain`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Where clients connect. */
  get address(): Endpoint {
    return this.gateway.addresses[0]!;
  }

  /** Starts an instance that registers itself; it may have run before. */
  startInstance(id: string): RunningInstance {
    const ended = () => void this.#endInstance(id);
    const methods = echoMethods({ id, delay: this.#options.delay ?? 0, shutdown: ended });
    const server = new GrpcServer({ listen: LOOPBACK, methods: () => methods });
    const { port, hostname: ipv4 } = server.address;
    const registration = new Registration({
      discoverer: `http://${endpointText(this.#discoverer.address)}`,
      instance: { instance_id: id, ipv4, port },
      heartbeat: LOOK,
      log: silentLogger,
    });
    this.#instances.set(id, { server, registration });
    return { id, address: server.address, kill: () => this.kill(id) };
  }

  /** Ends an instance as a process does that is killed. */
  async kill(id: string): Promise<void> {
    const instance = this.#instances.get(id);
    this.#instances.delete(id);
    instance?.server.abort();
    await instance?.registration.abort();
  }

  /** Ends the auth service. */
  async stopAuth(): Promise<void> {
    await this.#auth.stop(0);
  }

  /** The ids of the instances that the gateway knows. */
  async instanceIds(): Promise<string[]> {
    const { clusters } = await this.gateway.status();
    return clusters.find(({ name }) => name === "my_service")?.instances.map(({ id }) => id) ?? [];
  }

  /** A client of the gateway. */
  async connect(): Promise<GrpcClient> {
    const client = await GrpcClient.connect(this.address);
    this.#clients.add(client);
    return client;
  }

  /** Logs in over `client`. @throws Error when that does not go well */
  async login(client: GrpcClient): Promise<Session> {
    const { status, message, messages: [answer] } = await client.call(METHOD.login, LOGIN_REQUEST.encode(USER));
    if (status !== 0 || answer === undefined) throw new Error(`Login ended with status ${status}: ${message}`);
    const { sessionId, token } = LOGIN_RESPONSE.decode(answer);
    return { id: sessionId, metadata: { "session-id": sessionId, authorization: `Bearer ${token}` } };
  }

  /** Ends everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.close()));
    await this.gateway.stop();
    await Promise.all([...this.#instances.keys()].map((id) => this.#endInstance(id)));
    await this.#auth.stop(0);
    await this.#discoverer.close();
    this.#users.close();
  }

  async #endInstance(id: string): Promise<void> {
    const instance = this.#instances.get(id);
    this.#instances.delete(id);
    await instance?.registration.end();
    await instance?.server.stop();
  }
}

/** As config/grpc/gateway.yaml has it, with shorter times. */
function configuration(auth: Endpoint, discoverer: Endpoint, { maxInFlight = 0 }: StackOptions): GrpcConfig {
  const common = { ...DEFAULT_CLUSTER, backoff: { initial: 100, multiplier: 2, max: 1_000 } };
  const workers: DynamicCluster = {
    ...common,
    ...DEFAULT_DISCOVERY,
    type: "dynamic",
    maxInFlight,
    discovererUrl: `http://${endpointText(discoverer)}`,
    discovererInterval: LOOK,
  };
  return {
    ...DEFAULT_GRPC,
    listen: [LOOPBACK],
    routes: [
      {
        prefix: METHOD.login,
        cluster: "myauth",
        authorization: "none",
        balancer: { type: "round_robin" },
        transfer: "auto",
      },
      {
        prefix: METHOD.echo.replace("Echo", ""),
        cluster: "my_service",
        authorization: "required",
        balancer: { type: "sticky_sessions", header: "session-id" },
        transfer: "auto",
      },
    ],
    clusters: { myauth: { ...common, type: "static", addresses: [auth] }, my_service: workers },
    auth: { ...DEFAULT_GRPC.auth, jwtSecret: SECRET },
  };
}
