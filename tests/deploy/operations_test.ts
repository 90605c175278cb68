import { assertEquals } from "@std/assert";
import { commands } from "../../src/main.ts";
import { fakeGateway } from "../commands/admin/fake_gateway.ts";
import { interopTest, program } from "../interop/programs.ts";
import { METRICS } from "./contract.ts";
import { anchorsOf, readOperations } from "./files.ts";

Deno.test("the operators' chapter names commands, metrics and headings that there are", async () => {
  const text = await readOperations();
  const named = (pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map(([, name = ""]) => name))];
  assertEquals(named(/`(?:[^`]*\s)?diam-gw ([a-z]\w*)/g).filter((name) => !Object.hasOwn(commands, name)), []);
  assertEquals(named(/\b((?:diamgw|process)_\w+)/g).filter((name) => !Object.hasOwn(METRICS, name)), []);
  assertEquals(named(/\]\(#([^)]*)\)/g).filter((anchor) => !anchorsOf(text).includes(anchor)), []);
});

interopTest("the shell function of the operators' chapter asks with the token, and without one", [
  program("curl", "curl"),
], async () => {
  const definition = /^ {4}(api\(\).*)$/m.exec(await readOperations())?.[1];
  for (const token of ["s3cret", ""]) {
    await using gateway = await fakeGateway({ token });
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", `${definition}\napi "$GW/api/v1/dras"; api -X POST $GW/api/v1/dras/dra-west/enable >/dev/null`],
      env: { GW: gateway.url, DIAM_GW_ADMIN_TOKEN: token },
    }).output();
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)).length, 2);
    assertEquals(gateway.plane.done, ["dra-west enable"]);
  }
});
