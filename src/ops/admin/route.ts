/**
 * A path of the admin interface as data: what it takes, what it gives, and who handles it. The
 * server routes, checks and describes from the same data, so that these cannot differ.
 * @module
 */
import type * as z from "zod";

/** The methods of routes; HEAD goes wherever GET does. */
export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** Parameters by name. A parameter whose schema takes `undefined` may be left out. */
export type Shape = Readonly<Record<string, z.ZodType>>;

/** What the parameters of a shape are read to. */
export type Values<S extends Shape> = { readonly [Name in keyof S]: z.output<S[Name]> };

/** What a request may carry. */
export interface BodySpec<B extends z.ZodType> {
  /** Its JSON, read whatever the Content-Type says; no body at all is `undefined`. */
  readonly json: B;
  /** What is answered to JSON of another form; 422 unless given. */
  readonly misfit?: 400;
  /** What it may be instead of JSON, such as a message as it is on the wire. */
  readonly bytes?: { readonly type: string; readonly description: string };
}

/** What comes back when nothing is wrong. */
export interface AnswerSpec {
  readonly description: string;
  /** Of a JSON answer. */
  readonly schema?: z.ZodType;
  /** Of another one, such as `text/event-stream`. */
  readonly type?: string;
}

/** One request, read and checked. */
export interface Call<P, Q, B> {
  readonly parameters: P;
  readonly query: Q;
  readonly body: B;
  /** The body, when it came as bytes. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  /** A header by its name in lower case. */
  header(name: string): string | undefined;
  /** Path and query as they were asked for. */
  readonly target: string;
  /** Whether only the head of the answer is wanted. */
  readonly isHead: boolean;
  /** Aborted when whoever asked has gone. */
  readonly signal: AbortSignal;
  /** Ends the connection at once, whatever it waits for. */
  hangUp(): void;
}

/** A route; made by {@link route}, which infers the types of what the handler gets. */
export interface RouteSpec<P extends Shape, Q extends Shape, B extends z.ZodType> {
  readonly method: Method;
  /** As OpenAPI writes it: `/api/v1/dras/{name}/disable`. */
  readonly path: string;
  /** It needs no token: whoever watches the process has none. */
  readonly isOpen?: true;
  /**
   * Programs ask it all the time: no line in the log says that it was asked, as for others that are
   * no GET.
   */
  readonly isRoutine?: true;
  /** It is a part of something else, and not in the description. */
  readonly isUnlisted?: true;
  /** A few words, for a list. */
  readonly summary: string;
  /** What else is to know. */
  readonly description?: string;
  /** Those in the path, percent-decoded; one that does not fit is answered 404. */
  readonly parameters?: P;
  /** Any other one is answered 400, and one that comes twice. */
  readonly query?: Q;
  readonly body?: BodySpec<B>;
  readonly answer: AnswerSpec;
  /** Statuses that the handler throws as problems, besides those that any route may have. */
  readonly problems?: readonly number[];
  /** @throws Problem */
  handle(call: Call<Values<P>, Values<Q>, z.output<B>>): Reply | Promise<Reply>;
}

/** Any route. */
export type Route = RouteSpec<Shape, Shape, z.ZodType>;

// deno-lint-ignore ban-types
type Nothing = {};

/** Makes a route. */
export function route<
  P extends Shape = Nothing,
  Q extends Shape = Nothing,
  B extends z.ZodType = z.ZodUndefined,
>(spec: RouteSpec<P, Q, B>): Route {
  return spec as unknown as Route;
}

/** Text or bytes in pieces; whoever reads them may end early. */
export type Chunks = AsyncIterable<string | Uint8Array<ArrayBuffer>>;

/** What a handler answers. */
export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | Chunks;
}

/** An answer in JSON. */
export function json(value: unknown, { status = 200, headers = {} }: Partial<Pick<Reply, "status" | "headers">> = {}) {
  return { status, type: "application/json", headers, body: JSON.stringify(value) } satisfies Reply;
}

/** An answer of another type, at once or in pieces. */
export function content(type: string, body: Reply["body"], headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 200, type, headers, body };
}
