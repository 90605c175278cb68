import { assert, assertEquals } from "@std/assert";
import { CHAT_SECTIONS } from "../../../src/chat/config/section.ts";
import { diffConfig, loadConfig, printConfig } from "../../../src/ops/config/mod.ts";

const load = (text: string) => loadConfig(CHAT_SECTIONS, { file: "gw.yaml", text });
const errorsOf = (text: string) => load(text).errors.map((line) => line.replace("gw.yaml: chat.", ""));
const chat = (...lines: string[]) => ["chat:", "auth: {issuer: 'https://a.example.com'}", ...lines].join("\n  ");

for (
  const [written, error] of [
    ["core: {timeout: soon}", 'core.timeout: expected a duration such as 250ms, 30s, 5m or 1h, got "soon"'],
    [
      "core: {uri: 'ftp://x:1'}",
      'core.uri: expected HOST:PORT, http(s)://HOST[:PORT] or grpc(s)://HOST:PORT, got "ftp://x:1"',
    ],
    ["core: {uri: core}", 'core.uri: expected HOST:PORT, http(s)://HOST[:PORT] or grpc(s)://HOST:PORT, got "core"'],
    ["heartbeat_interval: 5m", "heartbeat_interval: expected less than connection_timeout (5m), got 5m"],
    [
      "on_device_limit: replaces",
      'on_device_limit: expected replace or reject, got "replaces"; did you mean "replace"?',
    ],
    ["max_connections_per_device: 0", "max_connections_per_device: expected a whole number 1..10000, got 0"],
    [
      "http: {allowed_origins: [chat]}",
      'http.allowed_origins[0]: expected an origin such as https://chat.example.com, or "*", got "chat"',
    ],
    [
      "http: {trusted_proxies: [10.0.0.0/99]}",
      'http.trusted_proxies[0]: expected an address or a network such as 10.0.0.0/8, got "10.0.0.0/99"',
    ],
    [
      "http: {listen: []}\n  grpc: {listen: []}",
      "http.listen: expected at least one HOST:PORT here or in grpc.listen, got empty lists",
    ],
    ["http: {tls: {cert: a.pem}}", "http.tls.key: missing: the file of the private key"],
    ["send_queue: 32KiB", "send_queue: expected at least max_message_size (64KiB), got 32KiB"],
    ["histroy: {size: 1}", 'histroy: unknown key, did you mean "history"?'],
  ] as const
) {
  Deno.test(`a wrong value of the chat plane is told with its path and what is right: ${written.split("\n")[0]}`, () => {
    const errors = errorsOf(chat(written)).map((line) => line.replace(/ \(did you mean .*$/, ""));
    assertEquals(errors.length, 1, errors.join("\n"));
    assert(errors[0]!.startsWith(error.split(", did you")[0]!), errors[0]!);
  });
}

Deno.test("all wrong values of the chat plane are told at once", () => {
  assertEquals(errorsOf(chat("core: {timeout: x}", "history: {size: -1}", "compression: maybe")).length, 3);
});

Deno.test("whose tokens count must be said, and only once", () => {
  const [missing] = errorsOf("chat: {}");
  assert(missing?.includes("OAUTH2_ISSUER"), missing);
  assertEquals(errorsOf("chat: {auth: {issuer: 'https://a', secret: s}}"), [
    "auth.secret: expected exactly one of auth.issuer, auth.jwks_uri and auth.secret, got issuer and secret",
  ]);
});

Deno.test("client credentials are whole or absent", () => {
  assertEquals(errorsOf("chat: {auth: {issuer: 'https://a', client_id: me}}"), [
    "auth.token_endpoint: missing: auth.client_id needs it",
    "auth.client_secret: missing: auth.client_id needs it",
  ]);
});

Deno.test("a timeout below two heartbeats is a warning", () => {
  const loaded = load(chat("connection_timeout: 50s", "cache: {uri: 'redis://r:6379'}"));
  assertEquals(loaded.warnings, [
    "gw.yaml: chat.connection_timeout: warning: less than 2 x heartbeat_interval (30s): " +
    "one heartbeat that is late closes a connection",
  ]);
});

Deno.test("A9: the password of the cache is in no output", () => {
  const secret = "sesame@42";
  const right = load(chat(`cache: {uri: 'redis://user:${secret}@cache:6379/1'}`));
  assert(right.ok, right.errors.join());
  assertEquals(right.config.chat.cache.uri, `redis://user:${secret}@cache:6379/1`);
  const printed = printConfig(CHAT_SECTIONS, right.config);
  assert(printed.includes("redis://user:********@cache:6379/1"), printed);
  const other = load(chat("cache: {uri: 'redis://cache:6379'}"));
  assert(other.ok);
  const wrong = errorsOf(chat(`cache: {uri: 'radis://user:${secret}@cache:6379'}`));
  const diff = JSON.stringify(diffConfig(CHAT_SECTIONS, right.config, other.config));
  for (const text of [printed, diff, ...wrong]) assert(!text.includes("sesame"), text);
  assertEquals(wrong.length, 1);
});

Deno.test("a reload needs a restart for addresses, cache and name, and for nothing else", () => {
  const before = load(chat("max_connections: 1"));
  const after = load(
    chat(
      "max_connections: 2",
      "gateway_id: gw-1",
      "http: {listen: '127.0.0.1:1', allowed_origins: ['*']}",
      "grpc: {listen: '127.0.0.1:2'}",
      "cache: {uri: 'redis://r:1', outage_queue: 1}",
      "core: {uri: '127.0.0.1:3'}",
    ),
  );
  assert(before.ok && after.ok, [...before.errors, ...after.errors].join("\n"));
  assertEquals(diffConfig(CHAT_SECTIONS, before.config, after.config).needsRestart, [
    "chat.gateway_id",
    "chat.http.listen",
    "chat.grpc.listen",
    "chat.cache.uri",
  ]);
});
