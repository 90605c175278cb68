import { assert, assertEquals } from "@std/assert";
import { factsOf, type SectionKind } from "../../src/http2/header_rules.ts";
import { HeaderList } from "../../src/http2/hpack/header_list.ts";

type Fields = readonly (readonly [string, string])[];

function listOf(fields: Fields): HeaderList {
  const list = new HeaderList();
  for (const [name, value] of fields) list.append(name, value);
  return list;
}

const ASK: Fields = [[":method", "POST"], [":scheme", "http"], [":path", "/s/m"]];

const rows: readonly (readonly [SectionKind, Fields, string | undefined])[] = [
  ["request", ASK, undefined],
  ["request", [...ASK, ["te", "trailers"], ["x", "y"], ["x", "z"]], undefined],
  ["request", [...ASK, ["te", "Trailers"]], undefined],
  ["request", [...ASK, ["te", "gzip"]], "te may only say trailers"],
  ["request", [...ASK, ["upgrade", "h2c"]], "upgrade belongs to HTTP/1.1"],
  ["request", [...ASK, [":status", "200"]], ":status has no place in a request section"],
  ["request", [...ASK, [":path", "/"]], ":path comes twice"],
  ["request", [...ASK, ["x", "y"], [":authority", "z"]], ":authority stands behind other fields"],
  ["request", [...ASK, [":what", "z"]], '":what" is no pseudo-header field'],
  ["request", ASK.slice(1), ":method is missing"],
  ["request", [[":method", ""], ...ASK.slice(1)], ":method is empty"],
  ["request", [[":method", "GET"], [":path", "/"]], ":scheme is missing"],
  ["request", ASK.slice(0, 2), ":path is missing"],
  ["request", [...ASK.slice(0, 2), [":path", "x"]], ":path does not begin with /"],
  ["request", [...ASK.slice(0, 2), [":path", "*"]], ":path does not begin with /"],
  ["request", [[":method", "OPTIONS"], [":scheme", "http"], [":path", "*"]], undefined],
  ["request", [[":method", "CONNECT"], [":authority", "a:1"]], undefined],
  ["request", [[":method", "CONNECT"]], "CONNECT needs :authority"],
  ["request", [[":method", "CONNECT"], [":authority", "a:1"], [":path", "/"]], "CONNECT has neither :scheme nor :path"],
  ["request", [...ASK, ["content-length", "1x"]], "content-length is no length"],
  ["request", [...ASK, ["content-length", "1"], ["content-length", "2"]], "content-length is no length"],
  ["request", [...ASK, ["content-length", "1"], ["content-length", "1"]], undefined],
  ["request trailers", [["x", "y"]], undefined],
  ["request trailers", [[":path", "/"]], ":path has no place in a request trailers section"],
  ["request trailers", [["connection", "x"]], "connection belongs to HTTP/1.1"],
  ["response", [[":status", "200"], ["connection", "x"], ["te", "x"]], undefined],
  ["response", [], ":status is missing"],
  ["response", [[":status", "2000"]], ":status is no status"],
  ["response", [[":status", "099"]], ":status is no status"],
  ["response", [[":status", "200"], [":status", "200"]], ":status comes twice"],
  ["response", [[":status", "200"], [":path", "/"]], ":path has no place in a response section"],
  ["response trailers", [["grpc-status", "0"], ["upgrade", "x"]], undefined],
  ["response trailers", [[":status", "200"]], ":status has no place in a response trailers section"],
];

for (const [kind, fields, fault] of rows) {
  Deno.test(`a ${kind} section ${JSON.stringify(fields)}: ${fault ?? "stands"}`, () => {
    assertEquals(factsOf(listOf(fields), kind).fault, fault);
  });
}

Deno.test("a list with octets that none may hold does not stand", () => {
  const list = listOf(ASK);
  list.malformed = true;
  assertEquals(factsOf(list, "request").fault, "a name or value holds octets that none may hold");
});

Deno.test("a list is judged once, and again as something else", () => {
  const list = listOf([[":status", "304"], ["content-length", "12"]]);
  const facts = factsOf(list, "response");
  assertEquals([facts.status, facts.contentLength], [304, 12]);
  assert(factsOf(list, "response") === facts);
  assertEquals(factsOf(list, "request").fault, ":status has no place in a request section");
});
