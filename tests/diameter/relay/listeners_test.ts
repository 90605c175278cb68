import { assertEquals, assertStringIncludes } from "@std/assert";
import { stage } from "../../compliance/stage.ts";
import { answer, request } from "../../support/raw_message.ts";

const { test } = Deno;

test(
  "a listener of the gateway that throws at everything costs no connection, and the log tells it once",
  stage({ draPool: { reopenWatchdogs: 0 } }, async (s) => {
    s.gateway.on((event) => {
      throw new Error(`cannot stand ${event.kind}`);
    });
    const heard: string[] = [];
    s.gateway.on(({ kind }) => heard.push(kind));
    const app = await s.app();
    await s.dra.close();
    await s.usable(0, false);
    const dra = await s.reopened();
    await s.usable(0);
    await app.send(request());
    await dra.send(answer(await dra.nextRequest()));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    const [told, ...more] = s.eventsOf("listener_failed");
    assertStringIncludes(told!.reason, "Error: cannot stand app_up");
    assertEquals(more, []);
    assertEquals(heard.filter((kind) => ["app_up", "dra_down", "dra_up"].includes(kind)), [
      "app_up",
      "dra_down",
      "dra_up",
    ]);
  }),
);

test(
  "an observer that throws at every message costs none of them, and the log tells it once",
  stage({}, async (s) => {
    s.gateway.observe(({ kind }) => {
      throw new Error(`cannot stand a ${kind}`);
    });
    const app = await s.app();
    for (let i = 0; i < 3; i++) {
      await app.send(request());
      await s.dra.send(answer(await s.dra.nextRequest()));
      assertEquals((await app.nextAnswer()).resultCode, 2001);
    }
    await app.send(request({ destinationRealm: null }));
    assertEquals((await app.nextAnswer()).resultCode, 3001);
    assertEquals(s.eventsOf("internal_error"), []);
    assertEquals(s.eventsOf("listener_failed").length, 1);
    assertStringIncludes(s.eventsOf("listener_failed")[0]!.reason, "Error: cannot stand a request");
    assertEquals(s.gateway.statistics.sessions_completed, 3);
  }),
);
