import { assert, assertEquals } from "@std/assert";
import { type Http1Request, serveHttp1 } from "../../../src/chat/sim/http1_session.ts";
import type { Connection } from "../../../src/net/connection.ts";
import { bytes, text } from "../core/scene.ts";

/** A connection that brings `pieces`, and what was written to it. */
function played(pieces: readonly string[]) {
  const said = { text: "", closed: false };
  const left = pieces.map(bytes);
  const connection = {
    read(into: Uint8Array): Promise<number | null> {
      const next = left.shift();
      if (next === undefined) return Promise.resolve(null);
      const count = Math.min(into.length, next.length);
      into.set(next.subarray(0, count));
      if (count < next.length) left.unshift(next.slice(count));
      return Promise.resolve(count);
    },
    write(piece: Uint8Array): Promise<number> {
      // As sockets may: never all at once.
      const count = Math.min(piece.length, 7);
      said.text += text(piece.subarray(0, count));
      return Promise.resolve(count);
    },
    close: () => void (said.closed = true),
  } as unknown as Connection;
  return { connection, said };
}

/** `METHOD PATH BODY` of each request, and what was answered. */
async function served(pieces: readonly string[]) {
  const { connection, said } = played(pieces);
  const requests: Http1Request[] = [];
  await serveHttp1(connection, (request) => {
    requests.push({ ...request, body: request.body.slice() });
    return Promise.resolve({ status: 200, headers: { "x-a": "b" }, body: bytes("ok") });
  });
  assert(said.closed);
  return { requests: requests.map(({ method, path, body }) => `${method} ${path} ${text(body)}`), said: said.text };
}

const OK = "HTTP/1.1 200 \r\nx-a: b\r\ncontent-length: 2\r\n\r\nok";
const PLAIN = "POST /a?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKED = "POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nx-t: 1\r\n\r\n";

Deno.test("requests are read however they are cut, one after the other", async () => {
  const whole = PLAIN + CHUNKED + "GET / HTTP/1.1\r\n\r\n" + PLAIN;
  for (const pieces of [[whole], whole.split(""), whole.match(/[^]{1,9}/g)!]) {
    const { requests, said } = await served(pieces);
    assertEquals(requests, ["POST /a hello", "POST /b hello", "GET / ", "POST /a hello"]);
    assertEquals(said, OK.repeat(4));
  }
});

Deno.test("a body that is larger than what was set aside for it arrives whole", async () => {
  const body = "x".repeat(300_000);
  const { requests } = await served([`POST / HTTP/1.1\r\ncontent-length: ${body.length}\r\n\r\n${body}${PLAIN}`]);
  assertEquals(requests, [`POST / ${body}`, "POST /a hello"]);
});

Deno.test("a client that wants to close, or to be told to go on, is served so", async () => {
  const { requests, said } = await served([
    "POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
    PLAIN,
  ]);
  assertEquals(requests, ["POST / {}"]);
  assertEquals(
    said,
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 \r\nconnection: close\r\nx-a: b\r\ncontent-length: 2\r\n\r\nok",
  );
});

for (
  const [what, wrong, status] of [
    ["no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", 400],
    ["another version", "GET / HTTP/1.0\r\n\r\n", 400],
    ["a path that is none", "GET x HTTP/1.1\r\n\r\n", 400],
    ["a header without a name", "GET / HTTP/1.1\r\n: x\r\n\r\n", 400],
    ["a header that is folded", "GET / HTTP/1.1\r\na: b\r\n c: d\r\n\r\n", 400],
    ["a length that is none", "GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 400],
    ["a length and chunks", "GET / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 400],
    ["a coding that nobody knows", "GET / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n", 400],
    ["a chunk without a length", "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nx\r\n", 400],
    ["a chunk that is longer than it says", "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nxx\r\n", 400],
    ["half a body", "GET / HTTP/1.1\r\ncontent-length: 5\r\n\r\nxx", 400],
    ["half a head", "GET / HTTP/1.1\r\nhos", 400],
    ["too much", `GET / HTTP/1.1\r\ncontent-length: ${2 ** 30}\r\n\r\n`, 413],
    ["a head without an end", `GET / HTTP/1.1\r\n${"x: y\r\n".repeat(20_000)}`, 431],
    ["a line without an end", `GET /${"x".repeat(100_000)}`, 431],
  ] as const
) {
  Deno.test(`a request with ${what} ends the connection with ${status}`, async () => {
    const { requests, said } = await served([wrong]);
    assertEquals(requests, []);
    assertEquals(said, `HTTP/1.1 ${status} \r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  });
}

Deno.test("a client that says nothing is not answered", async () => {
  assertEquals(await served([]), { requests: [], said: "" });
});
