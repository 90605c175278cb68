import { assertEquals } from "@std/assert";
import { Backend, cluster, config, Stage } from "./support/stage.ts";

Deno.test("a unary call reaches the backend and its answer the client", async () => {
  await using backend = new Backend("one");
  await using stage = await Stage.start(config([{ prefix: "/pkg.Service" }], { main: cluster([backend]) }));
  await stage.ready(1);
  const client = await stage.client();
  const got = await client.unary("/pkg.Service/Method");
  assertEquals(got.messages, ["one"]);
  assertEquals(got.status, "0");
});
