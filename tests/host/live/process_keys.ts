/**
 * Live keys of the sections `admin`, `logging` and `stats`.
 * @module
 */
import { assertEquals } from "@std/assert";
import { AppSimulator } from "../../../src/diameter/sim/app.ts";
import { until } from "../../support/until.ts";
import { RunningHost } from "../running_host.ts";
import type { Row } from "./row.ts";

type Tree = Parameters<typeof RunningHost.start>[0];

/** A row that changes the file from nothing special to `tree`. */
function hostRow(keys: string, seen: string, tree: Tree, see: (host: RunningHost) => Promise<void>): Row {
  return {
    keys: keys.split(" "),
    seen,
    async play() {
      await using host = await RunningHost.start({});
      assertEquals((await host.reload(tree)).status, 200);
      await see(host);
    },
  };
}

/** One request, which there is no DRA for. */
async function askOnce({ address }: RunningHost): Promise<void> {
  const app = new AppSimulator({ connect: address });
  await app.start();
  await app.run({ requests: 1 });
  await app.stop();
}

/** All of them. */
export const PROCESS_KEYS: readonly Row[] = [
  hostRow("admin.token", "whoever has no token is sent away", { admin: { token: "s3cret" } }, async (host) => {
    assertEquals((await host.ask("/api/v1/status")).status, 401);
    const authorization = "Bearer s3cret";
    assertEquals((await host.ask("/api/v1/status", { headers: { authorization } })).status, 200);
  }),
  hostRow("admin.hosts", "it may be asked by that name", { admin: { hosts: ["gw1.example.com"] } }, async (host) => {
    const asked = (name: string) => host.ask("/api/v1/status", { headers: { host: name } });
    assertEquals([(await asked("gw1.example.com")).status, (await asked("gw2.example.com")).status], [200, 403]);
  }),
  hostRow("admin.mask", "a capture may show everything", { admin: { mask: "none" } }, async (host) => {
    const { status } = await host.ask("/api/v1/capture.pcapng?mask=none");
    assertEquals(status, 200);
  }),
  hostRow("logging.level", "more is logged", { logging: { level: "debug" } }, async (host) => {
    (await Deno.connect(host.address)).close();
    await until(() => host.logged("app_silent").length > 0, "what is of that level is logged");
  }),
  hostRow("logging.requests", "no answers are logged", { logging: { requests: true } }, async (host) => {
    await askOnce(host);
    await until(() => host.logged("app_down").length > 0, "all is logged");
    assertEquals(host.logged("error_answer").length, 0);
  }),
  hostRow("logging.responses", "answers are logged", { logging: { responses: true } }, async (host) => {
    await askOnce(host);
    await until(() => host.logged("error_answer").length === 1, "the answer is logged");
  }),
  hostRow("stats.interval", "the statistics are logged more often", { stats: { interval: "50ms" } }, async (host) => {
    await until(() => host.logged("statistics").length > 1, "they are logged");
  }),
];
