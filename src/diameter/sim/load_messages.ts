/**
 * The requests that simulated Logic Apps send: built once, then copied with new ids.
 * @module
 */
import { Block } from "../../net/block.ts";
import type { AdvertisedApplication } from "../peer/capabilities.ts";
import { APPLICATION, VENDOR } from "../wire/application_ids.ts";
import { AVP, AVP_HEADER_LENGTH } from "../wire/avp_codes.ts";
import { COMMAND } from "../wire/command_codes.ts";
import { FLAG, HEADER_LENGTH } from "../wire/header.ts";
import { MessageBuilder } from "../wire/message_builder.ts";
import { SIM_AVP, SIM_COMMAND, THREE_GPP_AVP, VALUE } from "./codes.ts";

/**
 * A kind of request that a simulated Logic App knows: S13 ME-Identity-Check, S6a Update-Location,
 * Credit-Control (event).
 */
export type LoadKind = "s13" | "s6a" | "ccr";

/** Who sends the requests, and to whom. */
export interface LoadIdentity {
  readonly originHost: string;
  readonly originRealm: string;
  readonly destinationRealm: string;
  /** "" leaves the AVP out. */
  readonly destinationHost: string;
  /** The `high 32 bits` of its Session-Ids (RFC 6733 section 8.8). */
  readonly session: number;
}

/** A request that lacks nothing but its ids and the number of its session. */
export interface LoadTemplate {
  readonly block: Block;
  readonly length: number;
  readonly command: number;
  readonly application: number;
  /** Word offset, from the start of the message, of the eight digits of the session's number. */
  readonly sessionDigits: number;
}

/** The applications that a Logic App sending these kinds advertises. */
export function applicationsOf(kinds: Iterable<LoadKind>): AdvertisedApplication[] {
  const applications: Record<LoadKind, AdvertisedApplication> = {
    s13: { id: APPLICATION.s13, vendor: VENDOR.threeGpp },
    s6a: { id: APPLICATION.s6a, vendor: VENDOR.threeGpp },
    ccr: { id: APPLICATION.creditControl },
  };
  return [...new Set(kinds)].map((kind) => applications[kind]);
}

/** Sessions are numbered 0 to one below this. */
export const SESSIONS = 100_000_000;

/** The digits of 0000 to 9999, four octets as the machine's word. */
const DIGITS = new Int32Array(
  new TextEncoder().encode(Array.from({ length: 10_000 }, (_, i) => String(i).padStart(4, "0")).join("")).buffer,
);

/** The first four digits of a session's number, as a word of {@link Block.words}. */
export function upperDigits(session: number): number {
  return DIGITS[(session / 10_000) | 0]!;
}

/** The last four. */
export function lowerDigits(session: number): number {
  return DIGITS[session % 10_000]!;
}

/**
 * `HOST;HIGH;` such that the digits behind it begin on a word of the message: HIGH gets zeros in
 * front.
 */
function sessionPrefix({ originHost, session }: LoadIdentity): string {
  const rest = `;${session};`;
  const zeros = "0".repeat((4 - (originHost.length + rest.length) % 4) % 4);
  return `${originHost};${zeros}${session};`;
}

/**
 * Builds the request of one kind; `subscriber` is the IMEI of an S13 request and the IMSI of the
 * others.
 */
export function loadTemplate(kind: LoadKind, identity: LoadIdentity, subscriber: string): LoadTemplate {
  const { command, application } = HEADERS[kind];
  const prefix = sessionPrefix(identity);
  const builder = new MessageBuilder({
    flags: FLAG.request | FLAG.proxiable,
    command,
    application,
    hopByHop: 0,
    endToEnd: 0,
  });
  builder.text(AVP.sessionId, `${prefix}00000000`);
  FILLERS[kind](builder, identity, subscriber);
  const bytes = builder.finish();
  const block = new Block(bytes.length);
  block.bytes.set(bytes);
  const sessionDigits = (HEADER_LENGTH + AVP_HEADER_LENGTH + prefix.length) >> 2;
  return { block, length: bytes.length, command, application, sessionDigits };
}

const HEADERS = {
  s13: { command: COMMAND.meIdentityCheck, application: APPLICATION.s13 },
  s6a: { command: SIM_COMMAND.updateLocation, application: APPLICATION.s6a },
  ccr: { command: COMMAND.creditControl, application: APPLICATION.creditControl },
} as const satisfies Record<LoadKind, { readonly command: number; readonly application: number }>;

/** All kinds of request. */
export const LOAD_KINDS: readonly LoadKind[] = Object.keys(HEADERS) as LoadKind[];

const THREE_GPP = { vendor: VENDOR.threeGpp } as const;

const FILLERS: Record<LoadKind, (builder: MessageBuilder, identity: LoadIdentity, subscriber: string) => void> = {
  // TS 29.272 section 7.2.19
  s13(builder, identity, imei) {
    builder.unsigned32(AVP.authSessionState, VALUE.noStateMaintained);
    route(builder, identity);
    builder.group(
      THREE_GPP_AVP.terminalInformation,
      (group) => group.text(THREE_GPP_AVP.imei, imei, THREE_GPP).text(THREE_GPP_AVP.softwareVersion, "01", THREE_GPP),
      THREE_GPP,
    );
  },
  // TS 29.272 section 7.2.3
  s6a(builder, identity, imsi) {
    builder.group(
      AVP.vendorSpecificApplicationId,
      (group) => group.unsigned32(AVP.vendorId, VENDOR.threeGpp).unsigned32(AVP.authApplicationId, APPLICATION.s6a),
    ).unsigned32(AVP.authSessionState, VALUE.noStateMaintained);
    route(builder, identity);
    builder.text(AVP.userName, imsi)
      .unsigned32(THREE_GPP_AVP.ratType, VALUE.eutran, THREE_GPP)
      .unsigned32(THREE_GPP_AVP.ulrFlags, VALUE.s6aIndicator, THREE_GPP)
      .octets(THREE_GPP_AVP.visitedPlmnId, new Uint8Array([0x00, 0xf1, 0x10]), THREE_GPP);
  },
  // RFC 8506 section 3.1
  ccr(builder, identity, imsi) {
    route(builder, identity);
    builder.unsigned32(AVP.authApplicationId, APPLICATION.creditControl)
      .text(SIM_AVP.serviceContextId, "32274@3gpp.org")
      .unsigned32(SIM_AVP.ccRequestType, VALUE.eventRequest)
      .unsigned32(SIM_AVP.ccRequestNumber, 0)
      .group(
        SIM_AVP.subscriptionId,
        (group) =>
          group.unsigned32(SIM_AVP.subscriptionIdType, VALUE.endUserImsi).text(SIM_AVP.subscriptionIdData, imsi),
      );
  },
};

/** The routing AVPs (RFC 6733 section 6.1). */
function route(builder: MessageBuilder, identity: LoadIdentity): void {
  builder.text(AVP.originHost, identity.originHost).text(AVP.originRealm, identity.originRealm);
  if (identity.destinationHost !== "") builder.text(AVP.destinationHost, identity.destinationHost);
  builder.text(AVP.destinationRealm, identity.destinationRealm);
}
