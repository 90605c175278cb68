/** A WebSocket client that sends whatever it is told to, and shows every frame that comes back. */
import { Buffer } from "node:buffer";

/** A frame of the server. */
export interface Frame {
  readonly first: number;
  readonly payload: Uint8Array;
}

/** Octets of a client's frame. */
export function frame(first: number, payload: Uint8Array | string = "", { mask = true } = {}): Uint8Array {
  const bytes = Buffer.from(payload as string);
  const head = bytes.length < 126 ? 2 : bytes.length <= 0xffff ? 4 : 10;
  const whole = Buffer.alloc(head + (mask ? 4 : 0) + bytes.length);
  whole[0] = first;
  whole[1] = (mask ? 0x80 : 0) | (head === 2 ? bytes.length : head === 4 ? 126 : 127);
  if (head === 4) whole.writeUInt16BE(bytes.length, 2);
  if (head === 10) whole.writeBigUInt64BE(BigInt(bytes.length), 2);
  const key = Buffer.of(0x37, 0xfa, 0x21, 0x3d);
  if (mask) whole.set(key, head);
  for (const [i, byte] of bytes.entries()) whole[head + (mask ? 4 : 0) + i] = mask ? byte ^ key[i & 3]! : byte;
  return whole;
}

export class RawWebSocket implements AsyncDisposable {
  /** The head of the answer. */
  head = "";
  readonly #conn: Deno.TcpConn;
  #received = Buffer.alloc(0);
  #ended = false;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Sends a handshake, and reads the answer's head. */
  static async open(
    port: number,
    headers: Readonly<Record<string, string>> = {},
    target = "/ws",
  ): Promise<RawWebSocket> {
    const socket = new RawWebSocket(await Deno.connect({ hostname: "127.0.0.1", port }));
    const all: Record<string, string> = {
      Host: `127.0.0.1:${port}`,
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers,
    };
    const lines = Object.entries(all).filter(([, value]) => value !== "").map(([name, value]) =>
      `${name}: ${value}\r\n`
    );
    await socket.send(new TextEncoder().encode(`GET ${target} HTTP/1.1\r\n${lines.join("")}\r\n`));
    let end: number;
    while ((end = socket.#received.indexOf("\r\n\r\n")) < 0 && await socket.#more());
    socket.head = socket.#received.subarray(0, end < 0 ? undefined : end).toString();
    socket.#received = socket.#received.subarray(end + 4);
    return socket;
  }

  get status(): number {
    return Number(this.head.split(" ")[1]);
  }

  async send(...all: Uint8Array[]): Promise<void> {
    let bytes: Uint8Array = Buffer.concat(all);
    while (bytes.length > 0) bytes = bytes.subarray(await this.#conn.write(bytes));
  }

  /** The next frame; undefined at the end. */
  async frame(): Promise<Frame | undefined> {
    for (;;) {
      const bytes = this.#received;
      if (bytes.length >= 2) {
        const said = bytes[1]!;
        const head = said < 126 ? 2 : said === 126 ? 4 : 10;
        if (bytes.length >= head) {
          const length = head === 2 ? said : head === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
          if (bytes.length >= head + length) {
            this.#received = bytes.subarray(head + length);
            return { first: bytes[0]!, payload: bytes.subarray(head, head + length) };
          }
        }
      }
      if (!await this.#more()) return undefined;
    }
  }

  /** The code and reason of the close frame, behind all others; "cut" when none came. */
  async close(): Promise<string> {
    for (let next = await this.frame(); next !== undefined; next = await this.frame()) {
      if (next.first !== 0x88) continue;
      if (next.payload.length === 0) return "1005";
      const bytes = Buffer.from(next.payload);
      return `${bytes.readUInt16BE(0)} ${bytes.subarray(2)}`.trimEnd();
    }
    return "cut";
  }

  /** What came behind the head, as text, to its end. */
  async rest(): Promise<string> {
    while (await this.#more());
    return this.#received.toString();
  }

  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    const into = new Uint8Array(65_536);
    let count: number | null = null;
    try {
      count = await this.#conn.read(into);
    } catch {
      // Reset: nothing more comes.
    }
    if (count === null) {
      this.#ended = true;
      return false;
    }
    this.#received = Buffer.concat([this.#received, into.subarray(0, count)]);
    return true;
  }

  /** Waits until the server has closed it. */
  async ended(): Promise<void> {
    while (await this.#more());
  }

  // deno-lint-ignore require-await -- As the interface has it.
  async [Symbol.asyncDispose](): Promise<void> {
    this.#conn.close();
  }
}
