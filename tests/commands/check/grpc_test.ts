import { assertEquals, assertStringIncludes } from "@std/assert";
import { runMain } from "../run_main.ts";

const EXAMPLE = new URL("../../../config/grpc/gateway.yaml", import.meta.url).pathname;
const NOTHING = {
  CONFIG_PATH: "",
  DIAM_GW_CONFIG: "",
  SERVICE_PORT_GRPC: "",
  JWT_SECRET: "",
  RETRY_COUNT: "",
  RETRY_TIMEOUT_MS: "",
};
const FULL = { SERVICE_PORT_GRPC: "10000", CONFIG_PATH: EXAMPLE, JWT_SECRET: "s3cret" };

async function check(args: readonly string[], env: Record<string, string>) {
  const { code, stdout, stderr } = await runMain(["check", ...args], { ...NOTHING, ...env });
  return { code, stdout: stdout.replaceAll(EXAMPLE, "FILE"), stderr: stderr.replaceAll(EXAMPLE, "FILE").split("\n") };
}

const HAS_IPV6 = Deno.networkInterfaces().some(({ family }) => family === "IPv6");
const EVERYWHERE = HAS_IPV6 ? "[::]:10000" : "0.0.0.0:10000";

const OPEN = "FILE: routes[0].prefix: warning: opens longer method names without authorization too, such as " +
  "/my_service.MyServiceAPI/LoginX (line 8, column 5)";

Deno.test("check grpc takes file and secret from the environment of a container", async () => {
  const { code, stdout, stderr } = await check(["grpc"], FULL);
  assertEquals([code, stderr], [0, [OPEN, ""]]);
  assertEquals(
    stdout,
    `FILE: ok
  gRPC listens on ${EVERYWHERE}
  route /my_service.MyServiceAPI/Login: myauth, authorization none, round_robin
  route /my_service.MyServiceAPI/MyService: my_service, authorization required, sticky_sessions by session-id
  other calls: UNIMPLEMENTED
  cluster myauth: static, myauth:5001
  cluster my_service: dynamic, http://mydiscoverer:8080 every 5s
`,
  );
});

Deno.test("check grpc says what is missing and what is wrong in the environment, all at once", async () => {
  const { code, stdout, stderr } = await check(["grpc", "-c", EXAMPLE], { RETRY_COUNT: "many", RETRY_TIMEOUT_MS: "0" });
  assertEquals([code, stdout, stderr], [2, "", [
    'environment: RETRY_COUNT: expected a whole number 0..10, got "many"',
    "environment: RETRY_TIMEOUT_MS: expected a whole number 1..600000, got 0",
    "environment: SERVICE_PORT_GRPC: missing; give it, --listen HOST:PORT, or listen in the file",
    "FILE: auth.jwt_secret: missing: routes[1] requires authorization (JWT_SECRET gives it to serve grpc)",
    OPEN,
    "",
  ]]);
});

Deno.test("check grpc without a file says how to name one", async () => {
  const { code, stderr } = await check(["grpc"], { RETRY_COUNT: "many" });
  assertEquals([code, stderr], [2, [
    'environment: RETRY_COUNT: expected a whole number 0..10, got "many"',
    "environment: CONFIG_PATH: missing; give it, or -c FILE",
    "Try diam-gw check grpc --help",
    "",
  ]]);
});

Deno.test("check grpc --print shows what the environment changes, and no secret", async () => {
  const { code, stdout } = await check(["grpc", "--print"], { ...FULL, RETRY_COUNT: "1", RETRY_TIMEOUT_MS: "250" });
  assertEquals([code, stdout.includes("s3cret")], [0, false]);
  for (const line of ["    count: 1\n", "    attempt_timeout: 250ms\n", `    - '${EVERYWHERE}'\n`]) {
    assertStringIncludes(stdout, line);
  }
});

Deno.test("check takes a file of the gRPC plane without its environment", async () => {
  const { code, stderr } = await check(["-c", EXAMPLE, "--json"], { SERVICE_PORT_GRPC: "x", RETRY_COUNT: "y" });
  assertEquals([code, stderr], [2, [""]]);
});
