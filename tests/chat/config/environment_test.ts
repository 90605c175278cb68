import { assertEquals } from "@std/assert";
import { chatEnvironment } from "../../../src/chat/config/environment.ts";

const read = (variables: Record<string, string>, host?: string) => chatEnvironment((name) => variables[name], host);

Deno.test("each variable of the chat plane has its key", () => {
  const variables = {
    CHAT_SERVICE_URI: "core:7010",
    MAX_CONNECTIONS_PER_DEVICE: "2",
    CONNECTION_TIMEOUT_SEC: "60",
    HEARTBEAT_INTERVAL_SEC: "10",
    MAX_EVENTS_PER_SECOND: "0",
    CACHE_URI: "redis://redis:6379",
    OAUTH2_ISSUER: "https://auth.example.com",
    OAUTH2_JWT_VERIFY_AUDIENCE: "chat",
    OAUTH2_TOKEN_ENDPOINT: "https://auth.example.com/token",
    JWT_CLIENT_ID: "me",
    JWT_CLIENT_SECRET: "s3cret",
    HTTP_PORT: "8080",
    GRPC_PORT: "0",
    LOG_LEVEL: "DEBUG",
  };
  assertEquals(read(variables).overrides.map(({ path, value, flag }) => [path.join("."), value, flag]), [
    ["chat.core.uri", "core:7010", "environment: CHAT_SERVICE_URI"],
    ["chat.max_connections_per_device", 2, "environment: MAX_CONNECTIONS_PER_DEVICE"],
    ["chat.connection_timeout", "60s", "environment: CONNECTION_TIMEOUT_SEC"],
    ["chat.heartbeat_interval", "10s", "environment: HEARTBEAT_INTERVAL_SEC"],
    ["chat.rate_limit.per_connection", 0, "environment: MAX_EVENTS_PER_SECOND"],
    ["chat.cache.uri", "redis://redis:6379", "environment: CACHE_URI"],
    ["chat.auth.issuer", "https://auth.example.com", "environment: OAUTH2_ISSUER"],
    ["chat.auth.audience", "chat", "environment: OAUTH2_JWT_VERIFY_AUDIENCE"],
    ["chat.auth.token_endpoint", "https://auth.example.com/token", "environment: OAUTH2_TOKEN_ENDPOINT"],
    ["chat.auth.client_id", "me", "environment: JWT_CLIENT_ID"],
    ["chat.auth.client_secret", "s3cret", "environment: JWT_CLIENT_SECRET"],
    ["chat.http.listen", "0.0.0.0:8080", "environment: HTTP_PORT"],
    ["chat.grpc.listen", [], "environment: GRPC_PORT"],
    ["logging.level", "debug", "environment: LOG_LEVEL"],
  ]);
});

Deno.test("a port means loopback where that is the host, and an empty value says nothing", () => {
  const { overrides, problems } = read({ HTTP_PORT: "1", GRPC_PORT: "2", CACHE_URI: "" }, "127.0.0.1");
  assertEquals([overrides.map(({ value }) => value), problems], [["127.0.0.1:1", "127.0.0.1:2"], []]);
});

Deno.test("all wrong variables are told at once, each with what is right", () => {
  const wrong = {
    MAX_CONNECTIONS_PER_DEVICE: "abc",
    CONNECTION_TIMEOUT_SEC: "0",
    HEARTBEAT_INTERVAL_SEC: "1.5",
    HTTP_PORT: "65536",
  };
  assertEquals(read(wrong).problems.map(({ flag, message }) => `${flag}: ${message}`), [
    "environment: MAX_CONNECTIONS_PER_DEVICE: expected a whole number 1..10000, got abc",
    "environment: CONNECTION_TIMEOUT_SEC: expected a whole number of seconds 1..86400, got 0",
    "environment: HEARTBEAT_INTERVAL_SEC: expected a whole number of seconds 1..86400, got 1.5",
    "environment: HTTP_PORT: expected a port 0..65535, got 65536",
  ]);
});
