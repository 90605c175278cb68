/**
 * Messages of a scripted peer: any bytes out, and what came in, taken apart.
 * @module
 */
import { APPLICATION, VENDOR } from "../../src/diameter/wire/application_ids.ts";
import { avpsOf } from "../../src/diameter/wire/avp.ts";
import { AVP, AVP_FLAG } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG, type Header, HEADER_LENGTH, readHeader } from "../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import { RESULT } from "../../src/diameter/wire/result_codes.ts";

/** Who a scripted peer says it is. */
export interface RawIdentity {
  readonly host: string;
  readonly realm: string;
  /** Auth-Application-Ids to advertise; Relay when absent. */
  readonly applications?: readonly number[];
  /** Origin-State-Id; none when absent. */
  readonly stateId?: number;
}

/** One AVP of a message that came. */
export interface RawAvp {
  readonly code: number;
  readonly vendor: number;
  readonly flags: number;
  readonly data: Uint8Array;
}

/** A message that came, as its bytes lie. */
export class RawMessage {
  readonly header: Header;

  constructor(readonly bytes: Uint8Array) {
    this.header = readHeader(bytes);
  }

  get flags(): number {
    return this.header.flags;
  }
  get command(): number {
    return this.header.command;
  }
  get hopByHop(): number {
    return this.header.hopByHop;
  }
  get endToEnd(): number {
    return this.header.endToEnd;
  }
  get isRequest(): boolean {
    return (this.flags & FLAG.request) !== 0;
  }

  /** Top-level AVPs in their order. */
  get avps(): RawAvp[] {
    return avpsIn(this.bytes, HEADER_LENGTH);
  }

  /** Codes of the top-level AVPs in their order. */
  get codes(): number[] {
    return this.avps.map((avp) => avp.code);
  }

  find(code: number, vendor = 0): RawAvp | undefined {
    return this.avps.find((avp) => avp.code === code && avp.vendor === vendor);
  }

  text(code: number): string | undefined {
    const avp = this.find(code);
    return avp === undefined ? undefined : new TextDecoder().decode(avp.data);
  }

  texts(code: number): string[] {
    return this.avps.filter((avp) => avp.code === code && avp.vendor === 0)
      .map((avp) => new TextDecoder().decode(avp.data));
  }

  number(code: number): number | undefined {
    const avp = this.find(code);
    return avp === undefined ? undefined : new DataView(avp.data.buffer, avp.data.byteOffset).getUint32(0);
  }

  get resultCode(): number | undefined {
    return this.number(AVP.resultCode);
  }

  /** Everything behind the header. */
  get body(): Uint8Array {
    return this.bytes.subarray(HEADER_LENGTH);
  }
}

/** The AVPs in `bytes` from `start` on. */
export function avpsIn(bytes: Uint8Array, start = 0): RawAvp[] {
  return [...avpsOf(bytes, start, bytes.length)].map(({ code, vendor, flags, dataStart, dataEnd }) => ({
    code,
    vendor,
    flags,
    data: bytes.slice(dataStart, dataEnd),
  }));
}

let lastId = Math.floor(Math.random() * 0x1000000);

/** An identifier that no other message of this process has. */
export function nextId(): number {
  return ++lastId;
}

/** What a test decides of a request; the rest is a well-formed ME-Identity-Check (S13). */
export interface RawRequest {
  readonly flags?: number;
  readonly command?: number;
  readonly application?: number;
  readonly hopByHop?: number;
  readonly endToEnd?: number;
  /** null leaves the AVP out. */
  readonly session?: string | null;
  readonly originHost?: string;
  readonly destinationHost?: string;
  readonly destinationRealm?: string | null;
  readonly routeRecords?: readonly string[];
  /** Whole AVPs behind the others. */
  readonly more?: (builder: MessageBuilder) => void;
}

/** An ME-Identity-Check-Request, or what the test makes of it. */
export function request(wish: RawRequest = {}): Uint8Array<ArrayBuffer> {
  const {
    flags = FLAG.request | FLAG.proxiable,
    command = COMMAND.meIdentityCheck,
    application = APPLICATION.s13,
    hopByHop = nextId(),
    endToEnd = nextId(),
    session = `app.example.net;1;${hopByHop}`,
    originHost = "client.example.net",
    destinationHost,
    destinationRealm = "hss.example.net",
    routeRecords = [],
    more,
  } = wish;
  const builder = new MessageBuilder({ flags, command, application, hopByHop, endToEnd });
  if (session !== null) builder.text(AVP.sessionId, session);
  builder.unsigned32(AVP.authSessionState, 1);
  builder.text(AVP.originHost, originHost).text(AVP.originRealm, "example.net");
  if (destinationHost !== undefined) builder.text(AVP.destinationHost, destinationHost);
  if (destinationRealm !== null) builder.text(AVP.destinationRealm, destinationRealm);
  for (const record of routeRecords) builder.text(AVP.routeRecord, record);
  more?.(builder);
  return builder.finish();
}

/** What a test decides of an answer. */
export interface RawAnswer {
  readonly flags?: number;
  /** undefined leaves the AVP out. */
  readonly resultCode?: number | undefined;
  readonly hopByHop?: number;
  readonly originHost?: string;
  readonly more?: (builder: MessageBuilder) => void;
}

/**
 * An answer to `to`: both ids and the P flag copied, E set for a protocol error unless told
 * otherwise.
 */
export function answer(to: RawMessage, wish: RawAnswer = {}): Uint8Array<ArrayBuffer> {
  const resultCode = "resultCode" in wish ? wish.resultCode : RESULT.success;
  const protocolError = resultCode !== undefined && resultCode >= 3000 && resultCode < 4000;
  const builder = new MessageBuilder({
    flags: wish.flags ?? ((to.flags & FLAG.proxiable) | (protocolError ? FLAG.error : 0)),
    command: to.command,
    application: to.header.application,
    hopByHop: wish.hopByHop ?? to.hopByHop,
    endToEnd: to.endToEnd,
  });
  const session = to.text(AVP.sessionId);
  if (session !== undefined) builder.text(AVP.sessionId, session);
  if (resultCode !== undefined) builder.unsigned32(AVP.resultCode, resultCode);
  builder.text(AVP.originHost, wish.originHost ?? "hss.example.net").text(AVP.originRealm, "example.net");
  wish.more?.(builder);
  return builder.finish();
}

/** CER or CEA of `identity`. */
export function capabilities(
  identity: RawIdentity,
  header: { readonly flags: number; readonly hopByHop: number; readonly endToEnd: number },
  resultCode?: number,
  more?: (builder: MessageBuilder) => void,
): Uint8Array<ArrayBuffer> {
  const builder = new MessageBuilder({
    command: COMMAND.capabilitiesExchange,
    application: APPLICATION.common,
    ...header,
  });
  if (resultCode !== undefined) builder.unsigned32(AVP.resultCode, resultCode);
  builder.text(AVP.originHost, identity.host)
    .text(AVP.originRealm, identity.realm)
    .octets(AVP.hostIpAddress, new Uint8Array([0, 1, 127, 0, 0, 1]))
    .unsigned32(AVP.vendorId, VENDOR.threeGpp)
    .text(AVP.productName, "raw peer", { flags: 0 });
  if (identity.stateId !== undefined) builder.unsigned32(AVP.originStateId, identity.stateId);
  for (const id of identity.applications ?? [APPLICATION.relay]) builder.unsigned32(AVP.authApplicationId, id);
  more?.(builder);
  return builder.finish();
}

/** A CER of `identity`. */
export function cer(identity: RawIdentity, more?: (builder: MessageBuilder) => void): Uint8Array<ArrayBuffer> {
  return capabilities(identity, { flags: FLAG.request, hopByHop: nextId(), endToEnd: nextId() }, undefined, more);
}

/** The CEA of `identity` to `to`. */
export function cea(
  identity: RawIdentity,
  to: RawMessage,
  resultCode: number = RESULT.success,
  more?: (builder: MessageBuilder) => void,
): Uint8Array<ArrayBuffer> {
  return capabilities(identity, { flags: 0, hopByHop: to.hopByHop, endToEnd: to.endToEnd }, resultCode, more);
}

/** A DWR, or a DPR with its cause. */
export function peerRequest(identity: RawIdentity, cause?: number): Uint8Array<ArrayBuffer> {
  const builder = new MessageBuilder({
    flags: FLAG.request,
    command: cause === undefined ? COMMAND.deviceWatchdog : COMMAND.disconnectPeer,
    application: APPLICATION.common,
    hopByHop: nextId(),
    endToEnd: nextId(),
  });
  builder.text(AVP.originHost, identity.host).text(AVP.originRealm, identity.realm);
  if (cause !== undefined) builder.unsigned32(AVP.disconnectCause, cause);
  return builder.finish();
}

/** DWA or DPA to `to`. */
export function peerAnswer(identity: RawIdentity, to: RawMessage): Uint8Array<ArrayBuffer> {
  return new MessageBuilder({
    flags: to.flags & FLAG.proxiable,
    command: to.command,
    application: APPLICATION.common,
    hopByHop: to.hopByHop,
    endToEnd: to.endToEnd,
  }).unsigned32(AVP.resultCode, RESULT.success)
    .text(AVP.originHost, identity.host).text(AVP.originRealm, identity.realm).finish();
}

/**
 * A whole AVP that has the V flag set and Vendor-Id 0, as some charging equipment sends those of
 * the base protocol.
 */
export function avpOfVendorZero(code: number, data: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const octets = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const length = 12 + octets.length;
  const avp = new Uint8Array((length + 3) & ~3);
  const view = new DataView(avp.buffer);
  view.setUint32(0, code);
  view.setUint32(4, ((AVP_FLAG.vendor | AVP_FLAG.mandatory) << 24 | length) >>> 0);
  avp.set(octets, 12);
  return avp;
}

/** A copy of `message` with some bytes changed, by offset. */
export function patched(message: Uint8Array, changes: Readonly<Record<number, number>>): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(message);
  for (const [offset, octet] of Object.entries(changes)) copy[Number(offset)] = octet;
  return copy;
}
