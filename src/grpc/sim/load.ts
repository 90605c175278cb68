/**
 * Load on a gRPC server: unary calls, so many on each of so many connections at a time.
 * @module
 */
import { HeaderList, Http2Connection, Http2Node, type Http2Stream, type StreamListener } from "../../http2/mod.ts";
import { DEFAULT_OPTIONS } from "../../http2/options.ts";
import { type Endpoint, endpointText } from "../../net/connection.ts";
import { dial } from "../../net/dial.ts";
import { reasonOf } from "../../net/reason.ts";
import { LatencyHistogram } from "../../ops/metrics/latency_histogram.ts";
import { STATUS, statusName } from "../../rpc/status.ts";
import { framed } from "../../rpc/messages.ts";

/** What is sent where. */
export interface LoadOptions {
  readonly to: Endpoint;
  readonly connections: number;
  /** Calls outstanding on each connection. */
  readonly streams: number;
  /** The full method name. */
  readonly method: string;
  /** One message. */
  readonly request: Uint8Array;
  /** Beside what every call has; names in lower case. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What came of it so far. */
export interface LoadCounters {
  readonly sent: number;
  /** Calls that ended with OK. */
  readonly answered: number;
  /** Calls that ended otherwise, by name of the status or `lost`. */
  readonly failed: ReadonlyMap<string, number>;
  readonly latency: LatencyHistogram;
}

const CONNECT_TIMEOUT = 5_000;

/** A closed loop: each call that ends makes room for the next. */
export class GrpcLoad {
  readonly #options: LoadOptions;
  readonly #connections: LoadConnection[] = [];
  readonly counters = { sent: 0, answered: 0, failed: new Map<string, number>(), latency: new LatencyHistogram() };

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** Opens the connections and begins. @throws Error when nobody is there */
  async start(): Promise<void> {
    const { to, connections, streams } = this.#options;
    for (let i = 0; i < connections; i++) {
      const carrier = await dial(to, undefined, { timeout: CONNECT_TIMEOUT, noDelay: true }).catch((error) => {
        throw new Error(`Cannot connect to ${endpointText(to)}: ${reasonOf(error)}`);
      });
      this.#connections.push(
        new LoadConnection(carrier, this.#headers(), framed(this.#options.request), this.counters),
      );
    }
    for (const connection of this.#connections) connection.begin(streams);
  }

  /** Forgets what was measured so far. */
  reset(): void {
    this.counters.sent = this.counters.answered = 0;
    this.counters.failed.clear();
    this.counters.latency.clear();
  }

  /** Begins no call any more; resolves when those under way have ended. */
  async end(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.end()));
  }

  #headers(): HeaderList {
    const { method, to, metadata = {} } = this.#options;
    const list = new HeaderList().append(":method", "POST").append(":scheme", "http").append(":path", method)
      .append(":authority", endpointText(to)).append("te", "trailers").append("content-type", "application/grpc");
    for (const [name, value] of Object.entries(metadata)) list.append(name, value);
    return list;
  }
}

class LoadConnection {
  readonly #connection: Http2Connection;
  readonly #list: HeaderList;
  readonly #request: Uint8Array;
  readonly #counters: GrpcLoad["counters"];
  readonly #ended = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #idle: LoadCall[] = [];
  #running = 0;
  #ending = false;

  constructor(
    carrier: Awaited<ReturnType<typeof dial>>,
    list: HeaderList,
    request: Uint8Array,
    counters: GrpcLoad["counters"],
  ) {
    this.#list = list;
    this.#request = request;
    this.#counters = counters;
    this.#connection = Http2Connection.client(carrier, new Http2Node(), DEFAULT_OPTIONS, {
      room: () => this.#fill(),
      closed: () => this.#closed.resolve(),
    });
  }

  begin(streams: number): void {
    for (let i = 0; i < streams; i++) this.#idle.push(new LoadCall(this));
    this.#fill();
  }

  async end(): Promise<void> {
    this.#ending = true;
    if (this.#running === 0) this.#ended.resolve();
    await Promise.race([this.#ended.promise, this.#closed.promise]);
    this.#connection.close();
    await this.#closed.promise;
  }

  #fill(): void {
    while (!this.#ending && this.#idle.length > 0) {
      const call = this.#idle.pop()!;
      const stream = this.#connection.open(this.#list, false, call);
      if (stream === undefined) return void this.#idle.push(call);
      this.#running++;
      this.#counters.sent++;
      call.begin(stream);
      stream.sendData(this.#request, true);
    }
  }

  /** @internal */
  done(call: LoadCall, status: string, milliseconds: number): void {
    this.#running--;
    const counters = this.#counters;
    if (status === OK) {
      counters.answered++;
      counters.latency.record(milliseconds);
    } else {
      const name = status === "" ? "lost" : statusName(status);
      counters.failed.set(name, (counters.failed.get(name) ?? 0) + 1);
    }
    this.#idle.push(call);
    if (this.#ending && this.#running === 0) this.#ended.resolve();
    else if (status !== "" || !this.#connection.goingAway) this.#fill();
  }
}

const OK = String(STATUS.OK);

/** One after the other: the object is used again. */
class LoadCall implements StreamListener {
  readonly #owner: LoadConnection;
  #stream: Http2Stream | undefined;
  #begun = 0;

  constructor(owner: LoadConnection) {
    this.#owner = owner;
  }

  begin(stream: Http2Stream): void {
    this.#stream = stream;
    this.#begun = performance.now();
  }

  headers(list: HeaderList, end: boolean): void {
    if (end) this.trailers(list);
  }

  data(bytes: Uint8Array, end: boolean): void {
    this.#stream?.consumed(bytes.length);
    if (end) this.#done("");
  }

  trailers(list: HeaderList): void {
    this.#done(list.get("grpc-status") ?? "");
  }

  reset(): void {
    this.#done("");
  }

  drained(): void {}

  #done(status: string): void {
    this.#owner.done(this, status, performance.now() - this.#begun);
  }
}
