/**
 * What a client of HTTP/1.x gets. PURE.
 * @module
 */

const TEXT = "This port speaks HTTP/2 only (RFC 9113), with prior knowledge or over TLS with ALPN h2.\n";

/** The whole answer. */
export const HTTP1_ANSWER: Uint8Array = new TextEncoder().encode(
  "HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain\r\nconnection: close\r\n" +
    `content-length: ${TEXT.length}\r\n\r\n${TEXT}`,
);

/** Octets in which a request of HTTP/1.x shows what it is. */
const BEGINNING = 20;

/** Whether it begins as a request of HTTP/1.x does: with a method, and not that of our preface. */
export function isHttp1(bytes: Uint8Array, at: number, end: number): boolean {
  const beginning = bytes.subarray(at, Math.min(end, at + BEGINNING));
  return /^(?!PRI )[A-Z]{3,16} /.test(String.fromCharCode(...beginning));
}
