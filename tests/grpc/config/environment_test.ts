import { assertEquals } from "@std/assert";
import { grpcEnvironment } from "../../../src/grpc/config/environment.ts";

const read = (variables: Record<string, string>) => grpcEnvironment((name) => variables[name]);
const said = (variables: Record<string, string>) =>
  read(variables).overrides.map(({ path, value, flag }) => [path.join("."), value, flag]);

Deno.test("nothing in the environment says nothing, and so do empty values", () => {
  const nothing = { file: undefined, overrides: [], problems: [] };
  assertEquals(read({}), nothing);
  const names = ["SERVICE_PORT_GRPC", "CONFIG_PATH", "JWT_SECRET", "RETRY_COUNT", "RETRY_TIMEOUT_MS"];
  assertEquals(read(Object.fromEntries(names.map((name) => [name, ""]))), nothing);
});

Deno.test("each variable has its key", () => {
  const variables = {
    SERVICE_PORT_GRPC: "10000",
    CONFIG_PATH: "gw.yaml",
    JWT_SECRET: "s3cret",
    RETRY_COUNT: "0",
    RETRY_TIMEOUT_MS: "1500",
  };
  assertEquals(read(variables).file, "gw.yaml");
  assertEquals(said(variables), [
    ["grpc.listen", "[::]:10000", "environment: SERVICE_PORT_GRPC"],
    ["grpc.auth.jwt_secret", "s3cret", "environment: JWT_SECRET"],
    ["grpc.retry.count", 0, "environment: RETRY_COUNT"],
    ["grpc.retry.attempt_timeout", "1500ms", "environment: RETRY_TIMEOUT_MS"],
  ]);
});

for (
  const [name, value, line] of [
    ["RETRY_COUNT", "many", 'RETRY_COUNT: expected a whole number 0..10, got "many"'],
    ["RETRY_COUNT", "11", "RETRY_COUNT: expected a whole number 0..10, got 11"],
    ["RETRY_COUNT", "-1", "RETRY_COUNT: expected a whole number 0..10, got -1"],
    ["RETRY_COUNT", "1.5", "RETRY_COUNT: expected a whole number 0..10, got 1.5"],
    ["RETRY_TIMEOUT_MS", "0", "RETRY_TIMEOUT_MS: expected a whole number 1..600000, got 0"],
    ["RETRY_TIMEOUT_MS", "5s", 'RETRY_TIMEOUT_MS: expected a whole number 1..600000, got "5s"'],
    ["SERVICE_PORT_GRPC", "0", "SERVICE_PORT_GRPC: expected a port 1..65535, got 0"],
    ["SERVICE_PORT_GRPC", "65536", "SERVICE_PORT_GRPC: expected a port 1..65535, got 65536"],
    ["SERVICE_PORT_GRPC", ":10000", 'SERVICE_PORT_GRPC: expected a port 1..65535, got ":10000"'],
  ] as const
) {
  Deno.test(`a wrong value of the environment is told: ${line}`, () => {
    const { overrides, problems } = read({ [name]: value });
    assertEquals([overrides, problems.map(({ flag, message }) => `${flag}: ${message}`)], [[], [
      `environment: ${line}`,
    ]]);
  });
}

Deno.test("all wrong values are told at once", () => {
  assertEquals(read({ RETRY_COUNT: "x", RETRY_TIMEOUT_MS: "y", SERVICE_PORT_GRPC: "z" }).problems.length, 3);
});
