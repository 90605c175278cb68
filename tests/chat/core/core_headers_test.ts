import { assertEquals } from "@std/assert";
import { answerHeaders, contentTypeOf, coreHeaders } from "../../../src/chat/core/core_headers.ts";
import { callOf } from "./scene.ts";

Deno.test("F3: the core gets who calls, and never what a device says of itself under these names", () => {
  const headers = {
    host: "gateway.example",
    authorization: "Bearer stolen",
    "x-profile-id": "root",
    "x-device-id": "other",
    "x-gateway-id": "other",
    "x-forwarded-for": "1.1.1.1",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "evil.example",
    "x-forwarded": "for=1.1.1.1",
    "x-real-ip": "1.1.1.1",
    "x-envoy-internal": "true",
    "x-original-uri": "/admin",
    "x-grpc-web": "1",
    cookie: "gateway_id=g-1",
    "content-type": "application/json",
    "content-length": "2",
    "transfer-encoding": "chunked",
    connection: "x-secret",
    te: "trailers",
    "grpc-timeout": "1S",
    "connect-timeout-ms": "5",
    "connect-protocol-version": "1",
    "x-request-id": "r-1",
    "x-tenant": "a, b",
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    tracestate: "a=1",
  };
  assertEquals(coreHeaders(callOf({ headers, remote: "192.0.2.7" }), "g-9"), {
    "x-request-id": "r-1",
    "x-tenant": "a, b",
    traceparent: headers.traceparent,
    tracestate: "a=1",
    authorization: "Bearer t-ann",
    "x-profile-id": "ann",
    "x-device-id": "phone",
    "x-gateway-id": "g-9",
    "x-forwarded-for": "192.0.2.7",
  });
});

Deno.test("F3: who has no device is not given the one that it names", () => {
  const caller = { profileId: "ann", deviceId: undefined, token: "" };
  const headers = { "x-device-id": "phone", authorization: "Bearer x" };
  assertEquals(coreHeaders(callOf({ caller, headers }), "g-9"), {
    "x-profile-id": "ann",
    "x-gateway-id": "g-9",
    "x-forwarded-for": "192.0.2.1",
  });
});

Deno.test("F2: the content type stays as the device wrote it, where it spoke Connect", () => {
  const type = (said: string, encoding: "json" | "proto" = "json") =>
    contentTypeOf(callOf({ encoding, headers: { "content-type": said } }));
  assertEquals(type("application/json; charset=utf-8"), "application/json; charset=utf-8");
  assertEquals(type("Application/JSON"), "Application/JSON");
  assertEquals(type("application/grpc+json"), "application/json");
  assertEquals(type("application/grpc", "proto"), "application/proto");
  assertEquals(type("application/jsonp"), "application/json");
  assertEquals(contentTypeOf(callOf({ encoding: "proto" })), "application/proto");
});

Deno.test("F2: of the core's headers those pass that mean something beyond the connection", () => {
  const answer = answerHeaders([
    [":status", "200"],
    ["connection", "close"],
    ["keep-alive", "timeout=5"],
    ["transfer-encoding", "chunked"],
    ["content-type", "application/json"],
    ["content-length", "2"],
    ["date", "today"],
    ["set-cookie", "a=1"],
    ["grpc-status", "0"],
    ["access-control-allow-origin", "*"],
    ["x-gateway-id", "other"],
    ["x-cost", "3"],
    ["trailer-x-sum", "9"],
    ["x-many", "a"],
    ["x-many", "b"],
    ["retry-after", "1"],
  ]);
  assertEquals(answer, { "x-cost": "3", "trailer-x-sum": "9", "x-many": "a, b", "retry-after": "1" });
});
