import { assertEquals, assertMatch } from "@std/assert";
import { type Finished, run } from "../../src/build/run.ts";

const SCRIPT = new URL("../../src/build/with_deno.sh", import.meta.url).pathname;
const TOOLS = ["awk", "dirname", "mkdir", "cp", "sh", "uname"];

/**
 * A checkout that holds only the script, and a PATH that holds only a few tools and what the test
 * puts there.
 */
interface Checkout extends AsyncDisposable {
  readonly root: string;
  command(name: string, script: string): Promise<string>;
  start(...args: string[]): Promise<Finished>;
}

async function checkout(): Promise<Checkout> {
  const root = await Deno.makeTempDir({ prefix: "diam-gw-test-" });
  await Deno.mkdir(`${root}/src/build`, { recursive: true });
  await Deno.mkdir(`${root}/bin`);
  await Deno.copyFile(SCRIPT, `${root}/src/build/with_deno.sh`);
  for (const tool of TOOLS) {
    const found = await run("/bin/sh", { args: ["-c", `command -v ${tool}`], timeout: 5_000 });
    await Deno.symlink(found.stdout.trim(), `${root}/bin/${tool}`);
  }
  return {
    root,
    async command(name, script) {
      const path = `${root}/bin/${name}`;
      await Deno.writeTextFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      return path;
    },
    start: (...args) =>
      run(`${root}/src/build/with_deno.sh`, { args, env: { PATH: `${root}/bin` }, clearEnv: true, timeout: 10_000 }),
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

/** A `deno` that says it has this version, is at `path`, and otherwise prints its arguments. */
const fake = (version: string, path: string): string =>
  `if [ "$1" = eval ]; then echo "${version} ${path}"; else echo "${version}:" "$@"; fi`;

for (const version of ["2.9.6", "2.9.10", "2.10.0", "2.9.7+abcdef"]) {
  Deno.test(`a deno ${version} on the PATH is used, by the path of its executable`, async () => {
    await using sandbox = await checkout();
    const real = `${sandbox.root}/bin/real`;
    await sandbox.command("real", fake(version, real));
    await sandbox.command("deno", fake(version, real));
    assertEquals(await sandbox.start("task", "a b"), { code: 0, stdout: `${version}: task a b\n`, stderr: "" });
  });
}

for (const version of ["2.9.5", "2.8.9", "1.46.3", "3.0.0"]) {
  Deno.test(`a deno ${version} on the PATH does not fit, and without npm that is an error that says what to install`, async () => {
    await using sandbox = await checkout();
    await sandbox.command("deno", fake(version, `${sandbox.root}/bin/deno`));
    const result = await sandbox.start("task");
    assertEquals(result.code, 1);
    assertMatch(result.stderr, /^with_deno: Deno 2\.9\.6 .* neither one on the PATH nor npm .*: install Node\.js/);
  });
}

Deno.test("without a fitting deno the pinned one is fetched once, and put on the PATH of what runs", async () => {
  await using sandbox = await checkout();
  await sandbox.command("template", `if [ "$1" = eval ]; then echo "2.9.6 $0"; else command -v deno; fi`);
  await sandbox.command(
    "npm",
    `echo fetched >&2
for platform in linux-x64-glibc linux-arm64-glibc darwin-x64 darwin-arm64; do
  mkdir -p "$3/node_modules/@deno/$platform" && cp "${sandbox.root}/bin/template" "$3/node_modules/@deno/$platform/deno"
done`,
  );
  const first = await sandbox.start("x");
  assertEquals(first.code, 0);
  assertMatch(first.stdout, /\/\.tools\/node_modules\/@deno\/[a-z0-9-]+\/deno\n$/);
  assertEquals(first.stderr, "Fetching Deno 2.9.6 from npm into .tools ...\nfetched\n");
  assertEquals((await sandbox.start("x")).stderr, "");
});

Deno.test("an npm that fails is reported", async () => {
  await using sandbox = await checkout();
  await sandbox.command("npm", "exit 1");
  const result = await sandbox.start("x");
  assertEquals(result.code, 1);
  assertMatch(result.stderr, /with_deno: npm could not fetch deno@2\.9\.6/);
});
