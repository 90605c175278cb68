/**
 * The other end of an HTTP/2 connection, frame by frame: it sends what a test lays out, right or
 * wrong, and shows what comes back.
 */
import { assertEquals } from "@std/assert";
import { HpackDecoder } from "../../src/http2/hpack/decoder.ts";
import type { HeaderList } from "../../src/http2/hpack/header_list.ts";
import { FLAG, FRAME, FRAME_HEADER, PREFACE, writeFrameHeader, writeWord } from "../../src/http2/frame.ts";
import { until } from "../support/until.ts";

/** A frame that came. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Uint8Array;
}

const TYPES = Object.keys(FRAME);

/** A frame as one line: `RST_STREAM 1 7`, `GOAWAY 0 last 1 code 1`, `DATA 1 "text" END`. */
export function lineOf({ type, flags, id, payload }: Frame): string {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const line = `${TYPES[type] ?? type} ${id}`;
  const end = (flags & FLAG.END_STREAM) !== 0 ? " END" : "";
  switch (type) {
    case FRAME.DATA:
      return `${line} ${JSON.stringify(new TextDecoder().decode(payload))}${end}`;
    case FRAME.HEADERS:
      return line + end;
    case FRAME.RST_STREAM:
    case FRAME.WINDOW_UPDATE:
      return `${line} ${view.getUint32(0)}`;
    case FRAME.GOAWAY:
      return `${line} last ${view.getUint32(0)} code ${view.getUint32(4)}`;
    case FRAME.SETTINGS:
    case FRAME.PING:
      return line + ((flags & FLAG.ACK) !== 0 ? " ACK" : "");
    default:
      return line;
  }
}

/** Any frame. */
export function frame(type: number, flags: number, id: number, payload: Uint8Array | readonly number[] = []) {
  const bytes = new Uint8Array(FRAME_HEADER + payload.length);
  writeFrameHeader(bytes, 0, payload.length, type, flags, id);
  bytes.set(payload, FRAME_HEADER);
  return bytes;
}

export const { ACK, END_HEADERS, END_STREAM, PADDED, PRIORITY } = FLAG;

export const word = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  writeWord(bytes, 0, value);
  return bytes;
};
export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
export const data = (id: number, payload: Uint8Array | string, end = false) =>
  frame(FRAME.DATA, end ? END_STREAM : 0, id, typeof payload === "string" ? text(payload) : payload);
export const settings = (...pairs: readonly (readonly [number, number])[]) =>
  frame(FRAME.SETTINGS, 0, 0, pairs.flatMap(([id, value]) => [id >> 8, id & 0xff, ...word(value)]));
export const settingsAck = frame(FRAME.SETTINGS, ACK, 0);
export const ping = (payload: string, flags = 0) => frame(FRAME.PING, flags, 0, text(payload));
export const reset = (id: number, code: number) => frame(FRAME.RST_STREAM, 0, id, word(code));
export const windowUpdate = (id: number, increment: number) => frame(FRAME.WINDOW_UPDATE, 0, id, word(increment));
export const goaway = (last: number, code: number) =>
  frame(FRAME.GOAWAY, 0, 0, Uint8Array.of(...word(last), ...word(code)));
export const priority = (id: number, parent: number) => frame(FRAME.PRIORITY, 0, id, Uint8Array.of(...word(parent), 1));

export type Fields = readonly (readonly [name: string, value: string])[];

/** A header block without any table: literals, whatever they hold. */
export function block(fields: Fields, first = 0x00): Uint8Array {
  const out: number[] = [];
  const string = (value: string) => {
    if (value.length < 127) out.push(value.length);
    else {
      out.push(127);
      let rest = value.length - 127;
      for (; rest >= 128; rest >>>= 7) out.push((rest & 127) | 128);
      out.push(rest);
    }
    for (let i = 0; i < value.length; i++) out.push(value.charCodeAt(i));
  };
  for (const [name, value] of fields) {
    out.push(first);
    string(name);
    string(value);
  }
  return Uint8Array.from(out);
}

/** The fields of a request; `more` replaces those of the same name, or comes behind them. */
export function request(path: string, more: Fields = []): Fields {
  const usual: Fields = [[":method", "POST"], [":scheme", "http"], [":path", path], [":authority", "here"]];
  return [...usual.filter(([name]) => !more.some(([other]) => other === name)), ...more]
    .sort(([a], [b]) => Number(b.startsWith(":")) - Number(a.startsWith(":")));
}

export const headers = (id: number, fields: Fields, end = false) =>
  frame(FRAME.HEADERS, END_HEADERS | (end ? END_STREAM : 0), id, block(fields));

/** One end, over a socket. */
export class RawPeer {
  readonly frames: Frame[] = [];
  /** The other end has ended its direction, or the connection was reset. */
  ended = false;
  /** What came instead of frames. */
  text = "";
  readonly #conn: Deno.TcpConn;
  readonly #decoder = new HpackDecoder({ maxListSize: 1 << 20 });
  readonly #lists = new Map<Frame, HeaderList>();
  #bytes = new Uint8Array(0);
  #paused: PromiseWithResolvers<void> | undefined;
  #reading: Promise<void>;
  #closed = false;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    conn.setNoDelay(true);
    this.#reading = this.#read();
  }

  /** Dials `port`; unless `hello` is null, as a client whose SETTINGS those pairs are. */
  static async dial(port: number, hello: readonly (readonly [number, number])[] | null): Promise<RawPeer> {
    const peer = new RawPeer(await Deno.connect({ hostname: "127.0.0.1", port }));
    if (hello !== null) {
      await peer.send(PREFACE, settings(...hello));
      await peer.sees("SETTINGS 0 ACK");
      await peer.send(settingsAck);
    }
    return peer;
  }

  /** Sends them in one write; a peer that is gone is no error here. */
  async send(...parts: readonly Uint8Array[]): Promise<void> {
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    try {
      for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
    } catch {
      this.ended = true;
    }
  }

  get lines(): string[] {
    return this.frames.map(lineOf);
  }

  /** Waits for a frame whose line begins with `line`. */
  async sees(line: string): Promise<Frame> {
    const find = () => this.frames.find((one) => lineOf(one).startsWith(line));
    await until(
      () => find() !== undefined || this.ended,
      `"${line}" comes`,
    ).catch((error) => {
      throw new Error(`${error.message}; came: ${this.lines.join(", ")}`);
    });
    const found = find();
    if (found === undefined) throw new Error(`it ended before "${line}"; came: ${this.lines.join(", ")}`);
    return found;
  }

  /** Waits for the end of the connection. */
  async seesEnd(): Promise<void> {
    await until(() => this.ended, "the connection ends");
  }

  /** Asserts that the connection ends with a GOAWAY of that code. */
  async seesGoaway(code: number): Promise<void> {
    await this.seesEnd();
    const last = this.frames.filter(({ type }) => type === FRAME.GOAWAY).at(-1);
    assertEquals(last === undefined ? undefined : lineOf(last).replace(/last \d+ /, ""), `GOAWAY 0 code ${code}`);
  }

  /** Asserts that the stream is reset with that code, and the connection lives. */
  async seesReset(id: number, code: number): Promise<void> {
    await this.sees(`RST_STREAM ${id}`);
    assertEquals(
      lineOf(this.frames.find((one) => lineOf(one).startsWith(`RST_STREAM ${id}`))!),
      `RST_STREAM ${id} ${code}`,
    );
    await this.isAlive();
  }

  #pings = 0;
  /** Waits until all that was sent is handled, and the connection still answers. */
  async isAlive(): Promise<void> {
    const payload = `alive${String(this.#pings++).padStart(3, "0")}`;
    await this.send(ping(payload));
    await until(
      () => this.ended || this.frames.some((one) => one.type === FRAME.PING && decode(one.payload) === payload),
      "a PING is answered",
    );
    if (this.ended) throw new Error(`the connection has ended; came: ${this.lines.join(", ")}`);
  }

  /** The list of a HEADERS frame that came. */
  list(one: Frame): Record<string, string> {
    const list = this.#lists.get(one)!;
    return Object.fromEntries(list.names.map((name, i) => [name, list.values[i]!]));
  }

  /** Reads nothing any more, until {@link resume}. */
  pause(): void {
    this.#paused = Promise.withResolvers();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.resume();
    try {
      this.#conn.close();
    } catch {
      // Closed by its end.
    }
    await this.#reading;
  }

  async #read(): Promise<void> {
    const into = new Uint8Array(65536);
    try {
      for (;;) {
        await this.#paused?.promise;
        if (this.#closed) return;
        const count = await this.#conn.read(into);
        if (count === null) break;
        this.#take(into.subarray(0, count));
      }
    } catch {
      // Reset: an end as well.
    }
    this.ended = true;
  }

  #first: Frame | undefined;
  #block: number[] = [];

  #takeBlock(one: Frame): void {
    if (one.type !== FRAME.HEADERS && one.type !== FRAME.CONTINUATION) return;
    if (one.type === FRAME.HEADERS) {
      this.#first = one;
      this.#block = [];
    }
    for (const octet of one.payload) this.#block.push(octet);
    if ((one.flags & END_HEADERS) === 0) return;
    this.#lists.set(this.#first!, this.#decoder.decode(Uint8Array.from(this.#block), 0, this.#block.length));
  }

  #take(more: Uint8Array): void {
    let bytes = new Uint8Array(this.#bytes.length + more.length);
    bytes.set(this.#bytes);
    bytes.set(more, this.#bytes.length);
    if (decode(bytes.subarray(0, 5)) === "HTTP/") {
      this.text = decode(bytes);
    } else {
      if (decode(bytes.subarray(0, 3)) === "PRI") bytes = bytes.slice(PREFACE.length);
      const view = new DataView(bytes.buffer);
      let at = 0;
      while (bytes.length - at >= FRAME_HEADER) {
        const length = view.getUint32(at) >>> 8;
        if (bytes.length - at < FRAME_HEADER + length) break;
        const start = at + FRAME_HEADER;
        const one = {
          type: bytes[at + 3]!,
          flags: bytes[at + 4]!,
          id: view.getUint32(at + 5),
          payload: bytes.slice(start, start + length),
        };
        this.frames.push(one);
        this.#takeBlock(one);
        at = start + length;
      }
      bytes = bytes.slice(at);
    }
    this.#bytes = bytes;
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
