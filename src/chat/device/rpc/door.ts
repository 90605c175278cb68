/**
 * Calls and streams of ChatService over HTTP, from the request to whoever handles it.
 * @module
 */
import { errorJson, FULL, gatewayHeaders, readHandshake, refuseOrigin } from "../handshake.ts";
import type { Admission, DeviceHost, Handshake, Headers, UnaryAnswer } from "../host.ts";
import type { Patience } from "../patience.ts";
import type { Shared } from "../queued_transport.ts";
import type { RpcError } from "../rpc_error.ts";
import { SERVICE_PATH, STREAM_METHOD } from "../service.ts";
import type { Streams } from "../streams.ts";
import { corsHeaders, PREFLIGHT_HEADERS } from "./cors.ts";
import type { Exchange } from "./exchange.ts";
import {
  compressionOf,
  CONTENT_TYPES,
  endOf,
  enveloped,
  errorAnswer,
  type Protocol,
  protocolOf,
  timeoutOf,
} from "./protocol.ts";
import { RpcStream } from "./stream.ts";
import { readUnary } from "./unary.ts";

const INTERNAL: RpcError = { code: "internal", message: "internal error" };

/** Lets calls and streams in. */
export class RpcDoor<Who> {
  readonly #host: DeviceHost<Who>;
  readonly #shared: Shared;
  readonly #streams: Streams;

  readonly #bodies: Patience;

  /** @param bodies ends calls whose body does not come */
  constructor(host: DeviceHost<Who>, shared: Shared, streams: Streams, bodies: Patience) {
    this.#host = host;
    this.#bodies = bodies;
    this.#shared = shared;
    this.#streams = streams;
  }

  /** Takes a request below {@link SERVICE_PATH}. */
  enter(exchange: Exchange): void {
    const { headers, method, version } = exchange;
    const { options } = this.#shared;
    const foreign = refuseOrigin(headers, options);
    if (foreign !== undefined) return plain(exchange, 403, foreign);
    const cors = corsHeaders(headers);
    if (method === "OPTIONS") return exchange.answer(204, { ...cors, ...PREFLIGHT_HEADERS }, "");
    if (method !== "POST") {
      return plain(exchange, 405, { code: "unimplemented", message: "expected POST" }, { ...cors, allow: "POST" });
    }
    const protocol = protocolOf(headers["content-type"]);
    const name = exchange.path.slice(SERVICE_PATH.length);
    const isStream = name === STREAM_METHOD;
    const fits = protocol !== undefined && (version === 2 || protocol.kind !== "grpc") &&
      (protocol.kind !== "connect" || protocol.enveloped === isStream);
    if (!fits) {
      const expected = CONTENT_TYPES.filter((type) => {
        const { kind, enveloped } = protocolOf(type)!;
        return kind === "connect" ? enveloped === isStream : version === 2 || kind === "grpcweb";
      });
      const message = `expected a content-type of ${expected.join(", ")}`;
      const error = { code: "invalid_argument", message } as const;
      return plain(exchange, 415, error, { ...cors, "accept-post": expected.join(", ") });
    }
    const compression = compressionOf(protocol, headers);
    if (compression !== undefined) {
      const error = { code: "unimplemented", message: `expected no compression, got ${compression}` } as const;
      return refuse(exchange, protocol, error, { ...cors, "grpc-accept-encoding": "identity" });
    }
    void (isStream ? this.#stream(exchange, protocol, cors) : this.#call(exchange, protocol, name, cors));
  }

  async #stream(exchange: Exchange, protocol: Protocol, cors: Headers): Promise<void> {
    const { options } = this.#shared;
    if (!this.#streams.begin(options.maxConnections)) {
      this.#host.refused?.(protocol.kind, FULL.code);
      return refuse(exchange, protocol, FULL, cors);
    }
    const { peer, headers, query } = exchange;
    const handshake = readHandshake(protocol.kind, peer, headers, query, options);
    const admission = await this.#admit(handshake);
    if ("refused" in admission) {
      this.#streams.giveUp();
      this.#host.refused?.(protocol.kind, admission.refused.code);
      return refuse(exchange, protocol, admission.refused, cors);
    }
    exchange.begin(200, {
      "content-type": protocol.contentType,
      ...gatewayHeaders(options, exchange.secure),
      ...cors,
    });
    const { encoding } = protocol;
    const stream = new RpcStream(exchange, protocol, this.#shared, { encoding, remote: handshake.remote });
    this.#streams.opened(stream);
    try {
      stream.begin(this.#host.opened(stream, admission.who, handshake));
    } catch (error) {
      this.#host.failed?.(error);
      stream.cut();
    }
  }

  async #call(exchange: Exchange, protocol: Protocol, method: string, cors: Headers): Promise<void> {
    const { options } = this.#shared;
    const { peer, headers, query } = exchange;
    const handshake = readHandshake("call", peer, headers, query, options);
    // The body is taken in meanwhile, so that nothing waits for anything twice.
    const leaving = new AbortController();
    const [admission, body] = await Promise.all([
      this.#admit(handshake),
      readUnary(exchange, protocol, options.maxMessageSize, this.#bodies, leaving),
    ]);
    if (leaving.signal.aborted) return;
    if ("refused" in admission) return refuse(exchange, protocol, admission.refused, cors);
    if ("code" in body) return refuse(exchange, protocol, body, cors);
    let answer: UnaryAnswer;
    try {
      answer = await this.#host.forward({
        who: admission.who,
        method,
        encoding: protocol.encoding,
        body: body.message,
        headers,
        remote: handshake.remote,
        timeoutMs: timeoutOf(protocol, headers),
        signal: leaving.signal,
      });
    } catch (error) {
      if (!leaving.signal.aborted) this.#host.failed?.(error);
      answer = { error: INTERNAL };
    }
    if (leaving.signal.aborted) return;
    const extra = { ...answer.headers, ...cors };
    if ("error" in answer) return refuse(exchange, protocol, answer.error, extra);
    const { kind, contentType } = protocol;
    if (!protocol.enveloped) return exchange.answer(200, { ...extra, "content-type": contentType }, answer.body);
    exchange.begin(200, { ...extra, "content-type": contentType });
    exchange.write(enveloped(0, answer.body));
    const { body: last, trailers } = endOf(protocol, undefined);
    if (last !== undefined) exchange.write(last);
    exchange.end(kind === "grpc" ? trailers : undefined);
  }

  async #admit(handshake: Handshake): Promise<Admission<Who>> {
    try {
      return await this.#host.admit(handshake);
    } catch (error) {
      this.#host.failed?.(error);
      return { refused: { ...INTERNAL, status: 503 } };
    }
  }
}

/** Answers a call with an error, in the form of its protocol. */
function refuse(exchange: Exchange, protocol: Protocol, error: RpcError, extra: Headers): void {
  const { status, headers, body } = errorAnswer(protocol, error);
  exchange.answer(status, { ...extra, ...headers }, body);
}

/** Answers a request that is no call with an error of HTTP. */
function plain(exchange: Exchange, status: number, error: RpcError, extra: Headers = {}): void {
  exchange.answer(status, { ...extra, "content-type": "application/json" }, JSON.stringify(errorJson(error)));
}
