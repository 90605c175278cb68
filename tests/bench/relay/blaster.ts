/**
 * Logic Apps that cost next to nothing: each answer that comes is one more copy of the same
 * request. They check nothing but that as many answers come as were asked for; what the answers are
 * is for the tests.
 * @module
 */
import type { Endpoint } from "../../../src/net/connection.ts";
import { AVP, AVP_VENDOR_HEADER_LENGTH } from "../../../src/diameter/wire/avp_codes.ts";
import { FLAG, OFFSET } from "../../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";
import { cer } from "../../support/raw_message.ts";

/** An S13 ME-Identity-Check. */
const COMMAND = 324;
const APPLICATION = 16777252;
/** An optional AVP of nobody, to fill a message up. */
const FILLER = { code: 1, vendor: 32473 } as const;
const REALM = "core.example.net";
const ORIGIN_REALM = "bench.example.net";

/** How an open connection is had. */
export type Dial = (to: Endpoint) => Promise<Deno.Conn>;

/** What a blaster is told. */
export interface BlasterOptions {
  readonly connections: number;
  /** Requests that wait on each connection. */
  readonly window: number;
  /** Bytes of a request: 224 or more, a multiple of 4. */
  readonly size: number;
  readonly dial: Dial;
}

/** Many connections that ask all the time while {@link run} lasts. */
export class Blaster implements AsyncDisposable {
  /** Answers so far, and how many of those carried the E bit. */
  answers = 0;
  refused = 0;
  /** Requests that wait for their answer. */
  waiting = 0;
  readonly #lines: Line[];

  private constructor(lines: Line[]) {
    this.#lines = lines;
  }

  /** Opens the connections, 200 at a time, and returns when each has its CEA. */
  static async open(to: Endpoint, { connections, window, size, dial }: BlasterOptions): Promise<Blaster> {
    const lines: Line[] = [];
    const blaster = new Blaster(lines);
    while (lines.length < connections) {
      const step = Math.min(200, connections - lines.length);
      const first = lines.length;
      lines.push(
        ...await Promise.all(Array.from({ length: step }, async (_, nth) => {
          const line = new Line(await dial(to), blaster, `app-${first + nth}.bench.example.net`, window, size);
          await line.open();
          return line;
        })),
      );
    }
    return blaster;
  }

  /**
   * Asks for `milliseconds`; returns when nothing waits any more. @throws Error when answers are
   * missing 10 s later
   */
  async run(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    for (const line of this.#lines) line.ask(end);
    while (performance.now() < end) await sleep(Math.min(50, Math.max(1, end - performance.now())));
    for (const patience = performance.now() + 10_000; this.waiting > 0;) {
      if (performance.now() > patience) throw new Error(`${this.waiting} requests were never answered`);
      await sleep(5);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.#lines) line.close();
    await Promise.all(this.#lines.map((line) => line.ended));
  }
}

/** One connection. */
class Line {
  readonly #conn: Deno.Conn;
  readonly #blaster: Blaster;
  readonly #host: string;
  /** As many requests as the window allows, one behind the other. */
  readonly #requests: Uint8Array;
  readonly #size: number;
  readonly #window: number;
  #until = 0;
  #idle = true;
  readonly #buffer: Uint8Array;
  /** Requests that are to be written. */
  #owed = 0;
  #writing = false;
  #kept = 0;
  /** Bytes of a frame that began and are still to come. */
  #rest = 0;
  #opened = false;
  readonly #cea = Promise.withResolvers<void>();
  ended: Promise<void> = Promise.resolve();

  constructor(conn: Deno.Conn, blaster: Blaster, host: string, window: number, size: number) {
    this.#conn = conn;
    this.#blaster = blaster;
    this.#host = host;
    this.#window = window;
    this.#size = size;
    this.#buffer = new Uint8Array(Math.min(64 * 1024, 1024 + window * 256));
    const one = request(host, size);
    this.#requests = new Uint8Array(window * size);
    for (let i = 0; i < window; i++) this.#requests.set(one, i * size);
  }

  async open(): Promise<void> {
    this.ended = this.#read();
    await this.#write(cer({ host: this.#host, realm: ORIGIN_REALM }));
    await this.#cea.promise;
  }

  /** A whole window at once, if nothing waits; goes on with each answer until `end`. */
  ask(end: number): void {
    this.#until = end;
    if (this.#idle) this.#send(this.#window);
  }

  close(): void {
    try {
      this.#conn.close();
    } catch {
      // Closed by the other end.
    }
  }

  #send(count: number): void {
    this.#idle = false;
    this.#blaster.waiting += count;
    this.#owed += count;
    if (!this.#writing) void this.#writeOwed().catch(() => {});
  }

  async #writeOwed(): Promise<void> {
    this.#writing = true;
    while (this.#owed > 0) {
      const count = Math.min(this.#owed, this.#window);
      this.#owed -= count;
      await this.#write(this.#requests.subarray(0, count * this.#size));
    }
    this.#writing = false;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
  }

  async #read(): Promise<void> {
    const buffer = this.#buffer;
    for (;;) {
      const count = await this.#conn.read(buffer.subarray(this.#kept)).catch(() => null);
      if (count === null) return this.#cea.reject(new Error(`${this.#host} was closed`));
      const answers = this.#count(this.#kept + count);
      if (answers === 0) continue;
      if (!this.#opened) {
        this.#opened = true;
        this.#cea.resolve();
        continue;
      }
      this.#blaster.answers += answers;
      this.#blaster.waiting -= answers;
      if (performance.now() < this.#until) this.#send(answers);
      else this.#idle = true;
    }
  }

  /** Whole frames among the first `end` bytes; of the last one only a torn header is kept. */
  #count(end: number): number {
    const buffer = this.#buffer;
    let at = 0;
    let frames = 0;
    if (this.#rest > 0) {
      at = Math.min(this.#rest, end);
      this.#rest -= at;
      if (this.#rest === 0) frames++;
    }
    while (end - at >= 8) {
      const length = (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
      if ((buffer[at + OFFSET.flags]! & FLAG.error) !== 0) this.#blaster.refused++;
      if (length > end - at) {
        this.#rest = length - (end - at);
        at = end;
        break;
      }
      at += length;
      frames++;
    }
    this.#kept = end - at;
    if (this.#kept > 0) buffer.copyWithin(0, at, end);
    return frames;
  }
}

/** An S13 request of `size` bytes. @throws RangeError when it cannot be so short */
function request(host: string, size: number): Uint8Array {
  const builder = new MessageBuilder({
    flags: FLAG.request | FLAG.proxiable,
    command: COMMAND,
    application: APPLICATION,
    hopByHop: 1,
    endToEnd: 1,
  });
  builder.text(AVP.sessionId, `${host};1;1`)
    .text(AVP.originHost, host)
    .text(AVP.originRealm, ORIGIN_REALM)
    .text(AVP.destinationRealm, REALM);
  const filler = size - builder.finish().length - AVP_VENDOR_HEADER_LENGTH;
  if (filler < 0) throw new RangeError(`Cannot make a request of ${size} bytes: it has ${size - filler} at least`);
  return builder.octets(FILLER.code, new Uint8Array(filler), { vendor: FILLER.vendor, flags: 0 }).finish();
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
