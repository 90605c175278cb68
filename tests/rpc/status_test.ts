import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { isGrpc, noRoute, NOT_GRPC, REFUSAL } from "../../src/grpc/refusals.ts";
import { decodeMessage, encodeMessage, STATUS, statusName, trailers, trailersOnly } from "../../src/rpc/status.ts";
import type { HeaderList } from "../../src/http2/hpack/header_list.ts";

const fields = ({ names, values }: HeaderList) => names.map((name, i) => `${name}: ${values[i]}`);

Deno.test("the codes are those of gRPC", () => {
  assertEquals(Object.keys(STATUS).length, 17);
  assertEquals(Object.keys(STATUS).map((name) => statusName(String(STATUS[name as keyof typeof STATUS]))), [
    ...Object.keys(STATUS),
  ]);
});

for (const text of ["17", "99", "", "-1", "abc", "1.5", "016", "constructor"]) {
  Deno.test(`grpc-status ${JSON.stringify(text)} is UNKNOWN`, () => assertEquals(statusName(text), "UNKNOWN"));
}

for (
  const [text, written] of [
    ["all instances are busy", "all instances are busy"],
    ["100 %", "100 %25"],
    ["a\nb\tc", "a%0Ab%09c"],
    ["für ~", "f%C3%BCr ~"],
    ["\x7f", "%7F"],
    ["🦀", "%F0%9F%A6%80"],
    ["", ""],
  ] as const
) {
  Deno.test(`grpc-message ${JSON.stringify(text)} is written ${written}`, () => {
    assertEquals(encodeMessage(text), written);
    assertEquals(decodeMessage(written), text);
  });
}

Deno.test("a percent sign that begins nothing stands for itself", () => {
  assertEquals(decodeMessage("100% %zz %4"), "100% %zz %4");
});

Deno.test("every text comes back, and only printable ASCII travels", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    assert(/^[\x20-\x7e]*$/.test(encodeMessage(text)));
    assertEquals(decodeMessage(encodeMessage(text)), text);
  }));
});

Deno.test("an answer of the gateway is Trailers-Only, and trailers where headers have gone", () => {
  assertEquals(fields(trailersOnly(14, "a%b")), [
    ":status: 200",
    "content-type: application/grpc",
    "grpc-status: 14",
    "grpc-message: a%25b",
  ]);
  assertEquals(fields(trailers(4, "deadline exceeded")), ["grpc-status: 4", "grpc-message: deadline exceeded"]);
});

for (
  const [name, code, message] of [
    ["missingSession", 16, "missing session-id"],
    ["badToken", 16, "missing or invalid token"],
    ["busy", 8, "all instances are busy"],
    ["backend", 14, "backend service unavailable"],
    ["deadline", 4, "deadline exceeded"],
    ["badTimeout", 13, "malformed grpc-timeout"],
    ["headersTooLarge", 8, "header list too large"],
    ["draining", 14, "gateway is shutting down"],
    ["tooOld", 14, "connection too old"],
    ["partFailed", 13, "gateway error"],
  ] as const
) {
  Deno.test(`the gateway answers ${code} "${message}", with the same list each time`, () => {
    const refusal = REFUSAL[name];
    assertEquals(fields(refusal.trailersOnly).slice(2), [`grpc-status: ${code}`, `grpc-message: ${message}`]);
    assertEquals(fields(refusal.trailers), [`grpc-status: ${code}`, `grpc-message: ${message}`]);
    assert(refusal.trailersOnly === refusal.trailersOnly && refusal.trailers === refusal.trailers);
  });
}

Deno.test("a call without a route is told which method has none", () => {
  const { code, message, reason } = noRoute("/pkg.Service/Méthod");
  assertEquals([code, message, reason], [12, "no route for /pkg.Service/Méthod", "no_route"]);
});

Deno.test("what is not gRPC gets an HTTP status", () => {
  assertEquals(fields(NOT_GRPC.method), [":status: 405", "allow: POST"]);
  assertEquals(fields(NOT_GRPC.contentType), [":status: 415"]);
});

for (
  const [type, expected] of [
    ["application/grpc", true],
    ["application/grpc+proto", true],
    ["application/grpc;charset=utf-8", true],
    ["application/grpc-web", false],
    ["application/grpcx", false],
    ["application/grpc ", false],
    ["application/json", false],
    ["", false],
    [undefined, false],
  ] as const
) {
  Deno.test(`content-type ${JSON.stringify(type)} is ${expected ? "" : "not "}gRPC`, () => {
    assertEquals(isGrpc(type), expected);
  });
}
