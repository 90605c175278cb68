import { assert, assertEquals } from "@std/assert";
import { responseFacts } from "../../src/grpc/response.ts";
import { listOf, pairsOf } from "./support/stage.ts";

Deno.test("a list without headers of a connection goes on as it is, and is looked at once", () => {
  const list = listOf([[":status", "200"], ["x", "1"], ["grpc-status", "0"]]);
  const facts = responseFacts(list);
  assert(facts.list === list);
  assert(responseFacts(list) === facts);
});

Deno.test("headers of a connection are left out; what must not be indexed stays so", () => {
  const list = listOf([["connection", "close"], ["a", "1"], ["te", "trailers"], ["upgrade", "h3"]]);
  list.append("secret", "s", true);
  const { list: cleaned } = responseFacts(list);
  assertEquals(pairsOf(cleaned), [["a", "1"], ["secret", "s"]]);
  assertEquals(cleaned.neverIndexed, new Set([1]));
});

Deno.test("headers that end a call are trailers for who has headers already", () => {
  const list = listOf([[":status", "200"], ["content-type", "application/grpc"], ["grpc-status", "5"], ["x", "1"]]);
  assertEquals(pairsOf(responseFacts(list).asTrailers), [["grpc-status", "5"], ["x", "1"]]);
});

const STATUSES: readonly [headers: [string, string][], status: number][] = [
  [[["grpc-status", "0"]], 0],
  [[["grpc-status", "16"]], 16],
  [[["grpc-status", "17"]], 2],
  [[["grpc-status", "-1"]], 2],
  [[["grpc-status", ""]], 2],
  [[["grpc-status", "x"]], 2],
  [[[":status", "200"]], 2],
  [[[":status", "404"]], 12],
  [[[":status", "401"]], 16],
  [[[":status", "503"]], 14],
  [[[":status", "503"], ["grpc-status", "8"]], 8],
  [[], 2],
];
for (const [headers, status] of STATUSES) {
  Deno.test(`the status of ${JSON.stringify(headers)} is ${status}`, () => {
    assertEquals(responseFacts(listOf(headers)).status, status);
  });
}
