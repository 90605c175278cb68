/**
 * Many readers of one room on raw sockets, for measurements: as little work for each delivery as a
 * client can do.
 * @module
 */
import type { Endpoint } from "../../net/connection.ts";

/** How a reader gets into the room. */
export interface FanoutMember {
  /** The head of its request, with the empty line. */
  readonly request: string;
  /** Text messages that it sends once the handshake is over. */
  readonly greeting: readonly string[];
  /** What comes when it is in the room; "": the handshake is enough. */
  readonly ready: string;
}

/** What a load has seen. */
export interface FanoutResult {
  readonly seconds: number;
  readonly published: number;
  readonly deliveries: number;
  /** ms from a publication until the last member had it, in rising order. */
  readonly latencies: readonly number[];
}

/**
 * Begins the payload of each publication, and must occur nowhere else in what members read: members
 * count it. Twice, since the length of a frame may look like one of them.
 */
export const MARK = "^^";
const MARK_OCTET = MARK.charCodeAt(0);
/** Readers that connect at a time. */
const AT_A_TIME = 50;
/** ms that a publication may take to reach everybody, and a member to get in. */
const PATIENCE = 20_000;
const [TEXT, MASKED, EXTENDED] = [0x81, 0x80, 126];

/** Readers of one room. Whoever opens them closes them. */
export class FanoutReaders {
  readonly #conns: Deno.Conn[] = [];
  readonly #bufferSize: number;
  /** By publication: how many members have not read it, and when it was made. */
  #missing: number[] = [];
  #published: number[] = [];
  #latencies: number[] = [];
  #complete = 0;
  #isClosed = false;
  #fault: Error | undefined;
  #wake: (() => void) | undefined;

  /** @param bufferSize of each reader, in bytes */
  constructor(bufferSize = 16_384) {
    this.#bufferSize = bufferSize;
  }

  /** Members that were opened. */
  get size(): number {
    return this.#conns.length;
  }

  /** @throws Error when one is refused, or does not get into the room */
  async open(to: Endpoint, count: number, member: (index: number) => Promise<FanoutMember>): Promise<void> {
    let next = 0;
    const some = async () => {
      for (let index = next++; index < count; index = next++) await this.#open(to, await member(index));
    };
    await Promise.all(Array.from({ length: Math.min(count, AT_A_TIME) }, some));
  }

  /**
   * Publishes as fast as the room reads, never more than `window` publications ahead of its slowest
   * member.
   */
  async closedLoop(window: number, duration: number, publish: () => void, signal: AbortSignal): Promise<FanoutResult> {
    return await this.#measured(async (end) => {
      while (performance.now() < end && !signal.aborted) {
        if (this.#published.length - this.#complete >= window) await this.#progress();
        else this.#publish(publish);
      }
    }, duration);
  }

  /** Publishes `rate` times a second. */
  async openLoop(rate: number, duration: number, publish: () => void, signal: AbortSignal): Promise<FanoutResult> {
    return await this.#measured(async (end) => {
      const start = performance.now();
      for (let sent = 0; performance.now() < end && !signal.aborted; sent++) {
        this.#publish(publish);
        const due = Math.max(0, start + (sent + 1) * 1000 / rate - performance.now());
        await new Promise((resolve) => setTimeout(resolve, due));
      }
    }, duration);
  }

  close(): void {
    this.#isClosed = true;
    for (const conn of this.#conns) closeQuietly(conn);
  }

  async #measured(load: (end: number) => Promise<void>, duration: number): Promise<FanoutResult> {
    [this.#missing, this.#published, this.#latencies, this.#complete] = [[], [], [], 0];
    const start = performance.now();
    await load(start + duration);
    while (this.#complete < this.#published.length) await this.#progress();
    const seconds = (performance.now() - start) / 1000;
    const published = this.#published.length;
    const latencies = this.#latencies.toSorted((a, b) => a - b);
    return { seconds, published, deliveries: published * this.size, latencies };
  }

  #publish(publish: () => void): void {
    this.#published.push(performance.now());
    this.#missing.push(this.size);
    publish();
  }

  /** Until a publication has reached everybody. */
  async #progress(): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(() => {
      const missing = this.#missing[this.#complete] ?? 0;
      this.#fail(new Error(`${missing} of ${this.size} members did not get an event within ${PATIENCE / 1000} s`));
    }, PATIENCE);
    await promise;
    clearTimeout(timer);
    if (this.#fault !== undefined) throw this.#fault;
  }

  #fail(error: Error): void {
    this.#fault ??= error;
    this.#wake?.();
  }

  async #open(to: Endpoint, { request, greeting, ready }: FanoutMember): Promise<void> {
    const conn = await Deno.connect({ hostname: to.hostname, port: to.port });
    this.#conns.push(conn);
    await conn.write(new TextEncoder().encode(request));
    const head = await readUntil(conn, "\r\n\r\n");
    if (!head.startsWith("HTTP/1.1 101")) throw new Error(`a member was refused: ${head.split("\r\n")[0]}`);
    for (const text of greeting) await conn.write(textFrame(text));
    // What the gateway says before is read in one go with the head now and then.
    if (ready !== "") await readUntil(conn, ready, head.slice(head.indexOf("\r\n\r\n")));
    void this.#read(conn);
  }

  async #read(conn: Deno.Conn): Promise<void> {
    const into = new Uint8Array(this.#bufferSize);
    let nth = 0;
    let last = 0;
    let run = this.#published;
    try {
      for (let count; (count = await conn.read(into)) !== null;) {
        if (run !== this.#published) [nth, run] = [0, this.#published];
        const bytes = into.subarray(0, count);
        for (let at = bytes.indexOf(MARK_OCTET); at >= 0; at = bytes.indexOf(MARK_OCTET, at + 1)) {
          if ((at === 0 ? last : bytes[at - 1]) === MARK_OCTET) this.#delivered(nth++);
        }
        last = bytes[count - 1]!;
      }
      if (!this.#isClosed) this.#fail(new Error("the gateway closed the connection of a member"));
    } catch (error) {
      if (!this.#isClosed) this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #delivered(nth: number): void {
    const left = this.#missing[nth]! - 1;
    this.#missing[nth] = left;
    if (left > 0) return;
    if (left !== 0) return this.#fail(new Error("a member read more events than were published"));
    this.#latencies.push(performance.now() - this.#published[nth]!);
    this.#complete++;
    this.#wake?.();
  }
}

/** One text message of a client: masked with zeros, which changes nothing. */
export function textFrame(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > 0xffff) throw new RangeError(`expected at most 65,535 bytes, got ${bytes.length}`);
  const head = bytes.length < EXTENDED
    ? [TEXT, MASKED | bytes.length]
    : [TEXT, MASKED | EXTENDED, bytes.length >> 8, bytes.length & 0xff];
  const frame = new Uint8Array(head.length + 4 + bytes.length);
  frame.set(head);
  frame.set(bytes, head.length + 4);
  return frame;
}

/** The head of a request for a WebSocket, with the empty line. */
export function upgradeRequest(path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** Reads until `wanted` has come, beginning with what is there already. @returns all of it */
async function readUntil(conn: Deno.Conn, wanted: string, text = ""): Promise<string> {
  const into = new Uint8Array(4096);
  const timer = setTimeout(() => closeQuietly(conn), PATIENCE);
  try {
    while (!text.includes(wanted)) {
      const count = await conn.read(into);
      if (count === null) throw new Error(`a member was sent away before ${JSON.stringify(wanted)}: ${text}`);
      text += String.fromCharCode(...into.subarray(0, count));
    }
    return text;
  } finally {
    clearTimeout(timer);
  }
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed already.
  }
}
