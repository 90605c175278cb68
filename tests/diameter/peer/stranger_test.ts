import { assertEquals } from "@std/assert";
import { describeStranger } from "../../../src/diameter/peer/stranger.ts";

const encoder = new TextEncoder();
const NO_MESSAGE = "it sent bytes that are no Diameter message";

const CASES: [what: string, kind: string, bytes: Uint8Array, says: string][] = [
  [
    "a TLS handshake",
    "length",
    new Uint8Array([22, 3, 1, 2, 0, 1]),
    `${NO_MESSAGE}: they look like TLS, and this connection is plain TCP`,
  ],
  [
    "a TLS alert",
    "length",
    new Uint8Array([21, 3, 3, 0, 2, 2, 40]),
    `${NO_MESSAGE}: they look like TLS, and this connection is plain TCP`,
  ],
  ["an HTTP server", "length", encoder.encode("HTTP/1.1 400 Bad Request\r\n"), `${NO_MESSAGE}: they look like HTTP`],
  ["an HTTP client", "length", encoder.encode("GET / HTTP/1.1\r\n"), `${NO_MESSAGE}: they look like HTTP`],
  ["an HTTP/2 client", "length", encoder.encode("PRI * HTTP/2.0\r\n\r\n"), `${NO_MESSAGE}: they look like HTTP`],
  ["an SSH server", "length", encoder.encode("SSH-2.0-OpenSSH_9.2\r\n"), `${NO_MESSAGE}: they look like SSH`],
  ["a greeting", "length", encoder.encode("220 mail ready\r\n"), `${NO_MESSAGE}: they are text, "220 mail ready"`],
  ["other bytes", "version", new Uint8Array([2, 0, 0, 20, 0, 0]), NO_MESSAGE],
  [
    "a short message",
    "length",
    new Uint8Array([1, 0, 0, 12]),
    "it sent a message with an impossible length: 12 is less than a header has, 20",
  ],
  [
    "a long message",
    "length",
    new Uint8Array([1, 1, 0, 2]),
    "it sent a message with an impossible length: 65538 is above the limit (max_message_size)",
  ],
  [
    "an odd message",
    "alignment",
    new Uint8Array([1, 0, 0, 22]),
    "it sent a message with an impossible length: 22 is no multiple of 4",
  ],
];

for (const [what, kind, bytes, says] of CASES) {
  Deno.test(`what ends a connection is called by its name: ${what}`, () => {
    assertEquals(describeStranger(kind, bytes), says);
  });
}
