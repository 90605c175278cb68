/** Routes over the admin interface of a running host: transactions, explain, metrics, reload. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { answer, request } from "../support/raw_message.ts";
import { RawListener, RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { RunningHost } from "./running_host.ts";

const ROUTING = {
  pools: [{ name: "one", dras: ["dra-1"] }],
  routes: [
    { name: "here", match: { destination_realm: "hss.example.net" }, pool: "one" },
    { name: "no", match: { destination_realm: "no.example.net" }, reject: 3003 },
  ],
};

Deno.test("RT14 PX1 route and pool are shown of each transaction, explain tells the same, and a reload changes both", async () => {
  const listener = new RawListener({ host: "dra-1.example.net", realm: "example.net" });
  const tree = {
    admin: { listen: "127.0.0.1:0" },
    dra_pool: { dpr_timeout: "500ms", dras: [{ name: "dra-1", host: "127.0.0.1", port: listener.port }] },
  };
  await using host = await RunningHost.start({ ...tree, routing: ROUTING });
  const dra = await listener.open();
  await until(() => host.logged("dra_up").length > 0, "the DRA is up");
  const app = await RawPeer.connect(host.address.port, { host: "app.example.net", realm: "example.net" });
  await app.exchangeCapabilities();

  await app.send(request());
  await dra.send(answer(await dra.nextRequest()));
  await app.nextAnswer();
  await app.send(request({ destinationRealm: "no.example.net" }));
  assertEquals((await app.nextAnswer()).resultCode, 3003);
  const shown = JSON.parse((await host.ask("/api/v1/transactions")).text) as { route: string; pool: string | null }[];
  assertEquals(shown.map(({ route, pool }) => [route, pool]), [["no", null], ["here", "one"]]);

  const asBytes = await host.ask("/api/v1/explain", { method: "POST", body: request() });
  const explained = JSON.parse(asBytes.text);
  assertEquals([asBytes.status, explained.route, explained.pool, explained.answer], [200, "here", "one", null]);
  assertEquals(explained.candidates.map(({ dra, verdict }: Record<string, string>) => [dra, verdict]), [
    ["dra-1", "candidate"],
  ]);
  const asJson = await host.ask("/api/v1/explain", {
    method: "POST",
    body: JSON.stringify({ hex: request({ destinationRealm: null }).toHex(), app: "app.example.net" }),
  });
  assertEquals(JSON.parse(asJson.text).answer, { code: 3001, reason: "no_destination" });
  for (const [body, status] of [["{}", 400], ["xx", 422], [JSON.stringify({ hex: "01" }), 422]] as const) {
    assertEquals((await host.ask("/api/v1/explain", { method: "POST", body })).status, status, body);
  }
  const metrics = (await host.ask("/metrics")).text;
  assertStringIncludes(metrics, 'diamgw_route_requests_total{route="here"} 1');
  assertStringIncludes(metrics, 'diamgw_policy_faults_total{reason="avp"} 0');

  const bad = await host.reload({ ...tree, routing: { routes: [{ name: "x", pool: "nope" }] } });
  assertEquals(bad.status, 422);
  assertStringIncludes(bad.text, "routing.routes[0].pool");
  const good = await host.reload({ ...tree, routing: { ...ROUTING, routes: [{ name: "all", pool: "one" }] } });
  assertEquals(good.status, 200, good.text);
  const after = await host.ask("/api/v1/explain", { method: "POST", body: request() });
  assertEquals(JSON.parse(after.text).route, "all");
  assert(dra !== undefined);
  await app.close();
  await listener.close();
});
