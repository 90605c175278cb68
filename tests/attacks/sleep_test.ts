/** A host that sleeps, or a process that is stopped for a while. */
import { assertEquals } from "@std/assert";
import { until } from "../support/until.ts";
import { Scene } from "./scene.ts";

Deno.test("a gateway that was stopped for longer than its watchdogs and timeouts blames nobody for it", async () => {
  await using scene = await Scene.start({
    // Answers are on their way when it is stopped, and DWAs too.
    dras: [{ faults: { delay: 300 } }, { faults: { delay: 300 } }],
    gateway: { answer_timeout: "1s", request_timeout: "1500ms" },
    server: { watchdog_interval: "400ms", watchdog_jitter: "0s", write_timeout: "1s", capabilities_timeout: "1s" },
    draPool: { watchdog_interval: "400ms", watchdog_jitter: "0s", write_timeout: "1s" },
  });
  // In the middle of its capabilities exchange, which is not its fault.
  const newcomer = await Deno.connect(scene.address);
  await until(() => scene.polite.counters.answered > 50, "answers flow");
  scene.gateway.kill("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const { answered } = scene.polite.counters;
  scene.gateway.kill("SIGCONT");
  await until(() => scene.polite.counters.answered > answered + 100, "answers flow again");
  const blamed = ["dra_suspect", "dra_down", "resent", "failover", "app_down", "app_refused", "no_dra"];
  assertEquals(scene.gateway.entries.filter(({ event }) => blamed.includes(String(event))), []);
  newcomer.close();
  await scene.unharmed();
});
