/**
 * Live keys of the sections `routing`, `limits` and `screening`.
 * @module
 */
import { assertEquals } from "@std/assert";
import { AVP } from "../../../src/diameter/wire/avp_codes.ts";
import { policy } from "../../support/policy.ts";
import { answer, type RawRequest, request } from "../../support/raw_message.ts";
import type { Stage } from "../../compliance/stage.ts";
import { change, refused, type Row, row } from "./row.ts";

/** Conditions that the request below meets, by key. */
const CONDITIONS = {
  destination_realm: "hss.example.net",
  destination_host: "{present: false}",
  origin_realm: "example.net",
  origin_host: "client.example.net",
  application: "s13",
  command: "324",
  app: "app.example.net",
  listener: '"127.0.0.1:0"',
} as const;
const AVP_CONDITIONS = {
  exact: "'26201'",
  prefix: "'262'",
  range: "['26200', '26209']",
  regex: "'01$'",
  present: "true",
} as const;
const WISH: RawRequest = { more: (b) => void b.text(AVP.userName, "26201") };

const avp = (key: keyof typeof AVP_CONDITIONS) => `{path: User-Name, ${key}: ${AVP_CONDITIONS[key]}}`;

/** Every match with one condition. */
const matches = [
  ...Object.entries(CONDITIONS).map(([key, value]) => `{${key}: ${value}}`),
  ...Object.keys(AVP_CONDITIONS).map((key) => `{avps: [${avp(key as keyof typeof AVP_CONDITIONS)}]}`),
];

const avpKeys = (place: string) => ["path", ...Object.keys(AVP_CONDITIONS)].map((key) => `${place}.avps[].${key}`);
const matchKeys = (place: string) =>
  [...Object.keys(CONDITIONS).map((key) => `${place}.match.${key}`), ...avpKeys(`${place}.match`)].join(" ");

async function put(s: Stage, text: string): Promise<void> {
  await change(s, { gateway: await policy(`server: {listen: ["127.0.0.1:0"]}\n${text}`) });
}

/** All of them. */
export const POLICY_KEYS: readonly Row[] = [
  row(`${matchKeys("routing.routes[]")} routing.routes[].reject`, "the next request is routed by it", {}, async (s) => {
    const app = await s.app();
    for (const match of matches) {
      await put(s, `routing: {routes: [{name: r, match: ${match}, reject: 5003}]}`);
      assertEquals((await refused(app, WISH)).resultCode, 5003, match);
    }
  }),
  row(
    `${matchKeys("limits[]")} limits[].name limits[].per limits[].requests_per_second limits[].burst`,
    "the next request is counted by it",
    {},
    async (s) => {
      const app = await s.app();
      for (const [i, match] of matches.entries()) {
        await put(s, `limits: [{name: l${i}, match: ${match}, per: app, requests_per_second: 1, burst: 1}]`);
        await app.send(request(WISH));
        await s.dra.nextRequest();
        assertEquals((await refused(app, WISH)).resultCode, 3004, match);
      }
    },
  ),
  row(
    [
      ...["name", "dras", "balance"].map((key) => `routing.pools[].${key}`),
      ...["name", "pool", "fallback", "ignore_destination_host", "request_timeout", "answer_timeout", "max_attempts"],
      ...["retry_result_codes", "timeout_result_code", "never_retry"],
      ...["rewrite.destination_realm", "rewrite.destination_host"],
    ].map((key) => key.startsWith("routing") ? key : `routing.routes[].${key}`).join(" ") +
      " routing.default.pool routing.allow_proxy_acts",
    "the next request goes to that pool, with its times and its destination",
    { dras: [{}, { priority: 2 }] },
    async (s) => {
      const app = await s.app();
      await put(
        s,
        `
routing:
  allow_proxy_acts: true
  pools: [{name: p, dras: [dra-2], balance: least_pending}]
  routes:
    - name: r
      match: {application: s13}
      pool: p
      fallback: [default]
      ignore_destination_host: true
      rewrite: {destination_realm: other.example, destination_host: dra-1.example.net}
      request_timeout: 200ms
      answer_timeout: 100ms
      max_attempts: 1
      retry_result_codes: [5012]
      timeout_result_code: 3004
      never_retry: true
  default: {reject: 3003}`,
      );
      await app.send(request());
      const got = await s.dras[1]!.nextRequest();
      assertEquals(got.text(AVP.destinationRealm), "other.example");
      assertEquals(got.text(AVP.destinationHost), "dra-1.example.net");
      assertEquals((await app.nextAnswer()).resultCode, 3004);
      await app.send(request({ application: 4 }));
      assertEquals((await app.nextAnswer()).resultCode, 3003);
    },
  ),
  row("routing.follow_redirects", "the next redirect is followed", { dras: [{}, { priority: 2 }] }, async (s) => {
    const app = await s.app();
    await put(s, "routing: {follow_redirects: true}");
    await app.send(request());
    const more = {
      more: (b: { text(code: number, text: string): unknown }) => void b.text(292, "aaa://dra-2.example.net"),
    };
    await s.dra.send(answer(await s.dra.nextRequest(), { resultCode: 3006, ...more }));
    await s.dras[1]!.nextRequest();
  }),
  row(
    [
      ...["mode", "otherwise", "result_code"],
      ...["name", "peers", "side", "applications", "commands", "origin_hosts", "origin_realms", "destination_realms"]
        .map((key) => `rules[].${key}`),
      ...["max_route_records", "origin_host_is_peer", "action", "result_code"].map((key) => `rules[].${key}`),
      ...avpKeys("rules[]"),
    ].map((key) => `screening.${key}`).join(" "),
    "the next request is screened by it",
    {},
    async (s) => {
      const app = await s.app();
      const rules = [
        "peers: ['app.*']",
        "side: app",
        "applications: [s13]",
        "commands: [324]",
        "origin_hosts: [client.example.net]",
        "origin_realms: [example.net]",
        "destination_realms: [hss.example.net]",
        "max_route_records: 0",
        ...Object.keys(AVP_CONDITIONS).map((key) => `avps: [${avp(key as keyof typeof AVP_CONDITIONS)}]`),
      ];
      for (const rule of rules) {
        await put(s, `screening: {mode: enforce, rules: [{name: r, ${rule}, action: reject, result_code: 5003}]}`);
        assertEquals((await refused(app, WISH)).resultCode, 5003, rule);
      }
      await put(
        s,
        "screening: {mode: enforce, rules: [{name: r, origin_host_is_peer: true, action: allow}], otherwise: reject, result_code: 5004}",
      );
      assertEquals((await refused(app, WISH)).resultCode, 5004);
      await app.send(request({ originHost: "app.example.net" }));
      await s.dra.nextRequest();
    },
  ),
];
