/** What is left of thousands of Logic Apps that came, asked and went. */
import { assert } from "@std/assert";
import { Blaster } from "../../bench/relay/blaster.ts";
import { until } from "../../support/until.ts";
import { Scene } from "../scene.ts";

const MB = 1e6;

Deno.test("3000 Logic Apps that ask and leave have their memory given back within a minute", async () => {
  await using scene = await Scene.start({ server: { max_connections: 4000 } });
  const storm = async (connections: number) => {
    const dial = (to: Deno.ConnectOptions) => Deno.connect(to);
    await using apps = await Blaster.open(scene.address, { connections, window: 4, size: 224, dial });
    await apps.run(2_000);
    return (await scene.gateway.sample()).memory;
  };
  // The first ones load code and warm up.
  const before = await storm(50);
  const during = await storm(3000);
  assert(during > before + 50 * MB, `the storm took no more than ${(during - before) / MB} MB`);
  let after = during;
  const isGivenBack = async () => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    after = (await scene.gateway.sample()).memory;
    return after - before < (during - before) / 2;
  };
  await until(isGivenBack, "memory comes back", 60_000).catch((error) => {
    throw new Error(`${before / MB} MB, ${during / MB} MB during the storm, ${after / MB} MB after it`, {
      cause: error,
    });
  });
  await scene.unharmed();
});
