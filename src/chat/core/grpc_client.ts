/**
 * The core over gRPC: unary calls on as few connections as its limits on streams allow.
 * @module
 */
import {
  DEFAULT_OPTIONS,
  ERROR_CODE,
  errorName,
  HeaderList,
  Http2Connection,
  Http2Node,
  type Http2Stream,
  type StreamEnd,
  type StreamListener,
} from "../../http2/mod.ts";
import { type Endpoint, endpointText } from "../../net/connection.ts";
import { dial } from "../../net/dial.ts";
import { reasonOf } from "../../net/reason.ts";
import type { TlsClientFiles } from "../../net/tls.ts";
import { codeOfHttp } from "../../rpc/connect_error.ts";
import { codeOfGrpc, type RpcError } from "../../rpc/error.ts";
import { framed, MessageReader } from "../../rpc/messages.ts";
import { decodeMessage } from "../../rpc/status.ts";
import { decodeStatusDetails } from "../../rpc/status_details.ts";
import { formatTimeout } from "../../rpc/timeout.ts";
import {
  type Cancel,
  type CoreClient,
  type CoreRequest,
  LONGEST_ANSWER,
  type Outcome,
  unreachable,
} from "./core_client.ts";
import { goesBack } from "./core_headers.ts";
import type { CoreAddress } from "./core_uri.ts";
import { SERVICE } from "./methods.ts";

/** Connections; there is more than one only while the core allows too few streams on each. */
const MOST_CONNECTIONS = 8;
/** ms to connect. */
const CONNECT_TIMEOUT = 5_000;
/** ms that a core which is late with an answer has to answer a PING. */
const SIGN_OF_LIFE = 5_000;

/** Dials when a call needs it. */
export class GrpcCoreClient implements CoreClient {
  readonly #address: CoreAddress;
  readonly #endpoint: Endpoint;
  readonly #node = new Http2Node();
  readonly #links = new Set<Link>();
  /** Calls that wait for a stream, in order. */
  readonly #waiting = new Set<Call>();
  readonly #ending = new AbortController();
  #dialling: Promise<void> | undefined;

  constructor(address: CoreAddress) {
    this.#address = address;
    this.#endpoint = { hostname: address.hostname, port: address.port };
  }

  send(request: CoreRequest, done: (outcome: Outcome) => void): Cancel {
    const call = new Call(this.#headers(request), framed(request.body), done);
    this.#waiting.add(call);
    this.#place();
    return (late) => {
      this.#waiting.delete(call);
      call.cancel();
      if (late) call.link?.suspect();
    };
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#failWaiting("the gateway is stopping");
    const closed = [...this.#links].map((link) => link.closed);
    for (const link of this.#links) link.connection.close();
    await Promise.all([...closed, this.#dialling]);
  }

  /** Gives streams to those that wait; dials when there are none. */
  #place(): void {
    for (const link of this.#links) {
      for (const call of this.#waiting) {
        if (!call.open(link)) break;
        this.#waiting.delete(call);
      }
    }
    if (this.#waiting.size > 0 && this.#mayDial) this.#dialling = this.#dial();
  }

  /**
   * One at a time; when there are enough connections, a stream becomes free with each call that
   * ends.
   */
  get #mayDial(): boolean {
    if (this.#dialling !== undefined || this.#ending.signal.aborted) return false;
    const usable = this.#usable;
    return usable.length < MOST_CONNECTIONS && usable.every(({ connection }) => connection.settled);
  }

  get #usable(): Link[] {
    return [...this.#links].filter(({ connection }) => !connection.goingAway);
  }

  async #dial(): Promise<void> {
    try {
      const options = { timeout: CONNECT_TIMEOUT, noDelay: true, signal: this.#ending.signal };
      const carrier = await dial(this.#endpoint, this.#address.tls ? TLS : undefined, options);
      if (this.#ending.signal.aborted) return carrier.close();
      const link = new Link();
      link.connection = Http2Connection.client(carrier, this.#node, DEFAULT_OPTIONS, {
        settled: () => this.#place(),
        room: () => this.#place(),
        closed: () => {
          this.#links.delete(link);
          link.end();
          if (!this.#ending.signal.aborted) this.#place();
        },
      });
      this.#links.add(link);
    } catch (error) {
      // Whoever has other connections waits for those, and does not dial without an end.
      if (this.#usable.length === 0) this.#failWaiting(reasonOf(error));
      return;
    } finally {
      this.#dialling = undefined;
    }
    this.#place();
  }

  #failWaiting(reason: string): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const call of waiting) call.end(unreachable(reason));
  }

  #headers({ method, encoding, headers, timeoutMs }: CoreRequest): HeaderList {
    const list = new HeaderList().append(":method", "POST").append(":scheme", this.#address.tls ? "https" : "http")
      .append(":path", `/${SERVICE}/${method}`).append(":authority", endpointText(this.#endpoint))
      .append("te", "trailers").append("content-type", CONTENT_TYPE[encoding])
      .append("grpc-timeout", formatTimeout(timeoutMs)).append("user-agent", "diam-gw");
    for (const name of Object.keys(headers)) list.append(name, headers[name]!);
    return list;
  }
}

const CONTENT_TYPE = { json: "application/grpc+json", proto: "application/grpc" } as const;

/** The system's authorities. */
const TLS: TlsClientFiles = { ca: "", cert: "", key: "", serverName: "", protocol: "h2" };

/** A connection. */
class Link {
  connection!: Http2Connection;
  readonly closed: Promise<void>;
  readonly end: () => void;
  #suspicion: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.end = () => {
      clearTimeout(this.#suspicion);
      resolve();
    };
  }

  /** A call got no answer in time: the connection must show that it lives. */
  suspect(): void {
    if (this.#suspicion !== undefined || this.connection.closed) return;
    this.#suspicion = setTimeout(() => this.connection.close(), SIGN_OF_LIFE);
    this.connection.ping(() => {
      clearTimeout(this.#suspicion);
      this.#suspicion = undefined;
    });
  }
}

/** A call: waits, has a stream, is settled once. */
class Call implements StreamListener {
  link: Link | undefined;
  readonly #headers: HeaderList;
  readonly #message: Uint8Array;
  readonly #done: (outcome: Outcome) => void;
  readonly #reader = new MessageReader();
  readonly #answer: Record<string, string> = {};
  #length = 0;
  #stream: Http2Stream | undefined;
  #settled = false;

  constructor(headers: HeaderList, message: Uint8Array, done: (outcome: Outcome) => void) {
    this.#headers = headers;
    this.#message = message;
    this.#done = done;
  }

  /** @returns false when no stream is free there */
  open(link: Link): boolean {
    // Before its SETTINGS are there the core may refuse what is one stream too many for it.
    if (!link.connection.settled) return false;
    const stream = link.connection.open(this.#headers, false, this);
    if (stream === undefined) return false;
    this.link = link;
    this.#stream = stream;
    stream.sendData(this.#message, true);
    return true;
  }

  /** Nobody is told. */
  cancel(): void {
    this.#settled = true;
    this.#stream?.reset(ERROR_CODE.CANCEL);
  }

  headers(list: HeaderList, end: boolean): void {
    if (end) return this.trailers(list);
    const status = Number(list.get(":status"));
    const type = list.get("content-type") ?? "";
    if (status !== 200) this.#fail(httpError(status), status === 502 || status === 503);
    else if (!type.startsWith("application/grpc")) {
      const message = `expected an answer of the chat service as application/grpc, got ${JSON.stringify(type)}`;
      this.#fail({ code: "internal", message });
    } else this.#keep(list, "");
  }

  data(bytes: Uint8Array, end: boolean): void {
    this.#length += bytes.length;
    this.#stream?.consumed(bytes.length);
    if (this.#length > LONGEST_ANSWER) {
      return this.#fail({ code: "internal", message: "the answer of the chat service is too long" });
    }
    this.#reader.add(bytes);
    if (end) this.#fail({ code: "internal", message: "the answer of the chat service has no status" });
  }

  trailers(list: HeaderList): void {
    const status = list.get("grpc-status");
    if (status === undefined) {
      const http = Number(list.get(":status") ?? 200);
      return this.#fail(httpError(http), http === 502 || http === 503);
    }
    this.#keep(list, list.has(":status") ? "" : "trailer-");
    if (status !== "0") return this.#fail(grpcError(status, list), Number(status) === UNAVAILABLE);
    try {
      this.#settle({ body: this.#reader.only(), headers: this.#answer });
    } catch (error) {
      this.#fail({ code: "internal", message: error instanceof Error ? error.message : String(error) });
    }
  }

  reset(code: number, cause: StreamEnd): void {
    if (cause === "peer" && code !== ERROR_CODE.REFUSED_STREAM) {
      return this.#fail({ code: "unavailable", message: "the chat service has given up the call" }, true);
    }
    this.#settle(unreachable(`the stream was ended: ${cause} (${errorName(code)})`));
  }

  drained(): void {}

  /** Its end, without a stream. */
  end(outcome: Outcome): void {
    // Never within the call that sends.
    queueMicrotask(() => this.#settle(outcome));
  }

  /** Trailers have a name of their own in Connect. */
  #keep({ names, values }: HeaderList, prefix: string): void {
    for (const [i, name] of names.entries()) {
      if (!goesBack(name)) continue;
      const key = prefix + name;
      this.#answer[key] = Object.hasOwn(this.#answer, key) ? `${this.#answer[key]}, ${values[i]}` : values[i]!;
    }
  }

  #fail(error: RpcError, isUnavailable = false): void {
    this.#stream?.reset(ERROR_CODE.CANCEL);
    this.#settle({ error, headers: this.#answer, failure: isUnavailable ? "unavailable" : "none" });
  }

  #settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#done(outcome);
  }
}

const UNAVAILABLE = 14;

function httpError(status: number): RpcError {
  return { code: codeOfHttp(status), message: `the chat service answered with HTTP status ${status}` };
}

/** What stands in the status counts; the details may say more. */
function grpcError(status: string, list: HeaderList): RpcError {
  const code = /^\d{1,2}$/.test(status) ? codeOfGrpc(Number(status)) : "unknown";
  const message = decodeMessage(list.get("grpc-message") ?? "");
  const details = decodeStatusDetails(list.get("grpc-status-details-bin") ?? "")?.details;
  return { code, message, ...(details === undefined ? {} : { details }) };
}
