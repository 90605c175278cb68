import { assertEquals } from "@std/assert";
import type { RpcError } from "../../src/rpc/error.ts";
import { decodeStatusDetails, encodeStatusDetails } from "../../src/rpc/status_details.ts";

const ERROR: RpcError = {
  code: "permission_denied",
  message: "nicht für dich",
  details: [
    { type: "google.rpc.RetryInfo", value: Uint8Array.of(10, 2, 8, 1) },
    { type: "x.Y", value: new Uint8Array(300).fill(7) },
    { type: "x.Empty", value: new Uint8Array() },
  ],
};

Deno.test("an error with its details comes back as it went", () => {
  assertEquals(decodeStatusDetails(encodeStatusDetails(ERROR)), ERROR);
  assertEquals(decodeStatusDetails(encodeStatusDetails({ code: "aborted", message: "" })), {
    code: "aborted",
    message: "",
  });
});

Deno.test("details are written as every other implementation writes them", () => {
  // google.rpc.Status{code: 3, message: "no", details: [Any{"type.googleapis.com/a.B", 0x01}]}
  const error: RpcError = {
    code: "invalid_argument",
    message: "no",
    details: [{ type: "a.B", value: Uint8Array.of(1) }],
  };
  assertEquals(encodeStatusDetails(error), "CAMSAm5vGhwKF3R5cGUuZ29vZ2xlYXBpcy5jb20vYS5CEgEB");
});

for (const wrong of ["", "!", "CAMSAm5", "GgE=", "GgH/", "Cw==", "gICAgICAgICAgAE="]) {
  Deno.test(`status details ${JSON.stringify(wrong)} cannot be read, and nothing breaks`, () => {
    const read = decodeStatusDetails(wrong);
    if (read !== undefined) assertEquals(read.code, "unknown");
  });
}
