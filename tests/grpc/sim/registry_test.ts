import { assertEquals } from "@std/assert";
import { InstanceRegistry } from "../../../src/grpc/sim/registry.ts";

const instance = (instance_id: string, port = 1) => ({ instance_id, ipv4: "127.0.0.1", port });

Deno.test("a discoverer lists who registered, by id, and once", () => {
  const registry = new InstanceRegistry(1000);
  assertEquals([registry.register(instance("b"), 0), registry.register(instance("a"), 0)], [true, true]);
  assertEquals(registry.register(instance("a", 2), 0), false);
  assertEquals(registry.list(0), [instance("a", 2), instance("b")]);
});

Deno.test("an instance without a heartbeat goes, one with does not", () => {
  const registry = new InstanceRegistry(1000);
  registry.register(instance("a"), 0);
  registry.register(instance("b"), 0);
  assertEquals(registry.heartbeat("a", 999), true);
  assertEquals(registry.list(1000), [instance("a")]);
  assertEquals([registry.heartbeat("b", 1000), registry.unregister("b", 1000)], [false, false]);
  assertEquals(registry.register(instance("b"), 1500), true);
  assertEquals([registry.unregister("a", 1500), registry.list(1500)], [true, [instance("b")]]);
});
