import { assertEquals, assertThrows } from "@std/assert";
import { ar, type Member, tar } from "../../src/build/archive.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("the system's tar unpacks what was packed: contents, modes, directories", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const members: Member[] = [
      { path: "a/", mode: 0o755 },
      { path: "a/empty", mode: 0o600, contents: bytes("") },
      { path: "a/block", mode: 0o644, contents: bytes("x".repeat(512)) },
      { path: "a/run", mode: 0o755, contents: bytes("y".repeat(513)) },
    ];
    await Deno.writeFile(`${directory}/a.tar`, tar(members, 1_700_000_000));
    const command = new Deno.Command("tar", { args: ["-xpf", "a.tar"], cwd: directory });
    const { code, stderr } = await command.output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    for (const { path, mode, contents } of members) {
      const { mode: is, mtime } = await Deno.stat(`${directory}/${path}`);
      assertEquals((is ?? 0) & 0o777, mode);
      if (contents === undefined) continue;
      assertEquals(mtime?.getTime(), 1_700_000_000_000);
      assertEquals(await Deno.readFile(`${directory}/${path}`), contents);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a path that the header has no room for is refused, not cut", () => {
  assertThrows(() => tar([{ path: "x".repeat(99), mode: 0o644, contents: bytes("") }], 0), Error, "Cannot pack xxx");
});

Deno.test("a member of ar with an odd length is filled up, so that the next header is at an even place", () => {
  const text = new TextDecoder().decode(
    ar([{ name: "a", contents: bytes("1") }, { name: "b", contents: bytes("22") }], 7),
  );
  const header = (name: string, size: string) =>
    `${name.padEnd(16)}${"7".padEnd(12)}0     0     100644  ${size.padEnd(10)}\`\n`;
  assertEquals(text, `!<arch>\n${header("a", "1")}1\n${header("b", "2")}22`);
});
