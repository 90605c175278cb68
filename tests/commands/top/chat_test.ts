import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { headLines } from "../../../src/commands/top/head.ts";
import { ratesBetween } from "../../../src/commands/top/rates.ts";
import { palette } from "../../../src/commands/cli/terminal.ts";
import { RunningHost } from "../../host/running_host.ts";
import { freePort } from "../../support/free_port.ts";
import { until } from "../../support/until.ts";
import { runMain } from "../run_main.ts";
import { snapshot, view } from "./views.ts";

const CHAT = {
  connections: 1_200,
  rooms: 40,
  subscriptions: 4_000,
  published: 10,
  deliveries: 1_000,
  slow_consumers: 3,
  core: { uri: "http://core:7010", breaker: "open" },
  cache: { uri: "redis://cache", up: false },
};

const look = (deliveries: number, at: number) => {
  const { statistics: _, ...status } = snapshot().status;
  return { ...snapshot({ at, status: { ...status, chat: { ...CHAT, deliveries } } }), dras: [], apps: [] };
};

Deno.test("top shows how fast the chat plane delivers, and that core and cache are away, in its head", () => {
  const [before, after] = [look(1_000, 0), look(3_000, 2_000)];
  const seen = { ...view(), snapshot: after, rates: ratesBetween(before, after) };
  const lines = headLines(seen, 120, palette("stdout", false));
  assertEquals(lines.slice(1), [
    "chat deliveries 1,000/s     devices 1,200    rooms 40      slow 3   breaker open   cache down",
  ]);
});

Deno.test("status and top of a chat gateway that runs say a line of it, and nothing of DRAs", async () => {
  await using host = await RunningHost.start({
    chat: {
      http: { listen: ["127.0.0.1:0"] },
      grpc: { listen: [] },
      auth: { secret: "a secret of more than 32 bytes, as it should be" },
      core: { uri: `127.0.0.1:${freePort()}` },
    },
  });
  await until(async () => (await host.ask("/readyz")).status === 200, "it is ready");
  const { hostname, port } = host.admin;
  const url = `http://${hostname}:${port}`;
  const { code, stdout } = await runMain(["status", "--admin", url]);
  assertEquals(code, 0);
  assertMatch(
    stdout,
    /\n\nchat: 0 devices, 0 rooms, 0 published, 0 delivered, 0 slow; breaker closed, cache up\n$/,
  );
  const top = await runMain(["top", "--once", "--interval", "100ms", "--admin", url]);
  assertStringIncludes(top.stdout, "chat deliveries 0/s");
  assertEquals(/DRA/.test(top.stdout), false, top.stdout);
});
