import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type DebianPackage, debianPackage, packageName } from "../../src/build/debian.ts";
import { installedFiles } from "../../src/build/dist.ts";

const STUB = new TextEncoder().encode("#!/bin/sh\necho here\n");
const hasDpkg = await new Deno.Command("dpkg-deb", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);

async function stubPackage(change: Partial<DebianPackage> = {}): Promise<Uint8Array<ArrayBuffer>> {
  const files = await installedFiles(STUB);
  return debianPackage({ version: "1.2.3", architecture: "amd64", files, time: 1_700_000_000, ...change });
}

async function dpkgDeb(bytes: Uint8Array<ArrayBuffer>, ...args: string[]): Promise<string> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${directory}/a.deb`, bytes);
    const of = args.map((arg) => arg === "DEB" ? `${directory}/a.deb` : arg);
    const { code, stdout, stderr } = await new Deno.Command("dpkg-deb", { args: of, env: { TZ: "UTC" } }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("two packages of the same files are the same bytes, whatever order these come in", async () => {
  const files = await installedFiles(STUB);
  assertEquals(await stubPackage(), await stubPackage({ files: files.toReversed() }));
  const later = await stubPackage({ time: 1_700_000_001 });
  assert(later.toHex() !== (await stubPackage()).toHex());
});

Deno.test("the package is named after version and architecture", () => {
  assertEquals(packageName({ version: "1.2.3", architecture: "arm64" }), "diam-gw_1.2.3_arm64.deb");
});

Deno.test({
  name: "dpkg reads the package: executable, conffile, service, man page and completions, all of root",
  ignore: !hasDpkg,
  async fn() {
    const listed = await dpkgDeb(await stubPackage(), "--contents", "DEB");
    for (
      const [mode, path] of [
        ["-rwxr-xr-x", "usr/bin/diam-gw"],
        ["-rw-r--r--", "etc/diam-gw/diam-gw.yaml"],
        ["-rw-r--r--", "lib/systemd/system/diam-gw.service"],
        ["-rw-r--r--", "usr/share/man/man1/diam-gw.1.gz"],
        ["-rw-r--r--", "usr/share/bash-completion/completions/diam-gw"],
        ["-rw-r--r--", "usr/share/zsh/vendor-completions/_diam-gw"],
        ["-rw-r--r--", "usr/share/fish/vendor_completions.d/diam-gw.fish"],
        ["drwxr-xr-x", "etc/diam-gw/"],
      ]
    ) {
      const line = listed.split("\n").find((entry) => entry.endsWith(` ./${path}`)) ?? "";
      assertEquals([line.slice(0, 10), line.includes(" root/root "), line.includes(" 2023-11-14 ")], [
        mode,
        true,
        true,
      ]);
    }
    assertEquals(await dpkgDeb(await stubPackage(), "--info", "DEB", "conffiles"), "/etc/diam-gw/diam-gw.yaml\n");
    assertStringIncludes(await dpkgDeb(await stubPackage(), "--field", "DEB"), "Version: 1.2.3\nArchitecture: amd64\n");
  },
});

for (const script of ["postinst", "prerm", "postrm"]) {
  Deno.test(`a POSIX shell takes ${script}`, async () => {
    const file = new URL(`../../src/build/debian/${script}.sh`, import.meta.url).pathname;
    const { code, stderr } = await new Deno.Command("sh", { args: ["-n", file] }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  });
}
