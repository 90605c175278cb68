/**
 * A server that gives back what it is sent, for real clients and for benchmarks.
 *
 * As a program: `deno run -A tests/http2/echo_server.ts [PORT]` prints `listening on HOST:PORT`.
 */
import { HeaderList } from "../../src/http2/hpack/header_list.ts";
import {
  DEFAULT_OPTIONS,
  ERROR_CODE,
  Http2Connection,
  Http2Node,
  type Http2Options,
  Http2Stream,
  type StreamListener,
} from "../../src/http2/mod.ts";
import type { Connection } from "../../src/net/connection.ts";
import { type Listener, listenTcp } from "../../src/net/listener.ts";

const HEADERS = new HeaderList().append(":status", "200").append("content-type", "application/grpc");
const TRAILERS = new HeaderList().append("grpc-status", "0");

/** Answers one stream. */
class Echo implements StreamListener {
  constructor(readonly stream: Http2Stream) {}

  headers(): void {}

  /** Gives window back only for what has gone, so that memory stays bounded. */
  data(bytes: Uint8Array, end: boolean): void {
    const { stream } = this;
    stream.sendData(bytes, false);
    if (stream.pendingBytes === 0) stream.consumed(bytes.length);
    else this.#owed += bytes.length;
    if (end) stream.sendTrailers(TRAILERS);
  }
  #owed = 0;

  trailers(): void {
    this.stream.sendTrailers(TRAILERS);
  }

  reset(): void {}

  drained(): void {
    this.stream.consumed(this.#owed);
    this.#owed = 0;
  }
}

/** Serves one connection. */
export function serveEcho(
  connection: Connection,
  node: Http2Node,
  options: Http2Options = DEFAULT_OPTIONS,
): Http2Connection {
  return Http2Connection.server(connection, node, options, {
    request(stream, list, end) {
      if (list.tooLarge) {
        stream.sendHeaders(new HeaderList().append(":status", "431"), true);
        if (!end) stream.reset(ERROR_CODE.NO_ERROR);
        return new Echo(stream);
      }
      stream.sendHeaders(HEADERS, false);
      if (end) stream.sendTrailers(TRAILERS);
      return new Echo(stream);
    },
    closed() {},
  });
}

/** Listens on loopback. */
export function listenEcho(node: Http2Node, port = 0, options?: Http2Options): Listener & { close(): void } {
  const connections = new Set<Http2Connection>();
  const listener = listenTcp({ hostname: "127.0.0.1", port }, { noDelay: true }, (connection) => {
    connections.add(serveEcho(connection, node, options));
  });
  return {
    address: listener.address,
    close() {
      listener.close();
      for (const connection of connections) connection.close();
    },
  };
}

if (import.meta.main) {
  const { address } = listenEcho(new Http2Node(), Number(Deno.args[0] ?? 0));
  // In order, so that a profile is written.
  Deno.addSignalListener("SIGINT", () => Deno.exit(0));
  console.log(`listening on ${address.hostname}:${address.port}`);
}
