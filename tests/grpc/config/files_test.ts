import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import { DEFAULT_CLUSTER, DEFAULT_DISCOVERY, DEFAULT_GRPC, DEFAULT_ROUTE } from "../../../src/grpc/config/options.ts";
import { GRPC_SECTIONS } from "../../../src/grpc/config/section.ts";
import { readWholeConfig } from "../../../src/host/config.ts";
import { loadConfig, plainConfig } from "../../../src/ops/config/mod.ts";
import { isMapping } from "../../../src/ops/config/path.ts";

const pathOf = (name: string) => new URL(`../../../config/grpc/${name}`, import.meta.url).pathname;
const ANNOTATED = Deno.readTextFileSync(pathOf("diam-gw-grpc.yaml"));

function annotated(text = ANNOTATED) {
  const loaded = loadConfig(GRPC_SECTIONS, { file: "diam-gw-grpc.yaml", text });
  assert(loaded.ok, loaded.errors.join("\n"));
  return loaded;
}

function keysOf(tree: unknown, path = ""): string[] {
  if (Array.isArray(tree)) return tree.some(isMapping) ? keysOf(tree[0], `${path}[]`) : [path];
  if (!isMapping(tree)) return [path];
  return Object.entries(tree).flatMap(([key, below]) => keysOf(below, path === "" ? key : `${path}.${key}`));
}

Deno.test("the annotated configuration is the defaults, one route and a cluster of each type", () => {
  const { config: { grpc }, warnings } = annotated();
  assertEquals(grpc, {
    ...DEFAULT_GRPC,
    routes: [{ ...DEFAULT_ROUTE, prefix: "/my_service.MyServiceAPI/", cluster: "my_service" }],
    clusters: {
      my_auth: { type: "static", addresses: [{ hostname: "10.0.0.1", port: 5001 }], ...DEFAULT_CLUSTER },
      my_service: {
        type: "dynamic",
        ...DEFAULT_DISCOVERY,
        discovererUrl: "http://127.0.0.1:8080",
        ...DEFAULT_CLUSTER,
      },
    },
  });
  assertEquals(warnings, []);
});

Deno.test("the annotated configuration names every key, in order, and no other", () => {
  // What may be left out altogether is there as a comment.
  const whole = ANNOTATED.replaceAll("# tls:", "tls:");
  const printed = keysOf(plainConfig(GRPC_SECTIONS, annotated(whole).config));
  const written = keysOf(parse(whole));
  assertEquals(written, printed);
});

Deno.test("the example of a gateway loads, once it has a secret", async () => {
  const file = pathOf("gateway.yaml");
  const without = await readWholeConfig(file);
  assertEquals([without.ok, without.layout.planes], [false, ["grpc"]]);
  assertEquals(without.errors.map((line) => line.replace(file, "FILE")), [
    "FILE: auth.jwt_secret: missing: routes[1] requires authorization (JWT_SECRET gives it to serve grpc)",
  ]);
  const secret = { path: ["grpc", "auth", "jwt_secret"], value: "s3cret", flag: "--jwt-secret-file" };
  const loaded = await readWholeConfig(file, [secret]);
  assert(loaded.ok, loaded.errors.join("\n"));
  const { routes, clusters } = loaded.config.grpc!;
  assertEquals(routes.map(({ prefix, balancer }) => [prefix, balancer]), [
    ["/my_service.MyServiceAPI/Login", { type: "round_robin" }],
    ["/my_service.MyServiceAPI/MyService", { type: "sticky_sessions", header: "session-id" }],
  ]);
  assertEquals(Object.entries(clusters).map(([name, { type }]) => [name, type]), [
    ["myauth", "static"],
    ["my_service", "dynamic"],
  ]);
  assertEquals(loaded.warnings.map((line) => line.replace(file, "FILE")), [
    "FILE: routes[0].prefix: warning: opens longer method names without authorization too, such as " +
    "/my_service.MyServiceAPI/LoginX (line 8, column 5)",
  ]);
});
