/**
 * ME-Identity-Check requests and answers (3GPP TS 29.272 section 6): what the tests send through
 * everybody.
 */
import { APPLICATION, VENDOR } from "../../src/diameter/wire/application_ids.ts";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG } from "../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import { RESULT } from "../../src/diameter/wire/result_codes.ts";
import type { Message } from "./message.ts";
import type { Identity } from "./scripted_peer.ts";

/** AVPs of S13 (TS 29.272 section 7.3), all with Vendor-Id 10415. */
const S13_AVP = { terminalInformation: 1401, imei: 1402, equipmentStatus: 1445 } as const;
const THREE_GPP = { vendor: VENDOR.threeGpp } as const;
const NO_STATE_MAINTAINED = 1;
const BLACKLISTED = 1;

/** The IMEI of every request here. */
export const IMEI = "35674108000001";

/** What a request may differ in. */
export interface RequestOptions {
  readonly sessionId: string;
  readonly from: Identity;
  readonly destinationRealm: string;
  readonly destinationHost?: string;
  readonly ids: { readonly hopByHop: number; readonly endToEnd: number };
}

/** An ECR. */
export function equipmentRequest(options: RequestOptions): Uint8Array<ArrayBuffer> {
  const builder = new MessageBuilder({
    flags: FLAG.request | FLAG.proxiable,
    command: COMMAND.meIdentityCheck,
    application: APPLICATION.s13,
    ...options.ids,
  });
  builder.text(AVP.sessionId, options.sessionId)
    .unsigned32(AVP.authSessionState, NO_STATE_MAINTAINED)
    .text(AVP.originHost, options.from.host)
    .text(AVP.originRealm, options.from.realm);
  if (options.destinationHost !== undefined) builder.text(AVP.destinationHost, options.destinationHost);
  return builder.text(AVP.destinationRealm, options.destinationRealm)
    .group(
      S13_AVP.terminalInformation,
      (group) => group.text(S13_AVP.imei, IMEI, THREE_GPP),
      THREE_GPP,
    )
    .finish();
}

/** The ECA to `request`: success, blacklisted. */
export function equipmentAnswer(request: Message, from: Identity): Uint8Array<ArrayBuffer> {
  const { command, application, hopByHop, endToEnd } = request.header;
  return new MessageBuilder({ flags: FLAG.proxiable, command, application, hopByHop, endToEnd })
    .text(AVP.sessionId, request.texts(AVP.sessionId)[0] ?? "")
    .unsigned32(AVP.resultCode, RESULT.success)
    .unsigned32(AVP.authSessionState, NO_STATE_MAINTAINED)
    .text(AVP.originHost, from.host)
    .text(AVP.originRealm, from.realm)
    .unsigned32(S13_AVP.equipmentStatus, BLACKLISTED, THREE_GPP)
    .finish();
}
