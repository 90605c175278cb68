/**
 * Requests that wait until a DRA is usable again, at a real gateway between scripted peers.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { NO_POLICY } from "../../../src/diameter/relay/core/policy_options.ts";
import { AVP } from "../../../src/diameter/wire/avp_codes.ts";
import type { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";
import { type Stage, stage, type StageOptions } from "../../compliance/stage.ts";
import { answer, request } from "../../support/raw_message.ts";
import { until } from "../../support/until.ts";

/** No request waits for REOPEN, and the DRA is not there until a test opens it. */
function queued(more: Partial<typeof NO_POLICY.routing.queue> = {}, options: StageOptions = {}): StageOptions {
  const queue = { ...NO_POLICY.routing.queue, maxMessages: 10, ...more };
  return {
    open: false,
    ...options,
    draPool: { reopenWatchdogs: 0, ...options.draPool },
    gateway: { routing: { ...NO_POLICY.routing, queue, ...options.gateway?.routing }, ...options.gateway },
  };
}

const waiting = (s: Stage) => s.gateway.parts.toDras.queued.requests;
const priority = (drmp: number) => (b: MessageBuilder) => void b.unsigned32(AVP.drmp, drmp);

Deno.test(
  "QU1 QU2 requests wait in order while no DRA is usable, go when one is, with T as it came, and newer ones go behind",
  stage(queued(), async (s) => {
    const app = await s.app();
    await app.send(request({ endToEnd: 1 }), request({ endToEnd: 2 }), request({ endToEnd: 3 }));
    await until(() => waiting(s) === 3, "they wait");
    assertEquals(s.gateway.statistics.active_sessions, 3);
    assertEquals(s.eventsOf("queue_begin").length, 1);
    const dra = await s.listeners[0]!.open();
    for (const endToEnd of [1, 2, 3]) {
      const asked = await dra.nextRequest();
      assertEquals([asked.endToEnd, asked.flags & 0x10], [endToEnd, 0]);
      await dra.send(answer(asked));
      assertEquals((await app.nextAnswer()).endToEnd, endToEnd);
    }
    const [end] = s.eventsOf("queue_end");
    assertEquals([end?.sent, end?.answered, end?.abandoned], [3, 0, 0]);
    assertEquals(s.gateway.statistics.sessions_completed, 3);
    assertEquals(s.gateway.runtime.meters.wait.of({}).count, 3);
  }),
);

Deno.test(
  "QU1 those of a higher DRMP go first, in order of arrival among their own",
  stage(queued(), async (s) => {
    const app = await s.app();
    await app.send(
      request({ endToEnd: 1 }),
      request({ endToEnd: 2, more: priority(15) }),
      request({ endToEnd: 3, more: priority(0) }),
      request({ endToEnd: 4, more: priority(0) }),
    );
    await until(() => waiting(s) === 4, "they wait");
    const dra = await s.listeners[0]!.open();
    const order: number[] = [];
    for (let i = 0; i < 4; i++) {
      const asked = await dra.nextRequest();
      order.push(asked.endToEnd);
      await dra.send(answer(asked));
    }
    assertEquals(order, [3, 4, 1, 2]);
    for (let i = 0; i < 4; i++) await app.nextAnswer();
  }),
);

Deno.test(
  "QU1 who has waited for max_wait is answered 3002",
  stage(queued({ maxWait: 100 }), async (s) => {
    const app = await s.app();
    await app.send(request());
    const refused = await app.nextAnswer();
    assertEquals(refused.resultCode, 3002);
    assertStringIncludes(refused.text(AVP.errorMessage) ?? "", "routing.queue.max_wait");
    assertEquals(s.gateway.statistics.sessions_expired, 1);
    assertEquals(s.eventsOf("queue_end").map(({ answered }) => answered), [1]);
  }),
);

Deno.test(
  "QU1 nobody waits longer than a request may live, and what is left of that is what a DRA has for it",
  stage(queued({}, { gateway: { requestTimeout: 400, answerTimeout: 400 } }), async (s) => {
    const app = await s.app();
    const before = performance.now();
    await app.send(request());
    assertEquals((await app.nextAnswer()).resultCode, 3002);
    await app.send(request());
    await until(() => waiting(s) === 1, "it waits");
    const dra = await s.listeners[0]!.open();
    await dra.nextRequest();
    assertEquals((await app.nextAnswer()).resultCode, 3002);
    assert(performance.now() - before < 4_000);
  }),
);

for (const [what, more] of [["max_messages", { maxMessages: 2 }], ["max_bytes", { maxBytes: 2_600 }]] as const) {
  Deno.test(
    `QU1 one more than ${what} is answered 3004`,
    stage(queued(more), async (s) => {
      const app = await s.app();
      const bulky = (b: MessageBuilder) => void b.octets(0xfffff0, new Uint8Array(1_000), { flags: 0 });
      await app.send(request({ more: bulky }), request({ more: bulky }), request({ more: bulky, endToEnd: 77 }));
      const refused = await app.nextAnswer();
      assertEquals([refused.resultCode, refused.endToEnd], [3004, 77]);
      assertEquals(waiting(s), 2);
      assertEquals(s.gateway.runtime.meters.errorAnswers.of({ code: "3004", reason: "queue_full" }).value, 1);
    }),
  );
}

Deno.test(
  "QU1 what waits counts for server.max_in_flight",
  stage(queued({}, { server: { maxInFlight: 2 } }), async (s) => {
    const app = await s.app();
    await app.send(request(), request(), request());
    assertEquals((await app.nextAnswer()).resultCode, 3004);
    assertEquals(waiting(s), 2);
  }),
);

Deno.test(
  "QU1 a DRA that is there and knows the application not, or is full, is none that a request waits for",
  stage(queued({}, { open: true, dras: [{ applications: [1000] }] }), async (s) => {
    const app = await s.app();
    await app.send(request());
    assertEquals((await app.nextAnswer()).resultCode, 3002);
    assertEquals(s.eventsOf("queue_begin"), []);
  }),
);

Deno.test(
  "QU2 an app that leaves takes what waits along",
  stage(queued(), async (s) => {
    const [leaver, stayer] = [await s.app("leaver.example.net"), await s.app()];
    await leaver.send(request(), request());
    await stayer.send(request({ endToEnd: 5 }));
    await until(() => waiting(s) === 3, "they wait");
    await leaver.close();
    await until(() => waiting(s) === 1, "it has gone");
    assertEquals(s.gateway.statistics.sessions_abandoned, 2);
    const dra = await s.listeners[0]!.open();
    const asked = await dra.nextRequest();
    assertEquals(asked.endToEnd, 5);
    await dra.send(answer(asked));
    await stayer.nextAnswer();
    assertEquals(s.eventsOf("queue_end").map(({ abandoned }) => abandoned), [2]);
  }),
);

Deno.test(
  "QU2 they go at release_per_second, and newer ones do not overtake them",
  stage(queued({ releasePerSecond: 20 }), async (s) => {
    const app = await s.app();
    await app.send(...Array.from({ length: 6 }, (_, i) => request({ endToEnd: i + 1 })));
    await until(() => waiting(s) === 6, "they wait");
    const dra = await s.listeners[0]!.open();
    await s.usable();
    const since = performance.now();
    await app.send(request({ endToEnd: 7 }));
    for (let i = 1; i <= 7; i++) {
      const asked = await dra.nextRequest();
      assertEquals(asked.endToEnd, i);
      await dra.send(answer(asked));
      await app.nextAnswer();
    }
    assert(performance.now() - since > 150, "all of them came at once");
  }),
);

Deno.test(
  "QU2 at the end they wait until drain_timeout and are answered 3002 then",
  stage(queued(), async (s) => {
    const app = await s.app();
    await app.send(request());
    await until(() => waiting(s) === 1, "it waits");
    const stopped = s.gateway.stop();
    const refused = await app.nextAnswer();
    assertEquals(refused.resultCode, 3002);
    await app.close();
    await stopped;
    assertEquals(waiting(s), 0);
  }),
);

Deno.test(
  "QU1 with pools only those wait whose pools have nobody, and they keep nobody else",
  stage(
    {
      ...queued(),
      dras: [{}, {}],
      gateway: {
        routing: {
          ...NO_POLICY.routing,
          queue: { ...NO_POLICY.routing.queue, maxMessages: 10 },
          pools: [
            { name: "one", dras: [{ name: "dra-1" }], balance: "", hashKey: "session_id" },
            { name: "two", dras: [{ name: "dra-2" }], balance: "", hashKey: "session_id" },
          ],
          routes: [
            {
              name: "first",
              match: { destinationRealm: "one.example" },
              pool: "one",
              fallback: [],
              ignoreDestinationHost: false,
              neverRetry: false,
            },
          ],
          default: { pool: "two" },
        },
      },
    },
    async (s) => {
      const app = await s.app();
      const two = await s.listeners[1]!.open();
      await s.usable(1);
      await app.send(request({ destinationRealm: "one.example", endToEnd: 1 }), request({ endToEnd: 2 }));
      const asked = await two.nextRequest();
      assertEquals(asked.endToEnd, 2);
      await two.send(answer(asked));
      await app.nextAnswer();
      assertEquals(waiting(s), 1);
      const one = await s.listeners[0]!.open();
      await one.send(answer(await one.nextRequest()));
      assertEquals((await app.nextAnswer()).endToEnd, 1);
    },
  ),
);
