import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, grpcConfig } from "../../../src/grpc/config/from_section.ts";
import { DEFAULT_GRPC } from "../../../src/grpc/config/options.ts";

Deno.test("a library's user writes the section of a file, and gets every default", () => {
  assertEquals(grpcConfig({}), DEFAULT_GRPC);
  const config = grpcConfig({
    listen: "127.0.0.1:0",
    routes: [{ prefix: "/s.S/", cluster: "a" }],
    clusters: { a: { type: "static", address: "10.0.0.1:5001", connect_timeout: "1s" } },
  });
  assertEquals(config.listen, [{ hostname: "127.0.0.1", port: 0 }]);
  assertEquals(config.clusters["a"]?.type === "static" && config.clusters["a"].connectTimeout, 1_000);
});

Deno.test("what only the user's parts understand is handed to them as it is", () => {
  const own = { balancers: { by_user: 1 }, clusterTypes: { queue: 1 } };
  const { routes, clusters } = grpcConfig({
    routes: [{ prefix: "/s.S/", cluster: "q", balancer: { type: "by_user", header: "X", depth: 3 } }],
    clusters: { q: { type: "queue", url: "amqp://x" }, a: { type: "static", address: "x:1" } },
  }, own);
  assertEquals(routes[0]?.balancer, { type: "custom", kind: "by_user", options: { header: "X", depth: 3 } });
  assertEquals(clusters["q"], { type: "custom", kind: "queue", options: { url: "amqp://x" } });
  assertEquals(clusters["a"]?.type, "static");
});

Deno.test("all that is wrong with it is thrown at once", () => {
  const error = assertThrows(
    () => grpcConfig({ retry: { count: 11 }, listen: 7, clusters: { q: { type: "queue" } } }),
    ConfigError,
  );
  assertEquals(error.reasons, [
    "configuration: grpc.listen: expected HOST:PORT, got 7",
    'configuration: grpc.clusters.q.type: expected static or dynamic, got "queue"',
    "configuration: grpc.retry.count: expected a whole number 0..10, got 11",
  ]);
});
