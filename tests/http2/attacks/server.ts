/**
 * The server that is attacked: `server.ts OPTIONS`, these as JSON. It gives back what it is sent,
 * and to `/large` much more than anybody asked for, as fast as windows and queue allow. Says on
 * stdout what happens, a JSON value per line; to each line on stdin it answers with its memory,
 * swept.
 */
import {
  HeaderList,
  Http2Connection,
  Http2Node,
  type Http2Stream,
  type StreamListener,
} from "../../../src/http2/mod.ts";
import type { Http2Options } from "../../../src/http2/mod.ts";
import { listenTcp } from "../../../src/net/listener.ts";
import { TextLineStream } from "../../support/lines.ts";

/** Octets of an answer to `/large`. */
const LARGE = 256 << 20;
const CHUNK = new Uint8Array(4 << 10);
const HEADERS = new HeaderList().append(":status", "200").append("content-type", "application/grpc");
const TRAILERS = new HeaderList().append("grpc-status", "0");
const TOO_LARGE = new HeaderList().append(":status", "200").append("grpc-status", "8");

const say = (value: unknown) => console.log(JSON.stringify(value));

/** Gives back window only for what has gone: what waits is at most what the peer's windows held. */
class Echo implements StreamListener {
  #owed = 0;
  #left: number;

  constructor(readonly stream: Http2Stream, left: number) {
    this.#left = left;
    this.#more();
  }

  headers(): void {}
  reset(): void {}

  data(bytes: Uint8Array, end: boolean): void {
    const { stream } = this;
    stream.sendData(bytes, false);
    if (stream.pendingBytes === 0) stream.consumed(bytes.length);
    else this.#owed += bytes.length;
    if (end) this.trailers();
  }

  trailers(): void {
    if (this.#left <= 0) this.stream.sendTrailers(TRAILERS);
  }

  drained(): void {
    this.stream.consumed(this.#owed);
    this.#owed = 0;
    this.#more();
  }

  #more(): void {
    const { stream } = this;
    while (this.#left > 0 && stream.pendingBytes === 0 && !stream.closed) {
      stream.sendData(CHUNK, false);
      this.#left -= CHUNK.length;
    }
  }
}

const node = new Http2Node();
const options = JSON.parse(Deno.args[0]!) as Http2Options;
const { address } = listenTcp({ hostname: "127.0.0.1", port: 0 }, { noDelay: true }, (connection) => {
  Http2Connection.server(connection, node, options, {
    request(stream, list, end) {
      if (list.tooLarge) {
        stream.sendHeaders(TOO_LARGE, true);
        return new Echo(stream, 0);
      }
      stream.sendHeaders(HEADERS, false);
      const large = list.get(":path") === "/large";
      if (end && !large) stream.sendTrailers(TRAILERS);
      return new Echo(stream, large ? LARGE : 0);
    },
    closed: ({ kind, code, reason }) => say({ closed: kind, code, reason }),
    violation: (kind) => say({ violation: kind }),
    protocolError() {},
    failed: (error) => say({ failed: String(error) }),
  });
});
say({ port: address.port });
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
for await (const _ of lines) {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed } = Deno.memoryUsage();
  say({ rss, heapUsed, connections: node.size });
}
Deno.exit(0);
