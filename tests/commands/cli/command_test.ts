import { assertEquals } from "@std/assert";
import { type Command, withMembers } from "../../../src/commands/cli/command.ts";

const told: string[] = [];
const command = (name: string): Command => ({
  name,
  summary: name,
  usage: name,
  run: (args) => {
    told.push([name, ...args].join(" "));
    return Promise.resolve(0);
  },
});

for (
  const [args, expected] of [
    ["", "serve"],
    ["-c gw.yaml", "serve -c gw.yaml"],
    ["grpc -c gw.yaml", "serve grpc -c gw.yaml"],
    ["grpc --help", "serve grpc --help"],
    ["--help", "serve --help"],
    ["constructor", "serve constructor"],
  ] as const
) {
  Deno.test(`a command with members runs ${expected}`, async () => {
    told.length = 0;
    const load = (name: string) => () => Promise.resolve({ default: command(name) });
    const { default: serve } = await withMembers(load("serve"), { grpc: load("serve grpc") })();
    assertEquals(await serve.run(args.split(" ").filter((word) => word !== "")), 0);
    assertEquals(told, [expected]);
  });
}
