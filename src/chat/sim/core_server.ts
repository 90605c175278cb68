/**
 * The small chat service on one port: Connect over HTTP/1.1 and gRPC over HTTP/2, told apart by how
 * a connection begins.
 * @module
 */
import type { DescService } from "@bufbuild/protobuf";
import { DEFAULT_OPTIONS, type HeaderList, Http2Connection, Http2Node, type Http2Stream } from "../../http2/mod.ts";
import type { Connection, Endpoint } from "../../net/connection.ts";
import { type Listener, listenTcp } from "../../net/listener.ts";
import { connectError } from "../../rpc/connect_error.ts";
import { ERROR_CODES, type RpcError } from "../../rpc/error.ts";
import { CallError, ServerCall } from "../../rpc/server.ts";
import { type CoreBehaviour, CoreService } from "./core_service.ts";
import { type Http1Request, type Http1Response, serveHttp1 } from "./http1_session.ts";
import { ProtoCodec } from "./proto_codec.ts";
import { sniff } from "./sniffed.ts";

/** How it is set up. */
export interface CoreServerOptions extends Partial<CoreBehaviour> {
  /** Port 0 for one that the system picks. */
  readonly listen: Endpoint;
  /** The service's messages; without it there is JSON alone. */
  readonly service?: DescService;
}

const PATH = /^\/chat\.v1\.ChatService\/(\w+)$/;
/** How HTTP/2 begins (RFC 9113 section 3.4); no request of HTTP/1.1 begins so. */
const PREFACE = "PRI * HTTP/2.0";

/** A core at work. */
export class CoreServer {
  readonly service: CoreService;
  readonly #node = new Http2Node();
  /** Those at work, each until it has ended. */
  readonly #served = new Map<Connection, Promise<void>>();
  #listener: Listener;

  private constructor({ listen, service, ...behaviour }: CoreServerOptions) {
    const codec = service === undefined ? undefined : new ProtoCodec(service);
    this.service = new CoreService({ delay: 0, failRate: 0, failMethods: [], ...behaviour }, codec);
    this.#listener = this.#listen(listen);
  }

  /** Listens. @throws Deno.errors.AddrInUse and others of `Deno.listen` */
  static start(options: CoreServerOptions): Promise<CoreServer> {
    return Promise.resolve().then(() => new CoreServer(options));
  }

  /** With the real port. */
  get address(): Endpoint {
    return this.#listener.address;
  }

  /** Ends it: connections are cut, what it knows is kept. */
  async stop(): Promise<void> {
    this.#listener.close();
    for (const carrier of this.#served.keys()) carrier.close();
    await Promise.all(this.#served.values());
  }

  /** Listens again where it did, after {@link stop}. @throws as {@link start} */
  resume(): void {
    this.#listener = this.#listen(this.address);
  }

  #listen(endpoint: Endpoint): Listener {
    return listenTcp(endpoint, { noDelay: true }, (carrier) => {
      const served = this.#serve(carrier).catch(() => carrier.close()).finally(() => this.#served.delete(carrier));
      this.#served.set(carrier, served);
    });
  }

  async #serve(carrier: Connection): Promise<void> {
    const begun = await sniff(carrier, PREFACE);
    if (begun === undefined) return carrier.close();
    const { matches, connection } = begun;
    if (!matches) return await serveHttp1(connection, (request) => this.#connect(request));
    await new Promise<void>((resolve) => {
      Http2Connection.server(connection, this.#node, DEFAULT_OPTIONS, {
        request: (stream, list, end) => this.#grpc(stream, list, end),
        closed: () => resolve(),
      });
    });
  }

  #grpc(stream: Http2Stream, list: HeaderList, end: boolean): ServerCall {
    const type = list.get("content-type") ?? "";
    const [, method = ""] = PATH.exec(list.get(":path") ?? "") ?? [];
    const call = new ServerCall(stream, list, async (body, { signal }) => {
      if (!type.startsWith("application/grpc")) throw errorOf({ code: "internal", message: "expected gRPC" });
      const encoding = type.startsWith("application/grpc+json") ? "json" : "proto";
      const profileId = list.get("x-profile-id") ?? "";
      const answer = await this.service.serve({ method, encoding, body, profileId, signal });
      if ("error" in answer) throw errorOf(answer.error);
      await call.send(answer.body);
      call.end();
    });
    if (end) call.run();
    return call;
  }

  async #connect({ method: verb, path, headers, body }: Http1Request): Promise<Http1Response> {
    if (path === "/healthz") return { status: 200 };
    const [, method] = PATH.exec(path) ?? [];
    if (method === undefined) return failure({ code: "unimplemented", message: `nothing is at ${path}` }, 404);
    if (verb !== "POST") return { status: 405, headers: { allow: "POST" } };
    const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
    if (type !== "application/json" && type !== "application/proto") {
      return { status: 415, headers: { "accept-post": "application/json, application/proto" } };
    }
    const encoding = type === "application/json" ? "json" : "proto";
    const answer = await this.service.serve({ method, encoding, body, profileId: headers["x-profile-id"] ?? "" });
    if ("error" in answer) return failure(answer.error);
    return { status: 200, headers: { "content-type": type }, body: answer.body };
  }
}

function errorOf({ code, message }: RpcError): CallError {
  return new CallError(ERROR_CODES[code].grpc, message);
}

function failure(error: RpcError, status: number = ERROR_CODES[error.code].http): Http1Response {
  const body = new TextEncoder().encode(JSON.stringify(connectError(error)));
  return { status, headers: { "content-type": "application/json" }, body };
}
