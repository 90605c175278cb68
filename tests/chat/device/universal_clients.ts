/** Carriers for the client of Connect: HTTP/2 by this program, HTTP/1.1 by the platform's fetch. */
import { HeaderList, Http2Connection, Http2Node, type Http2Stream } from "../../../src/http2/mod.ts";
import { DEFAULT_OPTIONS } from "../../../src/http2/options.ts";
import { connectTcp } from "../../../src/net/tcp.ts";
import type { UniversalClientFn } from "@connectrpc/connect/protocol";

/** Over HTTP/1.1. */
export const overFetch: UniversalClientFn = async ({ url, method, header, body, signal }) => {
  const pieces: Uint8Array[] = [];
  for await (const piece of body ?? []) pieces.push(piece);
  const response = await fetch(url, {
    method,
    headers: header,
    body: new Blob(pieces as BlobPart[]),
    signal: signal ?? null,
  });
  return {
    status: response.status,
    header: response.headers,
    body: response.body === null ? none() : chunks(response.body),
    trailer: new Headers(),
  };
};

async function* none(): AsyncGenerator<Uint8Array> {}

/** Over one connection of HTTP/2, which is dialled here. */
export async function overHttp2(
  port: number,
): Promise<{ client: UniversalClientFn; closed: Promise<void>; close(): Promise<void> }> {
  const carrier = await connectTcp({ hostname: "127.0.0.1", port }, { timeout: 5_000, noDelay: true });
  const closed = Promise.withResolvers<void>();
  const connection = Http2Connection.client(carrier, new Http2Node(), DEFAULT_OPTIONS, {
    closed: () => closed.resolve(),
  });
  const client: UniversalClientFn = ({ url, method, header, body, signal }) => {
    const { pathname, host } = new URL(url);
    const list = new HeaderList().append(":method", method).append(":scheme", "http").append(":path", pathname)
      .append(":authority", host);
    for (const [name, value] of header) list.append(name, value);
    const response = Promise.withResolvers<Awaited<ReturnType<UniversalClientFn>>>();
    const trailer = new Headers();
    let push!: ReadableStreamDefaultController<Uint8Array>;
    const received = new ReadableStream<Uint8Array>({ start: (controller) => void (push = controller) });
    let over = false;
    const stream: Http2Stream = connection.open(
      list,
      false,
      {
        headers(answer, end) {
          const headers = new Headers();
          for (const [i, name] of answer.names.entries()) {
            if (!name.startsWith(":")) headers.append(name, answer.values[i]!);
          }
          response.resolve({ status: Number(answer.get(":status")), header: headers, body: chunks(received), trailer });
          if (end) this.end();
        },
        data(bytes, end) {
          if (bytes.length > 0) push.enqueue(bytes.slice());
          stream.consumed(bytes.length);
          if (end) this.end();
        },
        trailers(last) {
          for (const [i, name] of last.names.entries()) trailer.append(name, last.values[i]!);
          this.end();
        },
        reset(code) {
          if (over) return;
          over = true;
          const error = new Error(`reset with ${code}`);
          response.reject(error);
          push.error(error);
        },
        drained() {},
        end() {
          if (!over) push.close();
          over = true;
        },
      } as Parameters<Http2Connection["open"]>[2] & { end(): void },
    )!;
    signal?.addEventListener("abort", () => {
      if (!over) push.error(signal.reason);
      over = true;
      stream.reset(8);
      response.reject(signal.reason);
    });
    void (async () => {
      for await (const piece of body ?? []) stream.sendData(piece, false);
      stream.sendData(new Uint8Array(0), true);
    })().catch(() => {});
    return response.promise;
  };
  return {
    client,
    closed: closed.promise,
    close: () => {
      connection.close();
      return closed.promise;
    },
  };
}

async function* chunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield chunk;
}
