/**
 * Live keys of the section `gateway`.
 * @module
 */
import { assertEquals } from "@std/assert";
import { AVP } from "../../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../../src/diameter/wire/command_codes.ts";
import { FLAG } from "../../../src/diameter/wire/header.ts";
import { answer, request } from "../../support/raw_message.ts";
import { answered, change, refused, type Row, row } from "./row.ts";

const TWO = { dras: [{}, { priority: 2 }] };
const NO_REALM = { destinationRealm: null };

/** A DRA answers 3002: what comes of it. */
const passedOn = (keys: string, gateway: Parameters<typeof change>[1]["gateway"] & object): Row =>
  row(keys, "an error answer of a DRA is passed on, and no other DRA is asked", TWO, async (s) => {
    const app = await s.app();
    await app.send(request());
    await s.dra.send(answer(await s.dra.nextRequest(), { resultCode: 3002 }));
    await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest()));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    await change(s, { gateway });
    assertEquals(await answered(app, s.dra, 3002), 3002);
  });

/** All of them. */
export const GATEWAY_KEYS: readonly Row[] = [
  row(
    "gateway.product_name gateway.vendor_id gateway.applications[].id gateway.applications[].vendor gateway.applications[].type",
    "the next CER and the next CEA say so",
    {},
    async (s) => {
      const applications = [{ id: 16777252, vendor: 10415 }, { id: 3, accounting: true }];
      await change(s, { gateway: { productName: "other", vendorId: 4711, applications } });
      const shown = (message: Awaited<ReturnType<typeof s.dra.next>>) => [
        message.text(AVP.productName),
        message.number(AVP.vendorId),
        message.number(AVP.acctApplicationId),
        message.find(AVP.vendorSpecificApplicationId) !== undefined,
      ];
      const app = await s.connect();
      assertEquals(shown(await app.exchangeCapabilities()), ["other", 4711, 3, true]);
      await s.gateway.reconnect("dra-1");
      await s.dra.answerPeerRequest(COMMAND.disconnectPeer);
      await s.dra.close();
      const dra = await s.listeners[0]!.accept();
      assertEquals(shown(await dra.acceptCapabilities()), ["other", 4711, 3, true]);
    },
  ),
  row("gateway.mode", "a request gets no Route-Record any more", {}, async (s) => {
    const app = await s.app();
    for (const mode of ["relay", "transparent"] as const) {
      await change(s, { gateway: { mode } });
      await app.send(request());
      const asked = await s.dra.nextRequest();
      assertEquals(asked.texts(AVP.routeRecord).length, mode === "relay" ? 1 : 0);
      await s.dra.send(answer(asked));
      await app.nextAnswer();
    }
  }),
  row(
    "gateway.request_timeout gateway.timeout_result_code",
    "a request that nobody answers is answered sooner, and with another code",
    { gateway: { requestTimeout: 600_000, answerTimeout: 600_000 } },
    async (s) => {
      const app = await s.app();
      await change(s, { gateway: { requestTimeout: 50, timeoutResultCode: 3004 } });
      assertEquals((await refused(app)).resultCode, 3004);
    },
  ),
  row(
    "gateway.answer_timeout",
    "the next DRA is asked sooner",
    { ...TWO, gateway: { requestTimeout: 600_000, answerTimeout: 600_000 } },
    async (s) => {
      const app = await s.app();
      await change(s, { gateway: { answerTimeout: 50 } });
      await app.send(request());
      await s.dra.nextRequest();
      await s.dras[1]!.nextRequest();
    },
  ),
  passedOn("gateway.max_attempts", { maxAttempts: 1 }),
  passedOn("gateway.retry_result_codes", { retryResultCodes: [] }),
  passedOn("gateway.never_retry", { neverRetry: [COMMAND.meIdentityCheck] }),
  row("gateway.strict_p_bit", "a request that must not be proxied is answered 3001", {}, async (s) => {
    const app = await s.app();
    await change(s, { gateway: { strictPBit: true } });
    assertEquals((await refused(app, { flags: FLAG.request })).resultCode, 3001);
  }),
  row(
    "gateway.drain_timeout",
    "pending requests are answered 3002 as soon as it says",
    { gateway: { drainTimeout: 600_000, requestTimeout: 600_000, answerTimeout: 600_000 } },
    async (s) => {
      const app = await s.app();
      await app.send(request());
      await s.dra.nextRequest();
      await change(s, { gateway: { drainTimeout: 0 } });
      const stopped = s.gateway.stop();
      assertEquals((await app.nextAnswer()).resultCode, 3002);
      await stopped;
    },
  ),
  row("gateway.error_detail", "an error answer says nothing any more", {}, async (s) => {
    const app = await s.app();
    for (const errorDetail of ["full", "none"] as const) {
      await change(s, { gateway: { errorDetail } });
      const { resultCode, codes } = await refused(app, NO_REALM);
      assertEquals([resultCode, codes.includes(AVP.errorMessage)], [3001, errorDetail === "full"]);
    }
    const { local, mute } = [...s.gateway.apps][0]!.peer.options;
    assertEquals([local.originHost, mute], ["gw.example.net", true]);
  }),
];
