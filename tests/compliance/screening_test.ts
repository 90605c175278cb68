/** Items RL1 and SC1 to SC4: limits on kinds of requests, and screening, on both sides. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { FLAG } from "../../src/diameter/wire/header.ts";
import { policy } from "../support/policy.ts";
import { answer, request } from "../support/raw_message.ts";
import { type Stage, stage } from "./stage.ts";

const REFUSED = FLAG.proxiable | FLAG.error;

const LIMITS = await policy(`
limits:
  - {name: each, match: {application: s13}, per: app, requests_per_second: 1, burst: 2}
  - {name: realms, match: {command: 272}, per: destination_realm, requests_per_second: 1}
`);

Deno.test(
  "RL1 one request more than a limit allows is answered 3004 with the limit's name; others are not concerned",
  stage({ gateway: LIMITS, dras: [{}, { priority: 2 }] }, async (s) => {
    const [app, other] = [await s.app(), await s.app("other.example.net")];
    await app.send(request(), request(), request());
    const got = [await s.dra.nextRequest(), await s.dra.nextRequest()];
    const refusal = await app.nextAnswer();
    assertEquals([refusal.resultCode, refusal.flags], [3004, REFUSED]);
    assertStringIncludes(refusal.text(AVP.errorMessage)!, "limit each");
    await other.send(request());
    await s.dra.nextRequest();
    await app.send(request({ application: 4 }));
    await s.dra.nextRequest();
    // Retries do not count.
    await s.dra.send(answer(got[0]!, { resultCode: 3004 }));
    await s.dras[1]!.nextRequest();
    const { rateLimited, errorAnswers } = s.gateway.runtime.meters;
    assertEquals(rateLimited.of({ limit: "each" }).value, 1);
    assertEquals(errorAnswers.of({ code: "3004", reason: "rate_limit" }).value, 1);
  }),
);

Deno.test(
  "RL1 a limit per realm counts each by itself, and a reload does not fill it again",
  stage({ gateway: LIMITS }, async (s) => {
    const app = await s.app();
    const ask = (destinationRealm: string) => request({ application: 4, command: 272, destinationRealm });
    await app.send(ask("a.example"), ask("B.example"));
    await s.dra.nextRequest(272);
    await s.dra.nextRequest(272);
    await s.gateway.configure({ ...s.gateway.runtime.options, maxAttempts: 2 });
    await app.send(ask("b.EXAMPLE"));
    assertEquals((await app.nextAnswer(272)).resultCode, 3004);
  }),
);

const RULES = (mode: string) =>
  policy(`
screening:
  mode: ${mode}
  rules:
    - {name: cat1, peers: ["*.partner.example"], applications: [s13], commands: [999], action: reject, result_code: 5001}
    - {name: cat2, peers: ["*.partner.example"], origin_realms: [example.net], origin_hosts: ["*.example.net"], avps: [{path: User-Name, prefix: "26201"}], max_route_records: 1, action: allow}
    - {name: own, peers: [app.example.net], origin_host_is_peer: true, action: allow}
    - {name: dras, side: dra, commands: [317], action: reject}
    - {name: dra, side: dra, action: allow}
  otherwise: reject
`);

function screened(s: Stage, rule: string, action: string): number {
  return s.gateway.runtime.meters.screened.of({ rule, action }).value;
}

const enforce = await RULES("enforce");

Deno.test(
  "O5 SC1 SC2 SC3 SC4 the first rule that fits decides; what is rejected is answered, goes nowhere, is counted and told",
  stage({ gateway: enforce }, async (s) => {
    const partner = await s.app("x.partner.example");
    await partner.send(request({ command: 999 }));
    const never = await partner.nextAnswer(999);
    assertEquals([never.resultCode, never.flags], [5001, REFUSED]);
    assertStringIncludes(never.text(AVP.errorMessage)!, "rule cat1");
    await partner.send(request({ more: (b) => void b.text(1, "262011") }));
    await s.dra.nextRequest();
    for (const wish of [{}, { more: (b: { text(code: number, text: string): unknown }) => void b.text(1, "26202") }]) {
      await partner.send(request(wish));
      assertEquals((await partner.nextAnswer()).resultCode, 5012);
    }
    await partner.send(request({ routeRecords: ["a.b", "c.d"], more: (b) => void b.text(1, "262011") }));
    assertEquals((await partner.nextAnswer()).resultCode, 5012);
    const app = await s.app();
    await app.send(request({ originHost: "APP.example.net" }));
    await s.dra.nextRequest();
    await app.send(request());
    assertEquals((await app.nextAnswer()).resultCode, 5012);
    assertEquals(["cat1", "none"].map((rule) => screened(s, rule, "reject")), [1, 4]);
    assertEquals(["cat2", "own"].map((rule) => screened(s, rule, "allow")), [1, 1]);
    assertEquals(
      s.eventsOf("screened").map(({ rule, peer, action }) => [rule, peer, action]),
      [["cat1", "x.partner.example", "reject"], ["none", "x.partner.example", "reject"], [
        "none",
        "app.example.net",
        "reject",
      ]],
    );
    assertEquals(s.gateway.runtime.meters.errorAnswers.of({ code: "5012", reason: "screened" }).value, 4);
  }),
);

Deno.test(
  "SC1 SC3 a request of a DRA is screened by the rules of that side",
  stage({ gateway: enforce }, async (s) => {
    const app = await s.app();
    await s.dra.send(request({ command: 317, destinationHost: "app.example.net" }));
    assertEquals((await s.dra.nextAnswer(317)).resultCode, 5012);
    await s.dra.send(request({ command: 319, destinationHost: "app.example.net" }));
    await app.nextRequest(319);
    assertEquals([screened(s, "dras", "reject"), screened(s, "dra", "allow")], [1, 1]);
  }),
);

const log = await RULES("log");

Deno.test(
  "SC3 SC4 with mode log everything passes, and what would be rejected is counted as that",
  stage({ gateway: log }, async (s) => {
    const partner = await s.app("x.partner.example");
    await partner.send(request({ command: 999 }), request());
    await s.dra.nextRequest(999);
    await s.dra.nextRequest();
    assertEquals(["cat1", "none"].map((rule) => screened(s, rule, "would_reject")), [1, 1]);
    assertEquals(s.eventsOf("screened").map(({ action }) => action), ["would_reject", "would_reject"]);
  }),
);
