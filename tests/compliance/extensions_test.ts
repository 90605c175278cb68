/**
 * Item O1 (overload, load, priority) and S1, S13: what passes through because a relay has no
 * business with it.
 */
import { assertEquals } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { HEADER_LENGTH } from "../../src/diameter/wire/header.ts";
import type { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import { answer, avpsIn, request } from "../support/raw_message.ts";
import { stage } from "./stage.ts";

/** RFC 7683, RFC 8583 and RFC 7944. */
const OC_SUPPORTED_FEATURES = 621;
const OC_FEATURE_VECTOR = 622;
const OC_OLR = 623;
const OC_SEQUENCE_NUMBER = 624;
const OC_REPORT_TYPE = 626;
const OC_REDUCTION_PERCENTAGE = 627;
const SOURCE_ID = 649;
const LOAD = 650;
const LOAD_TYPE = 651;
const LOAD_VALUE = 652;
const DRMP = 301;

/** 3GPP TS 29.272 section 7.3. */
const THREE_GPP = 10415;
const TERMINAL_INFORMATION = 1401;
const IMEI = 1402;
const SOFTWARE_VERSION = 1403;
const EQUIPMENT_STATUS = 1445;
const EQUIPMENT_UNKNOWN = 5422;

const VENDOR = { vendor: THREE_GPP };

Deno.test(
  "O1 OC-*, Load, SourceID and DRMP pass unchanged in both directions, and change nothing",
  stage({}, async (s) => {
    const app = await s.app();
    const asked = request({
      more: (b) =>
        b.group(OC_SUPPORTED_FEATURES, (g) => g.octets(OC_FEATURE_VECTOR, new Uint8Array(8)), { flags: 0 })
          .unsigned32(DRMP, 15, { flags: 0 }),
    });
    await app.send(asked);
    const relayed = await s.dra.nextRequest();
    assertEquals(relayed.bytes.slice(HEADER_LENGTH, asked.length), asked.slice(HEADER_LENGTH));
    const back = answer(relayed, {
      more: (b) =>
        b.group(OC_OLR, (g) =>
          g.octets(OC_SEQUENCE_NUMBER, new Uint8Array(8)).unsigned32(OC_REPORT_TYPE, 0)
            .unsigned32(OC_REDUCTION_PERCENTAGE, 100), { flags: 0 })
          .group(LOAD, (g) =>
            g.unsigned32(LOAD_TYPE, 1).octets(LOAD_VALUE, new Uint8Array(8)).text(SOURCE_ID, "dra-1.example.net"), {
            flags: 0,
          })
          .unsigned32(DRMP, 0, { flags: 0 }),
    });
    await s.dra.send(back);
    assertEquals((await app.nextAnswer()).bytes.slice(HEADER_LENGTH), back.slice(HEADER_LENGTH));
    // All traffic is to be shed, says the report; a relay does not act on it.
    await app.send(request());
    await s.dra.nextRequest();
  }),
);

const terminal = (b: MessageBuilder) =>
  void b.group(
    TERMINAL_INFORMATION,
    (g) => g.text(IMEI, "35209900176148", VENDOR).text(SOFTWARE_VERSION, "01", VENDOR),
    VENDOR,
  );

Deno.test(
  "S1 an ME-Identity-Check passes with and without User-Name, and so does each Equipment-Status",
  stage({}, async (s) => {
    const app = await s.app();
    for (const status of [0, 1, 2]) {
      await app.send(request({
        more: (b) => {
          terminal(b);
          if (status > 0) b.text(AVP.userName, "001010123456789");
        },
      }));
      const relayed = await s.dra.nextRequest();
      const inside = avpsIn(relayed.find(TERMINAL_INFORMATION, THREE_GPP)!.data);
      assertEquals(inside.map(({ data }) => new TextDecoder().decode(data)), ["35209900176148", "01"]);
      await s.dra.send(answer(relayed, { more: (b) => b.unsigned32(EQUIPMENT_STATUS, status, VENDOR) }));
      const received = await app.nextAnswer();
      assertEquals([...received.find(EQUIPMENT_STATUS, THREE_GPP)!.data], [0, 0, 0, status]);
    }
  }),
);

Deno.test(
  "S1 N8 an unknown IMEI comes back as Experimental-Result 5422",
  stage({ dras: [{}, { priority: 2 }] }, async (s) => {
    const app = await s.app();
    await app.send(request({ more: terminal }));
    await s.dra.send(answer(await s.dra.nextRequest(), {
      resultCode: undefined,
      more: (b) =>
        b.group(
          AVP.experimentalResult,
          (g) => g.unsigned32(AVP.vendorId, THREE_GPP).unsigned32(AVP.experimentalResultCode, EQUIPMENT_UNKNOWN),
        ),
    }));
    const result = avpsIn((await app.nextAnswer()).find(AVP.experimentalResult)!.data);
    assertEquals([...result[1]!.data], [0, 0, EQUIPMENT_UNKNOWN >> 8, EQUIPMENT_UNKNOWN & 0xff]);
  }),
);
