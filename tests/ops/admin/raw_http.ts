/**
 * HTTP/1.1 by hand: what a client library would not send, and what it would hide.
 * @module
 */
import type { Endpoint } from "../../../src/net/connection.ts";

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Header lines in their order, names in lower case. */
  readonly lines: readonly (readonly [string, string])[];
  readonly text: string;
  header(name: string): string | undefined;
  json(): Record<string, unknown>;
}

/** What to ask for. */
export interface Asked {
  readonly method?: string;
  readonly path?: string;
  /** `Host` and `Connection: close` are added unless they stand here; "" leaves one out. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();

/** Asks over a connection of its own and reads the answer to its end. */
export async function ask(
  to: Endpoint,
  { method = "GET", path = "/", headers = {}, body }: Asked = {},
): Promise<RawAnswer> {
  const bytes = typeof body === "string" ? encoder.encode(body) : body ?? new Uint8Array();
  const all: Record<string, string> = {
    host: `127.0.0.1:${to.port}`,
    connection: "close",
    ...(body === undefined ? {} : { "content-length": String(bytes.length) }),
    ...headers,
  };
  const head = Object.entries(all).filter(([, value]) => value !== "").map(([name, value]) => `${name}: ${value}\r\n`);
  using conn = await Deno.connect(to);
  // It may answer and close before it has read everything.
  const sent = send(conn, `${method} ${path} HTTP/1.1\r\n${head.join("")}\r\n`, bytes).catch(() => {});
  const answer = parse(await readAll(conn), method);
  await sent;
  return answer;
}

/** Sends all parts. */
export async function send(conn: Deno.Conn, ...parts: readonly (string | Uint8Array)[]): Promise<void> {
  for (const part of parts) {
    let rest = typeof part === "string" ? encoder.encode(part) : part;
    while (rest.length > 0) rest = rest.subarray(await conn.write(rest));
  }
}

/** What comes next, at least a byte. @throws Error when nothing comes any more */
export async function readSome(conn: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(65_536);
  const n = await conn.read(buffer);
  if (n === null) throw new Error("the connection ended");
  return new TextDecoder().decode(buffer.subarray(0, n));
}

/** Everything until the other side closes, in whatever way. */
export async function readAll(conn: Deno.Conn): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  try {
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      text += decoder.decode(buffer.subarray(0, n), { stream: true });
    }
  } catch {
    // Reset: what came before counts.
  }
  return text;
}

/** Takes apart one answer; `method` tells whether a body is expected. */
export function parse(raw: string, method = "GET"): RawAnswer {
  const end = raw.indexOf("\r\n\r\n");
  const [first = "", ...rest] = raw.slice(0, end).split("\r\n");
  const lines = rest.map((line) =>
    [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()] as const
  );
  const header = (name: string) => lines.find(([known]) => known === name)?.[1];
  const body = raw.slice(end + 4);
  const text = header("transfer-encoding") === "chunked" && method !== "HEAD" ? unchunked(body) : body;
  return {
    status: Number(first.split(" ")[1]),
    lines,
    text,
    header,
    json: () => JSON.parse(text) as Record<string, unknown>,
  };
}

/** Enough for text of one byte a character; the last chunk may be missing. */
function unchunked(body: string): string {
  const bytes = encoder.encode(body);
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const line = bytes.indexOf(10, at);
    const size = parseInt(new TextDecoder().decode(bytes.subarray(at, line)), 16);
    if (!(size > 0)) break;
    text += new TextDecoder().decode(bytes.subarray(line + 1, line + 1 + size));
    at = line + 1 + size + 2;
  }
  return text;
}
