/**
 * A gateway on loopback, with backends and clients made of this program's own HTTP/2.
 * @module
 */
import {
  type ConnectionEnd,
  DEFAULT_OPTIONS,
  ERROR_CODE,
  HeaderList,
  Http2Connection,
  type Http2Listener,
  Http2Node,
  type Http2Options,
  type Http2Stream,
  type StreamEnd,
  type StreamListener,
} from "../../../src/http2/mod.ts";
import {
  type ClusterOptions,
  DEFAULT_CLUSTER,
  DEFAULT_DISCOVERY,
  DEFAULT_GRPC,
  DEFAULT_ROUTE,
  type DynamicCluster,
  type GrpcConfig,
  type RouteOptions,
  type StaticCluster,
} from "../../../src/grpc/config/options.ts";
import type { GrpcEvent } from "../../../src/grpc/events.ts";
import { GrpcGateway } from "../../../src/grpc/gateway.ts";
import type { GatewayParts } from "../../../src/grpc/parts.ts";
import { SYSTEM_CLOCK } from "../../../src/net/clock.ts";
import { type Endpoint, endpointText } from "../../../src/net/connection.ts";
import { dial } from "../../../src/net/dial.ts";
import { type Listener, listenTcp } from "../../../src/net/listener.ts";
import type { TlsClientFiles } from "../../../src/net/tls.ts";
import { until } from "../../support/until.ts";

const ANYWHERE = { hostname: "127.0.0.1", port: 0 };

/** Text as bytes, one for each character. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** One message of gRPC. */
export function message(payload: string | Uint8Array): Uint8Array {
  const body = typeof payload === "string" ? bytesOf(payload) : payload;
  const whole = new Uint8Array(5 + body.length);
  new DataView(whole.buffer).setUint32(1, body.length);
  whole.set(body, 5);
  return whole;
}

/** The messages in some bytes. */
export function messagesIn(bytes: Uint8Array): string[] {
  const found: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 5 <= bytes.length;) {
    const length = view.getUint32(at + 1);
    found.push(String.fromCharCode(...bytes.subarray(at + 5, at + 5 + length)));
    at += 5 + length;
  }
  return found;
}

/** A header list of pairs. */
export function listOf(pairs: Iterable<readonly [string, string]>): HeaderList {
  const list = new HeaderList();
  for (const [name, value] of pairs) list.append(name, value);
  return list;
}

/** The pairs of a header list. */
export function pairsOf(list: HeaderList): [string, string][] {
  return list.names.map((name, i) => [name, list.values[i]!]);
}

/** What a stream brought. */
export class Received implements StreamListener {
  list: HeaderList | undefined;
  last: HeaderList | undefined;
  ended = false;
  code: number | undefined;
  cause: StreamEnd | undefined;
  drains = 0;
  stream!: Http2Stream;
  /** Bytes are not taken, and their window not given back. */
  reads = true;
  received = 0;
  readonly #chunks: Uint8Array[] = [];
  #unread = 0;
  /** Called after each thing that comes. */
  news: () => void = () => {};

  headers(list: HeaderList, end: boolean): void {
    this.list = list;
    if (end) this.ended = true;
    this.news();
  }

  data(bytes: Uint8Array, end: boolean): void {
    this.received += bytes.length;
    this.#chunks.push(bytes.slice());
    if (this.reads) this.stream.consumed(bytes.length);
    else this.#unread += bytes.length;
    if (end) this.ended = true;
    this.news();
  }

  trailers(list: HeaderList): void {
    this.last = list;
    this.ended = true;
    this.news();
  }

  reset(code: number, cause: StreamEnd): void {
    this.code = code;
    this.cause = cause;
    this.news();
  }

  drained(): void {
    this.drains++;
    this.news();
  }

  /** Takes what was not taken, and reads on. */
  readOn(): void {
    this.reads = true;
    this.stream.consumed(this.#unread);
    this.#unread = 0;
  }

  get bytes(): Uint8Array {
    const whole = new Uint8Array(this.#chunks.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  get messages(): string[] {
    return messagesIn(this.bytes);
  }

  /** `grpc-status`, wherever it stands. */
  get status(): string | undefined {
    return this.last?.get("grpc-status") ?? this.list?.get("grpc-status");
  }

  get text(): string | undefined {
    return this.last?.get("grpc-message") ?? this.list?.get("grpc-message");
  }

  /** Whether nothing more comes. */
  get over(): boolean {
    return this.ended || this.code !== undefined;
  }

  /** Resolves when nothing more comes. */
  async end(): Promise<this> {
    await until(() => this.over, "the stream is over");
    return this;
  }
}

/** A request that a backend got. */
export class Request extends Received {
  constructor(readonly backend: Backend, override readonly list: HeaderList, end: boolean) {
    super();
    this.ended = end;
  }

  get path(): string {
    return this.list.get(":path")!;
  }

  /** Answers as a unary method does. */
  answer(payload: string | Uint8Array, status = "0"): void {
    this.stream.sendHeaders(OK_HEADERS, false);
    this.stream.sendData(message(payload), false);
    this.stream.sendTrailers(listOf([["grpc-status", status]]));
  }
}

export const OK_HEADERS: HeaderList = listOf([[":status", "200"], ["content-type", "application/grpc"]]);

/** What a backend does with a request, each time something comes of it. */
export type Handler = (request: Request) => void;

/** Answers with the id of the backend when the request is complete. */
export const tellWho: Handler = (request) => {
  if (!request.ended || request.stream.localEnded) return;
  request.answer(request.backend.id);
};

/** Sends back what comes, as it comes. */
export const echo: Handler = (request) => {
  if (request.stream.localEnded || request.code !== undefined) return;
  const sent = sentOf.get(request) ?? 0;
  if (sent === 0) request.stream.sendHeaders(OK_HEADERS, false);
  const bytes = request.bytes;
  if (bytes.length > sent) request.stream.sendData(bytes.subarray(sent), false);
  sentOf.set(request, bytes.length || 1);
  if (request.ended) request.stream.sendTrailers(listOf([["grpc-status", "0"]]));
};
const sentOf = new WeakMap<Request, number>();

/** A small server. */
export class Backend implements AsyncDisposable {
  readonly requests: Request[] = [];
  readonly connections = new Set<Http2Connection>();
  accepted = 0;
  handler: Handler;
  readonly #node = new Http2Node();
  #listener: Listener;
  readonly #options: Http2Options;

  constructor(readonly id: string, handler: Handler = tellWho, options: Partial<Http2Options> = {}, port = 0) {
    this.handler = handler;
    this.#options = { ...DEFAULT_OPTIONS, ...options };
    this.#listener = this.#listen({ ...ANYWHERE, port });
  }

  get address(): Endpoint {
    return this.#listener.address;
  }

  #listen(endpoint: Endpoint): Listener {
    return listenTcp(endpoint, { noDelay: true }, (connection) => {
      this.accepted++;
      const listener: Http2Listener = {
        request: (stream, list, end) => {
          const request = new Request(this, list, end);
          request.stream = stream;
          this.requests.push(request);
          request.news = () => this.handler(request);
          queueMicrotask(() => this.handler(request));
          return request;
        },
        closed: () => void this.connections.delete(http2),
      };
      const http2 = Http2Connection.server(connection, this.#node, this.#options, listener);
      this.connections.add(http2);
    });
  }

  /** Closes its connections without a word; it listens on. */
  cut(): void {
    for (const { connection } of [...this.connections]) connection.close();
  }

  /** Is gone: neither listens nor has connections. */
  die(): void {
    this.#listener.close();
    this.cut();
  }

  /** Is there again. */
  rise(): void {
    this.#listener = this.#listen(this.#listener.address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const http2 of [...this.connections]) http2.close();
    this.cut();
    await until(() => this.connections.size === 0, "the backend's connections are closed");
  }
}

/** What a call is made with. */
export interface CallOptions {
  readonly headers?: Iterable<readonly [string, string]>;
  /** Messages; nothing: the client's half is not ended. */
  readonly body?: readonly (string | Uint8Array)[];
  readonly open?: boolean;
}

/** A client with one connection. */
export class Client implements AsyncDisposable {
  closed: ConnectionEnd | undefined;
  goaways: { readonly lastId: number; readonly code: number }[] = [];
  settled = false;
  http2!: Http2Connection;

  static async connect(to: Endpoint, options: Partial<Http2Options> = {}, tls?: TlsClientFiles): Promise<Client> {
    const client = new Client();
    const connection = await dial(to, tls && { ...tls, protocol: "h2" }, { timeout: 2_000, noDelay: true });
    const listener: Http2Listener = {
      settled: () => void (client.settled = true),
      goaway: (lastId, code) => void client.goaways.push({ lastId, code }),
      closed: (end) => void (client.closed = end),
    };
    client.http2 = Http2Connection.client(connection, new Http2Node(), { ...DEFAULT_OPTIONS, ...options }, listener);
    await until(() => client.settled || client.closed !== undefined, "the gateway has sent its SETTINGS");
    return client;
  }

  /** Begins a call: complete with `body`, else open. */
  call(path: string, { headers = [], body = ["x"], open = false }: CallOptions = {}): Received {
    const received = new Received();
    const list = listOf([
      [":method", "POST"],
      [":scheme", "http"],
      [":path", path],
      [":authority", "gateway.test"],
      ["content-type", "application/grpc"],
      ["te", "trailers"],
      ...headers,
    ]);
    const stream = this.http2.open(list, false, received);
    if (stream === undefined) throw new Error("no stream is free");
    received.stream = stream;
    for (const [i, payload] of body.entries()) stream.sendData(message(payload), !open && i === body.length - 1);
    if (body.length === 0 && !open) stream.sendData(new Uint8Array(0), true);
    return received;
  }

  /** A whole call. */
  unary(path: string, options: CallOptions = {}): Promise<Received> {
    return this.call(path, options).end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.http2.close();
    this.http2.connection.close();
    await until(() => this.closed !== undefined, "the client's connection is closed");
  }
}

/** A static cluster of these backends. */
export function cluster(backends: readonly Backend[], more: Partial<StaticCluster> = {}): StaticCluster {
  return {
    ...DEFAULT_CLUSTER,
    backoff: { initial: 50, multiplier: 2, max: 200 },
    ...more,
    type: "static",
    addresses: backends.map(({ address }) => address),
  };
}

/** A dynamic cluster. */
export function dynamic(more: Partial<DynamicCluster> = {}): DynamicCluster {
  return {
    ...DEFAULT_CLUSTER,
    backoff: { initial: 50, multiplier: 2, max: 200 },
    ...DEFAULT_DISCOVERY,
    discovererUrl: "http://127.0.0.1:1",
    ...more,
    type: "dynamic",
  };
}

/** A configuration with these routes and clusters. */
export function config(
  routes: readonly (Partial<RouteOptions> & Pick<RouteOptions, "prefix">)[],
  clusters: Readonly<Record<string, ClusterOptions>>,
  more: Partial<GrpcConfig> = {},
): GrpcConfig {
  const [first = ""] = Object.keys(clusters);
  return {
    ...DEFAULT_GRPC,
    listen: [ANYWHERE],
    drainTimeout: 500,
    ...more,
    routes: routes.map((route) => ({ ...DEFAULT_ROUTE, cluster: first, ...route })),
    clusters,
  };
}

/** A gateway that runs. */
export class Stage implements AsyncDisposable {
  readonly events: GrpcEvent[] = [];
  readonly #clients: Client[] = [];

  private constructor(readonly gateway: GrpcGateway) {}

  /** Starts one; resolves when every cluster that can be has an instance ready. */
  static async start(config: GrpcConfig, parts: GatewayParts = {}): Promise<Stage> {
    const stage = new Stage(new GrpcGateway(config, parts));
    stage.gateway.on((event) => stage.events.push(event));
    await stage.gateway.start();
    return stage;
  }

  /** Resolves when so many instances are ready. */
  async ready(count: number, cluster?: string): Promise<this> {
    await until(async () => {
      const { clusters } = await this.gateway.status();
      const instances = clusters.filter(({ name }) => cluster === undefined || name === cluster)
        .flatMap(({ instances }) => instances);
      return instances.filter(({ state }) => state === "ready").length === count;
    }, `${count} instances are ready`);
    return this;
  }

  get address(): Endpoint {
    return this.gateway.addresses[0]!;
  }

  async client(options: Partial<Http2Options> = {}): Promise<Client> {
    const client = await Client.connect(this.address, options);
    this.#clients.push(client);
    return client;
  }

  told<K extends GrpcEvent["kind"]>(kind: K): Extract<GrpcEvent, { kind: K }>[] {
    return this.events.filter((event) => event.kind === kind) as Extract<GrpcEvent, { kind: K }>[];
  }

  /** The balance sheet holds. */
  async balance(): Promise<void> {
    const s = await this.gateway.status();
    const sum = s.answeredByBackend + s.answeredByGateway + s.cancelled + s.callsInFlight;
    if (sum !== s.callsTotal) throw new Error(`${sum} calls are accounted for, of ${s.callsTotal}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.balance();
    const defects = this.told("grpc_internal_error").map(({ reason }) => reason);
    if (defects.length > 0) throw new Error(defects.join("\n"));
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
    await this.gateway.stop();
    await this.balance();
  }
}

export { endpointText, ERROR_CODE, SYSTEM_CLOCK };
