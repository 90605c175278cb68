import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { appRow, draRow, fakeGateway } from "./admin/fake_gateway.ts";
import { type Outcome, runMain } from "./run_main.ts";
import { rig } from "../ops/admin/rig.ts";
import { FakePlane } from "../ops/admin/fakes.ts";
import { freePort } from "../support/free_port.ts";

const status = (url: string, ...flags: string[]): Promise<Outcome> => runMain(["status", "--admin", url, ...flags]);

Deno.test("status shows a gateway on one page: how it is, what it counted, and its DRAs with what is wrong", async () => {
  await using gateway = await fakeGateway();
  const { code, stdout, stderr } = await status(gateway.url);
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.trimEnd().split("\n");
  assertEquals(lines[0], "gw1.edge.example.com in edge.example.com is ready");
  assertMatch(lines[1]!, /^diam-gw 1\.2\.3, up \d+s$/);
  assertMatch(lines[2]!, /^configuration of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, sha256 ab12$/);
  assertMatch(lines[4]!, /^requests +12,345 {3}answers +12,300 {3}pending +42 {3}mean latency 0\.57 ms$/);
  assertEquals(lines.slice(9), [
    "DRA       ADDRESS          PRIO  WEIGHT  USE  STATE         WATCHDOG  IN FLIGHT  P50 MS  P99 MS   SENT  RECEIVED  RECONNECTS",
    "dra-east  10.0.1.100:3868     1     100  yes  OPEN          okay              3    0.42    12.5  1,000     1,000           0",
    "dra-west  10.0.2.100:3868     2     100  no   RECONNECTING  down              0       -       -  1,000     1,000           0",
    "  connection refused",
  ]);
});

Deno.test("status of a gateway that is not ready says why, and ends with 1", async () => {
  await using gateway = await fakeGateway();
  gateway.plane.current = { state: "degraded", ready: false, reason: "no DRA is usable" };
  gateway.plane.dras = [draRow("dra-1", { enabled: false, usable: false, weight: 5, weight_overridden: true })];
  const { code, stdout } = await status(gateway.url);
  assertEquals(code, 1);
  assertStringIncludes(stdout, "is not ready, degraded: no DRA is usable\n");
  assertMatch(stdout, /\ndra-1 .* 5\* {2}off .*\n$/);
  gateway.plane.current = { state: "degraded", ready: true, reason: "1 of 2 DRAs is usable" };
  const degraded = await status(gateway.url);
  assertEquals(degraded.code, 0);
  assertStringIncludes(degraded.stdout, "is ready, degraded: 1 of 2 DRAs is usable\n");
});

Deno.test("status tells of a configuration that waits, for a reload or to be confirmed", async () => {
  await using gateway = await fakeGateway();
  const { host } = gateway;
  const config = host.config();
  host.config = () => ({ ...config, fileDiffers: true, confirmBy: new Date("2026-01-02T03:04:05Z") });
  const { stdout } = await status(gateway.url);
  assertStringIncludes(stdout, "\n  its file says something else by now: it waits for a reload\n");
  assertStringIncludes(stdout, "\n  it goes back to the one before at 2026-01-02T03:04:05.000Z, unless confirmed\n");
});

Deno.test("status --json gives what the API gives, members that this program does not know too", async () => {
  await using gateway = await fakeGateway();
  gateway.plane.dras = [draRow("dra-1", { workers: [{ state: "OPEN" }] })];
  gateway.plane.apps = [appRow(1)];
  const { code, stdout } = await status(gateway.url, "--json");
  const { ready, reason, status: said, dras } = JSON.parse(stdout);
  assertEquals([code, ready, reason, said.state, said.version], [0, true, null, "ready", "1.2.3"]);
  assertEquals(said.statistics, gateway.plane.statistics);
  assertEquals(dras, gateway.plane.dras);
});

Deno.test("status needs the token where there is one, from the environment or from a file", async () => {
  await using gateway = await fakeGateway({ token: "s3cret" });
  const without = await status(gateway.url);
  assertEquals([without.code, without.stdout], [1, ""]);
  assertStringIncludes(without.stderr, "wants a token: set DIAM_GW_ADMIN_TOKEN, or give --token-file FILE\n");
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "s3cret\n");
    assertEquals((await status(gateway.url, "--token-file", file)).code, 0);
  } finally {
    await Deno.remove(file);
  }
  const env = { DIAM_GW_ADMIN_TOKEN: "s3cret" };
  assertEquals((await runMain(["status", "--admin", gateway.url], env)).code, 0);
});

Deno.test("status of a gateway without a Diameter plane says so", async () => {
  await using admin = await rig(
    {},
    [new FakePlane("grpc")].map((plane) => Object.assign(plane, { status: undefined })),
  );
  const { code, stdout } = await status(admin.server.url);
  assertEquals(code, 0);
  assertMatch(stdout, /^diam-gw is ready\n.*\nno Diameter plane runs in it\n$/s);
});

Deno.test("status where nobody is, and of an address that is none, says what was expected", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  const gone = await status(url);
  assertEquals([gone.code, gone.stdout], [1, ""]);
  assertMatch(gone.stderr, /^cannot ask the admin interface at http:\S+: connection refused/);
  const wrong = await status("ftp://x");
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.stderr, "expected the address of an admin interface, such as http://127.0.0.1:9868");
});

Deno.test("status prints no control character that came over the network", async () => {
  await using gateway = await fakeGateway();
  gateway.plane.dras = [draRow("dra-1", { usable: false, reason: "said \x1b[2J\nforged" })];
  const { stdout } = await status(gateway.url);
  assertStringIncludes(stdout, "said \\u001b[2J\\u000aforged");
});
