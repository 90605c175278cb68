import { assert, assertEquals } from "@std/assert";
import { affordableConnections } from "../../src/ops/descriptors.ts";

Deno.test("where descriptors are plenty, all wanted connections may be accepted, and none stays open", () => {
  assertEquals(affordableConnections(50, 4), 50);
});

Deno.test({
  name: "DRAs, listeners and files come before those who connect, and one connection is always possible",
  ignore: Deno.build.os === "windows",
  async fn() {
    const tried = async (limit: number) => {
      const module = new URL("../../src/ops/descriptors.ts", import.meta.url).href;
      const script = `import { affordableConnections as f } from "${module}"; console.log(f(1000, 20));`;
      const shell = `ulimit -n ${limit}; exec "$0" eval --ext=ts '${script}'`;
      const { stdout } = await new Deno.Command("/bin/sh", { args: ["-c", shell, Deno.execPath()] }).output();
      return Number(new TextDecoder().decode(stdout));
    };
    const connections = await tried(200);
    assert(connections > 80 && connections <= 200 - 20 - 32, `${connections} connections of 200 descriptors`);
    assertEquals(await tried(64), 1);
  },
});
