/**
 * What comes over one connection, as messages of HTTP/1.1 (RFC 9112): lines, headers, bodies.
 * @module
 */
import type { ByteReader } from "../net/tap.ts";

/** What cannot be read. */
export class Http1Error extends Error {
  override name = "Http1Error";

  /** @param status what a server answers to it */
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** Headers by their names in lower case; several of one name are joined by `, `. */
export type Http1Headers = Readonly<Record<string, string>>;

/** Bytes of a head. */
const LONGEST_HEAD = 64 * 1024;
const LATIN1 = new TextDecoder("latin1");
const [CR, LF] = [13, 10];

/** Reads one message after the other; one call at a time. */
export class Http1Input {
  readonly #reader: ByteReader;
  #bytes = new Uint8Array(4096);
  #begin = 0;
  #end = 0;
  #reading: Promise<boolean> | undefined;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /** Bytes that came and were not asked for yet. */
  get ahead(): number {
    return this.#end - this.#begin;
  }

  /**
   * Reads what comes next, whenever that is; what is asked for meanwhile waits for it.
   * @returns false at the end. Rejects when the connection breaks.
   */
  wait(): Promise<boolean> {
    return this.#reading ??= this.#read();
  }

  /** The lines of a head: the first one, and the headers. @throws Http1Error */
  async head(): Promise<{ readonly first: string; readonly headers: Http1Headers }> {
    const first = await this.line();
    const headers: Record<string, string> = Object.create(null);
    let size = first.length;
    for (let line = await this.line(); line !== ""; line = await this.line()) {
      size += line.length;
      const colon = line.indexOf(":");
      if (size > LONGEST_HEAD) throw new Http1Error(431, `a head of more than ${LONGEST_HEAD} bytes`);
      if (colon < 1 || /\s/.test(line.slice(0, colon))) throw new Http1Error(400, "a header that is none");
      const [name, value] = [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
    }
    return { first, headers };
  }

  /**
   * The body that `headers` tell of.
   * @returns lent until the next call; undefined when they tell of none
   * @throws Http1Error with status 413 above `longest` bytes
   */
  async body(headers: Http1Headers, longest: number): Promise<Uint8Array | undefined> {
    const [coding, length] = [headers["transfer-encoding"], headers["content-length"]];
    if (coding !== undefined) {
      if (coding.toLowerCase() !== "chunked" || length !== undefined) throw new Http1Error(400, "an unknown coding");
      return await this.#chunks(longest);
    }
    return length === undefined ? undefined : await this.#take(sizeOf(length, /^\d{1,15}$/, 10, longest));
  }

  /** Everything up to the end of the connection. @throws Http1Error */
  async rest(longest: number): Promise<Uint8Array> {
    do {
      if (this.ahead > longest) throw new Http1Error(413, `a body of more than ${longest} bytes`);
    } while (await this.wait());
    return this.#bytes.subarray(this.#begin, this.#end);
  }

  /** Up to the next CR LF, without it. @throws Http1Error */
  async line(): Promise<string> {
    for (let at = 0;; at++) {
      while (at + 1 >= this.ahead) {
        if (this.ahead > LONGEST_HEAD) throw new Http1Error(431, `a line of more than ${LONGEST_HEAD} bytes`);
        if (!await this.wait()) throw new Http1Error(400, "the connection was closed within a message");
      }
      const end = this.#begin + at;
      if (this.#bytes[end] !== CR || this.#bytes[end + 1] !== LF) continue;
      const line = LATIN1.decode(this.#bytes.subarray(this.#begin, end));
      this.#begin = end + 2;
      return line;
    }
  }

  async #chunks(longest: number): Promise<Uint8Array> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let total = 0;
    for (;;) {
      const length = sizeOf((await this.line()).split(";", 1)[0]!.trim(), /^[0-9A-Fa-f]{1,8}$/, 16, longest - total);
      if (length === 0) break;
      total += length;
      chunks.push((await this.#take(length)).slice());
      if (await this.line() !== "") throw new Http1Error(400, "a chunk that does not end where it should");
    }
    // Trailers are for nobody here.
    while (await this.line() !== "");
    const whole = new Uint8Array(total);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  async #take(length: number): Promise<Uint8Array> {
    while (this.ahead < length) {
      if (!await this.wait()) throw new Http1Error(400, "the connection was closed within a message");
    }
    const begin = this.#begin;
    this.#begin += length;
    return this.#bytes.subarray(begin, this.#begin);
  }

  async #read(): Promise<boolean> {
    const kept = this.ahead;
    if (kept === 0) this.#begin = this.#end = 0;
    if (this.#end === this.#bytes.length) {
      const place = kept > this.#bytes.length / 2 ? new Uint8Array(2 * this.#bytes.length) : this.#bytes;
      place.set(this.#bytes.subarray(this.#begin, this.#end));
      this.#bytes = place;
      [this.#begin, this.#end] = [0, kept];
    }
    try {
      const count = await this.#reader.read(this.#end === 0 ? this.#bytes : this.#bytes.subarray(this.#end));
      this.#end += count ?? 0;
      return count !== null;
    } finally {
      this.#reading = undefined;
    }
  }
}

function sizeOf(text: string, form: RegExp, radix: number, longest: number): number {
  if (!form.test(text)) throw new Http1Error(400, "a length that is none");
  const size = Number.parseInt(text, radix);
  if (size > longest) throw new Http1Error(413, `a body of more than ${longest} bytes`);
  return size;
}

/**
 * A message, in one piece so that it leaves in one packet. Characters of the head are octets.
 * @throws TypeError when there is something in the head that cannot be
 */
export function http1Message(first: string, headers: Http1Headers, body: Uint8Array): Uint8Array<ArrayBuffer> {
  let head = `${first}\r\n`;
  for (const name of Object.keys(headers)) {
    const value = headers[name]!;
    if (!/^[!#$%&'*+.^`|~\w-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      throw new TypeError(`the header ${name} has characters that no header can have`);
    }
    head += `${name}: ${value}\r\n`;
  }
  head += `content-length: ${body.length}\r\n\r\n`;
  const message = new Uint8Array(head.length + body.length);
  for (let i = 0; i < head.length; i++) message[i] = head.charCodeAt(i);
  message.set(body, head.length);
  return message;
}
