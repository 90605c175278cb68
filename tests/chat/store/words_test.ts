import { assertEquals } from "@std/assert";
import { readWord, Words, writeWord } from "../../../src/chat/store/words.ts";
import { bytes, text } from "./scene.ts";

const word = (entry: string, heard = "") => ({ heard, entry, body: bytes(`word ${entry}`) });

function words() {
  const lines: string[] = [];
  return { lines, words: new Words("gw1", (body) => lines.push(text(body))) };
}

Deno.test("a word is read as it was written, and nonsense is none", () => {
  for (const it of [{ heard: "gw 1", entry: "1-2", body: bytes("a\nb") }, { heard: "", entry: "", body: bytes("") }]) {
    const read = readWord(writeWord(it))!;
    assertEquals([read.heard, read.entry, text(read.body)], [it.heard, it.entry, text(it.body)]);
  }
  for (const nonsense of ["", "a", "\n", "a\nb\nc", "a\n1-x\nc"]) assertEquals(readWord(bytes(nonsense)), undefined);
});

Deno.test("R5 words that came while nobody listened are heard before those that came after, once", () => {
  const { lines, words: it } = words();
  it.last = "0-0";
  it.caughtUp([]);
  it.offer(word("5-0"));
  it.interrupted();
  it.offer(word("9-0"));
  it.offer(word("11-0"));
  assertEquals(lines, ["word 5-0"]);
  it.caughtUp([word("8-0"), word("9-0"), word("10-0")]);
  it.offer(word("11-0"));
  assertEquals(lines, ["word 5-0", "word 8-0", "word 9-0", "word 10-0", "word 11-0"]);
});

Deno.test("a word that is not kept waits for nothing, and whoever has heard a word does not hear it again", () => {
  const { lines, words: it } = words();
  it.offer(word(""));
  it.last = "0-0";
  it.caughtUp([word("1-0", "gw1"), word("1-1", "gw2")]);
  assertEquals(lines, ["word ", "word 1-1"]);
});
