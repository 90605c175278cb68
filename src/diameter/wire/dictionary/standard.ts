/**
 * The dictionary that comes with the program. Importing this file loads every table; building the
 * maps is put off to the first use.
 * @module
 */
import { Dictionary } from "./dictionary.ts";
import type { Specification } from "./specification.ts";
import { BASE } from "./tables/base.ts";
import { CHARGING } from "./tables/charging.ts";
import { CREDIT_CONTROL } from "./tables/credit_control.ts";
import { CX } from "./tables/cx.ts";
import { EAP } from "./tables/eap.ts";
import { GBA } from "./tables/gba.ts";
import { GX } from "./tables/gx.ts";
import { LOCATION } from "./tables/location.ts";
import { MB2 } from "./tables/mb2.ts";
import { MM10 } from "./tables/mm10.ts";
import { MOBILE_IP } from "./tables/mobile_ip.ts";
import { NASREQ } from "./tables/nasreq.ts";
import { OVERLOAD } from "./tables/overload.ts";
import { PACKET_DATA } from "./tables/packet_data.ts";
import { PROSE } from "./tables/prose.ts";
import { QOS } from "./tables/qos.ts";
import { EXPERIMENTAL_RESULT_CODES, RESULT_CODES } from "./tables/result_codes.ts";
import { RX } from "./tables/rx.ts";
import { S6A } from "./tables/s6a.ts";
import { S6T } from "./tables/s6t.ts";
import { S9 } from "./tables/s9.ts";
import { SH } from "./tables/sh.ts";
import { SIP } from "./tables/sip.ts";
import { SMS } from "./tables/sms.ts";
import { SWX } from "./tables/swx.ts";
import { SY } from "./tables/sy.ts";
import { T6A } from "./tables/t6a.ts";
import { TSP } from "./tables/tsp.ts";
import { VENDORS } from "./tables/vendors.ts";
import { WLAN } from "./tables/wlan.ts";

const SPECIFICATIONS: readonly Specification[] = [
  { title: "RFC 6733", vendor: 0, vendorName: "IETF", avps: [], resultCodes: RESULT_CODES },
  { title: "3GPP TS 29.230", vendor: 10415, vendorName: "3GPP", avps: [], resultCodes: EXPERIMENTAL_RESULT_CODES },
  BASE,
  OVERLOAD,
  CREDIT_CONTROL,
  S6A,
  GX,
  RX,
  CX,
  SH,
  SWX,
  S6T,
  CHARGING,
  PACKET_DATA,
  NASREQ,
  EAP,
  MOBILE_IP,
  QOS,
  WLAN,
  GBA,
  MM10,
  S9,
  LOCATION,
  SY,
  TSP,
  SMS,
  MB2,
  PROSE,
  T6A,
  SIP,
  ...Object.entries(VENDORS).map(([id, vendorName]) => ({
    title: vendorName,
    vendor: Number(id),
    vendorName,
    avps: [],
  })),
];

let loaded: Dictionary | undefined;

/**
 * The base protocol, credit control, the 3GPP interfaces S6a, S13, Gx, Rx, Cx, Sh, SWx, S6t and
 * others, 3GPP charging, overload and load control. One object, made at the first call.
 *
 * @example
 * ```ts
 * import { standardDictionary } from "./standard.ts";
 * console.log(standardDictionary().avpNamed("IMEI")?.code); // 1402
 * ```
 */
export function standardDictionary(): Dictionary {
  return loaded ??= new Dictionary(SPECIFICATIONS);
}
