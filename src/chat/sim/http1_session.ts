/**
 * HTTP/1.1 on one connection, as much of it as a small service needs: requests with a body, one after
 * the other (RFC 9112).
 *
 * node:http would do, but not on a connection of which somebody has read the beginning.
 * @module
 */
import type { Connection } from "../../net/connection.ts";

/** A request, whole. */
export interface Http1Request {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** By name in lower case; the last one counts. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** Its answer. */
export interface Http1Response {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Bytes of the head, and of the body of a request. */
const [LONGEST_HEAD, LONGEST_BODY] = [64 * 1024, 16 * 1024 * 1024];
const [LATIN1, ENCODER] = [new TextDecoder("latin1"), new TextEncoder()];
const [CR, LF] = [13, 10];

/** What cannot be read, with the status to answer. */
class BadRequest extends Error {
  constructor(readonly status: number) {
    super(String(status));
  }
}

/** Serves requests until either side ends; never rejects. */
export async function serveHttp1(
  connection: Connection,
  serve: (request: Http1Request) => Promise<Http1Response>,
): Promise<void> {
  const input = new Input(connection);
  try {
    for (;;) {
      const head = await input.head();
      if (head === undefined) break;
      const { headers } = head;
      if (headers.get("expect")?.toLowerCase() === "100-continue") await write(connection, CONTINUE);
      const request = { ...head, body: await bodyOf(input, headers) };
      const response = await serve(request);
      const isLast = headers.get("connection")?.toLowerCase() === "close";
      await write(connection, written(response, isLast));
      if (isLast) break;
    }
  } catch (error) {
    // Anything else is a connection that has ended.
    if (error instanceof BadRequest) await write(connection, written({ status: error.status }, true)).catch(() => {});
  }
  connection.close();
}

const CONTINUE = ENCODER.encode("HTTP/1.1 100 Continue\r\n\r\n");

async function bodyOf(input: Input, headers: ReadonlyMap<string, string>): Promise<Uint8Array> {
  const coding = headers.get("transfer-encoding");
  if (coding === undefined) return await input.take(lengthOf(headers.get("content-length") ?? "0", /^\d{1,15}$/, 10));
  if (coding.toLowerCase() !== "chunked" || headers.has("content-length")) throw new BadRequest(400);
  const chunks: Uint8Array[] = [];
  for (let total = 0;;) {
    const length = lengthOf((await input.line()).split(";", 1)[0]!.trim(), /^[0-9A-Fa-f]{1,8}$/, 16);
    if (length === 0) break;
    total += length;
    if (total > LONGEST_BODY) throw new BadRequest(413);
    chunks.push((await input.take(length)).slice());
    if (await input.line() !== "") throw new BadRequest(400);
  }
  // Trailers are for nobody here.
  while (await input.line() !== "");
  return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

function lengthOf(text: string, form: RegExp, radix: number): number {
  if (!form.test(text)) throw new BadRequest(400);
  const length = Number.parseInt(text, radix);
  if (length > LONGEST_BODY) throw new BadRequest(413);
  return length;
}

/** In one piece, so that it leaves in one packet. */
function written({ status, headers = {}, body = NOTHING }: Http1Response, isLast: boolean): Uint8Array {
  let head = `HTTP/1.1 ${status} \r\ncontent-length: ${body.length}\r\n`;
  if (isLast) head += "connection: close\r\n";
  for (const name of Object.keys(headers)) head += `${name}: ${headers[name]}\r\n`;
  const bytes = ENCODER.encode(`${head}\r\n`);
  const whole = new Uint8Array(bytes.length + body.length);
  whole.set(bytes);
  whole.set(body, bytes.length);
  return whole;
}

const NOTHING = new Uint8Array();

async function write(connection: Connection, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(at === 0 ? bytes : bytes.subarray(at));
}

/** What was read and not used yet. */
class Input {
  readonly #connection: Connection;
  #bytes = new Uint8Array(4096);
  #begin = 0;
  #end = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The head of the next request; undefined when there is none more. @throws BadRequest */
  async head(): Promise<Omit<Http1Request, "body"> | undefined> {
    if (this.#begin === this.#end && !await this.#more()) return undefined;
    const [, method, target] = /^([!#$%&'*+.^`|~\w-]+) (\/\S*) HTTP\/1\.1$/.exec(await this.line()) ?? [];
    if (method === undefined) throw new BadRequest(400);
    const headers = new Map<string, string>();
    let size = 0;
    for (let line = await this.line(); line !== ""; line = await this.line()) {
      size += line.length;
      const colon = line.indexOf(":");
      if (size > LONGEST_HEAD) throw new BadRequest(431);
      if (colon < 1 || /\s/.test(line.slice(0, colon))) throw new BadRequest(400);
      headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    return { method, path: target!.split("?", 1)[0]!, headers };
  }

  /** Up to the next CR LF, without it. @throws BadRequest */
  async line(): Promise<string> {
    for (let at = this.#begin;; at++) {
      while (at + 1 >= this.#end) {
        if (this.#end - this.#begin > LONGEST_HEAD) throw new BadRequest(431);
        const before = at - this.#begin;
        if (!await this.#more()) throw new BadRequest(400);
        at = this.#begin + before;
      }
      if (this.#bytes[at] !== CR || this.#bytes[at + 1] !== LF) continue;
      const line = LATIN1.decode(this.#bytes.subarray(this.#begin, at));
      this.#begin = at + 2;
      return line;
    }
  }

  /** The next `length` bytes, lent until the next call. @throws BadRequest */
  async take(length: number): Promise<Uint8Array> {
    while (this.#end - this.#begin < length) if (!await this.#more()) throw new BadRequest(400);
    const begin = this.#begin;
    this.#begin += length;
    return this.#bytes.subarray(begin, this.#begin);
  }

  /** @returns false at the end */
  async #more(): Promise<boolean> {
    const kept = this.#end - this.#begin;
    if (this.#end === this.#bytes.length) {
      const place = kept > this.#bytes.length / 2 ? new Uint8Array(2 * this.#bytes.length) : this.#bytes;
      place.set(this.#bytes.subarray(this.#begin, this.#end));
      this.#bytes = place;
      [this.#begin, this.#end] = [0, kept];
    }
    const count = await this.#connection.read(this.#bytes.subarray(this.#end));
    this.#end += count ?? 0;
    return count !== null;
  }
}
