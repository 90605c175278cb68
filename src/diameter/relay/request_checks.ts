/**
 * What a request must satisfy before it is routed (RFC 6733 sections 3, 4.1, 6.1), in the order in which errors are reported: only the first is.
 * @module
 */
import type { Block } from "../../net/block.ts";
import { APPLICATION } from "../wire/application_ids.ts";
import { asciiOf, avpHeaderLength, avpsOf, padded, vendorOf } from "../wire/avp.ts";
import { AVP } from "../wire/avp_codes.ts";
import { FLAG } from "../wire/header.ts";
import { type Identity, identity, identityEquals } from "../wire/identity.ts";
import { type RequestFault, requestFault } from "../wire/request_fault.ts";
import { RESULT } from "../wire/result_codes.ts";
import { RoutingAvps } from "../wire/routing_avps.ts";

/** A request that cannot be served: by anyone, or by this gateway. */
export type Refusal = RequestFault;

/** What the checks need to know of the gateway. */
export interface CheckOptions {
  readonly originHost: string;
  readonly relay: boolean;
  readonly strictPBit: boolean;
}

/** Checks requests; {@link avps} holds what the last one carried. */
export class RequestChecks {
  readonly avps = new RoutingAvps();
  readonly #self: Identity;
  readonly #relay: boolean;
  readonly #strict: boolean;

  constructor(options: CheckOptions) {
    this.#self = identity(options.originHost);
    this.#relay = options.relay;
    this.#strict = options.strictPBit;
  }

  /**
   * Checks the request from `at` to `end`, whose second header word is `word`.
   * @param refused new requests are not served on this connection or by this gateway any more
   */
  check(
    block: Block,
    at: number,
    end: number,
    word: number,
    application: number,
    refused: boolean,
  ): Refusal | undefined {
    const { avps } = this;
    const fault = requestFault(block.bytes, block.view, at, end, word, avps);
    if (fault !== undefined) return fault;
    if (this.#strict && (word & (FLAG.proxiable << 24)) === 0) return NOT_PROXIABLE;
    if (application === APPLICATION.common || application === APPLICATION.relay) return unroutable(application);
    if (refused) return DRAINING;
    if (this.#relay && avps.firstRouteRecord >= 0 && this.#loops(block, end)) return LOOP;
    if (avps.destinationRealmStart < 0 || avps.destinationHostStart >= 0) {
      if (avps.destinationHostStart < 0) return NO_DESTINATION;
      if (identityEquals(block.bytes, avps.destinationHostStart, avps.destinationHostEnd, this.#self)) return FOR_US;
      if (avps.destinationRealmStart < 0) return NO_REALM;
    }
    return undefined;
  }

  /** Destination-Host of the request checked last, in lower case; "" when it has none. */
  destinationHost(block: Block): string {
    const { destinationHostStart: dataStart, destinationHostEnd: dataEnd } = this.avps;
    return dataStart < 0 ? "" : asciiOf(block.bytes, { dataStart, dataEnd }).toLowerCase();
  }

  /** Route-Records of the request checked last, in lower case. */
  routeRecords(block: Block, end: number): string[] {
    const first = this.avps.firstRouteRecord;
    if (first < 0) return [];
    const found: string[] = [];
    for (const avp of avpsOf(block.bytes, first, end)) {
      if (avp.code === AVP.routeRecord && avp.vendor === 0) found.push(asciiOf(block.bytes, avp).toLowerCase());
    }
    return found;
  }

  /** Own identity in a Route-Record (section 6.1.3). The walk succeeded before, so lengths are good. */
  #loops(block: Block, end: number): boolean {
    const { view, bytes } = block;
    for (let at = this.avps.firstRouteRecord; at < end;) {
      const word = view.getUint32(at + 4);
      const length = word & 0xffffff;
      if (
        view.getUint32(at) === AVP.routeRecord && vendorOf(view, at, word) === 0 &&
        identityEquals(bytes, at + avpHeaderLength(word), at + length, this.#self)
      ) return true;
      at += padded(length);
    }
    return false;
  }
}

const NOT_PROXIABLE: Refusal = {
  resultCode: RESULT.commandUnsupported,
  message: "the P flag is clear and this node serves no application itself",
  reason: "not_proxiable",
};
const DRAINING: Refusal = {
  resultCode: RESULT.tooBusy,
  message: "this node takes no new requests: it is taking its leave",
  reason: "draining",
};
const LOOP: Refusal = {
  resultCode: RESULT.loopDetected,
  message: "a Route-Record names this node",
  reason: "loop",
};
const NO_DESTINATION: Refusal = {
  resultCode: RESULT.commandUnsupported,
  message: "neither Destination-Realm nor Destination-Host: for this node, which serves no application itself",
  reason: "no_destination",
};
const FOR_US: Refusal = {
  resultCode: RESULT.applicationUnsupported,
  message: "Destination-Host is this node, which serves no application itself",
  reason: "destination_is_gateway",
};
const NO_REALM: Refusal = {
  resultCode: RESULT.unableToDeliver,
  message: "Destination-Host without Destination-Realm cannot be routed",
  reason: "no_realm",
};

function unroutable(application: number): Refusal {
  return {
    resultCode: RESULT.applicationUnsupported,
    message: `application ${application} is never routed`,
    reason: "application",
  };
}
