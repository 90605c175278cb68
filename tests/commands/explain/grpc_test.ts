import { assertEquals, assertStringIncludes } from "@std/assert";
import { runMain } from "../run_main.ts";

const EXAMPLE = new URL("../../../config/grpc/gateway.yaml", import.meta.url).pathname;
const NOTHING = { CONFIG_PATH: "", DIAM_GW_CONFIG: "", JWT_SECRET: "" };

Deno.test("explain grpc says what becomes of a call, without knowing the secret", async () => {
  const args = [
    "explain",
    "grpc",
    "-c",
    EXAMPLE,
    "/my_service.MyServiceAPI/MyServiceEcho",
    "--header",
    "Session-Id=s=1",
  ];
  const { code, stdout, stderr } = await runMain(args, NOTHING);
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "route          /my_service.MyServiceAPI/MyService\n");
  assertStringIncludes(stdout, 'session-id is "s=1"');
  assertStringIncludes(stdout, "UNAUTHENTICATED (16) missing or invalid token");
});

Deno.test("explain grpc says all that is wrong with its command line", async () => {
  const { code, stderr } = await runMain(["explain", "grpc", "my.API/Login", "--header", "x"], NOTHING);
  assertEquals([code, stderr.split("\n")], [2, [
    "--config: missing; give -c FILE",
    'expected a full method name such as /my_service.MyServiceAPI/Login, got "my.API/Login"',
    '--header: expected NAME=VALUE, got "x"',
    "Try diam-gw explain grpc --help",
    "",
  ]]);
});
