/**
 * Between `node:http`, which keeps its bounds, and the application, which speaks `Request` and
 * `Response`. The adapter that comes with the router would load HTTP/2 and cost 3 MB more.
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { badRequest, Problem, PROBLEM_TYPE } from "./problem.ts";

/** What the application gets beside the request. */
export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** By what name we are asked; undefined when the client does not say (HTTP/1.0). */
  readonly host: string | undefined;
  /** Aborted when whoever asked has gone before the answer was complete. */
  readonly signal: AbortSignal;
}

/** Who makes answers of requests. */
export type Fetch = (request: Request, exchange: Exchange) => Response | Promise<Response>;

/**
 * Methods that a `Request` may not have. No route has them either, nor this one, so that the answer
 * is the same.
 */
const UNSPEAKABLE = /^(CONNECT|TRACE|TRACK)$/;

/** Has `fetch` answer `incoming`, and writes the answer as fast as it is read. Never rejects. */
export async function answer(fetch: Fetch, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.on("close", () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  try {
    const { url, host } = targetOf(incoming);
    const method = (incoming.method ?? "").replace(UNSPEAKABLE, "OPTIONS");
    const response = await fetch(new Request(url, { method }), { incoming, outgoing, host, signal: gone.signal });
    await write(response, outgoing);
  } catch (error) {
    if (outgoing.headersSent) return void outgoing.destroy();
    await write(
      problemResponse(error instanceof Problem ? error : badRequest("this request cannot be read")),
      outgoing,
    );
  }
}

/** A problem as an answer. */
export function problemResponse(problem: Problem): Response {
  const headers = { "content-type": PROBLEM_TYPE, "cache-control": "no-store", ...problem.headers };
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}

/**
 * What is asked for, as a path or, as proxies write it, as a whole URL, whose host then counts (RFC
 * 9112 3.2).
 * @throws Problem 400
 */
function targetOf({ url = "", headers }: IncomingMessage): { url: URL; host: string | undefined } {
  const isPath = url.startsWith("/");
  // Appended, not resolved: //elsewhere is a path here.
  const text = isPath ? `http://localhost${url}` : url;
  if ((!isPath && !/^https?:\/\//i.test(url)) || !URL.canParse(text)) {
    throw badRequest("this is no target of a request");
  }
  const target = new URL(text);
  return { url: target, host: isPath ? headers.host : target.host };
}

async function write(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  const reader = response.body?.getReader();
  outgoing.on("close", () => reader?.cancel().catch(() => {}));
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
    if (!outgoing.write(read.value)) await drained(outgoing);
  }
  outgoing.end();
}

/** Resolves when there is room again, or when nobody is there any more. */
function drained(outgoing: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const settle = () => {
    outgoing.off("drain", settle).off("close", settle);
    resolve();
  };
  outgoing.on("drain", settle).on("close", settle);
  if (outgoing.destroyed) settle();
  return promise;
}
