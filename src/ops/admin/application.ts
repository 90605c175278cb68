/**
 * The way of a request: who asks, what for, what it carries, the handler, and the answer or the
 * problem.
 * @module
 */
import { type Context, Hono } from "hono";
import { plainAddress } from "../../net/connection.ts";
import type { Logger } from "../log/logger.ts";
import { CHALLENGES, isAuthorized } from "./access.ts";
import { type Exchange, type Fetch, problemResponse } from "./http_bridge.ts";
import type { AdminAccess } from "./options.ts";
import { badRequest, forbidden, notFound, Problem } from "./problem.ts";
import { replyBody } from "./reply_body.ts";
import { foreignRequest } from "./request_origin.ts";
import { checkLength, parseBody, readBody, readPath, readQuery } from "./request_reader.ts";
import type { Call, Reply, Route } from "./route.ts";

type Ctx = Context<{ Bindings: Exchange }>;

/** What it is made of. */
export interface ApplicationParts {
  readonly routes: readonly Route[];
  /** Asked for each request: it may change. */
  readonly access: () => AdminAccess;
  /** The address that is listened on, as configured. */
  readonly listen: string;
  readonly bodyBytes: number;
  /** Where the description of all paths is, for those who ask for one that is not there. */
  readonly description?: string;
  readonly log: Logger;
}

/** The application over `routes`. @throws Error when two of them are the same */
export function application(parts: ApplicationParts): Fetch {
  const app = new Hono<{ Bindings: Exchange }>();
  const openPaths = new Set(parts.routes.filter(({ isOpen }) => isOpen).map(({ path }) => path));
  app.use(async (c, next) => {
    admit(c, parts, openPaths);
    await next();
  });
  for (const [path, routes] of byPath(parts.routes)) {
    for (const route of routes) app.on(route.method, honoPath(path), (c) => handled(c, route, parts));
    const allow = routes.flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method]).join(", ");
    app.all(honoPath(path), (c) => {
      throw new Problem(405, `${c.req.path} takes ${allow}, not ${c.env.incoming.method}`, {}, { allow });
    });
  }
  const { description = "/api/v1/openapi.json" } = parts;
  app.notFound((c) => problemResponse(notFound(`there is nothing at ${c.req.path}; ${description} lists all paths`)));
  app.onError((error, c) => problemResponse(error instanceof Problem ? error : defect(error, c, parts.log)));
  return app.fetch;
}

/** @throws Problem 400, 401 or 403 when the request may not go on */
function admit(c: Ctx, { access, listen, bodyBytes }: ApplicationParts, openPaths: ReadonlySet<string>): void {
  const { incoming, outgoing, host } = c.env;
  const { token, hosts } = access();
  if (incoming.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === "host").length > 1) {
    throw badRequest("more than one Host header");
  }
  const foreign = foreignRequest({
    method: incoming.method ?? "",
    host,
    origin: incoming.headers.origin,
    secFetchSite: incoming.headers["sec-fetch-site"]?.toString(),
    localAddress: plainAddress(incoming.socket.localAddress ?? ""),
  }, { listen, hosts });
  if (foreign !== undefined) throw forbidden(foreign);
  if (token !== "" && !openPaths.has(c.req.path) && !isAuthorized(incoming.headers.authorization, token)) {
    outgoing.setHeader("WWW-Authenticate", [...CHALLENGES]);
    throw new Problem(401, "a token is needed: as Authorization: Bearer TOKEN, or as the password of HTTP Basic");
  }
  checkLength(incoming, bodyBytes);
}

/** Handles, and notes who asked for something that may have changed something. */
async function handled(c: Ctx, route: Route, parts: ApplicationParts): Promise<Response> {
  let status = 500;
  try {
    const response = await handle(c, route, parts);
    status = response.status;
    return response;
  } catch (error) {
    if (error instanceof Problem) status = error.status;
    throw error;
  } finally {
    if (route.method !== "GET" && route.isRoutine === undefined) note(c, status, parts.log);
  }
}

function note(c: Ctx, status: number, log: Logger): void {
  const { method = "", socket } = c.env.incoming;
  const { pathname, search } = new URL(c.req.url);
  const target = pathname + search;
  const remote = plainAddress(socket.remoteAddress ?? "?");
  log.info("admin_request", `${method} ${target} from ${remote}: ${status}`, { method, target, remote, status });
}

async function handle(c: Ctx, route: Route, { bodyBytes, log }: ApplicationParts): Promise<Response> {
  const { incoming, outgoing, signal } = c.env;
  const isHead = incoming.method === "HEAD";
  const url = new URL(c.req.url);
  const parameters = readPath(route.parameters ?? {}, c.req.param());
  const query = readQuery(route.query ?? {}, url.searchParams);
  const sent = route.method === "GET" ? new Uint8Array() : await readBody(incoming, bodyBytes);
  const { body, bytes } = route.body === undefined
    ? { body: undefined, bytes: undefined }
    : parseBody(route.body, sent, incoming.headers["content-type"]);
  const call: Call<unknown, unknown, unknown> = {
    parameters,
    query,
    body,
    bytes,
    header: (name) => incoming.headers[name]?.toString(),
    target: url.pathname + url.search,
    isHead,
    signal,
    hangUp: () => void outgoing.destroy(),
  };
  const reply = await route.handle(call as Parameters<Route["handle"]>[0]);
  return await response(reply, isHead, (error) => {
    defect(error, c, log);
    outgoing.destroy();
  });
}

async function response(reply: Reply, isHead: boolean, broken: (error: unknown) => void): Promise<Response> {
  const { body, length } = await replyBody(reply.body, broken);
  const headers = new Headers({ "cache-control": "no-store", "content-type": reply.type, ...reply.headers });
  if (length !== undefined) headers.set("content-length", String(length));
  if (!isHead) return new Response(body, { status: reply.status, headers });
  if (body instanceof ReadableStream) await body.cancel();
  return new Response(null, { status: reply.status, headers });
}

/** Something that a handler should not have thrown: told to us, and not to whoever asked. */
function defect(error: unknown, c: Ctx, log: Logger): Problem {
  const reason = error instanceof Error ? error.stack ?? error.message : String(error);
  const { method, path } = { method: c.req.method, path: c.req.path };
  log.error("admin_failed", `${method} ${path} failed: ${reason}`, { method, path, reason });
  return new Problem(500, "this request met a defect; the log of the program says more");
}

/**
 * Routes by their path, those with fixed words before those with parameters, so that no parameter
 * hides a word.
 */
function byPath(routes: readonly Route[]): [string, Route[]][] {
  const paths = Map.groupBy(routes, (route) => route.path);
  for (const [path, at] of paths) {
    const methods = at.map(({ method }) => method);
    if (new Set(methods).size < methods.length) throw new Error(`Two routes for one method of ${path}: ${methods}`);
  }
  return [...paths].sort(([a], [b]) => a.replaceAll("{", "\uffff") < b.replaceAll("{", "\uffff") ? -1 : 1);
}

function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}
