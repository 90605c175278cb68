/** Items F1 to F11: framing and header. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { APPLICATION } from "../../src/diameter/wire/application_ids.ts";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG, OFFSET } from "../../src/diameter/wire/header.ts";
import { answer, cer, patched, peerRequest, RawMessage, request } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { stage } from "./stage.ts";

const VERSION_BYTE = 0;
const LENGTH_LOW_BYTE = 3;
const FLAGS_BYTE = OFFSET.flags;
const REQUEST = FLAG.request | FLAG.proxiable;

Deno.test(
  "F1 messages in one write are all relayed, in their order, and so are their answers",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(...Array.from({ length: 50 }, (_, i) => request({ endToEnd: 1000 + i })));
    const answers: Uint8Array[] = [];
    for (let i = 0; i < 50; i++) {
      const relayed = await s.dra.nextRequest();
      assertEquals(relayed.endToEnd, 1000 + i);
      answers.push(answer(relayed));
    }
    await s.dra.send(...answers);
    for (let i = 0; i < 50; i++) assertEquals((await app.nextAnswer()).endToEnd, 1000 + i);
  }),
);

Deno.test(
  "F1 a message that arrives byte by byte, header included, is one message",
  stage({}, async (s) => {
    const app = await s.connect();
    for (const octet of cer(app.identity)) await app.send(new Uint8Array([octet]));
    await app.nextAnswer(COMMAND.capabilitiesExchange);
    const bytes = request({ endToEnd: 7 });
    for (const octet of bytes) await app.send(new Uint8Array([octet]));
    const relayed = await s.dra.nextRequest();
    assertEquals(relayed.endToEnd, 7);
    for (const octet of answer(relayed)) await s.dra.send(new Uint8Array([octet]));
    assertEquals((await app.nextAnswer()).endToEnd, 7);
  }),
);

Deno.test(
  "F1 messages cut in the middle of a header and of a body come out whole",
  stage({}, async (s) => {
    const app = await s.app();
    const bytes = Array.from({ length: 6 }, (_, i) => request({ endToEnd: i })).reduce((all, one) => {
      const joined = new Uint8Array(all.length + one.length);
      joined.set(all);
      joined.set(one, all.length);
      return joined;
    });
    const size = bytes.length / 6;
    let from = 0;
    for (const to of [size + 3, size + 19, 2 * size + 21, 4 * size - 1, 4 * size + 1, bytes.length]) {
      await app.send(bytes.subarray(from, to));
      from = to;
      // The gateway has read this part when it has relayed all that is whole of it.
      const whole = Math.floor(to / size);
      await until(() => s.gateway.statistics.total_requests >= whole, "the whole ones are relayed");
    }
    for (let i = 0; i < 6; i++) assertEquals((await s.dra.nextRequest()).endToEnd, i);
  }),
);

for (
  const [what, bytes] of [
    ["below 20", [1, 0, 0, 19]],
    ["of 0", [1, 0, 0, 0]],
    ["above max_message_size", [1, 1, 0, 4]],
    ["of 16 MiB", [1, 255, 255, 252]],
  ] as const
) {
  Deno.test(
    `F2 a length ${what} ends the connection without an answer, before another byte is there`,
    stage({}, async (s) => {
      const app = await s.app();
      await app.send(new Uint8Array(bytes));
      await app.nextEnd();
      assertEquals(s.discarded("frame_length"), 1);
      // Others are not concerned.
      const other = await s.app("other.example.net");
      await other.nothingMore();
    }),
  );
}

Deno.test(
  "F2 a message of exactly max_message_size is relayed, in both directions",
  stage({ server: { maxMessageSize: 8192 }, draPool: { maxMessageSize: 8192 } }, async (s) => {
    const app = await s.app();
    const fill = (size: number) => request({ more: (b) => b.octets(9999, new Uint8Array(size), { flags: 0 }) });
    const bytes = fill(8192 - fill(0).length);
    assertEquals(bytes.length, 8192);
    await app.send(bytes);
    const relayed = await s.dra.nextRequest();
    // The Route-Record comes on top: it does not count.
    assert(relayed.bytes.length > 8192);
    const rest = 8192 - answer(relayed, { more: (b) => b.octets(9999, new Uint8Array()) }).length;
    await s.dra.send(answer(relayed, { more: (b) => b.octets(9999, new Uint8Array(rest)) }));
    assertEquals((await app.nextAnswer()).bytes.length, 8192);
    await app.send(fill(8196 - fill(0).length));
    await app.nextEnd();
  }),
);

for (const more of [1, 2, 3]) {
  Deno.test(
    `F3 E15 P1 a request whose length leaves ${more} over a multiple of 4 is answered 5015, then the connection is closed`,
    stage({}, async (s) => {
      const app = await s.app();
      const bytes = request({ hopByHop: 11, endToEnd: 12 });
      await app.send(patched(bytes, { [LENGTH_LOW_BYTE]: bytes[LENGTH_LOW_BYTE]! + more }));
      const refusal = await app.nextAnswer();
      assertEquals([refusal.resultCode, refusal.flags], [5015, FLAG.proxiable | FLAG.error]);
      assertEquals([refusal.hopByHop, refusal.endToEnd], [11, 12]);
      await app.nextEnd();
    }),
  );
}

Deno.test(
  "F4 E13 a request with version 2 is answered 5011 and the connection is closed",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(patched(request({ hopByHop: 11, endToEnd: 12 }), { [VERSION_BYTE]: 2 }));
    const refusal = await app.nextAnswer();
    assertEquals([refusal.resultCode, refusal.flags], [5011, FLAG.proxiable | FLAG.error]);
    assertEquals([refusal.hopByHop, refusal.endToEnd], [11, 12]);
    assertStringIncludes(refusal.text(AVP.errorMessage)!, "version 2");
    await app.nextEnd();
    await s.dra.nothingMore();
  }),
);

Deno.test(
  "F4 a header of version 2 and nothing behind it is answered 5011, also in two writes",
  stage({}, async (s) => {
    const app = await s.app();
    const header = new Uint8Array([2, 0, 0, 20, REQUEST, 0, 1, 68, 1, 0, 0, 0x24, 0, 0, 0, 5, 0, 0, 0, 6]);
    await app.send(request());
    await app.send(header.subarray(0, 8));
    await s.dra.nextRequest();
    await app.send(header.subarray(8));
    assertEquals((await app.nextAnswer()).resultCode, 5011);
    await app.nextEnd();
  }),
);

for (
  const [items, what, change] of [
    ["F3", "an impossible length", { [LENGTH_LOW_BYTE]: 21 }],
    ["F4", "version 0", { [VERSION_BYTE]: 0 }],
  ] as const
) {
  Deno.test(
    `${items} E19 an answer with ${what} is not answered: the connection is closed`,
    stage({ open: true }, async (s) => {
      const app = await s.app();
      await app.send(request());
      const relayed = await s.dra.nextRequest();
      await s.dra.send(patched(answer(relayed), change));
      await s.dra.nextEnd();
      assertEquals((await app.nextAnswer()).resultCode, 3002);
    }),
  );
}

Deno.test(
  "F5 E12 a request with R and E set is answered 3008, and the connection goes on",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request({ flags: REQUEST | FLAG.error, endToEnd: 5 }));
    const refusal = await app.nextAnswer();
    assertEquals([refusal.resultCode, refusal.endToEnd], [3008, 5]);
    await app.send(patched(peerRequest(app.identity), { [FLAGS_BYTE]: FLAG.request | FLAG.error }));
    assertEquals((await app.nextAnswer(COMMAND.deviceWatchdog)).resultCode, 3008);
    await app.nothingMore();
    await s.dra.nothingMore();
  }),
);

Deno.test(
  "F6 reserved command flags are ignored, and sent as 0",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request({ flags: REQUEST | FLAG.reserved }));
    const relayed = await s.dra.nextRequest();
    assertEquals(relayed.flags, REQUEST);
    await s.dra.send(answer(relayed, { flags: FLAG.proxiable | FLAG.reserved }));
    assertEquals((await app.nextAnswer()).flags, FLAG.proxiable);
    await app.send(patched(peerRequest(app.identity), { [FLAGS_BYTE]: FLAG.request | FLAG.reserved }));
    assertEquals((await app.nextAnswer(COMMAND.deviceWatchdog)).flags, 0);
  }),
);

Deno.test(
  "F7 T on an answer is cleared",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request());
    await s.dra.send(answer(await s.dra.nextRequest(), { flags: FLAG.proxiable | FLAG.retransmitted }));
    assertEquals((await app.nextAnswer()).flags, FLAG.proxiable);
  }),
);

Deno.test(
  "F7 E1 an error answer to a request with T has T clear",
  stage({ dras: [] }, async (s) => {
    const app = await s.app();
    await app.send(request({ flags: REQUEST | FLAG.retransmitted }));
    assertEquals((await app.nextAnswer()).flags, FLAG.proxiable | FLAG.error);
  }),
);

Deno.test(
  "F8 a request with P clear is relayed as it is, by default",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request({ flags: FLAG.request }));
    const relayed = await s.dra.nextRequest();
    assertEquals(relayed.flags, FLAG.request);
    await s.dra.send(answer(relayed));
    assertEquals((await app.nextAnswer()).flags, 0);
  }),
);

Deno.test(
  "F8 E11 with strict_p_bit a request with P clear is answered 3001, with P clear",
  stage({ gateway: { strictPBit: true } }, async (s) => {
    const app = await s.app();
    await app.send(request({ flags: FLAG.request }));
    const refusal = await app.nextAnswer();
    assertEquals([refusal.resultCode, refusal.flags], [3001, FLAG.error]);
    await app.send(request());
    await s.dra.nextRequest();
  }),
);

for (const [what, application] of [["0", APPLICATION.common], ["Relay", APPLICATION.relay]] as const) {
  Deno.test(
    `F9 E10 a routable request of application ${what} is answered 3007`,
    stage({}, async (s) => {
      const app = await s.app();
      await app.send(request({ application }));
      const refusal = await app.nextAnswer();
      assertEquals([refusal.resultCode, refusal.header.application], [3007, application]);
      await s.dra.nothingMore();
    }),
  );
}

Deno.test(
  "F9 P16 a request of application 0 with an unknown command is answered 3007",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request({ application: APPLICATION.common, command: 8_388_000 }));
    assertEquals((await app.nextAnswer(8_388_000)).resultCode, 3007);
  }),
);

Deno.test(
  "F10 CER, DWR and DPR of a Logic App, and stray answers to them, never reach a DRA",
  stage({}, async (s) => {
    const app = await s.app();
    const stray = new RawMessage(peerRequest(app.identity));
    await app.send(
      peerRequest(app.identity),
      cer(app.identity),
      patched(stray.bytes, { [FLAGS_BYTE]: 0 }),
      peerRequest(app.identity, 0),
    );
    await app.nextAnswer(COMMAND.deviceWatchdog);
    await app.nextAnswer(COMMAND.capabilitiesExchange);
    await app.nextAnswer(COMMAND.disconnectPeer);
    await s.dra.nothingMore();
    assertEquals(s.discarded("unknown_answer"), 1);
  }),
);

Deno.test(
  "F10 D1 a DWR that is unanswered when its DRA is lost goes nowhere else",
  stage({ dras: [{}, { priority: 2 }], draPool: { watchdogInterval: 60, watchdogJitter: 0 } }, async (s) => {
    const [first, second] = [s.dras[0]!, s.dras[1]!];
    second.answersWatchdogs = true;
    const dwr = await first.nextRequest(COMMAND.deviceWatchdog);
    await first.close();
    await s.usable(0, false);
    const app = await s.app();
    await app.send(request());
    // The next message of the second DRA is the request, not the first one's DWR.
    const relayed = await second.nextRequest();
    assert(relayed.hopByHop !== dwr.hopByHop);
    assertEquals(second.inbox, []);
  }),
);

Deno.test(
  "F11 CER, DWR and DPR of the gateway have P clear and application 0",
  stage({ open: false, draPool: { watchdogInterval: 50, watchdogJitter: 0 } }, async (s) => {
    const dra = await s.listeners[0]!.accept();
    const messages = [await dra.acceptCapabilities(), await dra.answerPeerRequest(COMMAND.deviceWatchdog)];
    dra.answersWatchdogs = true;
    const stopping = s.gateway.stop();
    messages.push(await dra.answerPeerRequest(COMMAND.disconnectPeer));
    await stopping;
    for (const message of messages) assertEquals([message.flags, message.header.application], [FLAG.request, 0]);
  }),
);

Deno.test(
  "F11 answers to CER, DWR and DPR copy the P flag",
  stage({}, async (s) => {
    for (const flags of [FLAG.request, REQUEST]) {
      const app = await s.connect();
      for (const bytes of [cer(app.identity), peerRequest(app.identity), peerRequest(app.identity, 0)]) {
        await app.send(patched(bytes, { [FLAGS_BYTE]: flags }));
        const message = await app.next("an answer");
        assertEquals([message.flags, message.header.application], [flags & FLAG.proxiable, 0]);
      }
      await app.close();
    }
  }),
);
