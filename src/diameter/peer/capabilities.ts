/**
 * The capabilities exchange (RFC 6733 section 5.3): what we say of ourselves, and what a peer said.
 * @module
 */
import { APPLICATION, VENDOR } from "../wire/application_ids.ts";
import { ApplicationSet } from "../wire/application_set.ts";
import { asciiOf, AvpLengthError, avpsOf, unsigned32Of } from "../wire/avp.ts";
import { AVP, INBAND_SECURITY } from "../wire/avp_codes.ts";
import { COMMAND } from "../wire/command_codes.ts";
import { failedAvpAt, missingAvp } from "../wire/error_answer.ts";
import { FLAG, HEADER_LENGTH } from "../wire/header.ts";
import { MessageBuilder } from "../wire/message_builder.ts";
import { RESULT, resultCodeName } from "../wire/result_codes.ts";

/** One application to advertise. */
export interface AdvertisedApplication {
  /** Application id. */
  readonly id: number;
  /** Vendor of a vendor-specific application; 0 or absent for one of the IETF. */
  readonly vendor?: number;
  /** An accounting application: Acct-Application-Id instead of Auth-Application-Id. */
  readonly accounting?: boolean;
}

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

/** The applications that {@link LocalIdentity.applications} advertises. */
export function advertised(local: LocalIdentity): ApplicationSet {
  return new ApplicationSet(
    local.applications.length === 0 ? [APPLICATION.relay] : local.applications.map((application) => application.id),
  );
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
    .unsigned32(AVP.originStateId, local.originStateId)
    .unsigned32(AVP.supportedVendorId, VENDOR.threeGpp);
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

/** Reads a CER or CEA from `start` to `end`; a fault says what the answer must carry (a CEA with a fault is simply not accepted). */
export function readCapabilities(
  bytes: Uint8Array,
  start: number,
  end: number,
): Capabilities | CapabilitiesFault {
  let originHost: string | undefined;
  let originRealm: string | undefined;
  let productName: string | undefined;
  let vendorId: number | undefined;
  let originStateId: number | undefined;
  let resultCode: number | undefined;
  let errorMessage: string | undefined;
  let addresses = 0;
  const applications: number[] = [];
  const security: number[] = [];
  try {
    for (const avp of avpsOf(bytes, start + HEADER_LENGTH, end)) {
      if (avp.vendor !== 0) continue;
      switch (avp.code) {
        case AVP.originHost:
          originHost ??= asciiOf(bytes, avp);
          break;
        case AVP.originRealm:
          originRealm ??= asciiOf(bytes, avp);
          break;
        case AVP.productName:
          productName ??= new TextDecoder().decode(bytes.subarray(avp.dataStart, avp.dataEnd));
          break;
        case AVP.errorMessage:
          errorMessage ??= new TextDecoder().decode(bytes.subarray(avp.dataStart, avp.dataEnd));
          break;
        case AVP.hostIpAddress:
          addresses++;
          break;
        case AVP.vendorId:
          vendorId ??= unsigned32Of(bytes, avp);
          break;
        case AVP.originStateId:
          originStateId ??= unsigned32Of(bytes, avp);
          break;
        case AVP.resultCode:
          resultCode ??= unsigned32Of(bytes, avp);
          break;
        case AVP.authApplicationId:
        case AVP.acctApplicationId:
          push(applications, unsigned32Of(bytes, avp));
          break;
        case AVP.inbandSecurityId:
          push(security, unsigned32Of(bytes, avp));
          break;
        case AVP.vendorSpecificApplicationId:
          // Vendor-Id in here does not count when applications are compared (section 5.3).
          for (const inner of avpsOf(bytes, avp.dataStart, avp.dataEnd)) {
            if (inner.vendor === 0 && (inner.code === AVP.authApplicationId || inner.code === AVP.acctApplicationId)) {
              push(applications, unsigned32Of(bytes, inner));
            }
          }
          break;
      }
    }
  } catch (error) {
    if (!(error instanceof AvpLengthError)) throw error;
    return {
      resultCode: RESULT.invalidAvpLength,
      reason: error.message,
      failedAvp: failedAvpAt(bytes, error.offset, end),
    };
  }
  if (originHost === undefined || originHost === "") return missing(AVP.originHost, "Origin-Host", 0);
  if (originRealm === undefined || originRealm === "") return missing(AVP.originRealm, "Origin-Realm", 0);
  if (addresses === 0) return missing(AVP.hostIpAddress, "Host-IP-Address", 6);
  if (vendorId === undefined) return missing(AVP.vendorId, "Vendor-Id", 4);
  if (productName === undefined) return missing(AVP.productName, "Product-Name", 0);
  return {
    originHost,
    originRealm,
    productName,
    vendorId,
    originStateId,
    applications: new ApplicationSet(applications),
    wantsInbandTls: security.length > 0 && !security.includes(INBAND_SECURITY.none),
    resultCode,
    errorMessage,
  };
}

/** Whether {@link readCapabilities} found a fault. */
export function isFault(read: Capabilities | CapabilitiesFault): read is CapabilitiesFault {
  return "reason" in read;
}

/** What a responder makes of a CER that could be read (sections 5.3 and 6.10); undefined when it can stand. */
export function judgeRequest(peer: Capabilities, local: LocalIdentity, tls: boolean): CapabilitiesFault | undefined {
  if (!peer.applications.meets(advertised(local))) {
    return {
      resultCode: RESULT.noCommonApplication,
      reason:
        `no common application: ${peer.originHost} advertises ${peer.applications.list().join(", ") || "none"}, ` +
        `this node ${advertised(local).list().join(", ")}`,
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

/** What an initiator makes of a CEA that could be read; undefined when the connection may open. */
export function judgeAnswer(peer: Capabilities, local: LocalIdentity, expectedHost: string): string | undefined {
  if (peer.resultCode === undefined) return "the CEA carries no Result-Code";
  if (peer.resultCode !== RESULT.success && peer.resultCode !== RESULT.limitedSuccess) {
    const said = peer.errorMessage === undefined ? "" : ` (${peer.errorMessage})`;
    return `the CEA refuses with ${peer.resultCode} ${resultCodeName(peer.resultCode)}${said}`;
  }
  if (expectedHost !== "" && peer.originHost.toLowerCase() !== expectedHost.toLowerCase()) {
    return `the CEA comes from ${peer.originHost}, but origin_host says ${expectedHost}`;
  }
  if (!peer.applications.meets(advertised(local))) return `no common application with ${peer.originHost}`;
  return undefined;
}

/** The value of a Host-IP-Address AVP (section 4.3.1, Address): family and octets. */
export function addressOctets(address: string): Uint8Array<ArrayBuffer> {
  const plain = address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
  if (!plain.includes(":")) {
    return new Uint8Array([0, 1, ...plain.split(".").map(Number)]);
  }
  const [left = "", right] = (plain.split("%")[0] ?? "").split("::");
  const groups = (text: string | undefined) => (text === undefined || text === "") ? [] : text.split(":");
  const head = groups(left);
  const tail = groups(right);
  const zeros = right === undefined ? [] : Array<string>(Math.max(0, 8 - head.length - tail.length)).fill("0");
  const octets = [0, 2];
  for (const group of [...head, ...zeros, ...tail]) {
    const value = parseInt(group, 16);
    octets.push(value >>> 8, value & 0xff);
  }
  return new Uint8Array(octets);
}

function missing(code: number, name: string, dataLength: number): CapabilitiesFault {
  return {
    resultCode: RESULT.missingAvp,
    reason: `${name} is missing`,
    failedAvp: missingAvp(code, dataLength),
  };
}

function push(list: number[], value: number | undefined): void {
  if (value !== undefined) list.push(value);
}
