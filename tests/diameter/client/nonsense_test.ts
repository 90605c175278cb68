import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ConnectionClosedError, MalformedAnswerError } from "../../../src/diameter/client/errors.ts";
import { answer, patched, type RawMessage, request } from "../../support/raw_message.ts";
import { until } from "../../support/until.ts";
import { watch, withPool } from "./support.ts";

const { test } = Deno;

/** Offset of the first AVP's header and of the length in it. */
const FIRST_AVP = 20;
const LENGTH = FIRST_AVP + 5;

/** What a peer may answer, and how the request ends. */
const NONSENSE: [
  what: string,
  reply: (to: RawMessage) => Uint8Array,
  offset: number,
  avp: number | undefined,
  text: string,
][] = [
  [
    "an answer to another command",
    (to) => patched(answer(to), { 5: 0, 6: 1, 7: 16 }),
    5,
    undefined,
    "the Command Code at byte 5: 272 answers a request with 324",
  ],
  [
    "another end-to-end id",
    (to) => patched(answer(to), { 16: 0, 17: 0, 18: 0, 19: 9 }),
    16,
    undefined,
    "the End-to-End Identifier at byte 16: 9 answers a request with ",
  ],
  [
    "an AVP that is shorter than its header",
    (to) => patched(answer(to), { [LENGTH]: 0, [LENGTH + 1]: 0, [LENGTH + 2]: 3 }),
    FIRST_AVP,
    263,
    "AVP Session-Id (263) at byte 20: length 3 is below 8",
  ],
  [
    "an AVP that reaches past the end",
    (to) => patched(answer(to), { [LENGTH]: 1 }),
    FIRST_AVP,
    263,
    "AVP Session-Id (263) at byte 20: length 655",
  ],
  [
    "a vendor's AVP without room for the vendor",
    (to) => answer(to, { more: (builder) => void builder.raw(new Uint8Array([0, 0, 5, 0xa5, 0xc0, 0, 0, 8])) }),
    0,
    1445,
    "length 8 is below 12",
  ],
];

for (const [what, reply, offset, avp, text] of NONSENSE) {
  test(`${what} rejects its own request, and the others on that connection get their answers`, async () => {
    await withPool({}, async ({ pool, peers: [peer] }) => {
      const calls = Array.from({ length: 20 }, () => pool.request(request()));
      const seen = watch(calls);
      const asked = [];
      for (let i = 0; i < calls.length; i++) asked.push(await peer!.nextRequest());
      // In one piece, the bad one in the middle.
      const answers = asked.map((one, i) => i === 3 ? reply(one) : answer(one));
      await peer!.send(...answers);
      await until(() => seen.settled === calls.length, "all have ended");
      assertEquals(seen.done, 19);
      const [error] = seen.failed as [MalformedAnswerError];
      assert(error instanceof MalformedAnswerError, String(error));
      assertEquals([error.offset, error.avp], [offset || answers[3]!.length - 8, avp]);
      assertStringIncludes(error.message, text);
      const later = pool.request(request());
      await peer!.send(answer(await peer!.nextRequest()));
      assertEquals((await later).result?.code, 2001);
      assertEquals([pool.statistics.reconnects, pool.statistics.pending], [0, 0]);
    });
  });
}

const FRAMES: [what: string, bytes: Uint8Array, text: string][] = [
  ["a message that is shorter than a header", new Uint8Array([1, 0, 0, 12]), "impossible length"],
  ["a message that is longer than may be", new Uint8Array([1, 1, 0, 4]), "impossible length"],
  ["another version", patched(new Uint8Array(20), { 0: 2, 3: 20 }), "bytes that are no Diameter message"],
  ["a length that is no multiple of 4", patched(new Uint8Array(24), { 0: 1, 3: 22 }), "22 is no multiple of 4"],
];

for (const [what, bytes, text] of FRAMES) {
  test(`${what} closes the connection, and no other`, async () => {
    await withPool({ connections: 2, reconnect: false }, async ({ pool, peers: [bad, good] }) => {
      const calls = [pool.request(request()), pool.request(request())];
      const seen = watch([calls[0]!]);
      await bad!.nextRequest();
      const second = await good!.nextRequest();
      await bad!.send(bytes);
      await until(() => seen.settled === 1, "it has ended");
      assert(seen.failed[0] instanceof ConnectionClosedError, String(seen.failed[0]));
      assertStringIncludes((seen.failed[0] as Error).message, text);
      await good!.send(answer(second));
      assertEquals((await calls[1]!).result?.code, 2001);
    });
  });
}

test("an answer that nobody waits for is counted, and harms nobody", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    const call = pool.request(request());
    const seen = await peer!.nextRequest();
    await peer!.send(answer(seen, { hopByHop: seen.hopByHop ^ 1 }), answer(seen), answer(seen));
    assertEquals((await call).result?.code, 2001);
    await until(() => pool.statistics.unmatchedAnswers === 2, "both are counted");
    assertEquals(pool.health.openConnections, 1);
  });
});
