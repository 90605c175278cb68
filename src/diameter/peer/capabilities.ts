/**
 * The capabilities exchange (RFC 6733 section 5.3): what we say of ourselves, and what a peer said.
 * @module
 */
import { APPLICATION, VENDOR } from "../wire/application_ids.ts";
import { type AdvertisedApplication, ApplicationSet } from "../wire/application_set.ts";
import { asciiOf, AvpLengthError, type AvpSlice, avpsOf, padded, unsigned32Of } from "../wire/avp.ts";
import { AVP, INBAND_SECURITY } from "../wire/avp_codes.ts";
import { COMMAND } from "../wire/command_codes.ts";
import { failedAvpAt, missingAvp } from "../wire/error_answer.ts";
import { FLAG, HEADER_LENGTH } from "../wire/header.ts";
import { judgeIdentity, sameIdentity, shownIdentity } from "../wire/identity.ts";
import { IPV4_LENGTH, parseIp } from "../wire/ip_address.ts";
import { MessageBuilder } from "../wire/message_builder.ts";
import { RESULT, resultCodeName } from "../wire/result_codes.ts";

export type { AdvertisedApplication };

/** What this node says of itself in CER, CEA, DWR, DWA and DPR. */
export interface LocalIdentity {
  readonly originHost: string;
  readonly originRealm: string;
  readonly productName: string;
  readonly vendorId: number;
  /** The same in every message of one process life (section 8.16). */
  readonly originStateId: number;
  /** Empty: Relay is advertised. */
  readonly applications: readonly AdvertisedApplication[];
}

/** What a peer said of itself. */
export interface Capabilities {
  /** Origin-Host. */
  readonly originHost: string;
  /** Origin-Realm. */
  readonly originRealm: string;
  /** Product-Name. */
  readonly productName: string;
  /** Vendor-Id. */
  readonly vendorId: number;
  /** Origin-State-Id (RFC 6733 section 8.16); undefined when it sent none. */
  readonly originStateId: number | undefined;
  /** What it serves. */
  readonly applications: ApplicationSet;
  /** It insists on TLS inside the connection (section 6.10). */
  readonly wantsInbandTls: boolean;
  /** Of a CEA; undefined in a CER. */
  readonly resultCode: number | undefined;
  /** Error-Message of a CEA. */
  readonly errorMessage: string | undefined;
}

/** Why a CER or CEA cannot stand. */
export interface CapabilitiesFault {
  readonly resultCode: number;
  readonly reason: string;
  readonly failedAvp?: Uint8Array;
}

/** A CEA that does not open the connection. */
export interface AnswerFault {
  /** For a person. */
  readonly reason: string;
  /** One of the two does not want the other: it is not worth asking again soon. */
  readonly refused: boolean;
  /** Result-Code and Error-Message of the CEA; undefined where it has none. */
  readonly resultCode: number | undefined;
  readonly errorMessage: string | undefined;
}

/** The applications that {@link LocalIdentity.applications} advertises. */
export function advertised(local: LocalIdentity): ApplicationSet {
  return new ApplicationSet(local.applications.length === 0 ? [APPLICATION.relay] : local.applications);
}

/**
 * The vendors of those applications, each once and never 0 (section 5.3.6). A node that names none
 * relays 3GPP's all the same, and its peers have always been told so.
 */
function supportedVendors({ applications }: LocalIdentity): ReadonlySet<number> {
  const vendors = new Set(applications.map(({ vendor = VENDOR.ietf }) => vendor));
  vendors.delete(VENDOR.ietf);
  return vendors.size === 0 ? new Set([VENDOR.threeGpp]) : vendors;
}

/** A CER from the connection's own address `localAddress` (textual IPv4 or IPv6). */
export function capabilitiesRequest(
  local: LocalIdentity,
  localAddress: string,
  ids: { readonly hopByHop: number; readonly endToEnd: number },
): Uint8Array<ArrayBuffer> {
  const builder = new MessageBuilder({
    flags: FLAG.request,
    command: COMMAND.capabilitiesExchange,
    application: APPLICATION.common,
    ...ids,
  });
  builder.text(AVP.originHost, local.originHost).text(AVP.originRealm, local.originRealm);
  return describe(builder, local, localAddress).finish();
}

/** The CEA to the CER with these ids; the P flag is copied as every answer does. */
export function capabilitiesAnswer(
  local: LocalIdentity,
  localAddress: string,
  request: { readonly hopByHop: number; readonly endToEnd: number; readonly flags: number },
  fault?: CapabilitiesFault,
  mute = false,
): Uint8Array<ArrayBuffer> {
  const resultCode = fault?.resultCode ?? RESULT.success;
  const protocolError = resultCode >= 3000 && resultCode < 4000;
  const builder = new MessageBuilder({
    flags: (request.flags & FLAG.proxiable) | (protocolError ? FLAG.error : 0),
    command: COMMAND.capabilitiesExchange,
    application: APPLICATION.common,
    hopByHop: request.hopByHop,
    endToEnd: request.endToEnd,
  });
  builder.unsigned32(AVP.resultCode, resultCode);
  builder.text(AVP.originHost, local.originHost).text(AVP.originRealm, local.originRealm);
  describe(builder, local, localAddress);
  if (fault !== undefined) {
    if (!mute) builder.text(AVP.errorMessage, fault.reason, { flags: 0 });
    const failed = fault.failedAvp;
    if (failed !== undefined) builder.group(AVP.failedAvp, (group) => group.raw(failed));
  }
  return builder.finish();
}

/** The AVPs that CER and CEA share, in the order of the RFC's grammar. */
function describe(builder: MessageBuilder, local: LocalIdentity, localAddress: string): MessageBuilder {
  builder.octets(AVP.hostIpAddress, addressOctets(localAddress))
    .unsigned32(AVP.vendorId, local.vendorId)
    .text(AVP.productName, local.productName, { flags: 0 })
    .unsigned32(AVP.originStateId, local.originStateId);
  for (const vendor of supportedVendors(local)) builder.unsigned32(AVP.supportedVendorId, vendor);
  if (local.applications.length === 0) builder.unsigned32(AVP.authApplicationId, APPLICATION.relay);
  for (const { id, vendor = VENDOR.ietf, accounting = false } of local.applications) {
    const code = accounting ? AVP.acctApplicationId : AVP.authApplicationId;
    if (vendor === VENDOR.ietf) builder.unsigned32(code, id);
    else {
      builder.group(
        AVP.vendorSpecificApplicationId,
        (group) => group.unsigned32(AVP.vendorId, vendor).unsigned32(code, id),
      );
    }
  }
  return builder;
}

/** What could be read of a CER or CEA before it was judged. */
class Reading {
  originHost: AvpSlice | undefined;
  originRealm: AvpSlice | undefined;
  productName: string | undefined;
  vendorId: number | undefined;
  originStateId: number | undefined;
  resultCode: number | undefined;
  errorMessage: string | undefined;
  addresses = 0;
  readonly applications: AdvertisedApplication[] = [];
  readonly security: number[] = [];
  /** The AVP whose length is impossible; what stands behind it was not read. */
  broken: AvpLengthError | undefined;

  constructor(readonly bytes: Uint8Array, start: number, readonly end: number) {
    try {
      for (const avp of avpsOf(bytes, start + HEADER_LENGTH, end)) if (avp.vendor === VENDOR.ietf) this.#take(avp);
    } catch (error) {
      if (!(error instanceof AvpLengthError)) throw error;
      this.broken = error;
    }
  }

  /** Origin-Host as it came, one character for each octet; "" when there is none. */
  get name(): string {
    return this.originHost === undefined ? "" : asciiOf(this.bytes, this.originHost);
  }

  #take(avp: AvpSlice): void {
    const { bytes } = this;
    const text = () => new TextDecoder().decode(bytes.subarray(avp.dataStart, avp.dataEnd));
    switch (avp.code) {
      case AVP.originHost:
        this.originHost ??= avp;
        break;
      case AVP.originRealm:
        this.originRealm ??= avp;
        break;
      case AVP.productName:
        this.productName ??= text();
        break;
      case AVP.errorMessage:
        this.errorMessage ??= text();
        break;
      case AVP.hostIpAddress:
        this.addresses++;
        break;
      case AVP.vendorId:
        this.vendorId ??= unsigned32Of(bytes, avp);
        break;
      case AVP.originStateId:
        this.originStateId ??= unsigned32Of(bytes, avp);
        break;
      case AVP.resultCode:
        this.resultCode ??= unsigned32Of(bytes, avp);
        break;
      case AVP.authApplicationId:
      case AVP.acctApplicationId:
        this.#application(avp, VENDOR.ietf);
        break;
      case AVP.inbandSecurityId: {
        const mechanism = unsigned32Of(bytes, avp);
        if (mechanism !== undefined) this.security.push(mechanism);
        break;
      }
      case AVP.vendorSpecificApplicationId: {
        const members = [...avpsOf(bytes, avp.dataStart, avp.dataEnd)].filter(({ vendor }) => vendor === VENDOR.ietf);
        const named = members.find(({ code }) => code === AVP.vendorId);
        const vendor = named === undefined ? undefined : unsigned32Of(bytes, named);
        for (const member of members) {
          if (member.code === AVP.authApplicationId || member.code === AVP.acctApplicationId) {
            this.#application(member, vendor ?? VENDOR.ietf);
          }
        }
      }
    }
  }

  #application(avp: AvpSlice, vendor: number): void {
    const id = unsigned32Of(this.bytes, avp);
    if (id !== undefined) this.applications.push({ id, vendor, accounting: avp.code === AVP.acctApplicationId });
  }

  /**
   * Everything that the grammar of a CER, or of a CEA that accepts, wants; else the first fault in
   * its order.
   */
  complete(): Capabilities | CapabilitiesFault {
    const { bytes, end, broken, originHost, originRealm, productName, vendorId } = this;
    if (broken !== undefined) {
      const failedAvp = failedAvpAt(bytes, broken.offset, end);
      return { resultCode: RESULT.invalidAvpLength, reason: broken.message, failedAvp };
    }
    if (originHost === undefined) return missing(AVP.originHost, "Origin-Host", 0);
    const host = asciiOf(bytes, originHost);
    const hostFault = malformed("Origin-Host", host, bytes, originHost);
    if (hostFault !== undefined) return hostFault;
    if (originRealm === undefined) return missing(AVP.originRealm, "Origin-Realm", 0);
    const realm = asciiOf(bytes, originRealm);
    const realmFault = malformed("Origin-Realm", realm, bytes, originRealm);
    if (realmFault !== undefined) return realmFault;
    if (this.addresses === 0) return missing(AVP.hostIpAddress, "Host-IP-Address", 6);
    if (vendorId === undefined) return missing(AVP.vendorId, "Vendor-Id", 4);
    if (productName === undefined) return missing(AVP.productName, "Product-Name", 0);
    return {
      originHost: host,
      originRealm: realm,
      productName,
      vendorId,
      originStateId: this.originStateId,
      applications: new ApplicationSet(this.applications),
      wantsInbandTls: this.security.length > 0 && !this.security.includes(INBAND_SECURITY.none),
      resultCode: this.resultCode,
      errorMessage: this.errorMessage,
    };
  }
}

/** Reads a CER from `start` to `end`; a fault says what the answer must carry. */
export function readCapabilities(bytes: Uint8Array, start: number, end: number): Capabilities | CapabilitiesFault {
  return new Reading(bytes, start, end).complete();
}

/** Whether {@link readCapabilities} or {@link readAnswer} found a fault. */
export function isFault<Fault extends CapabilitiesFault | AnswerFault>(read: Capabilities | Fault): read is Fault {
  return "reason" in read;
}

/**
 * What a responder makes of a CER that could be read (sections 5.3 and 6.10); undefined when it can
 * stand.
 */
export function judgeRequest(peer: Capabilities, local: LocalIdentity, tls: boolean): CapabilitiesFault | undefined {
  const identity = judgeIdentity(peer.originHost, { own: local.originHost });
  if (identity !== undefined) {
    return { resultCode: RESULT.unknownPeer, reason: `Origin-Host ${peer.originHost} ${identity.reason}` };
  }
  if (!peer.applications.meets(advertised(local))) {
    return {
      resultCode: RESULT.noCommonApplication,
      reason: `no common application: ${peer.originHost} advertises ${peer.applications.text || "none"}, ` +
        `this node ${advertised(local).text}`,
    };
  }
  if (peer.wantsInbandTls && !tls) {
    return {
      resultCode: RESULT.noCommonSecurity,
      reason: "in-band TLS is not offered; connect to a TLS listener instead",
    };
  }
  return undefined;
}

/**
 * What an initiator makes of a CEA. Its Result-Code comes first: one that refuses may have the
 * grammar of an error answer (section 7.2), which lacks most of what a CEA that accepts must carry.
 *
 * @param expectedHost identity that it must come from; "" for any
 */
export function readAnswer(
  bytes: Uint8Array,
  start: number,
  end: number,
  local: LocalIdentity,
  expectedHost: string,
): Capabilities | AnswerFault {
  const reading = new Reading(bytes, start, end);
  const { resultCode, errorMessage } = reading;
  const fault = (reason: string, refused = true) => ({ reason, refused, resultCode, errorMessage });
  if (judgeIdentity(reading.name, { own: local.originHost })?.kind === "own") {
    return fault(
      `its CEA carries our own Origin-Host, ${local.originHost}: the address leads back to this node, or to another ` +
        "one of the same name",
    );
  }
  if (resultCode !== undefined && resultCode !== RESULT.success && resultCode !== RESULT.limitedSuccess) {
    const said = errorMessage === undefined || errorMessage === "" ? "" : ` (${errorMessage})`;
    return fault(`the CEA refuses with ${resultCode} ${resultCodeName(resultCode)}${said}`);
  }
  const peer = reading.complete();
  if (isFault(peer)) return fault(`the CEA cannot stand: ${peer.reason}`, false);
  if (resultCode === undefined) return fault("the CEA carries no Result-Code");
  if (expectedHost !== "" && !sameIdentity(peer.originHost, expectedHost)) {
    return fault(`the CEA comes from ${peer.originHost}, but origin_host says ${expectedHost}`);
  }
  if (!peer.applications.meets(advertised(local))) {
    return fault(
      `no common application: ${peer.originHost} advertises ${peer.applications.text || "none"}, ` +
        `this node ${advertised(local).text}`,
    );
  }
  return peer;
}

/**
 * The value of a Host-IP-Address AVP (section 4.3.1, Address): family and octets. A zone is none of
 * its business; an IPv4 address inside IPv6 is IPv4.
 * @throws RangeError when `address` is no IP address
 */
export function addressOctets(address: string): Uint8Array<ArrayBuffer> {
  const octets = parseIp(address.replace(/^::ffff:(?=[\d.]+$)/i, "").split("%")[0]!);
  if (octets === undefined) throw new RangeError(`Cannot tell a peer the address ${JSON.stringify(address)}`);
  return new Uint8Array([0, octets.length === IPV4_LENGTH ? 1 : 2, ...octets]);
}

function missing(code: number, name: string, dataLength: number): CapabilitiesFault {
  return {
    resultCode: RESULT.missingAvp,
    reason: `${name} is missing`,
    failedAvp: missingAvp(code, dataLength),
  };
}

/** 5004 with the whole AVP, when its value is no DiameterIdentity (section 7.1.5). */
function malformed(name: string, value: string, bytes: Uint8Array, avp: AvpSlice): CapabilitiesFault | undefined {
  const fault = judgeIdentity(value);
  if (fault === undefined) return undefined;
  return {
    resultCode: RESULT.invalidAvpValue,
    reason: `${name} ${shownIdentity(value)} is no DiameterIdentity: it ${fault.reason}`,
    failedAvp: bytes.slice(avp.start, avp.start + padded(avp.dataEnd - avp.start)),
  };
}
