/**
 * The package as a host meets it; run by `deno task test:dist`, after `deno task dist`.
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { debianPackage } from "../../../src/build/debian.ts";
import { installedFiles } from "../../../src/build/dist.ts";
import { RUN_FLAGS } from "../../../src/build/run_flags.ts";
import { runMain } from "../../commands/run_main.ts";
import { freePort } from "../../support/free_port.ts";
import { TextLineStream } from "../../support/lines.ts";
import { makeRoot, must } from "./debian_root.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
/** Whether there may be a root of our own here: not so in most containers. */
const mayMount = await new Deno.Command("unshare", { args: ["--mount", "true"], stderr: "null" }).output()
  .then(({ success }) => success, () => false);
const ARCHITECTURE = (await must("dpkg", "--print-architecture")).trim();
const CONFFILE = "etc/diam-gw/diam-gw.yaml";

const exists = (path: string) => Deno.lstat(path).then(() => true, () => false);

async function writePackage(file: string, version: string, moreConfig = ""): Promise<void> {
  const executable = await Deno.readFile(`${ROOT}dist/diam-gw`);
  const files = (await installedFiles(executable)).map((installed) =>
    installed.path === CONFFILE
      ? {
        ...installed,
        contents: new TextEncoder().encode(new TextDecoder().decode(installed.contents) + moreConfig),
      }
      : installed
  );
  await Deno.writeFile(file, debianPackage({ version, architecture: ARCHITECTURE, files, time: 1_700_000_000 }));
}

/** Lines of a stream until one has all `words`. */
async function until(lines: ReadableStreamDefaultReader<string>, ...words: string[]): Promise<string> {
  let seen = "";
  while (true) {
    const { value, done } = await lines.read();
    if (done) throw new Error(`it ended before it said ${words.join(" .. ")}:\n${seen}`);
    seen += `${value}\n`;
    if (words.every((word) => value.includes(word))) return value;
  }
}

const linesOf = (stream: ReadableStream<Uint8Array<ArrayBuffer>>) =>
  stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();

Deno.test("dist twice: the package and the bill of materials are the same, byte for byte", async () => {
  const sums: string[] = [];
  for (let i = 0; i < 2; i++) {
    await must(Deno.execPath(), "run", "--allow-all", `${ROOT}src/build/dist.ts`);
    sums.push(await Deno.readTextFile(`${ROOT}dist/SHA256SUMS`));
  }
  assertEquals(sums[0], sums[1]);
  assertStringIncludes(sums[0]!, ".deb\n");
  await must("sh", "-c", `cd ${ROOT}dist && sha256sum --check --strict SHA256SUMS`);
});

Deno.test({
  name: "the package is installed, relays as its own user, keeps a changed conffile over an upgrade, and is purged",
  ignore: !mayMount,
  async fn() {
    const root = await makeRoot(Deno.execPath());
    const dpkg = (...args: string[]) =>
      must("dpkg", `--root=${root}`, "--force-depends", "--force-confold", "--no-debsig", ...args);
    const [first, second] = [`${root}/tmp/first.deb`, `${root}/tmp/second.deb`];
    await writePackage(first, "0.1.0");
    await writePackage(second, "0.1.1", "\n# What the next version says.\n");
    const dra = new Deno.Command(Deno.execPath(), {
      args: ["run", ...RUN_FLAGS, `${ROOT}src/main.ts`, "sim", "dra", "--listen", "127.0.0.1:0"],
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const draLines = linesOf(dra.stderr);
    try {
      await dpkg("--install", first);
      assertStringIncludes(await Deno.readTextFile(`${root}/etc/passwd`), "\ndiam-gw:x:");

      const draPort = /:(\d+)/.exec(await until(draLines, "127.0.0.1:"))?.[1];
      const port = freePort();
      const changed = `gateway: { origin_host: gw1.example.com, origin_realm: example.com }
server: { listen: ["127.0.0.1:${port}"] }
admin: { listen: "" }
dra_pool: { dras: [{ host: 127.0.0.1, port: ${draPort} }] }
`;
      await Deno.writeTextFile(`${root}/${CONFFILE}`, changed);
      await relays(root, port);

      await dpkg("--install", second);
      assertEquals(await Deno.readTextFile(`${root}/${CONFFILE}`), changed);
      assertStringIncludes(await Deno.readTextFile(`${root}/${CONFFILE}.dpkg-dist`), "What the next version says.");
      assertStringIncludes(await dpkg("--status", "diam-gw"), "\nVersion: 0.1.1\n");
      await relays(root, port);

      await dpkg("--remove", "diam-gw");
      assertEquals(await exists(`${root}/usr/bin/diam-gw`), false);
      assertEquals(await Deno.readTextFile(`${root}/${CONFFILE}`), changed);
      await dpkg("--purge", "diam-gw");
      for (const path of ["etc/diam-gw", "var/cache/diam-gw", "lib/systemd/system/diam-gw.service"]) {
        assertEquals([path, await exists(`${root}/${path}`)], [path, false]);
      }
      assert(!(await Deno.readTextFile(`${root}/etc/passwd`)).includes("diam-gw"));
    } finally {
      dra.kill("SIGTERM");
      await draLines.cancel();
      await dra.status;
      await Deno.remove(root, { recursive: true });
    }
  },
});

/** Starts what is installed in `root` as its service would, and sends a request through it. */
async function relays(root: string, port: number): Promise<void> {
  const [, uid, gid] = /^diam-gw:x:(\d+):(\d+)/m.exec(await Deno.readTextFile(`${root}/etc/passwd`)) ?? [];
  // The service manager does this.
  await Deno.mkdir(`${root}/var/cache/diam-gw`, { recursive: true, mode: 0o700 });
  await Deno.chown(`${root}/var/cache/diam-gw`, Number(uid), Number(gid));
  const socket = `${root}/run/notify`;
  const manager = Deno.listenDatagram({ transport: "unixpacket", path: socket });
  await Deno.chmod(socket, 0o666);
  // /proc is there in a mount namespace that ends with the process, so that none is left in the
  // root.
  const script = 'mount --rbind /proc "$1/proc" && exec chroot --userspec="$2" --groups= "$1" "$3" serve -c "$4"';
  const gateway = new Deno.Command("unshare", {
    args: ["--mount", "sh", "-c", script, "sh", root, `${uid}:${gid}`, "/usr/bin/diam-gw", `/${CONFFILE}`],
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      DIAM_GW_CACHE_DIR: "/var/cache/diam-gw",
      NOTIFY_SOCKET: "/run/notify",
    },
    clearEnv: true,
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const lines = linesOf(gateway.stderr);
  try {
    await until(lines, '"dra_up"');
    assertEquals(new TextDecoder().decode((await manager.receive())[0]), "READY=1");
    const sent = await runMain(["send", "s13", "--peer", `127.0.0.1:${port}`, "--imei", "35209900176148"]);
    assertEquals(sent.code, 0, sent.stderr);
    assertStringIncludes(sent.stdout, "ME-Identity-Check");
    gateway.kill("SIGHUP");
    await until(lines, '"config"');
    gateway.kill("SIGTERM");
    assertEquals(new TextDecoder().decode((await manager.receive())[0]), "STOPPING=1");
    while (!(await lines.read()).done);
    assertEquals((await gateway.status).code, 0);
  } finally {
    try {
      gateway.kill("SIGKILL");
    } catch { /* It has ended, as it should. */ }
    await lines.cancel();
    await gateway.status;
    manager.close();
    await Deno.remove(socket);
  }
}
