import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { type Finished, run } from "../../src/build/run.ts";
import { HEADER_BYTES, pack, type Package } from "../../src/build/self_extracting.ts";

const encoder = new TextEncoder();

/** Stands in for Deno: takes `run --flag FILE ARGS` and runs FILE, which is a shell script here. */
const RUNTIME = `#!/bin/sh
if [ "$1" = --version ]; then echo "no such library" >&2; exit 0; fi
[ "$1 $2" = "run --flag" ] || exit 99
shift 2
exec /bin/sh "$@"
`;

const PROGRAM = `
case $1 in
  arguments) shift; printf '<%s>' "$@" ;;
  exit) exit "$2" ;;
  surroundings) umask; echo "\${PATH-unset}"; echo "$DENO_DIR" ;;
  wait) trap 'exit 9' TERM; echo "$$"; while :; do sleep 0.02; done ;;
esac
`;

const uname = async (flag: string): Promise<string> =>
  (await run("uname", { args: [flag], timeout: 5_000 })).stdout.trim();

/** A packed program in a directory of its own, with a home beside it. */
interface Installed extends AsyncDisposable {
  readonly file: string;
  readonly home: string;
  /** Runs it with HOME, TMPDIR and PATH set, and whatever else `env` says. */
  start(args: string[], env?: Record<string, string>): Promise<Finished>;
}

async function install(changes: Partial<Package> = {}, runtime = RUNTIME): Promise<Installed> {
  const bytes = await pack({
    name: "packed",
    version: "1.2.3",
    platform: `${await uname("-s")} ${await uname("-m")}`,
    files: [
      { path: "program-1/main.sh", contents: encoder.encode(PROGRAM) },
      { path: "runtime-1/deno", contents: encoder.encode(runtime) },
    ],
    runtime: "runtime-1/deno",
    flags: ["run", "--flag"],
    main: "program-1/main.sh",
    ...changes,
  });
  const directory = await Deno.makeTempDir({ prefix: "diam-gw-test-" });
  const home = `${directory}/home`;
  const file = `${directory}/packed`;
  await Deno.mkdir(home);
  await Deno.mkdir(`${directory}/tmp`);
  await Deno.writeFile(file, bytes, { mode: 0o755 });
  return {
    file,
    home,
    start: (args, env = {}) =>
      run(file, {
        args,
        cwd: home,
        env: { HOME: home, TMPDIR: `${directory}/tmp`, PATH: "/usr/bin:/bin", ...env },
        clearEnv: true,
        timeout: 10_000,
      }),
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

/** Every path below `directory`, relative to it. */
async function tree(directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(directory)) {
    found.push(entry.name);
    if (entry.isDirectory) {
      for (const below of await tree(`${directory}/${entry.name}`)) found.push(`${entry.name}/${below}`);
    }
  }
  return found.sort();
}

async function flipByte(file: string, at: number): Promise<void> {
  const bytes = await Deno.readFile(file);
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  await Deno.writeFile(file, bytes);
}

Deno.test("a first start unpacks into the user's cache and passes every argument on as it is", async () => {
  await using packed = await install();
  const result = await packed.start(["arguments", "a b", "*", "", "--help", "$HOME", "'"]);
  assertEquals(result, { code: 0, stdout: "<a b><*><><--help><$HOME><'>", stderr: "" });
  assertEquals(await tree(`${packed.home}/.cache/packed`), [
    "program-1",
    "program-1/main.sh",
    "runtime-1",
    "runtime-1/deno",
  ]);
  assertEquals((await Deno.stat(`${packed.home}/.cache/packed`)).mode! & 0o777, 0o700);
});

Deno.test("a later start does not read the packed files again", async () => {
  await using packed = await install();
  await packed.start(["exit", "0"]);
  await Deno.truncate(packed.file, HEADER_BYTES);
  assertEquals((await packed.start(["arguments", "x"])).stdout, "<x>");
});

const CACHED = [
  ["the program, cut off", "program-1/main.sh", (file: string) => Deno.truncate(file, 5)],
  ["the program, empty", "program-1/main.sh", (file: string) => Deno.truncate(file, 0)],
  ["the program, gone", "program-1/main.sh", (file: string) => Deno.remove(file)],
  ["the program, writable by all", "program-1/main.sh", (file: string) => Deno.chmod(file, 0o666)],
  ["the program, a directory", "program-1/main.sh", async (file: string) => {
    await Deno.remove(file);
    await Deno.mkdir(`${file}/x`, { recursive: true });
  }],
  ["the program, a link to elsewhere", "program-1/main.sh", async (file: string) => {
    await Deno.rename(file, `${file}.moved`);
    await Deno.symlink(`${file}.moved`, file);
  }],
  ["the runtime, cut off", "runtime-1/deno", (file: string) => Deno.truncate(file, 100)],
  ["the runtime, not executable", "runtime-1/deno", (file: string) => Deno.chmod(file, 0o600)],
  ["the directory of the program, writable by all", "program-1", (file: string) => Deno.chmod(file, 0o777)],
  ["the directory of the program, a link to elsewhere", "program-1", async (file: string) => {
    await Deno.rename(file, `${file}.moved`);
    await Deno.symlink(`${file}.moved`, file);
  }],
] as const;

for (const [what, path, damage] of CACHED) {
  Deno.test(`a cache that was damaged heals at the next start: ${what}`, async () => {
    await using packed = await install();
    await packed.start(["exit", "0"]);
    const cache = `${packed.home}/.cache/packed`;
    await damage(`${cache}/${path}`);
    assertEquals(await packed.start(["arguments", "x"]), { code: 0, stdout: "<x>", stderr: "" });
    const modes = await Promise.all(
      ["", "/program-1", "/program-1/main.sh", "/runtime-1/deno"].map(async (below) => {
        const { mode, isSymlink } = await Deno.lstat(`${cache}${below}`);
        return isSymlink || (mode! & 0o022) !== 0;
      }),
    );
    assertEquals(modes, [false, false, false, false]);
    // And the start after that finds everything in order.
    await Deno.truncate(packed.file, HEADER_BYTES);
    assertEquals((await packed.start(["arguments", "y"])).stdout, "<y>");
  });
}

Deno.test({
  name: "a file in the cache that belongs to another user is not run",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using packed = await install();
    await packed.start(["exit", "0"]);
    const program = `${packed.home}/.cache/packed/program-1/main.sh`;
    await Deno.writeTextFile(program, PROGRAM.replace("<%s>", "{%s}"));
    await Deno.chown(program, 65534, 65534);
    assertEquals((await packed.start(["arguments", "x"])).stdout, "<x>");
    assertEquals((await Deno.stat(program)).uid, Deno.uid());
  },
});

for (const mode of [0o777, 0o770, 0o702]) {
  Deno.test(`a cache directory that others may write to is not trusted: mode ${mode.toString(8)}`, async () => {
    await using packed = await install();
    const DIAM_GW_CACHE_DIR = `${packed.home}/shared`;
    await packed.start(["exit", "0"], { DIAM_GW_CACHE_DIR });
    await Deno.writeTextFile(`${DIAM_GW_CACHE_DIR}/packed/program-1/main.sh`, PROGRAM.replace("<%s>", "{%s}"));
    await Deno.chmod(`${DIAM_GW_CACHE_DIR}/packed`, mode);
    const result = await packed.start(["arguments", "x"], { DIAM_GW_CACHE_DIR });
    assertEquals([result.code, result.stdout], [1, ""]);
    assertMatch(result.stderr, /shared\/packed: may be written by others \(d[rwx-]{9}.?\), .*; remove it\n$/);
    await Deno.remove(`${DIAM_GW_CACHE_DIR}/packed`, { recursive: true });
    assertEquals((await packed.start(["arguments", "x"], { DIAM_GW_CACHE_DIR })).stdout, "<x>");
  });
}

Deno.test("the program's exit code is the exit code", async () => {
  await using packed = await install();
  assertEquals((await packed.start(["exit", "7"])).code, 7);
  assertEquals((await packed.start(["exit", "2"])).code, 2);
});

Deno.test("the program has the process id that was started, so it gets the signals itself", async () => {
  await using packed = await install();
  const child = new Deno.Command(packed.file, {
    args: ["wait"],
    env: { HOME: packed.home, PATH: "/usr/bin:/bin" },
    clearEnv: true,
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assertEquals(new TextDecoder().decode(value), `${child.pid}\n`);
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 9);
  await reader.cancel();
});

Deno.test("the program gets the umask and the PATH that were given, also when PATH is empty", async () => {
  await using packed = await install();
  for (const path of ["", "/usr/bin:/bin"]) {
    const env = { PATH: path, DIAM_GW_CACHE_DIR: `${packed.home}/cache${path.length}` };
    const cold = await packed.start(["surroundings"], env);
    const warm = await packed.start(["surroundings"], env);
    assertEquals(cold, warm);
    const own = Deno.umask().toString(8).padStart(4, "0");
    assertEquals(cold.stdout.split("\n").slice(0, 3), [own, path, `${env.DIAM_GW_CACHE_DIR}/packed/deno-dir`]);
  }
});

Deno.test("many first starts at the same time all work and leave nothing half-done", async () => {
  await using packed = await install();
  const starts = await Promise.all(Array.from({ length: 8 }, (_, i) => packed.start(["arguments", String(i)])));
  assertEquals(starts, starts.map((_, i) => ({ code: 0, stdout: `<${i}>`, stderr: "" })));
  assertEquals((await tree(`${packed.home}/.cache/packed`)).filter((path) => path.startsWith(".")), []);
});

Deno.test("a damaged file says so and leaves nothing under a final name", async () => {
  await using packed = await install();
  const size = (await Deno.stat(packed.file)).size;
  await flipByte(packed.file, size - 20);
  const result = await packed.start(["exit", "0"]);
  assertEquals(result.code, 1);
  assertMatch(result.stderr, /^packed: .*\/packed is damaged .*: copy or download it again\n$/);
  assertEquals((await tree(`${packed.home}/.cache/packed`)).filter((path) => path.includes("deno")), []);
});

Deno.test("a file that was cut off while it was copied says that it is damaged", async () => {
  await using packed = await install();
  await Deno.truncate(packed.file, (await Deno.stat(packed.file)).size - 30);
  const result = await packed.start(["exit", "0"]);
  assertEquals(result.code, 1);
  assertStringIncludes(result.stderr, "is damaged");
});

Deno.test("a cache directory that cannot be written gives way to the next one", async () => {
  await using packed = await install();
  const result = await packed.start(["surroundings"], { XDG_CACHE_HOME: "/proc/self" });
  assertEquals(result.stdout.split("\n")[2], `${packed.home}/.cache/packed/deno-dir`);
});

Deno.test("without a home the cache is a directory of the user's own in TMPDIR", async () => {
  await using packed = await install();
  const result = await packed.start(["surroundings"], { HOME: "" });
  assertMatch(result.stdout.split("\n")[2] ?? "", /\/tmp\/packed-\d+\/deno-dir$/);
});

Deno.test("the cache directory that systemd names is used first", async () => {
  await using packed = await install();
  const result = await packed.start(["surroundings"], { CACHE_DIRECTORY: `${packed.home}/service:/other` });
  assertEquals(result.stdout.split("\n")[2], `${packed.home}/service/packed/deno-dir`);
});

Deno.test("a cache directory behind a symbolic link is refused", async () => {
  await using packed = await install();
  await Deno.mkdir(`${packed.home}/elsewhere`);
  await Deno.symlink(`${packed.home}/elsewhere`, `${packed.home}/packed`);
  const result = await packed.start(["exit", "0"], { DIAM_GW_CACHE_DIR: packed.home });
  assertEquals(result.code, 1);
  assertStringIncludes(result.stderr, `${packed.home}/packed: is a symbolic link`);
});

Deno.test({
  name: "a cache directory of another user is refused",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using packed = await install();
    await packed.start(["exit", "0"], { DIAM_GW_CACHE_DIR: packed.home });
    await Deno.chown(`${packed.home}/packed`, 65534, 65534);
    const result = await packed.start(["exit", "0"], { DIAM_GW_CACHE_DIR: packed.home });
    assertEquals(result.code, 1);
    assertStringIncludes(result.stderr, `${packed.home}/packed: belongs to another user`);
  },
});

Deno.test("a chosen cache directory that cannot be used is an error with a way out, not a reason to use another", async () => {
  await using packed = await install();
  const result = await packed.start(["exit", "0"], { DIAM_GW_CACHE_DIR: "/proc/self" });
  assertEquals(result.code, 1);
  assertMatch(result.stderr, /^packed: found no directory to unpack into; DIAM_GW_CACHE_DIR=DIR chooses one/);
  assertMatch(result.stderr, /\n {2}\/proc\/self\/packed: cannot be made \(.+\)\n$/);
  assert(!(await tree(packed.home)).includes(".cache"));
});

Deno.test("a runtime that does not start on this host says what it needs", async () => {
  await using packed = await install({}, "#!/bin/sh\necho 'libc.so.6 not found' >&2\nexit 127\n");
  const result = await packed.start(["exit", "0"]);
  assertEquals(result.code, 1);
  assertMatch(result.stderr, /does not start on this host; it needs glibc .*: libc\.so\.6 not found\n$/);
});

Deno.test("a host of another kind is told for which one the file was built", async () => {
  await using packed = await install({ platform: "Plan9 mips" });
  const result = await packed.start(["exit", "0"]);
  assertEquals(result.code, 1);
  assertMatch(result.stderr, /^packed: this executable is for Plan9 mips, and this host is /);
});

Deno.test("a name that the shell would take apart cannot be packed", async () => {
  const error = await assertRejects(() => install({ flags: ["run", "--x=$(id)"] }), Error);
  assertEquals(error.message, 'Cannot pack "--x=$(id)": it is not a plain shell word');
});
