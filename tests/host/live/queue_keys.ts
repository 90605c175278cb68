/**
 * Live keys of `routing.queue` and `routing.duplicate_cache`.
 * @module
 */
import { assertEquals } from "@std/assert";
import { NO_POLICY } from "../../../src/diameter/relay/core/policy_options.ts";
import { answer, request } from "../../support/raw_message.ts";
import { until } from "../../support/until.ts";
import { change, refused, type Row, row } from "./row.ts";

/** All of them. */
export const QUEUE_KEYS: readonly Row[] = [
  row(
    ["max_messages", "max_bytes", "max_wait", "release_per_second"].map((key) => `routing.queue.${key}`).join(" "),
    "requests wait for a DRA from then on, as many and as long as is said, and no more when none may",
    { open: false },
    async (s) => {
      const app = await s.app();
      const queue = (more: Partial<typeof NO_POLICY.routing.queue>) => ({
        gateway: { routing: { ...NO_POLICY.routing, queue: { ...NO_POLICY.routing.queue, maxMessages: 1, ...more } } },
      });
      assertEquals((await refused(app)).resultCode, 3002);
      await change(s, queue({}));
      await app.send(request({ endToEnd: 1 }));
      await until(() => s.gateway.parts.toDras.queued.requests === 1, "it waits");
      assertEquals((await refused(app)).resultCode, 3004);
      await change(s, queue({ maxMessages: 9, maxBytes: 1024, maxWait: 100, releasePerSecond: 1 }));
      await app.send(request({ endToEnd: 2 }));
      assertEquals((await app.nextAnswer()).endToEnd, 2);
      await change(s, queue({ maxMessages: 0 }));
      assertEquals((await refused(app)).resultCode, 3002);
      const dra = await s.listeners[0]!.open();
      const asked = await dra.nextRequest();
      assertEquals(asked.endToEnd, 1);
      await dra.send(answer(asked));
      await app.nextAnswer();
    },
  ),
  row(
    ["enabled", "window", "max_entries", "max_bytes"].map((key) => `routing.duplicate_cache.${key}`).join(" "),
    "who asks again is answered by the gateway, until that is turned off again",
    {},
    async (s) => {
      const app = await s.app();
      const wish = { endToEnd: 4711, session: "app;1;1" };
      const again = request({ ...wish, flags: 0xd0 });
      const asks = async (message: Uint8Array<ArrayBuffer>) => {
        await app.send(message);
        await s.dra.send(answer(await s.dra.nextRequest()));
        await app.nextAnswer();
      };
      const cache = (more: Partial<typeof NO_POLICY.routing.duplicateCache>) => ({
        gateway: {
          routing: {
            ...NO_POLICY.routing,
            duplicateCache: { ...NO_POLICY.routing.duplicateCache, enabled: true, ...more },
          },
        },
      });
      await change(s, cache({}));
      await asks(request(wish));
      await app.send(again);
      await app.nextAnswer();
      await change(s, cache({ maxEntries: 1, maxBytes: 1024, window: 60_000 }));
      await asks(request());
      await asks(again);
      await change(s, cache({ enabled: false }));
      assertEquals(s.gateway.parts.duplicates.bytes, 0);
      await asks(again);
    },
  ),
];
