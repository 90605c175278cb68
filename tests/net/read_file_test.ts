import { assertEquals, assertRejects } from "@std/assert";
import { FileError, readFile, readTextFile } from "../../src/net/read_file.ts";
import { reasonOf } from "../../src/net/reason.ts";

const UNREADABLE: [file: string, says: string, missing: boolean][] = [
  ["/no/such/file", "cannot read /no/such/file: no such file", true],
  ["", 'cannot read "": no such file', true],
  ["/no such/file", 'cannot read "/no such/file": no such file', true],
  ["/tmp", "cannot read /tmp: it is a directory", false],
  ["/etc/passwd/x", "cannot read /etc/passwd/x: a part of its path is no directory", true],
  [`/tmp/${"0".repeat(300)}`, `cannot read /tmp/${"0".repeat(300)}: no such file`, true],
];

for (const [file, says, missing] of UNREADABLE) {
  Deno.test(`a file that cannot be read is told in one wording: ${says.slice(0, 60)}`, async () => {
    for (const read of [readFile, readTextFile]) {
      const error = await assertRejects(() => read(file), FileError);
      assertEquals([error.message, error.missing], [says, missing]);
    }
  });
}

Deno.test("a file in UTF-16, or of no text at all, is told so, not read as nonsense", async () => {
  const file = await Deno.makeTempFile();
  try {
    for (const bytes of [[0xff, 0xfe, 0x61, 0, 0x3a, 0, 0x20, 0, 0x31, 0], [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]]) {
      await Deno.writeFile(file, Uint8Array.from(bytes));
      const error = await assertRejects(() => readTextFile(file), FileError);
      assertEquals(error.message, `cannot read ${file}: it is no text in UTF-8`);
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("what the system says becomes a clause of a sentence", () => {
  assertEquals(reasonOf(new Error("Connection refused (os error 111)")), "connection refused");
  assertEquals(reasonOf(new Error("TLS handshake failed")), "TLS handshake failed");
  assertEquals(reasonOf("so"), "so");
});
