/**
 * A small OTLP/HTTP collector: keeps what it is sent, and answers as a test wants.
 * @module
 */
import { type ArrivedBatch, type ArrivedSpan, readJson, readProtobuf } from "./otlp_reader.ts";

/** Answers one post. */
export type Answerer = (request: Request) => Response | Promise<Response>;

/** Takes everything. */
export const TAKE: Answerer = () => new Response(new Uint8Array());

/** A listener on loopback. */
export class Collector implements AsyncDisposable {
  /** What was posted and answered with 200, in its order. */
  readonly batches: ArrivedBatch[] = [];
  /** Paths and headers of all posts. */
  readonly posts: { readonly path: string; readonly headers: Headers }[] = [];
  /** How the next posts are answered. */
  answer: Answerer = TAKE;
  readonly port: number;
  readonly #isTls: boolean;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(port = 0, tls: { readonly cert: string; readonly key: string } | undefined = undefined) {
    const options = { hostname: "127.0.0.1", port, onListen: () => {}, ...tls };
    this.#isTls = tls !== undefined;
    this.#server = Deno.serve(options, (request) => this.#take(request));
    this.port = this.#server.addr.port;
  }

  /** What OTEL_EXPORTER_OTLP_ENDPOINT names. */
  get endpoint(): string {
    return this.#isTls ? `https://localhost:${this.port}` : `http://127.0.0.1:${this.port}`;
  }

  get spans(): ArrivedSpan[] {
    return this.batches.flatMap(({ spans }) => spans);
  }

  async #take(request: Request): Promise<Response> {
    const { headers } = request;
    this.posts.push({ path: new URL(request.url).pathname, headers });
    const gzipped = headers.get("content-encoding") === "gzip";
    const stream = gzipped ? request.body!.pipeThrough(new DecompressionStream("gzip")) : request.body!;
    const body = await new Response(stream).bytes();
    const response = await this.answer(request);
    const read = headers.get("content-type") === "application/json" ? readJson : readProtobuf;
    if (response.status === 200) this.batches.push(read(body));
    return response;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
