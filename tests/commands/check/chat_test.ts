import { assert, assertEquals } from "@std/assert";
import { runMain } from "../run_main.ts";

Deno.test("check chat shows what the environment amounts to, without its secrets", async () => {
  const { code, stdout, stderr } = await runMain(["check", "chat", "--print"], {
    OAUTH2_ISSUER: "https://auth.example.com",
    CACHE_URI: "redis://gw:sesame@cache:6379",
    JWT_CLIENT_ID: "me",
    JWT_CLIENT_SECRET: "open-sesame",
    OAUTH2_TOKEN_ENDPOINT: "https://auth.example.com/token",
    GRPC_PORT: "0",
    HTTP_PORT: "8080",
  });
  assertEquals([code, stderr], [0, ""]);
  assert(stdout.includes("redis://gw:********@cache:6379"), stdout);
  assert(stdout.includes("0.0.0.0:8080"), stdout);
  assert(!stdout.includes("sesame"), stdout);
});

Deno.test("check reads a file with a section chat as serve would", async () => {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(file, "chat:\n  auth: {issuer: 'https://a.example.com'}\n  core: {timeout: soon}\n");
  const wrong = await runMain(["check", "-c", file]);
  assertEquals(wrong.code, 2);
  assert(wrong.stderr.startsWith(`${file}: chat.core.timeout: expected a duration`), wrong.stderr);
  await Deno.writeTextFile(file, "chat:\n  auth: {issuer: 'https://a.example.com'}\n");
  const right = await runMain(["check", "-c", file]);
  assertEquals([right.code, right.stdout.split("\n").slice(0, 5)], [0, [
    `${file}: ok`,
    "  chat listens on 0.0.0.0:80 (HTTP/1.1)",
    "  chat listens on 0.0.0.0:50051 (HTTP/2)",
    "  tokens of https://a.example.com, for service_chat_gateway",
    "  core 127.0.0.1:7010, cache mem://",
  ]]);
  await Deno.remove(file);
});
