import { assert } from "@std/assert";
import { until } from "../support/until.ts";
import { Scene } from "./scene.ts";

Deno.test("two hundred connections that say nothing cost a polite Logic App nothing", async () => {
  await using scene = await Scene.start({ server: { capabilities_timeout: "1s" } });
  const before = await scene.gateway.sample();
  const silent = await Promise.all(Array.from({ length: 200 }, () => Deno.connect(scene.address)));
  try {
    await until(async () => (await scene.gateway.sample()).openFiles >= before.openFiles + 200, "they are accepted");
    await until(async () => (await scene.gateway.sample()).openFiles < before.openFiles + 10, "they are let go");
    const after = await scene.gateway.sample();
    assert(after.memory < before.memory + 30e6, `memory went from ${before.memory} to ${after.memory} bytes`);
  } finally {
    for (const connection of silent) connection.close();
  }
  await scene.unharmed();
});
