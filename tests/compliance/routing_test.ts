/** Items RT1 to RT14 and PX1: routes and pools, on a gateway between scripted peers. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { FLAG } from "../../src/diameter/wire/header.ts";
import type { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import { policy } from "../support/policy.ts";
import { answer, avpsIn, request } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { type Stage, stage } from "./stage.ts";

const TWO = [{}, {}] as const;
const THREE = [{}, {}, {}] as const;
const imsi = (digits: string) => ({ more: (b: MessageBuilder) => void b.text(1, digits) });

const BY_REALM = await policy(`
routing:
  pools: [{name: one, dras: [dra-1]}, {name: two, dras: [dra-2]}]
  routes:
    - {name: first, match: {destination_realm: "*.one.example"}, pool: one}
    - {name: second, match: {destination_realm: ["a.one.example", two.example]}, pool: two}
`);

function requestsOf(s: Stage, route: string): number {
  return s.gateway.runtime.meters.routeRequests.of({ route }).value;
}

Deno.test(
  "RT1 RT14 the first route in the list that matches is taken, and counted; without one the default pool is",
  stage({ dras: TWO, gateway: BY_REALM }, async (s) => {
    const app = await s.app();
    for (let i = 0; i < 3; i++) {
      await app.send(request({ destinationRealm: "A.one.EXAMPLE" }));
      await s.dras[0]!.nextRequest();
      await app.send(request({ destinationRealm: "two.example" }));
      await s.dras[1]!.nextRequest();
    }
    await app.send(request({ destinationRealm: "other.example" }), request({ destinationRealm: "other.example" }));
    await s.dras[0]!.nextRequest();
    await s.dras[1]!.nextRequest();
    assertEquals(["first", "second", "default"].map((route) => requestsOf(s, route)), [3, 3, 2]);
  }),
);

Deno.test("RT6 a fallback pool is asked when the pool before it has no DRA left, and no DRA twice", async () => {
  const gateway = await policy(`
routing:
  pools: [{name: one, dras: [dra-1]}, {name: two, dras: [dra-1, {name: dra-2, priority: 2}]}, {name: three, dras: [dra-3]}]
  routes: [{name: all, pool: one, fallback: [two, three]}]
`);
  await stage({ dras: THREE, gateway }, async (s) => {
    const app = await s.app();
    await app.send(request());
    for (const dra of s.dras) await dra.send(answer(await dra.nextRequest(), { resultCode: 3004 }));
    assertEquals((await app.nextAnswer()).resultCode, 3004);
    await s.dras[0]!.close();
    await s.usable(0, false);
    await app.send(request());
    await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest()));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
  })();
});

Deno.test("RT6 a pool without a usable DRA and without a fallback answers 3002, whoever else is there", async () => {
  const gateway = await policy("routing: {pools: [{name: one, dras: [dra-1]}], routes: [{name: all, pool: one}]}");
  await stage({ dras: TWO, gateway }, async (s) => {
    const app = await s.app();
    await s.dras[0]!.close();
    await s.usable(0, false);
    await app.send(request());
    assertEquals((await app.nextAnswer()).resultCode, 3002);
  })();
});

Deno.test("E20 RT7 RT11 a route that rejects answers at once, with its code and its sentence; so does a closed table", async () => {
  const gateway = await policy(`
routing:
  routes:
    - {name: no, match: {command: 324, origin_host: client.example.net}, reject: {code: 5003, message: not for you}}
    - {name: never, match: {application: 4}, reject: 3003}
  default: {reject: 3003}
`);
  await stage({ gateway }, async (s) => {
    const app = await s.app();
    await app.send(request());
    const refusal = await app.nextAnswer();
    assertEquals([refusal.resultCode, refusal.flags], [5003, FLAG.proxiable | FLAG.error]);
    assertEquals(refusal.text(AVP.errorMessage), "not for you");
    await app.send(request({ application: 4, command: 272 }));
    assertStringIncludes((await app.nextAnswer(272)).text(AVP.errorMessage)!, "route never");
    await app.send(request({ originHost: "other.example.net" }));
    const closed = await app.nextAnswer();
    assertEquals(closed.resultCode, 3003);
    assertStringIncludes(closed.text(AVP.errorMessage)!, "no route matches");
    assertEquals(s.gateway.runtime.meters.errorAnswers.of({ code: "3003", reason: "route_reject" }).value, 2);
  })();
});

Deno.test("RT8 a rewrite changes the destination and nothing else, and retries carry the same bytes", async () => {
  const gateway = await policy(`
gateway: {applications: [{id: 16777252, vendor: 10415}]}
routing:
  allow_proxy_acts: true
  routes:
    - {name: out, match: {destination_realm: hss.example.net}, pool: default, rewrite: {destination_realm: a.much.longer.example, destination_host: ""}}
`);
  await stage({ dras: [{}, { priority: 2 }], gateway }, async (s) => {
    const app = await s.app();
    const sent = request({ destinationHost: "hss1.example.net", more: (b) => void b.text(1, "262011234567890") });
    await app.send(sent);
    const first = await s.dras[0]!.nextRequest();
    assertEquals(first.text(AVP.destinationRealm), "a.much.longer.example");
    assertEquals(first.text(AVP.destinationHost), undefined);
    const codes = first.avps.map(({ code }) => code);
    const before = avpsIn(sent, 20).map(({ code }) => code);
    assertEquals(codes, [...before.filter((code) => code !== AVP.destinationHost), AVP.routeRecord]);
    await s.dras[0]!.close();
    const again = await s.dras[1]!.nextRequest();
    assertEquals(again.bytes.slice(20), first.bytes.slice(20));
    assertEquals(s.gateway.runtime.meters.rewrites.of({ route: "out" }).value, 1);
    await s.dras[1]!.send(answer(again));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
  })();
});

Deno.test("RT8 a route that gives a realm serves requests that come without one; others are still refused", async () => {
  const gateway = await policy(`
routing:
  allow_proxy_acts: true
  routes:
    - {name: out, match: {destination_realm: {present: false}, command: 324}, pool: default, rewrite: {destination_realm: hss.example.net, destination_host: dra-2.example.net}}
`);
  await stage({ dras: [{}, { weight: 0 }], gateway }, async (s) => {
    const app = await s.app();
    await app.send(request({ destinationRealm: null, more: (b) => void b.text(1, "26201") }));
    const got = await s.dras[1]!.nextRequest();
    assertEquals(got.avps.map(({ code }) => code).slice(-4), [1, 283, 293, AVP.routeRecord]);
    await app.send(request({ destinationRealm: null, command: 318 }));
    assertEquals((await app.nextAnswer(318)).resultCode, 3001);
  })();
});

Deno.test("RT9 Destination-Host of an open DRA wins over the pool, unless the route ignores it", async () => {
  const gateway = await policy(`
routing:
  pools: [{name: one, dras: [dra-1]}]
  routes:
    - {name: ignores, match: {application: 4}, pool: one, ignore_destination_host: true}
    - {name: heeds, pool: one}
`);
  await stage({ dras: TWO, gateway }, async (s) => {
    const app = await s.app();
    await app.send(request({ destinationHost: "dra-2.example.net" }));
    await s.dras[1]!.nextRequest();
    await app.send(request({ destinationHost: "dra-2.example.net", application: 4 }));
    await s.dras[0]!.nextRequest();
  })();
});

Deno.test("RT10 a route's own timeouts and codes hold for the whole life of a request, also when a reload changes them", async () => {
  const text = (timeout: string, code: number) => `
routing:
  pools: [{name: one, dras: [dra-1]}]
  routes:
    - {name: quick, match: {application: 4}, pool: one, request_timeout: ${timeout}, timeout_result_code: ${code}}
    - {name: once, match: {application: 5}, pool: default, never_retry: true}
    - {name: codes, match: {application: 6}, pool: default, retry_result_codes: [5012], max_attempts: 2}
`;
  const gateway = await policy(text("300ms", 3004));
  await stage({ dras: TWO, gateway }, async (s) => {
    const app = await s.app();
    await app.send(request({ application: 4 }));
    await s.dras[0]!.nextRequest();
    const { options } = s.gateway.runtime;
    await s.gateway.configure({ ...options, ...await policy(text("1h", 5012)) });
    assertEquals((await app.nextAnswer()).resultCode, 3004);
    for (const [application, code, passedOn] of [[5, 3002, 3002], [6, 3002, 3002]] as const) {
      await app.send(request({ application }));
      const dra = await whoGot(s);
      await s.dras[dra.nth]!.send(answer(dra.request, { resultCode: code }));
      assertEquals((await app.nextAnswer()).resultCode, passedOn);
    }
    await app.send(request({ application: 6 }));
    const one = await whoGot(s);
    await s.dras[one.nth]!.send(answer(one.request, { resultCode: 5012, flags: FLAG.proxiable | FLAG.error }));
    const other = await s.dras[1 - one.nth]!.nextRequest();
    await s.dras[1 - one.nth]!.send(answer(other));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
  })();
});

/** The DRA that gets the next request. */
async function whoGot(s: Stage) {
  const before = s.gateway.pool.dras.map(({ meters }) => meters.requests.value);
  await until(
    () => s.gateway.pool.dras.some(({ inFlight }) => inFlight > 0),
    "some DRA has the request",
  );
  const nth = s.gateway.pool.dras.findIndex(({ inFlight }) => inFlight > 0);
  assert(before.length > nth);
  return { nth, request: await s.dras[nth]!.nextRequest() };
}

Deno.test("RT12 a redirect to one of our DRAs is followed once, with T clear; any other is passed on", async () => {
  const gateway = await policy("routing: {follow_redirects: true}");
  const to = (host: string) => ({
    resultCode: 3006,
    more: (b: MessageBuilder) => void b.text(AVP.redirectHost, `aaa://${host}:3868;transport=tcp`),
  });
  await stage({ dras: [{}, { priority: 2 }], gateway }, async (s) => {
    const app = await s.app();
    await app.send(request());
    await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest(), to("DRA-2.example.net")));
    const redirected = await s.dras[1]!.nextRequest();
    assertEquals(redirected.flags & FLAG.retransmitted, 0);
    await s.dras[1]!.send(answer(redirected));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    await app.send(request());
    await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest(), to("elsewhere.example.net")));
    assertEquals((await app.nextAnswer()).resultCode, 3006);
  })();
});

Deno.test("RT4 RT5 a group that does not parse, or a value too long for an expression, is no match, and is counted", async () => {
  const gateway = await policy(`
routing:
  pools: [{name: one, dras: [dra-1]}, {name: two, dras: [dra-2]}]
  routes:
    - {name: group, match: {avps: [{path: "Subscription-Id/Subscription-Id-Data", prefix: "49"}]}, pool: one}
    - {name: long, match: {avps: [{path: User-Name, regex: "x$"}]}, pool: one}
    - {name: rest, pool: two}
`);
  await stage({ dras: TWO, gateway }, async (s) => {
    const app = await s.app();
    await app.send(request({ more: (b) => void b.octets(443, new Uint8Array([0, 0, 1, 188, 0, 0, 0, 99])) }));
    await s.dras[1]!.nextRequest();
    await app.send(request(imsi("x".repeat(1025))), request(imsi("x".repeat(1024))));
    await s.dras[1]!.nextRequest();
    await s.dras[0]!.nextRequest();
    const { faults, tooLong } = s.gateway.parts.policies.current!.reading;
    assertEquals([faults, tooLong], [1, 1]);
  })();
});

Deno.test("PX1 a reload puts other routes and pools into force at once, and keeps the connections of its DRAs", async () => {
  await stage({ dras: TWO, gateway: BY_REALM }, async (s) => {
    const app = await s.app();
    const { options } = s.gateway.runtime;
    const swapped = await policy(`
routing:
  pools: [{name: one, dras: [dra-2]}]
  routes: [{name: first, match: {destination_realm: "*.one.example"}, pool: one}]
`);
    await app.send(request({ destinationRealm: "a.one.example" }));
    await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest()));
    await app.nextAnswer();
    await s.gateway.configure({ ...options, ...swapped });
    await app.send(request({ destinationRealm: "a.one.example" }));
    await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest()));
    await app.nextAnswer();
    assertEquals(requestsOf(s, "first"), 2);
    await s.gateway.configure({ ...options, ...await policy("") });
    await app.send(request({ destinationRealm: "a.one.example" }));
    await whoGot(s);
    assertEquals(requestsOf(s, "first"), 2);
  })();
});
