/** Logic Apps, or others, that want more connections than the process may have. */
import { assert, assertEquals } from "@std/assert";
import { limited } from "../support/gateway_process.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { Scene } from "./scene.ts";

Deno.test("a DRA that was lost comes back while Logic Apps want more connections than there are descriptors", async () => {
  await using scene = await Scene.start({
    command: limited("ulimit -n 150"),
    server: { capabilities_timeout: "60s" },
    draPool: { reopen_watchdogs: 1, watchdog_interval: "300ms", watchdog_jitter: "0s" },
    dras: [{}, {}],
  });
  const [lowered] = scene.gateway.logged("max_connections_lowered");
  assert(Number(lowered?.["in_force"]) < 140, `in force: ${lowered?.["in_force"]}`);
  const connections: Deno.Conn[] = [];
  for (let i = 0; i < 200; i++) connections.push(await Deno.connect(scene.address));
  try {
    await until(() => scene.gateway.logged("app_refused").length > 0, "there are no more connections to be had");
    const ups = scene.gateway.logged("dra_up").length;
    scene.dras[0]!.kill();
    await until(() => scene.gateway.logged("dra_down").length > 0, "it is lost");
    scene.dras[0]!.start();
    await until(() => scene.gateway.logged("dra_up").length > ups, "it is back", 10_000);
  } finally {
    for (const connection of connections) connection.close();
  }
  await scene.unharmed();
});

Deno.test("Logic Apps that all come at once, and take their time for the CER, are all let in", async () => {
  const count = 200;
  // One more is the polite one.
  await using scene = await Scene.start({ server: { max_connections: count + 1 } });
  const results = await Promise.all(Array.from({ length: count }, async (_, nth) => {
    const app = await RawPeer.connect(scene.address.port, { host: `app-${nth}.example.net`, realm: "example.net" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    try {
      return (await app.exchangeCapabilities()).resultCode;
    } finally {
      await app.close();
    }
  }));
  assertEquals(results.filter((code) => code !== 2001), []);
  await scene.unharmed();
});
