/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { assert, assertEquals } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { GrpcLoad } from "../../src/grpc/sim/load.ts";
import type { Endpoint } from "../../src/net/connection.ts";
import { Backend } from "../grpc/support/stage.ts";
import { RunningHost } from "../host/running_host.ts";
import { interopTest } from "../interop/programs.ts";
import { until } from "../support/until.ts";
import { BROWSER, openBrowser, openPage } from "./browser.ts";
import { beyondTheEdge } from "./fits.ts";

const PATIENCE = 20_000;
const METHOD = "/pkg.Service/Method";

function gatewayAddress(host: RunningHost): Endpoint {
  const [hostname = "", port] = String(host.logged("grpc_listening")[0]?.["address"]).split(":");
  return { hostname, port: Number(port) };
}

async function operate(browser: Browser): Promise<void> {
  await using a = new Backend("a");
  const b = new Backend("b");
  await using c = new Backend("c");
  let lists = true;
  const instances = [{ instance_id: "worker-1", ipv4: "127.0.0.1", port: c.address.port }];
  await using discoverer = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => lists ? Response.json({ instances }) : new Response("no", { status: 503 }),
  );
  const [first = "", second = ""] = [a, b].map(({ address: { port } }) => `127.0.0.1:${port}`);
  await using host = await RunningHost.start({
    grpc: {
      listen: ["127.0.0.1:0"],
      drain_timeout: "200ms",
      routes: [
        { prefix: "/pkg", cluster: "main", balancer: { type: "round_robin" } },
        {
          prefix: "/worker.a.very.long.package.name.Service/",
          cluster: "workers",
          balancer: { type: "sticky_sessions", header: "session-id" },
        },
      ],
      clusters: {
        main: { type: "static", addresses: [first, second] },
        workers: { type: "dynamic", discoverer_url: `http://127.0.0.1:${discoverer.addr.port}` },
      },
    },
  });
  const { hostname, port } = host.admin;
  const load = new GrpcLoad({
    to: gatewayAddress(host),
    connections: 2,
    streams: 1,
    method: METHOD,
    request: new Uint8Array(12),
  });
  await load.start();
  await using open = await openPage(browser, `http://${hostname}:${port}`, { width: 1280 });
  const { page } = open;
  const row = (id: string) => page.locator(`[data-instance="${id}"]`);
  const reads = (text: string | RegExp) => page.getByText(text).first().waitFor();
  const tile = (name: string, text: string | RegExp) =>
    page.locator(`[data-tile="${name}"] strong`, { hasText: text }).waitFor();

  // What there is, and nothing of a plane that does not run.
  await tile("Instances", "3 / 3");
  await tile("Calls", /^[\d,.]+[kM]?\/s$/);
  await row(first).getByText("ready").waitFor();
  await row("worker-1").getByText(`127.0.0.1:${c.address.port}`).waitFor();
  await reads("sticky_sessions by session-id");
  await reads(`${first} of main is connected`);
  await page.getByText(/^2 connections, \d live calls?$/).waitFor();
  for (const word of ["DRAs", "Transactions", "Capture"]) {
    assertEquals(await page.getByText(word, { exact: true }).first().isVisible(), false, word);
  }
  const loaded = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
  assert(loaded.some((name) => name.endsWith("/grpc.js")));
  assertEquals(loaded.filter((name) => /diameter|uplot|dras|names\.json/.test(name)), []);

  // Out of service, and back.
  await row(first).getByRole("button", { name: `Disable ${first}` }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("It gets no new calls, and its sessions move.").waitFor();
  await dialog.getByRole("button", { name: "Disable" }).click();
  await reads(`${first} is disabled.`);
  await row(first).getByText("disabled").waitFor();
  await reads("It is disabled by its operator.");
  const count = a.requests.length;
  await until(() => b.requests.length > 100, "the other one gets calls");
  assertEquals(a.requests.length, count);
  await row(first).getByRole("button", { name: `Enable ${first}` }).click();
  await row(first).getByText("ready").waitFor();

  // A discoverer is asked, and fails.
  const workers = page.locator('[data-cluster="workers"]');
  await workers.getByRole("button", { name: "Refresh" }).click();
  await reads("The discoverer of workers lists 1 instance.");
  lists = false;
  await workers.getByRole("button", { name: "Refresh" }).click();
  await reads(/^Not done: the discoverer of cluster workers failed/);
  await workers.getByText(/^The discoverer failed: .*\. The last list stays in use\.$/).waitFor();

  // An instance dies under load.
  await b[Symbol.asyncDispose]();
  await row(second).getByText(/failed|connecting/).waitFor();
  await reads(new RegExp(`^${second} of main failed: .*; next attempt in`));
  await tile("Instances", "2 / 3");
  await page.locator(".cluster .why", { hasText: "next attempt" }).waitFor();
  await fits(page);
  await load.end();
  assertEquals([...load.counters.failed], []);
  assertEquals(open.faults, []);
}

/** Nobody has to scroll sideways. */
async function fits(page: Page): Promise<void> {
  const directory = Deno.env.get("DIAM_GW_SCREENSHOTS");
  for (const [width, colorScheme] of [[1280, "dark"], [1280, "light"], [400, "light"]] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await until(async () => (await beyondTheEdge(page)).length === 0, `everything fits ${width} pixels`, PATIENCE);
    if (directory === undefined) continue;
    await Deno.writeFile(`${directory}/grpc-${width}-${colorScheme}.png`, await page.screenshot({ fullPage: true }));
  }
}

interopTest("a person operates a gRPC gateway with its dashboard in Chromium", BROWSER, async () => {
  const browser = await openBrowser();
  try {
    await operate(browser);
  } finally {
    await browser.close();
  }
});
