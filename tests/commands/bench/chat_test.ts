import { assert, assertEquals, assertMatch } from "@std/assert";
import { runMain } from "../run_main.ts";

Deno.test("bench chat measures a gateway of its own, and every member reads every event once", async () => {
  const args = ["bench", "chat", "--members", "20", "--window", "8", "--duration", "200ms", "--json"];
  const { code, stdout, stderr } = await runMain(args);
  assertEquals([code, stderr], [0, ""]);
  const { members, payload_bytes, closed_loop: closed, open_loop: open } = JSON.parse(stdout);
  assertEquals([members, payload_bytes, closed.window, open.rate], [20, 128, 8, 50]);
  for (const { published, deliveries, last_member_ms, gateway_cpu_us_per_delivery } of [closed, open]) {
    assert(published > 0);
    assertEquals(deliveries, published * 20);
    assert(last_member_ms.p50 > 0 && last_member_ms.p50 <= last_member_ms.p99);
    assertEquals(typeof gateway_cpu_us_per_delivery, "number");
  }
});

Deno.test("bench chat says why it cannot measure", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const nobody = await runMain(["bench", "chat", "--against", `http://127.0.0.1:${port}`, "--members", "1"]);
  assertEquals([nobody.code, nobody.stdout], [1, ""]);
  assertMatch(nobody.stderr, /^bench chat: no gateway answers at http:\/\/127\.0\.0\.1:\d+: .*refused/);
  const wrong = await runMain(["bench", "chat", "--secret", "x"]);
  assertEquals(wrong.code, 2);
  assertMatch(wrong.stderr, /--secret: has no effect without --against/);
});
