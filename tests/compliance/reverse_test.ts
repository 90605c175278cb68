/** Items I1 to I4: requests of DRAs to Logic Apps; E4 and the decision P12. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { FLAG, HEADER_LENGTH } from "../../src/diameter/wire/header.ts";
import { answer, avpsIn, peerRequest, request } from "../support/raw_message.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { until } from "../support/until.ts";
import { GATEWAY, stage } from "./stage.ts";

const REQUEST = FLAG.request | FLAG.proxiable;
const S13 = 16777252;
const GX = 16777238;

Deno.test(
  "I1 a request goes to the Logic App that Destination-Host names, in any case, and its answer comes back",
  stage({}, async (s) => {
    const [app, other] = [await s.app("App-1.example.net"), await s.app("app-2.example.net")];
    await s.dra.send(request({ hopByHop: 0xffff0001, endToEnd: 0, destinationHost: "aPP-1.example.net" }));
    const relayed = await app.nextRequest();
    assertEquals([relayed.flags, relayed.endToEnd], [REQUEST, 0]);
    const bytes = answer(relayed);
    await app.send(bytes);
    const received = await s.dra.nextAnswer();
    assertEquals([received.hopByHop, received.endToEnd], [0xffff0001, 0]);
    assertEquals(received.bytes.slice(HEADER_LENGTH), bytes.slice(HEADER_LENGTH));
    await other.nothingMore();
  }),
);

Deno.test(
  "I1 of several connections of a Logic App, the one that used the session last, else the one that owes least",
  stage({}, async (s) => {
    const apps = [await s.app(), await s.app(), await s.app()];
    await apps[1]!.send(request({ session: "app.example.net;7;7" }));
    await s.dra.send(answer(await s.dra.nextRequest()));
    await apps[1]!.nextAnswer();
    const to = { destinationHost: "app.example.net" };
    await s.dra.send(request({ ...to, session: "app.example.net;7;7" }));
    await apps[1]!.nextRequest();
    // That one owes an answer now: the next two go to the two others.
    await s.dra.send(request({ ...to, session: "x;1" }), request({ ...to, session: "x;2" }));
    await apps[0]!.nextRequest();
    await apps[2]!.nextRequest();
    await apps[1]!.nothingMore();
  }),
);

Deno.test(
  "I1 E4 Destination-Host names a Logic App that is not connected: 3002, and nobody else gets it",
  stage({}, async (s) => {
    const app = await s.app();
    await s.dra.send(request({ destinationHost: "gone.example.net" }));
    const refusal = await s.dra.nextAnswer();
    assertEquals([refusal.resultCode, refusal.flags], [3002, FLAG.proxiable | FLAG.error]);
    assertEquals(refusal.text(AVP.originHost), GATEWAY.host);
    await app.nothingMore();
  }),
);

Deno.test(
  "I2 P12 without Destination-Host, an app that named the application is preferred to one that advertised Relay",
  stage({}, async (s) => {
    const relay = await s.app("relay.example.net");
    const named = await s.app("named.example.net", { applications: [S13] });
    for (let i = 0; i < 3; i++) {
      await s.dra.send(request({ application: S13, session: `x;${i}` }));
      await named.nextRequest();
    }
    await s.dra.send(request({ application: GX, session: "x" }));
    await relay.nextRequest();
    await named.nothingMore();
  }),
);

Deno.test(
  "I2 without Destination-Host, several apps for the application share",
  stage({}, async (s) => {
    const apps = [
      await s.app("a.example.net", { applications: [S13] }),
      await s.app("b.example.net", { applications: [S13] }),
    ];
    await s.dra.send(...Array.from({ length: 10 }, (_, i) => request({ session: `x;${i}` })));
    await until(() => apps.every(({ inbox }) => inbox.length === 5), "each has five");
  }),
);

Deno.test(
  "I2 with no app for the application the answer is 3002",
  stage({}, async (s) => {
    const app = await s.app("a.example.net", { applications: [GX] });
    await s.dra.send(request({ application: S13 }));
    assertEquals((await s.dra.nextAnswer()).resultCode, 3002);
    await app.nothingMore();
  }),
);

Deno.test(
  "I3 R5 an app that did not advertise the application does not get it, also when Destination-Host names it",
  stage({}, async (s) => {
    const app = await s.app("a.example.net", { applications: [GX] });
    await s.dra.send(request({ application: S13, destinationHost: "a.example.net" }));
    assertEquals((await s.dra.nextAnswer()).resultCode, 3002);
    await app.nothingMore();
  }),
);

Deno.test(
  "I3 one Route-Record is appended: the identity of the DRA's CEA; the rest of the request is the same",
  stage({}, async (s) => {
    const app = await s.app();
    const bytes = request({ originHost: "hss.example.net", destinationHost: "app.example.net", hopByHop: 1 });
    await s.dra.send(bytes);
    const relayed = await app.nextRequest();
    assertEquals(relayed.bytes.slice(HEADER_LENGTH, bytes.length), bytes.slice(HEADER_LENGTH));
    const appended = avpsIn(relayed.bytes, bytes.length);
    assertEquals(appended.map(({ code, data }) => [code, new TextDecoder().decode(data)]), [
      [AVP.routeRecord, "dra-1.example.net"],
    ]);
  }),
);

Deno.test(
  "I3 the same checks are made: loop 3005, an app in a Route-Record 3002, broken AVPs 5014, header bits 3008",
  stage({}, async (s) => {
    const app = await s.app();
    for (
      const [wish, code] of [
        [{ routeRecords: [GATEWAY.host] }, 3005],
        [{ routeRecords: ["APP.example.net"] }, 3002],
        [{ more: (b: { raw(avps: Uint8Array): unknown }) => void b.raw(new Uint8Array(8)) }, 5014],
        [{ flags: REQUEST | FLAG.error }, 3008],
        [{ application: 0 }, 3007],
        [{ destinationRealm: null }, 3002],
      ] as const
    ) {
      await s.dra.send(request({ destinationHost: "app.example.net", ...wish }));
      assertEquals((await s.dra.nextAnswer()).resultCode, code);
    }
    await app.nothingMore();
  }),
);

Deno.test(
  "I3 a Logic App that does not answer: 3002 after request_timeout, and its late answer is thrown away",
  stage({ gateway: { requestTimeout: 100 } }, async (s) => {
    const app = await s.app();
    await s.dra.send(request({ destinationHost: "app.example.net" }));
    const relayed = await app.nextRequest();
    const refusal = await s.dra.nextAnswer();
    assertEquals(refusal.resultCode, 3002);
    assertStringIncludes(refusal.text(AVP.errorMessage)!, "100 ms");
    await app.send(answer(relayed));
    await app.nothingMore();
    await s.dra.nothingMore();
    assertEquals(s.unmatched("late"), 1);
  }),
);

Deno.test(
  "I3 a Logic App that is lost: what it owes is answered 3002 at once, and moves to no other connection",
  stage({}, async (s) => {
    const [app, twin] = [await s.app(), await s.app()];
    await app.send(request({ session: "s;1" }));
    await s.dra.nextRequest();
    await s.dra.send(request({ destinationHost: "app.example.net", session: "s;1" }));
    await app.nextRequest();
    await app.close();
    const refusal = await s.dra.nextAnswer();
    assertEquals(refusal.resultCode, 3002);
    assertStringIncludes(refusal.text(AVP.errorMessage)!, "app.example.net was lost");
    await twin.nothingMore();
  }),
);

Deno.test(
  "I3 an error answer of a Logic App passes as it is",
  stage({}, async (s) => {
    const [app, other] = [await s.app(), await s.app("other.example.net")];
    await s.dra.send(request({ destinationHost: "app.example.net" }));
    await app.send(answer(await app.nextRequest(), { resultCode: 3004 }));
    const received = await s.dra.nextAnswer();
    assertEquals([received.resultCode, received.flags], [3004, FLAG.proxiable | FLAG.error]);
    await other.nothingMore();
  }),
);

Deno.test(
  "I4 answers return over the very connection that the request came from, among DRAs and among connections of one",
  stage({ dras: [{}, { priority: 2 }], draPool: { connectionsPerDra: 2 }, open: false }, async (s) => {
    const dras = [
      await s.listeners[0]!.open(),
      await s.listeners[0]!.open(),
      await s.listeners[1]!.open(),
      await s.listeners[1]!.open(),
    ];
    const app = await s.app();
    for (const [i, dra] of dras.entries()) {
      await dra.send(request({ hopByHop: 5, endToEnd: i, destinationHost: "app.example.net" }));
    }
    const relayed = [];
    for (let i = 0; i < dras.length; i++) relayed.push(await app.nextRequest());
    assertEquals(new Set(relayed.map(({ hopByHop }) => hopByHop)).size, 4);
    for (const message of relayed.reverse()) await app.send(answer(message));
    for (const [i, dra] of dras.entries()) {
      const received = await dra.nextAnswer();
      assertEquals([received.hopByHop, received.endToEnd], [5, i]);
      await dra.nothingMore();
    }
  }),
);

Deno.test(
  "I4 an answer for a DRA connection that is gone is thrown away",
  stage({ draPool: { reopenWatchdogs: 0 } }, async (s) => {
    const app = await s.app();
    await s.dra.send(request({ destinationHost: "app.example.net" }));
    const relayed = await app.nextRequest();
    await s.dra.close();
    const back = await s.reopened();
    await s.usable();
    await app.send(answer(relayed));
    await app.nothingMore();
    await back.nothingMore();
    assertEquals(s.unmatched("gone"), 1);
  }),
);

Deno.test(
  "F10 CER, DWR and DPR of a DRA never reach a Logic App",
  stage({}, async (s) => {
    const app = await s.app();
    await s.dra.send(peerRequest(s.dra.identity), peerRequest(s.dra.identity, 0));
    await s.dra.nextAnswer(COMMAND.deviceWatchdog);
    await s.dra.nextAnswer(COMMAND.disconnectPeer);
    await app.nothingMore();
    assert(!app.ended);
  }),
);
