import { assertEquals } from "@std/assert";
import { grpcFlags, grpcOverrides } from "../../../src/commands/serve/grpc_flags.ts";
import { parseFlags } from "../../../src/commands/cli/flags.ts";

const overrides = (...args: string[]) => grpcOverrides(parseFlags(grpcFlags, args).values);

Deno.test("each flag sets its key", async () => {
  const { overrides: set } = await overrides(
    ...["--listen", "a:1", "--listen", "b:2", "--admin", "", "--log", "debug", "--log-format", "json"],
    ...["--retry-count", "0", "--retry-timeout", "250ms"],
  );
  assertEquals(set?.map(({ path, value, flag }) => [flag, path.join("."), value]), [
    ["--listen", "grpc.listen", ["a:1", "b:2"]],
    ["--admin", "admin.listen", ""],
    ["--log", "logging.level", "debug"],
    ["--log-format", "logging.format", "json"],
    ["--retry-count", "grpc.retry.count", "0"],
    ["--retry-timeout", "grpc.retry.attempt_timeout", "250ms"],
  ]);
});

Deno.test("the secret of a file is its text, without the line end", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, " s3cret \r\n");
    const { overrides: set, problems } = await overrides("--jwt-secret-file", file);
    assertEquals([set?.map(({ value }) => value), problems], [[" s3cret "], undefined]);
  } finally {
    await Deno.remove(file);
  }
  const { problems } = await overrides("--jwt-secret-file", "/nowhere/secret");
  assertEquals(problems?.map(({ message }) => message), ["cannot read /nowhere/secret: no such file"]);
});
