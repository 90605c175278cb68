/** What an operator reads in the log of a host that goes on all the same. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { RawPeer } from "../support/raw_peer.ts";
import { RunningHost } from "./running_host.ts";

Deno.test("a second gateway on the machine has no admin interface, and one line says what to do", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const listen = `127.0.0.1:${taken.addr.port}`;
  await using second = await RunningHost.start({ admin: { listen } }, { unset: "admin.listen" });
  const peer = await RawPeer.connect(second.address.port, { host: "app.example.net", realm: "example.net" });
  await peer.exchangeCapabilities();
  await peer.close();
  const [line, ...others] = second.logged("admin_off");
  assertEquals([line?.["level"], others.length], ["warning", 0]);
  assertEquals(second.logged("admin_listening"), []);
  for (const part of [listen, "another program", "admin.listen", "--admin"]) {
    assertStringIncludes(String(line?.["message"]), part);
  }
});

Deno.test("what is unwise in a file that is read again is told in the log, as at the start", async () => {
  await using host = await RunningHost.start({});
  const unwise = { dra_pool: { watchdog_interval: "2s", dras: [{ name: "d", host: "127.0.0.1", port: 9 }] } };
  assertEquals((await host.reload(unwise, "?dry_run=true")).status, 200);
  assertEquals(host.logged("config_warning"), [], "only looked at");
  assertEquals((await host.reload(unwise)).status, 200);
  const [line, ...others] = host.logged("config_warning");
  assertEquals([line?.["level"], line?.["key"], others.length], ["warning", "dra_pool.watchdog_interval", 0]);
  assertMatch(String(line?.["message"]), /watchdog_interval/);
});
