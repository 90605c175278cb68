/** `status` and `top` of a gateway for gRPC alone. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { palette } from "../../../src/commands/cli/terminal.ts";
import { ratesBetween } from "../../../src/commands/top/rates.ts";
import { compose } from "../../../src/commands/top/screen.ts";
import type { ClusterRow } from "../../../src/commands/admin/shapes.ts";
import { Backend } from "../../grpc/support/stage.ts";
import { RunningHost } from "../../host/running_host.ts";
import { until } from "../../support/until.ts";
import { runMain } from "../run_main.ts";
import { snapshot, view } from "./views.ts";

function instance(id: string, wish: Partial<ClusterRow["instances"][number]> = {}): ClusterRow["instances"][number] {
  const counted = { in_flight: 2, calls: 1_000, failures: 0, sticky_keys: 7, last_error: "" };
  return { id, address: id, state: "ready", enabled: true, ...counted, ...wish };
}

function look(calls: number, at: number) {
  const { status } = snapshot();
  const { statistics: _statistics, origin_host: _host, origin_realm: _realm, ...rest } = status;
  return snapshot({
    at,
    dras: [],
    apps: [],
    status: {
      ...rest,
      grpc: {
        state: "ready",
        connections: 3,
        calls_in_flight: 4,
        calls_total: calls,
        retries_total: 1,
        transfers_total: 2,
      },
    },
    clusters: [
      {
        name: "main",
        type: "static",
        instances: [
          instance("10.0.0.1:5001", { calls }),
          instance("10.0.0.2:5001", { state: "failed", in_flight: 0, failures: 3, last_error: "connection refused" }),
        ],
      },
      { name: "workers", type: "dynamic", discoverer: { url: "http://d", last_error: "got 503" }, instances: [] },
    ],
  });
}

Deno.test("top shows the instances of a gRPC gateway, what they do and why not", () => {
  const after = look(11_000, 3_000);
  const seen = view({ snapshot: after, rates: ratesBetween(look(1_000, 1_000), after), history: [] });
  assertEquals(compose(seen, 100, 14, palette("stdout", false)), [
    "http://127.0.0.1:9868  ready  diam-gw 1.2.3  up 1h 1m                                       15:04:05",
    "gRPC calls 5,000/s     in flight 4        clients 3       sent again 1   transferred 2",
    "CLUSTER  INSTANCE       ADDRESS  STATE       CALLS/S  IN FLIGHT   CALLS  FAILURES  SESSIONS",
    "main     10.0.0.1:5001           ready         5,000          2  11,000         0         7",
    "main     10.0.0.2:5001           failed            0          0   1,000         3         7",
    "    connection refused",
    "cluster workers has no instance",
    "    discoverer of workers: got 503",
    ...Array(5).fill(""),
    "q quit  ? help",
  ]);
  for (const [width, height] of [[60, 6], [30, 3], [200, 60]] as const) {
    const lines = compose(seen, width, height, palette("stdout", false));
    assertEquals(lines.length, height);
    assert(lines.every((line) => line.length <= width));
  }
});

Deno.test("status and top of a gRPC gateway that runs", async () => {
  await using a = new Backend("a");
  const address = `127.0.0.1:${a.address.port}`;
  await using host = await RunningHost.start({
    grpc: {
      listen: ["127.0.0.1:0"],
      routes: [{ prefix: "/", cluster: "main" }],
      clusters: { main: { type: "static", address } },
    },
  });
  await until(async () => (await host.ask("/readyz")).status === 200, "it is ready");
  const { hostname, port } = host.admin;
  const url = `http://${hostname}:${port}`;
  const { code, stdout } = await runMain(["status", "--admin", url]);
  assertEquals(code, 0);
  assertMatch(stdout, /\ngRPC: 0 calls, 0 in flight, 0 clients, 0 sent again, 0 transferred\n\nCLUSTER +INSTANCE/);
  assertMatch(stdout, new RegExp(`\\nmain +${address} +ready +0 `));
  const json = JSON.parse((await runMain(["status", "--json", "--admin", url])).stdout);
  assertEquals(json.clusters[0].instances[0].id, address);
  const top = await runMain(["top", "--once", "--interval", "100ms", "--admin", url]);
  assertMatch(top.stdout, new RegExp(`\\nmain +${address} +ready +0 `));
});
