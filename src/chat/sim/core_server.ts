/**
 * The small chat service on one port: Connect over HTTP/1.1 and gRPC over HTTP/2, told apart by how a
 * connection begins.
 * @module
 */
import type { DescService } from "@bufbuild/protobuf";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { DEFAULT_OPTIONS, type HeaderList, Http2Connection, Http2Node, type Http2Stream } from "../../http2/mod.ts";
import type { Endpoint } from "../../net/connection.ts";
import { nodeConnection } from "../../net/node_connection.ts";
import { connectError } from "../../rpc/connect_error.ts";
import { ERROR_CODES, type RpcError } from "../../rpc/error.ts";
import { CallError, ServerCall } from "../../rpc/server.ts";
import { type CoreBehaviour, CoreService } from "./core_service.ts";
import { ProtoCodec } from "./proto_codec.ts";

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
/** Bytes of a request. */
const LONGEST = 16 * 1024 * 1024;
/** ms that a connection may idle: longer than whoever comes again waits. */
const IDLE = 120_000;

/** A core at work. */
export class CoreServer {
  readonly service: CoreService;
  readonly #sockets = new Set<Socket>();
  readonly #node = new Http2Node();
  readonly #http = createHttpServer(
    { keepAliveTimeout: IDLE },
    (request, response) => void this.#connect(request, response),
  );
  readonly #server: Server;
  #address: Endpoint;

  private constructor({ listen, service, ...behaviour }: CoreServerOptions) {
    const codec = service === undefined ? undefined : new ProtoCodec(service);
    this.service = new CoreService({ delay: 0, failRate: 0, failMethods: [], ...behaviour }, codec);
    this.#address = listen;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Listens. @throws Error when the address cannot be had */
  static async start(options: CoreServerOptions): Promise<CoreServer> {
    const server = new CoreServer(options);
    await server.#listen();
    return server;
  }

  /** With the real port. */
  get address(): Endpoint {
    return this.#address;
  }

  /** Ends it: connections are cut, what it knows is kept. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const gone = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([closed, ...gone]);
    // It never listened: this ends its timer.
    this.#http.close();
  }

  /** Listens again where it did, after {@link stop}. */
  async resume(): Promise<void> {
    await this.#listen();
  }

  #listen(): Promise<void> {
    const { hostname, port } = this.#address;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host: hostname, port }, () => {
        this.#server.removeListener("error", reject);
        const bound = this.#server.address();
        if (typeof bound === "object" && bound !== null) this.#address = { hostname, port: bound.port };
        resolve();
      });
    });
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    // Never flowing before its reader is there: what comes in between would be read out of order.
    const begun = () => {
      const first = socket.read() as Uint8Array | null;
      if (first === null) return;
      socket.removeListener("readable", begun);
      socket.unshift(first);
      const isHttp2 = new TextDecoder("latin1").decode(first.subarray(0, PREFACE.length)) === PREFACE;
      if (!isHttp2) {
        this.#http.emit("connection", socket);
        return;
      }
      Http2Connection.server(nodeConnection(socket, undefined), this.#node, DEFAULT_OPTIONS, {
        request: (stream, list, end) => this.#grpc(stream, list, end),
        closed() {},
      });
    };
    socket.on("readable", begun);
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

  async #connect(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "").split("?", 1)[0]!;
    if (path === "/healthz") return void response.end("ok\n");
    const [, method] = PATH.exec(path) ?? [];
    const type = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
    const body = await bodyOf(request);
    if (body === undefined) return void response.destroy();
    if (method === undefined) return fail(response, { code: "unimplemented", message: `nothing is at ${path}` }, 404);
    if (request.method !== "POST") return void response.writeHead(405, { allow: "POST" }).end();
    if (type !== "application/json" && type !== "application/proto") {
      return void response.writeHead(415, { "accept-post": "application/json, application/proto" }).end();
    }
    const left = new AbortController();
    response.on("close", () => left.abort());
    const profileId = String(request.headers["x-profile-id"] ?? "");
    const encoding = type === "application/json" ? "json" : "proto";
    const answer = await this.service.serve({ method, encoding, body, profileId, signal: left.signal });
    if ("error" in answer) return fail(response, answer.error);
    response.writeHead(200, { "content-type": type, "content-length": answer.body.length });
    response.end(answer.body);
  }
}

function errorOf({ code, message }: RpcError): CallError {
  return new CallError(ERROR_CODES[code].grpc, message);
}

function fail(response: ServerResponse, error: RpcError, status: number = ERROR_CODES[error.code].http): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(connectError(error)));
}

/** Undefined when it is too long, or its sender has gone. */
function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    request.on("data", (chunk: Uint8Array) => {
      length += chunk.length;
      if (length > LONGEST) resolve(undefined);
      else chunks.push(chunk);
    });
    request.on("end", () => {
      const body = new Uint8Array(length);
      let at = 0;
      for (const chunk of chunks) {
        body.set(chunk, at);
        at += chunk.length;
      }
      resolve(body);
    });
    request.on("close", () => resolve(undefined));
    request.on("error", () => resolve(undefined));
  });
}
