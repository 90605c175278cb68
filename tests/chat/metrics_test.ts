import { assert, assertEquals } from "@std/assert";
import { Registry } from "../../src/ops/metrics/registry.ts";
import { Scene, settled } from "./support/scene.ts";

/** Every name of the contract, and its labels. */
const CONTRACT: Readonly<Record<string, readonly string[]>> = {
  diamgw_chat_connections: ["transport"],
  diamgw_chat_connections_total: ["transport", "result"],
  diamgw_chat_connection_duration_seconds: [],
  diamgw_chat_closes_total: ["code"],
  diamgw_chat_messages_total: ["direction", "kind"],
  diamgw_chat_bytes_total: ["direction"],
  diamgw_chat_errors_total: ["code"],
  diamgw_chat_rooms: [],
  diamgw_chat_subscriptions: [],
  diamgw_chat_published_total: [],
  diamgw_chat_deliveries_total: [],
  diamgw_chat_recoveries_total: ["result"],
  diamgw_chat_rate_limited_total: ["scope"],
  diamgw_chat_slow_consumers_total: [],
  diamgw_chat_core_requests_total: ["method", "code"],
  diamgw_chat_core_duration_seconds: ["method"],
  diamgw_chat_core_breaker_state: [],
  diamgw_chat_cache_up: [],
  diamgw_chat_cache_errors_total: [],
  diamgw_chat_queue_bytes: [],
  diamgw_chat_fanout_seconds: [],
};

Deno.test("T1: every metric of the contract is there, with its labels and no other", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice");
  const alice = await scene.device("alice", "phone", ["r1"]);
  alice.say({ id: "c", call: { method: "GetHistory", json: {} } });
  await settled();
  const registry = new Registry();
  scene.gateway.addMetrics(registry);
  const lines = registry.text().split("\n");
  const families = lines.filter((line) => line.startsWith("# TYPE")).map((line) => line.split(" ")[2]);
  assertEquals(families.toSorted(), Object.keys(CONTRACT).toSorted());
  for (const [name, labels] of Object.entries(CONTRACT)) {
    const line = lines.find((line) => new RegExp(`^${name}(_count)?[{ ]`).test(line));
    assert(line !== undefined, name);
    assertEquals([...line.matchAll(/(\w+)=/g)].map(([, label]) => label), [...labels], name);
  }
  await scene.stop();
});

Deno.test("T1: what happens moves the numbers", async () => {
  const scene = await Scene.start();
  scene.core.room("r1", "alice", "bob");
  const registry = new Registry();
  scene.gateway.addMetrics(registry);
  const value = (series: string) =>
    Number(registry.text().split("\n").find((line) => line.startsWith(`${series} `))?.split(" ")[1] ?? NaN);
  const alice = await scene.device("alice", "phone", ["r1"]);
  await scene.device("bob", "phone", ["r1"]);
  await scene.publish("r1", "a", "b", "c");
  alice.say({ id: "x", call: { method: "MadeUp", json: {} } });
  alice.say({ id: "y", subscribe: { rooms: [{ roomId: "other" }] } });
  await settled();
  assertEquals(value('diamgw_chat_connections{transport="websocket"}'), 2);
  assertEquals(value('diamgw_chat_connections_total{transport="websocket",result="accepted"}'), 2);
  assertEquals(value('diamgw_chat_messages_total{direction="in",kind="hello"}'), 2);
  assertEquals(value('diamgw_chat_messages_total{direction="out",kind="event"}'), 6);
  assertEquals(value("diamgw_chat_deliveries_total"), 6);
  assertEquals(value("diamgw_chat_published_total"), 3);
  assertEquals(value("diamgw_chat_fanout_seconds_count"), 3);
  assertEquals([value("diamgw_chat_rooms"), value("diamgw_chat_subscriptions")], [1, 2]);
  assertEquals(value('diamgw_chat_errors_total{code="permission_denied"}'), 1);
  assertEquals(value('diamgw_chat_core_requests_total{method="other",code="ok"}'), 1);
  assertEquals(value("diamgw_chat_cache_up"), 1);
  alice.leave();
  assertEquals(value('diamgw_chat_connections{transport="websocket"}'), 1);
  assertEquals(value('diamgw_chat_closes_total{code="1000"}'), 1);
  assertEquals(value("diamgw_chat_connection_duration_seconds_count"), 1);
  await scene.stop();
});
