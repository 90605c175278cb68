import { assertEquals } from "@std/assert";
import { codeOfHttp, connectError, parseConnectError } from "../../src/rpc/connect_error.ts";
import { codeOfGrpc, ERROR_CODES, type RpcError } from "../../src/rpc/error.ts";

Deno.test("an error of Connect comes back as it went, details too", () => {
  const error: RpcError = {
    code: "resource_exhausted",
    message: "später",
    details: [{ type: "google.rpc.RetryInfo", value: Uint8Array.of(10, 2, 8) }],
  };
  const json = connectError(error);
  assertEquals(json, {
    code: "resource_exhausted",
    message: "später",
    details: [{ type: "google.rpc.RetryInfo", value: "CgII" }],
  });
  assertEquals(parseConnectError(JSON.stringify(json)), error);
  assertEquals(parseConnectError(JSON.stringify(connectError({ code: "aborted", message: "" }))), {
    code: "aborted",
    message: "",
  });
});

Deno.test("what another implementation adds to an error does not harm", () => {
  const text = JSON.stringify({
    code: "not_found",
    extra: 1,
    details: [{ type: "type.googleapis.com/a.B", value: "AQ", debug: { x: 1 } }, { type: 1 }, null, {
      type: "c.D",
      value: "*",
    }],
  });
  assertEquals(parseConnectError(text), {
    code: "not_found",
    message: "",
    details: [{ type: "a.B", value: Uint8Array.of(1) }],
  });
});

for (const text of ["", "<html>", "null", "[]", "7", "{}", '{"code":"nope"}', '{"code":"constructor"}', '{"code":7}']) {
  Deno.test(`${JSON.stringify(text)} is no error of Connect`, () => {
    assertEquals(parseConnectError(text), undefined);
  });
}

Deno.test("every code has its number of gRPC, and what is no number of one is unknown", () => {
  for (const [name, { grpc }] of Object.entries(ERROR_CODES)) assertEquals(codeOfGrpc(grpc), name);
  for (const number of [0, 17, -1, NaN]) assertEquals(codeOfGrpc(number), "unknown");
});

Deno.test("an answer that is no error of Connect is judged by its status", () => {
  const codes = [400, 401, 403, 404, 418, 429, 500, 502, 503, 504].map(codeOfHttp);
  assertEquals(
    codes.join(" "),
    "internal unauthenticated permission_denied unimplemented unknown unavailable " +
      "unknown unavailable unavailable unavailable",
  );
});
