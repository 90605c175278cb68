/** Items R1 to R13: the way of a request from a Logic App to a DRA. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { FLAG, HEADER_LENGTH } from "../../src/diameter/wire/header.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import type { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import { answer, avpsIn, request } from "../support/raw_message.ts";
import type { RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { GATEWAY, stage } from "./stage.ts";

const S13 = 16777252;
const GX = 16777238;
const REQUEST = FLAG.request | FLAG.proxiable;

/** Sends `count` requests; how many each DRA got. */
async function spread(app: RawPeer, dras: readonly RawPeer[], count: number, host?: string): Promise<number[]> {
  const before = dras.map(({ inbox }) => inbox.length);
  const wish = host === undefined ? {} : { destinationHost: host };
  await app.send(...Array.from({ length: count }, () => request(wish)));
  const got = () => dras.map(({ inbox }, i) => inbox.length - before[i]!);
  await until(() => got().reduce((sum, n) => sum + n) === count, "all requests are relayed");
  return got();
}

Deno.test(
  "R1 E8 a request that was here before is answered 3005",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request({ routeRecords: ["other.example.net", GATEWAY.host, "third.example.net"] }));
    const refusal = await app.nextAnswer();
    assertEquals([refusal.resultCode, refusal.flags], [3005, FLAG.proxiable | FLAG.error]);
    await s.dra.nothingMore();
  }),
);

Deno.test(
  "R1 P2 in mode transparent there is no loop check",
  stage({ gateway: { mode: "transparent" } }, async (s) => {
    const app = await s.app();
    await app.send(request({ routeRecords: [GATEWAY.host] }));
    assertEquals((await s.dra.nextRequest()).texts(AVP.routeRecord), [GATEWAY.host]);
  }),
);

Deno.test(
  "R2 requests go to the first priority, by weight, as long as it works",
  stage({ dras: [{ weight: 75 }, { weight: 25 }, { priority: 2 }] }, async (s) => {
    assertEquals(await spread(await s.app(), s.dras, 40), [30, 10, 0]);
  }),
);

Deno.test(
  "R2 P5 Destination-Host names an open DRA: it gets the request, whatever its priority and weight",
  stage({ dras: [{}, { priority: 2 }, { priority: 3, weight: 0 }] }, async (s) => {
    const app = await s.app();
    assertEquals(await spread(app, s.dras, 3, "dra-2.example.net"), [0, 3, 0]);
    assertEquals(await spread(app, s.dras, 3, "dra-3.example.net"), [0, 0, 3]);
  }),
);

Deno.test(
  "R2 P5 Destination-Host names a DRA that is not usable, or nobody known: the pool gets the request",
  stage({ dras: [{}, { priority: 2 }] }, async (s) => {
    const app = await s.app();
    await s.listeners[1]!.close();
    await s.usable(1, false);
    assertEquals(await spread(app, [s.dra], 2, "dra-2.example.net"), [2]);
    assertEquals(await spread(app, [s.dra], 2, "hss.elsewhere.net"), [2]);
  }),
);

Deno.test(
  "P19 Destination-Host names an open DRA that did not advertise the application, or is in a Route-Record: the pool gets the request",
  stage({ dras: [{}, { priority: 2, applications: [GX] }] }, async (s) => {
    const app = await s.app();
    await app.send(request({ destinationHost: "dra-2.example.net" }));
    await s.dra.nextRequest();
    await app.send(request({
      destinationHost: "dra-2.example.net",
      application: GX,
      routeRecords: ["dra-2.example.net"],
    }));
    await s.dra.nextRequest();
  }),
);

Deno.test(
  "P19 Destination-Host names an open DRA that is full: the pool gets the request",
  stage({ dras: [{}, { priority: 2 }], draPool: { maxInFlight: 2 } }, async (s) => {
    const app = await s.app();
    assertEquals(await spread(app, s.dras, 4, "dra-2.example.net"), [2, 2]);
  }),
);

Deno.test(
  "R3 Destination-Host without Destination-Realm is answered 3002",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request({ destinationHost: "dra-1.example.net", destinationRealm: null }));
    assertEquals((await app.nextAnswer()).resultCode, 3002);
    await s.dra.nothingMore();
  }),
);

Deno.test(
  "R3 E11 a request with neither Destination-Host nor Destination-Realm is answered 3001",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request({ destinationRealm: null }));
    assertEquals((await app.nextAnswer()).resultCode, 3001);
    await s.dra.nothingMore();
  }),
);

Deno.test(
  "P3 Destination-Host is the gateway itself, with or without a realm: 3007",
  stage({}, async (s) => {
    const app = await s.app();
    for (const destinationRealm of [GATEWAY.realm, null]) {
      await app.send(request({ destinationHost: GATEWAY.host.toUpperCase(), destinationRealm }));
      assertEquals((await app.nextAnswer()).resultCode, 3007);
    }
    await s.dra.nothingMore();
  }),
);

Deno.test(
  "P3 R4 any realm is routed, the gateway's own like an unknown one: 3003 never arises",
  stage({}, async (s) => {
    const app = await s.app();
    for (const destinationRealm of [GATEWAY.realm, "nobody.knows"]) {
      await app.send(request({ destinationRealm }));
      await s.dra.nextRequest();
    }
  }),
);

Deno.test(
  "P4 a Logic App is never routed to another Logic App",
  stage({}, async (s) => {
    const [app, other] = [await s.app(), await s.app("other.example.net")];
    await app.send(request({ destinationHost: "other.example.net" }));
    await s.dra.nextRequest();
    await other.nothingMore();
    await s.listeners[0]!.close();
    await s.usable(0, false);
    assertEquals((await app.nextAnswer()).resultCode, 3002);
    await app.send(request({ destinationHost: "other.example.net" }));
    assertEquals((await app.nextAnswer()).resultCode, 3002);
    await other.nothingMore();
  }),
);

Deno.test(
  "R5 E3 a DRA gets only applications that it advertised; with none for it the answer is 3002",
  stage({ dras: [{ applications: [GX] }, { priority: 2, applications: [GX, S13] }] }, async (s) => {
    const app = await s.app();
    await app.send(request({ application: GX }));
    await s.dras[0]!.nextRequest();
    await app.send(request({ application: S13 }));
    await s.dras[1]!.nextRequest();
    await app.send(request({ application: 4 }));
    const refusal = await app.nextAnswer();
    assertEquals(refusal.resultCode, 3002);
    assertStringIncludes(refusal.text(AVP.errorMessage)!, "did not advertise application 4");
  }),
);

Deno.test(
  "R5 a DRA that advertised Relay gets every application",
  stage({}, async (s) => {
    const app = await s.app();
    for (const application of [4, S13, 0xfffffffe]) {
      await app.send(request({ application }));
      assertEquals((await s.dra.nextRequest()).header.application, application);
    }
  }),
);

Deno.test(
  "R6 a DRA in a Route-Record is skipped; when all are, the answer is 3002",
  stage({ dras: [{}, { priority: 2 }] }, async (s) => {
    const app = await s.app();
    await app.send(request({ routeRecords: ["DRA-1.example.net"] }));
    await s.dras[1]!.nextRequest();
    await app.send(request({ routeRecords: ["dra-1.example.net", "dra-2.example.net"] }));
    const refusal = await app.nextAnswer();
    assertEquals(refusal.resultCode, 3002);
    assertStringIncludes(refusal.text(AVP.errorMessage)!, "Route-Record");
    await s.dra.nothingMore();
  }),
);

Deno.test(
  "R7 R11 one Route-Record is appended at the end: the identity of the CER, and Origin-Host stays",
  stage({}, async (s) => {
    const app = await s.app("App-7.example.net");
    const bytes = request({ originHost: "somebody.else.net", routeRecords: ["first.example.net"] });
    await app.send(bytes);
    const relayed = await s.dra.nextRequest();
    assertEquals(relayed.texts(AVP.routeRecord), ["first.example.net", "App-7.example.net"]);
    const [record, ...behind] = avpsIn(relayed.bytes, bytes.length);
    assertEquals([record!.code, record!.flags, behind.length], [AVP.routeRecord, 0x40, 0]);
    assertEquals(relayed.text(AVP.originHost), "somebody.else.net");
    assertEquals(relayed.text(AVP.originRealm), "example.net");
    assertEquals(relayed.header.length, relayed.bytes.length);
  }),
);

Deno.test(
  "R7 on failover no second Route-Record is appended, and the rest is the same",
  stage({ dras: [{}, { priority: 2 }] }, async (s) => {
    const app = await s.app();
    await app.send(request());
    const first = await s.dras[0]!.nextRequest();
    await s.dras[0]!.close();
    const second = await s.dras[1]!.nextRequest();
    assertEquals(second.bytes.slice(HEADER_LENGTH), first.bytes.slice(HEADER_LENGTH));
    assertEquals(second.texts(AVP.routeRecord), ["app.example.net"]);
  }),
);

Deno.test(
  "R7 P2 in mode transparent no Route-Record is appended",
  stage({ gateway: { mode: "transparent" } }, async (s) => {
    const app = await s.app();
    await app.send(request());
    assertEquals((await s.dra.nextRequest()).texts(AVP.routeRecord), []);
  }),
);

Deno.test(
  "R8 requests of two Logic Apps with the same hop-by-hop id get different ones, and both their own answer",
  stage({}, async (s) => {
    const apps = [await s.app("a.example.net"), await s.app("b.example.net")];
    for (const [i, app] of apps.entries()) await app.send(request({ hopByHop: 77, endToEnd: 77, session: `s;${i}` }));
    const relayed = [await s.dra.nextRequest(), await s.dra.nextRequest()];
    assert(relayed[0]!.hopByHop !== relayed[1]!.hopByHop);
    for (const message of relayed.reverse()) await s.dra.send(answer(message));
    for (const [i, app] of apps.entries()) {
      const received = await app.nextAnswer();
      assertEquals([received.hopByHop, received.text(AVP.sessionId)], [77, `s;${i}`]);
    }
  }),
);

Deno.test(
  "R8 hop-by-hop ids of hundreds of pending requests differ, and differ from those of the gateway's own",
  stage({ draPool: { watchdogInterval: 40, watchdogJitter: 0 } }, async (s) => {
    const app = await s.app();
    const own = await s.dra.answerPeerRequest(COMMAND.deviceWatchdog);
    s.dra.answersWatchdogs = true;
    await app.send(...Array.from({ length: 500 }, () => request({ hopByHop: 1 })));
    const ids = new Set([own.hopByHop]);
    for (let i = 0; i < 500; i++) ids.add((await s.dra.nextRequest()).hopByHop);
    assertEquals(ids.size, 501);
  }),
);

for (const endToEnd of [0, 1, 0xffffffff]) {
  Deno.test(
    `R9 End-to-End id ${endToEnd} passes both ways, also when it repeats`,
    stage({}, async (s) => {
      const app = await s.app();
      await app.send(request({ endToEnd, session: "a" }), request({ endToEnd, session: "b" }));
      const relayed = [await s.dra.nextRequest(), await s.dra.nextRequest()];
      assertEquals(relayed.map((message) => message.endToEnd), [endToEnd, endToEnd]);
      for (const message of relayed) await s.dra.send(answer(message));
      const received = [await app.nextAnswer(), await app.nextAnswer()];
      assertEquals(received.map((message) => message.endToEnd), [endToEnd, endToEnd]);
      assertEquals(received.map((message) => message.text(AVP.sessionId)), ["a", "b"]);
    }),
  );
}

Deno.test(
  "R10 T stays as it came: set when it was set, clear when it was clear",
  stage({}, async (s) => {
    const app = await s.app();
    for (const flags of [REQUEST, REQUEST | FLAG.retransmitted]) {
      await app.send(request({ flags }));
      assertEquals((await s.dra.nextRequest()).flags, flags);
    }
  }),
);

Deno.test(
  "R12 N3 Proxy-Info of others passes in both directions; none is added or removed",
  stage({}, async (s) => {
    const app = await s.app();
    const proxyInfo = (host: string) => (b: MessageBuilder) =>
      b.group(AVP.proxyInfo, (group) => group.text(AVP.proxyHost, host).text(AVP.proxyState, "state"));
    await app.send(request({ more: proxyInfo("proxy.example.net") }));
    const relayed = await s.dra.nextRequest();
    assertEquals(relayed.codes.filter((code) => code === AVP.proxyInfo).length, 1);
    await s.dra.send(answer(relayed, { more: proxyInfo("proxy.example.net") }));
    assertEquals((await app.nextAnswer()).codes.filter((code) => code === AVP.proxyInfo).length, 1);
  }),
);

Deno.test(
  "R13 the gateway advertises Relay in CER and CEA",
  stage({ open: false }, async (s) => {
    const dra = await s.listeners[0]!.accept();
    const messages = [await dra.acceptCapabilities(), await (await s.connect()).exchangeCapabilities()];
    for (const message of messages) {
      assertEquals(message.number(AVP.authApplicationId), 0xffffffff);
      assertEquals(message.find(AVP.vendorSpecificApplicationId), undefined);
    }
  }),
);

Deno.test(
  "R13 with applications configured, the gateway advertises those, and still relays everything",
  stage({ open: false, gateway: { applications: [{ id: S13, vendor: 10415 }, { id: 4 }] } }, async (s) => {
    const dra = await s.listeners[0]!.accept();
    const app = await s.connect("app.example.net", { applications: [S13] });
    const messages = [await dra.acceptCapabilities(), await app.exchangeCapabilities()];
    for (const message of messages) {
      assertEquals(message.number(AVP.authApplicationId), 4);
      const inside = avpsIn(message.find(AVP.vendorSpecificApplicationId)!.data);
      assertEquals(inside.map(({ code, data }) => [code, ...data]), [
        [AVP.vendorId, 0, 0, 0x28, 0xaf],
        [AVP.authApplicationId, 1, 0, 0, 0x24],
      ]);
    }
    await s.usable();
    await app.send(request({ application: GX }));
    assertEquals((await dra.nextRequest()).header.application, GX);
  }),
);
