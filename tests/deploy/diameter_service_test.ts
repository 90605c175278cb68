import { assert, assertEquals } from "@std/assert";
import { runMain } from "../commands/run_main.ts";

const DIRECTORY = new URL("../../config/deploy/diameter/", import.meta.url).pathname;
const unit = await Deno.readTextFile(`${DIRECTORY}diam-gw.service`);
const hasAnalyze = await new Deno.Command("systemd-analyze", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);

/** Values of a key of the unit, in order. */
const valuesOf = (key: string) => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value]) => value);

for (
  const [key, ...values] of [
    ["Type", "notify"],
    ["User", "diam-gw"],
    ["ExecStart", "/usr/bin/diam-gw serve -c /etc/diam-gw/diam-gw.yaml"],
    ["ExecReload", "/bin/kill -HUP $MAINPID"],
    ["NoNewPrivileges", "yes"],
    ["ProtectSystem", "strict"],
    ["AmbientCapabilities", "CAP_NET_BIND_SERVICE"],
    ["CapabilityBoundingSet", "CAP_NET_BIND_SERVICE"],
    ["LimitNOFILE", "65536"],
    ["CacheDirectory", "diam-gw"],
    ["Environment", "DIAM_GW_CACHE_DIR=/var/cache/diam-gw"],
    ["MemoryDenyWriteExecute"],
  ] as const
) {
  Deno.test(`the service has ${key} ${values.join() || "left alone"}`, () => assertEquals(valuesOf(key), [...values]));
}

Deno.test({
  name: "systemd takes the service, and finds it little exposed",
  ignore: !hasAnalyze,
  async fn() {
    const directory = await Deno.makeTempDir();
    try {
      const file = `${directory}/diam-gw.service`;
      // The executable and the man page are not installed here.
      const here = unit.replace("/usr/bin/diam-gw", "/bin/true").replace(/^Documentation=.*\n/m, "");
      await Deno.writeTextFile(file, here);
      for (const args of [["verify", file], ["security", "--offline=true", "--threshold=30", file]]) {
        const { code, stderr } = await new Deno.Command("systemd-analyze", { args, stdout: "null" }).output();
        assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test("the configuration that the package installs is good, and says that DRAs are missing", async () => {
  const { code, stdout, stderr } = await runMain(["check", "-c", `${DIRECTORY}diam-gw.yaml`]);
  assertEquals(code, 0, stderr);
  assert(stdout.includes("listens on 127.0.0.1:3868"), stdout);
  assert(stderr.includes("no DRA is configured"), stderr);
});
