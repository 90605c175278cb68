/** Whatever a peer sends: the gateway answers, relays or closes, and goes on. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { answer, cer, peerRequest, RawMessage, request } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { stage } from "./stage.ts";

const IDENTITY = { host: "odd.example.net", realm: "example.net" };

/** A few octets changed, the end cut off, or something behind it. */
const damage = fc.record({
  changes: fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }),
  cut: fc.option(fc.nat(), { nil: undefined }),
  more: fc.uint8Array({ maxLength: 24 }),
});

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(message: Uint8Array, { changes, cut, more }: Damage): Uint8Array {
  const bytes = new Uint8Array(message.length + more.length);
  bytes.set(message);
  bytes.set(more, message.length);
  // Mostly in the header and the first AVPs, where it hurts.
  for (const [at, octet] of changes) bytes[at % Math.min(bytes.length, 64)] = octet;
  return cut === undefined ? bytes : bytes.subarray(0, cut % (bytes.length + 1));
}

Deno.test(
  "F2 A3 C3 damaged messages of Logic Apps harm nobody else, before and after the CER",
  stage({ server: { capabilitiesTimeout: 60_000 } }, async (s) => {
    const good = await s.app();
    const kinds = [() => cer(IDENTITY), () => peerRequest(IDENTITY), () => peerRequest(IDENTITY, 0), () => request()];
    const play = fc.record({
      opens: fc.boolean(),
      messages: fc.array(fc.tuple(fc.constantFrom(...kinds), damage), { minLength: 1, maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(play, async ({ opens, messages }) => {
        const odd = await s.connect(IDENTITY.host);
        if (opens) await odd.exchangeCapabilities();
        await odd.send(...messages.map(([make, how]) => damaged(make(), how))).catch(() => {});
        await odd.close();
      }),
      { numRuns: 150 },
    );
    await until(() => s.gateway.apps.size === 1, "all of them are gone");
    await good.send(request({ endToEnd: 4711 }));
    await until(() => s.dra.inbox.some(({ endToEnd }) => endToEnd === 4711), "the request was relayed");
    await s.dra.send(answer(s.dra.inbox.find(({ endToEnd }) => endToEnd === 4711)!));
    assertEquals((await good.nextAnswer()).resultCode, 2001);
  }),
);

Deno.test(
  "F2 N1 damaged answers of a DRA are relayed, thrown away, or end its connection; every request is answered once",
  stage({
    gateway: { requestTimeout: 400, answerTimeout: 400 },
    draPool: { reopenWatchdogs: 0, reconnect: { initial: 1, multiplier: 1, max: 1, jitter: 0, afterRefusal: 1 } },
  }, async (s) => {
    const app = await s.app();
    let dra = s.dra;
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(damage, async (how) => {
        if (dra.ended) {
          dra = await s.reopened();
          await s.usable();
        }
        const before = app.inbox.length;
        await app.send(request({ endToEnd: ++asked }));
        await until(() => dra.inbox.length > 0 || app.inbox.length > before, "the request was taken");
        const relayed = dra.inbox.shift();
        if (relayed === undefined) return;
        await dra.send(damaged(answer(relayed), how)).catch(() => {});
        // A second good message shows that the stream can still be followed, or that it cannot.
        if (how.cut !== undefined || how.more.length > 0) await dra.close();
      }),
      { numRuns: 80 },
    );
    await until(() => s.gateway.statistics.active_sessions === 0, "every request has ended", 10_000);
    await until(() => app.inbox.length >= asked, "every request was answered");
    assertEquals(app.inbox.length, asked);
  }),
);

Deno.test(
  "F1 random bytes are no Diameter: the connection is closed, or waits for more",
  stage({}, async (s) => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        const odd = await s.connect();
        await odd.send(bytes).catch(() => {});
        await odd.close();
        assert(odd.inbox.every(({ isRequest }) => !isRequest));
      }),
      { numRuns: 100 },
    );
    const good = await s.app();
    await good.nothingMore();
    const dwr = new RawMessage(peerRequest(good.identity));
    await good.send(dwr.bytes);
    assertEquals((await good.nextAnswer(COMMAND.deviceWatchdog)).endToEnd, dwr.endToEnd);
  }),
);
