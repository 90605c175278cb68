import { assert, assertEquals, assertThrows } from "@std/assert";
import { Metadata } from "../../src/grpc/metadata.ts";
import { HeaderList } from "../../src/http2/hpack/header_list.ts";

const list = () =>
  new HeaderList().append(":path", "/s/M").append("x", "1").append("authorization", "t", true).append("x", "2");

Deno.test("metadata that nobody changes is the list it was made of", () => {
  const headers = list();
  const metadata = new Metadata(headers);
  assertEquals([metadata.get("x"), metadata.getAll("x"), metadata.has("y")], ["1", ["1", "2"], false]);
  metadata.delete("y");
  assert(metadata.list === headers);
});

Deno.test("a change leaves the shared list alone, and a sensitive value sensitive", () => {
  const headers = list();
  const metadata = new Metadata(headers);
  metadata.set("x", "3");
  metadata.append("x", "4");
  assertEquals([...metadata], [[":path", "/s/M"], ["authorization", "t"], ["x", "3"], ["x", "4"]]);
  assertEquals([...metadata.list.neverIndexed ?? []], [1]);
  assertEquals(headers.values, ["/s/M", "1", "t", "2"]);
  metadata.delete("authorization");
  assertEquals([metadata.has("authorization"), metadata.list.neverIndexed], [false, undefined]);
});

for (
  const [name, value] of [[":path", "/x"], ["X", "1"], ["", "1"], ["x", "a\r\nb"], ["x", "ü€"], ["x", " a"]] as const
) {
  Deno.test(`metadata takes no ${JSON.stringify(`${name}: ${value}`)}`, () => {
    assertThrows(() => new Metadata(list()).set(name, value), TypeError);
    assertThrows(() => new Metadata(list()).append(name, value), TypeError);
  });
}
