/** Items E1 to E20: errors that the gateway answers itself; P1: which of several is reported. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AVP, AVP_FLAG } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG } from "../../src/diameter/wire/header.ts";
import type { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import { answer, patched, type RawRequest, request } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { GATEWAY, stage } from "./stage.ts";

const REQUEST = FLAG.request | FLAG.proxiable;

function proxyInfos(builder: MessageBuilder): void {
  for (const host of ["first.example.net", "second.example.net"]) {
    builder.group(AVP.proxyInfo, (group) => group.text(AVP.proxyHost, host).text(AVP.proxyState, "x"));
  }
}

for (const flags of [REQUEST, FLAG.request]) {
  Deno.test(
    `E1 an error answer copies command, application, both ids and P (${
      flags === REQUEST ? "set" : "clear"
    }), and has its AVPs in order`,
    stage({ dras: [] }, async (s) => {
      const app = await s.connect();
      const stateId = (await app.exchangeCapabilities()).number(AVP.originStateId);
      const asked = request({
        flags,
        command: COMMAND.creditControl,
        application: 4,
        hopByHop: 0xfffffffe,
        endToEnd: 0,
        session: "app;1;2",
        destinationHost: "hss.example.net",
        routeRecords: ["first.example.net"],
        more: proxyInfos,
      });
      await app.send(asked);
      const refusal = await app.nextAnswer(COMMAND.creditControl);
      assertEquals(refusal.header, {
        version: 1,
        length: refusal.bytes.length,
        flags: (flags & FLAG.proxiable) | FLAG.error,
        command: COMMAND.creditControl,
        application: 4,
        hopByHop: 0xfffffffe,
        endToEnd: 0,
      });
      assertEquals(refusal.codes, [
        AVP.sessionId,
        AVP.originHost,
        AVP.originRealm,
        AVP.resultCode,
        AVP.originStateId,
        AVP.errorMessage,
        AVP.errorReportingHost,
        AVP.proxyInfo,
        AVP.proxyInfo,
      ]);
      assertEquals(refusal.text(AVP.sessionId), "app;1;2");
      assertEquals(refusal.text(AVP.originHost), GATEWAY.host);
      assertEquals(refusal.text(AVP.originRealm), GATEWAY.realm);
      assertEquals(refusal.text(AVP.errorReportingHost), GATEWAY.host);
      assertEquals(refusal.number(AVP.originStateId), stateId);
      for (const avp of refusal.avps) {
        const optional = avp.code === AVP.errorMessage || avp.code === AVP.errorReportingHost;
        assertEquals((avp.flags & AVP_FLAG.mandatory) === 0, optional, `M of AVP ${avp.code}`);
      }
      // Proxy-Info as it was, in the same order.
      const infos = refusal.avps.filter((avp) => avp.code === AVP.proxyInfo).map(({ data }) => data);
      assertStringIncludes(new TextDecoder().decode(infos[0]), "first.example.net");
      assertStringIncludes(new TextDecoder().decode(infos[1]), "second.example.net");
    }),
  );
}

Deno.test(
  "E1 an error answer to a request without Session-Id has none",
  stage({ dras: [] }, async (s) => {
    const app = await s.app();
    await app.send(request({ session: null }));
    const refusal = await app.nextAnswer();
    assertEquals(refusal.codes[0], AVP.originHost);
    assertEquals(refusal.find(AVP.sessionId), undefined);
  }),
);

Deno.test(
  "E1 an error answer to a request that waited at a DRA is the same, and knows nothing of our Route-Record",
  stage({ gateway: { requestTimeout: 60 } }, async (s) => {
    const app = await s.app();
    await app.send(request({ hopByHop: 3, endToEnd: 4, session: "app;1;2", more: proxyInfos }));
    const refusal = await app.nextAnswer();
    assertEquals([refusal.hopByHop, refusal.endToEnd, refusal.text(AVP.sessionId)], [3, 4, "app;1;2"]);
    assertEquals(refusal.codes.filter((code) => code === AVP.proxyInfo).length, 2);
    assertEquals(refusal.find(AVP.routeRecord), undefined);
  }),
);

Deno.test(
  "E2 with no DRA configured a request is answered 3002, and the message says so",
  stage({ dras: [] }, async (s) => {
    const app = await s.app();
    await app.send(request());
    const refusal = await app.nextAnswer();
    assertEquals(refusal.resultCode, 3002);
    assertStringIncludes(refusal.text(AVP.errorMessage)!, "no route");
  }),
);

Deno.test(
  "E2 with no DRA usable a request is answered 3002 at once, and the message names each and why",
  stage({ dras: [{}, { priority: 2 }], open: false }, async (s) => {
    // The first one takes the connection and says nothing; the second one refuses it.
    s.listeners[1]!.stopListening();
    await s.listeners[0]!.accept();
    const app = await s.app();
    await until(() => s.gateway.pool.dras[1]!.reason.includes("cannot be reached"), "the second one was tried");
    await app.send(request());
    const refusal = await app.nextAnswer();
    assertEquals(refusal.resultCode, 3002);
    const message = refusal.text(AVP.errorMessage)!;
    assertStringIncludes(message, "dra-1 waits for the CEA");
    assertStringIncludes(message, "dra-2 cannot be reached");
    assertEquals(s.gateway.statistics.routing_errors, 1);
  }),
);

Deno.test(
  "E5 a request that no DRA answers gets 3002 when its time is over, not before",
  stage({ gateway: { requestTimeout: 200, answerTimeout: 200 } }, async (s) => {
    const app = await s.app();
    const before = performance.now();
    await app.send(request());
    const refusal = await app.nextAnswer();
    const waited = performance.now() - before;
    assertEquals(refusal.resultCode, 3002);
    assertStringIncludes(refusal.text(AVP.errorMessage)!, "timeout after 200 ms, 1 attempt");
    assert(waited >= 200, `after ${waited} ms`);
    assertEquals(s.gateway.statistics.sessions_expired, 1);
  }),
);

Deno.test(
  "E5 timeout_result_code decides what a timeout is answered with",
  stage({ gateway: { requestTimeout: 60, timeoutResultCode: 5012 } }, async (s) => {
    const app = await s.app();
    await app.send(request());
    const refusal = await app.nextAnswer();
    assertEquals([refusal.resultCode, refusal.flags], [5012, FLAG.proxiable | FLAG.error]);
  }),
);

Deno.test(
  "E6 when the only DRA is lost, its pending requests are answered 3002",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request({ endToEnd: 1 }), request({ endToEnd: 2 }));
    await s.dra.nextRequest();
    await s.dra.nextRequest();
    await s.dra.close();
    for (const endToEnd of [1, 2]) {
      const refusal = await app.nextAnswer();
      assertEquals([refusal.resultCode, refusal.endToEnd], [3002, endToEnd]);
      assertStringIncludes(refusal.text(AVP.errorMessage)!, "dra-1 was lost");
    }
  }),
);

Deno.test(
  "E19 an answer that is wrong in every way is never answered",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request());
    const relayed = await s.dra.nextRequest();
    const broken = (b: MessageBuilder) => b.raw(new Uint8Array(8));
    // Unknown, of application 0, with R clear and E set, with broken AVPs, from either side.
    await s.dra.send(patched(answer(relayed, { hopByHop: 1, flags: FLAG.error, more: broken }), { 8: 0, 11: 0 }));
    await app.send(answer(relayed, { flags: FLAG.error, more: broken }));
    await s.dra.nothingMore();
    await app.nothingMore();
  }),
);

/** Requests with two faults, and the one that is reported. */
const ORDER: readonly {
  readonly name: string;
  readonly wish: RawRequest;
  readonly change?: Readonly<Record<number, number>>;
  readonly code: number;
}[] = [
  { name: "5011 before 5015", wish: {}, change: { 0: 3, 3: 1, 2: 1 }, code: 5011 },
  { name: "5015 before 3008", wish: { flags: REQUEST | FLAG.error }, change: { 3: 253 }, code: 5015 },
  {
    name: "3008 before 5014",
    wish: { flags: REQUEST | FLAG.error, more: (b) => b.raw(new Uint8Array(8)) },
    code: 3008,
  },
  {
    name: "5014 before 3001 (P clear)",
    wish: { flags: FLAG.request, more: (b) => b.raw(new Uint8Array(8)) },
    code: 5014,
  },
  { name: "3001 (P clear) before 3007", wish: { flags: FLAG.request, application: 0 }, code: 3001 },
  { name: "3007 before 3005", wish: { application: 0, routeRecords: [GATEWAY.host] }, code: 3007 },
  {
    name: "3005 before 3001 (no destination)",
    wish: { routeRecords: [GATEWAY.host], destinationRealm: null },
    code: 3005,
  },
  { name: "3001 (no destination) before 3002", wish: { destinationRealm: null }, code: 3001 },
  {
    name: "3007 (for us) before 3002 (no realm)",
    wish: { destinationHost: GATEWAY.host, destinationRealm: null },
    code: 3007,
  },
];
for (const { name, wish, change = {}, code } of ORDER) {
  Deno.test(
    `P1 of two faults only the first is reported: ${name}`,
    stage({ dras: [], gateway: { strictPBit: true } }, async (s) => {
      const app = await s.app();
      await app.send(patched(request(wish), change));
      assertEquals((await app.nextAnswer()).resultCode, code);
    }),
  );
}

Deno.test(
  "P1 E16 X5 while draining: 3007 before 3004, 3004 before 3005 and 3001",
  stage({ gateway: { drainTimeout: 5_000 } }, async (s) => {
    const app = await s.app();
    await app.send(request());
    const pending = await s.dra.nextRequest();
    const stopping = s.gateway.stop();
    for (
      const [wish, code] of [
        [{ application: 0, routeRecords: [GATEWAY.host] }, 3007],
        [{ routeRecords: [GATEWAY.host] }, 3004],
        [{ destinationRealm: null }, 3004],
        [{}, 3004],
      ] as const
    ) {
      await app.send(request(wish));
      assertEquals((await app.nextAnswer()).resultCode, code);
    }
    await s.dra.send(answer(pending));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    await app.answerPeerRequest(COMMAND.disconnectPeer);
    await s.dra.answerPeerRequest(COMMAND.disconnectPeer);
    await stopping;
  }),
);

Deno.test(
  "P1 3005 and 3001 before 3004 (limits), 3004 (limits) before 3002",
  stage({ dras: [], server: { rateLimit: { requestsPerSecond: 0.001, burst: 1 } } }, async (s) => {
    const app = await s.app();
    const code = async (wish: RawRequest) => {
      await app.send(request(wish));
      return (await app.nextAnswer()).resultCode;
    };
    assertEquals(await code({ routeRecords: [GATEWAY.host] }), 3005);
    assertEquals(await code({ destinationRealm: null }), 3001);
    assertEquals(await code({}), 3002, "the first one within the limit");
    assertEquals(await code({}), 3004);
    assertEquals(await code({ destinationRealm: null }), 3001);
  }),
);

Deno.test(
  "E17 a defect on the way of a request is answered 5012, and the next request is served",
  stage({}, async (s) => {
    const app = await s.app();
    const { segments } = s.gateway.runtime;
    const take = segments.take.bind(segments);
    segments.take = () => {
      segments.take = take;
      throw new TypeError("a defect, for this test");
    };
    await app.send(request());
    assertEquals((await app.nextAnswer()).resultCode, 5012);
    const defect = s.events.find((event) => event.kind === "internal_error");
    assertStringIncludes(defect!.reason, "a defect, for this test");
    const asked = request();
    await app.send(asked);
    await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest()));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    assertEquals(s.gateway.statistics.sessions_rejected, 1);
  }),
);
