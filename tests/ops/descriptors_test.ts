import { assert, assertEquals } from "@std/assert";
import { affordableConnections, descriptorLimit, parseLimits } from "../../src/ops/descriptors.ts";

Deno.test("the soft limit of open files is read, whatever stands around it", () => {
  const text = "Limit                     Soft Limit           Hard Limit           Units     \n" +
    "Max processes             31543                31543                processes \n" +
    "Max open files            1024                 524288               files     \n";
  assertEquals(parseLimits(text), 1024);
  assertEquals(parseLimits("Max open files            unlimited            unlimited            files\n"), undefined);
  assertEquals(parseLimits(""), undefined);
});

Deno.test({
  name: "the limit of this process is the one that a shell reports",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", "ulimit -n"] }).output();
    assertEquals(descriptorLimit(), Number(new TextDecoder().decode(stdout)));
  },
});

Deno.test("DRAs, listeners and what is open already come before those who connect", () => {
  const connections = affordableConnections(1024, 20, 30);
  assert(connections < 1024 - 50 && connections > 900, `${connections} connections`);
  assertEquals(affordableConnections(16, 20, 30), 1);
});
