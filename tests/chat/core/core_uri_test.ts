import { assertEquals } from "@std/assert";
import { parseCoreUri } from "../../../src/chat/core/core_uri.ts";

for (
  const [uri, protocol, tls, hostname, port, prefix] of [
    ["127.0.0.1:7010", "connect", false, "127.0.0.1", 7010, ""],
    ["chat-service:7010", "connect", false, "chat-service", 7010, ""],
    ["[::1]:7010", "connect", false, "::1", 7010, ""],
    ["http://core:80", "connect", false, "core", 80, ""],
    ["http://core", "connect", false, "core", 80, ""],
    ["https://core/", "connect", true, "core", 443, ""],
    ["https://core:8443/api/v2/", "connect", true, "core", 8443, "/api/v2"],
    ["grpc://core:50051", "grpc", false, "core", 50051, ""],
    ["grpcs://[2001:db8::1]", "grpc", true, "2001:db8::1", 443, ""],
  ] as const
) {
  Deno.test(`the core is at ${uri}`, () => {
    assertEquals(parseCoreUri(uri), { protocol, tls, hostname, port, prefix });
  });
}

for (
  const uri of [
    "",
    "core",
    "core:",
    "core:0",
    "core:70000",
    "ftp://core:1",
    "constructor://core:1",
    "http://",
    "http://user@core:1",
    "http://core:1?x",
    "core:1/path",
    "a b:1",
  ]
) {
  Deno.test(`${JSON.stringify(uri)} is nowhere to look for a core`, () => assertEquals(parseCoreUri(uri), undefined));
}
