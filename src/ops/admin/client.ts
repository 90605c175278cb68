/**
 * A client of the admin interface, for the commands that look at a running gateway.
 * @module
 */
import { ADMIN_PORT } from "./port.ts";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type * as z from "zod";
import { isMapping } from "../config/path.ts";
import { readPem } from "../../net/pem.ts";
import { AdminClientError } from "./client_error.ts";
import { type AdminEventFrame, eventFrames } from "./event_reader.ts";

export { AdminClientError, type AdminFailure } from "./client_error.ts";
export type { AdminEventFrame } from "./event_reader.ts";

/** Where the token may stand. */
const TOKEN_VARIABLE = "DIAM_GW_ADMIN_TOKEN";

/** ms for an answer. */
const TIMEOUT = 5_000;

/** Bytes of an answer that is read whole; a list of all Logic Apps is far below. */
const MOST_BYTES = 64 * 1024 * 1024;

/** How to reach an admin interface. */
export interface AdminClientOptions {
  /** `http://HOST:PORT`, `https://HOST:PORT` or `HOST:PORT`. */
  readonly url: string;
  /** "" or nothing: none is shown. */
  readonly token?: string;
  /**
   * A PEM file of the authorities to trust instead of the system's; "" or nothing: the system's.
   */
  readonly ca?: string;
  /** ms for an answer, 5,000 unless said otherwise; event streams are not ended by it. */
  readonly timeout?: number;
}

/** What to send. */
interface Question {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With its query: `/api/v1/apps?limit=10`. */
  readonly path: string;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** An answer in JSON, whole. */
export interface AdminAnswer<T> {
  readonly status: number;
  readonly body: T;
  header(name: string): string | undefined;
}

/**
 * The token of whoever starts a command: from `file` when given, else from the environment; "" when
 * there is none.
 * @throws Error when the file cannot be read or is empty
 */
export async function adminToken(file: string | undefined): Promise<string> {
  if (file === undefined) return Deno.env.get(TOKEN_VARIABLE) ?? "";
  let token: string;
  try {
    token = (await Deno.readTextFile(file)).trim();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`--token-file: cannot read ${file}: ${why}`, { cause: error });
  }
  if (token === "") throw new Error(`--token-file: ${file} is empty, expected the token of the admin interface`);
  return token;
}

/**
 * Asks one admin interface; each question is a connection of its own, so that there is nothing to
 * close.
 */
export class AdminClient {
  readonly #base: URL;
  readonly #options: AdminClientOptions;

  /** @throws Error for an URL that is none */
  constructor(options: AdminClientOptions) {
    this.#base = baseUrl(options.url);
    this.#options = options;
  }

  /** Where it asks, for messages: `http://127.0.0.1:9868`. */
  get url(): string {
    return this.#base.origin;
  }

  /** GETs JSON that fits `schema`. @throws AdminClientError */
  async get<T>(path: string, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T> {
    return (await this.ask({ method: "GET", path, ...(signal === undefined ? {} : { signal }) }, schema)).body;
  }

  /** POSTs, with JSON or without. @throws AdminClientError */
  async post<T>(path: string, schema: z.ZodType<T>, json?: unknown): Promise<T> {
    return (await this.ask({ method: "POST", path, json }, schema)).body;
  }

  /**
   * Asks, and reads the answer by `schema`. A 503 that fits it is an answer too: `/readyz` has its
   * reason in there.
   * @throws AdminClientError
   */
  async ask<T>(question: Question, schema: z.ZodType<T>): Promise<AdminAnswer<T>> {
    const answer = await this.#send(question, this.#options.timeout ?? TIMEOUT);
    const text = await this.#read(answer, question.path);
    const status = answer.statusCode ?? 0;
    const json = jsonOf(text);
    if (status !== 200 && (status !== 503 || isProblem(json))) throw this.#refused(question, status, json);
    const read = schema.safeParse(json);
    if (!read.success) throw this.#notAdmin(question, `an answer of another form (${read.error.issues[0]?.message})`);
    return { status, body: read.data, header: (name) => answer.headers[name]?.toString() };
  }

  /** GETs text, such as `/metrics`. @throws AdminClientError */
  async text(path: string): Promise<string> {
    const question = { method: "GET", path } as const;
    const answer = await this.#send(question, this.#options.timeout ?? TIMEOUT);
    const text = await this.#read(answer, path);
    if (answer.statusCode !== 200) throw this.#refused(question, answer.statusCode ?? 0, jsonOf(text));
    return text;
  }

  /**
   * Events as they come, until the interface ends the stream or `signal` is aborted; neither is an
   * error.
   * @param last the id of the last event that was seen, to go on behind it
   * @throws AdminClientError when the stream cannot be had, or breaks
   */
  async *events(signal: AbortSignal, last?: string): AsyncGenerator<AdminEventFrame> {
    const headers = { accept: "text/event-stream", ...(last === undefined ? {} : { "last-event-id": last }) };
    const question = { method: "GET", path: "/api/v1/events", headers, signal } as const;
    let answer: IncomingMessage;
    try {
      answer = await this.#send(question, this.#options.timeout ?? TIMEOUT);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    if (answer.statusCode !== 200) {
      const text = await this.#read(answer, question.path);
      throw this.#refused(question, answer.statusCode ?? 0, jsonOf(text));
    }
    if (!answer.headers["content-type"]?.startsWith("text/event-stream")) {
      answer.destroy();
      throw this.#notAdmin(question, "no event stream");
    }
    try {
      yield* eventFrames(answer);
    } catch (error) {
      if (!signal.aborted) throw this.#failed(error);
    } finally {
      answer.destroy();
    }
  }

  /** Resolves with the head of the answer. */
  async #send({ method, path, json, headers, signal }: Question, timeout: number): Promise<IncomingMessage> {
    const { token, ca } = this.#options;
    const body = json === undefined ? undefined : JSON.stringify(json);
    const isTls = this.#base.protocol === "https:";
    const options = {
      method,
      agent: false as const,
      headers: {
        accept: "application/json",
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json", "content-length": byteLength(body) }),
        ...headers,
      },
      ...(isTls && ca ? { ca: await readPem(ca) } : {}),
    };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = (isTls ? httpsRequest : httpRequest)(new URL(path, this.#base), options);
    const timer = setTimeout(() => {
      reject(new AdminClientError("timeout", `${this.url} did not answer within ${timeout} ms`));
      request.destroy();
    }, timeout);
    const abort = () => void request.destroy(new Error("given up"));
    signal?.addEventListener("abort", abort);
    request.on("response", (answer: IncomingMessage) => {
      clearTimeout(timer);
      answer.once("close", () => signal?.removeEventListener("abort", abort));
      resolve(answer);
    });
    request.on("error", (error) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      reject(this.#failed(error));
    });
    if (signal?.aborted) abort();
    request.end(body);
    return await promise;
  }

  /** All of an answer as text. */
  async #read(answer: IncomingMessage, path: string): Promise<string> {
    const timeout = this.#options.timeout ?? TIMEOUT;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      answer.destroy();
    }, timeout);
    const decoder = new TextDecoder();
    let text = "";
    try {
      for await (const chunk of answer as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true });
        if (text.length > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes came`);
      }
    } catch (error) {
      if (!late) throw this.#failed(error);
    } finally {
      clearTimeout(timer);
    }
    if (late) {
      throw new AdminClientError("timeout", `${this.url}: the answer of ${path} took longer than ${timeout} ms`);
    }
    return text;
  }

  #failed(cause: unknown): AdminClientError {
    if (cause instanceof AdminClientError) return cause;
    const { code = "", message } = cause as Error & { code?: string };
    const [failure, why] = explained(code, message, this.#base.protocol);
    return new AdminClientError(
      failure,
      `cannot ask the admin interface at ${this.url}: ${why}`,
      undefined,
      undefined,
      {
        cause,
      },
    );
  }

  #refused({ method, path }: Question, status: number, json: unknown): AdminClientError {
    const { token } = this.#options;
    if (status === 401) {
      const what = token
        ? "does not take this token"
        : `wants a token: set ${TOKEN_VARIABLE}, or give --token-file FILE`;
      return new AdminClientError("unauthorized", `the admin interface at ${this.url} ${what}`, status);
    }
    if (!isProblem(json)) return this.#notAdmin({ method, path }, `status ${status}`);
    const faults = Array.isArray(json["errors"]) ? json["errors"].map(faultText) : [];
    const text = [`${method} ${path}: ${json["detail"] ?? json["title"]}`, ...faults].join("\n");
    return new AdminClientError("problem", text, status, json);
  }

  #notAdmin({ method, path }: Question, came: string): AdminClientError {
    return new AdminClientError(
      "not_admin",
      `${this.url} is no admin interface of diam-gw: ${method} ${path} gave ${came}; see admin.listen of the gateway`,
    );
  }
}

/** @throws Error that says what was expected */
function baseUrl(text: string): URL {
  const url = /^https?:\/\//i.test(text) ? text : `http://${text}`;
  const parsed = URL.canParse(url) && !/^[a-z]+:\/\/.*:\/\//i.test(url) ? new URL(url) : undefined;
  if (parsed === undefined || (parsed.pathname !== "/" && parsed.pathname !== "")) {
    throw new Error(`expected the address of an admin interface, such as http://127.0.0.1:${ADMIN_PORT}, got ${text}`);
  }
  return parsed;
}

function explained(code: string, message: string, protocol: string): ["unreachable" | "tls", string] {
  switch (code) {
    case "ECONNREFUSED":
      return ["unreachable", "connection refused; does the gateway run, and is this its admin.listen?"];
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return ["unreachable", "no such host"];
    case "ECONNRESET":
      return ["unreachable", `the connection was closed${protocol === "http:" ? "; does it want https://?" : ""}`];
    default:
      return protocol === "https:" ? ["tls", `TLS: ${message}`] : ["unreachable", message];
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isProblem(json: unknown): json is Record<string, unknown> {
  return isMapping(json) && typeof json["title"] === "string" && typeof json["status"] === "number";
}

function faultText(fault: unknown): string {
  return isMapping(fault) ? String(fault["detail"]) : String(fault);
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
