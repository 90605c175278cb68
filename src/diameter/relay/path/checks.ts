/**
 * What a request must satisfy before it is routed (RFC 6733 sections 3, 4.1, 6.1), in the order in
 * which errors are reported: only the first is.
 * @module
 */
import { APPLICATION } from "../../wire/application_ids.ts";
import { avpHeaderLength, padded, vendorOf } from "../../wire/avp.ts";
import { AVP } from "../../wire/avp_codes.ts";
import { FLAG } from "../../wire/header.ts";
import { type Identity, identity, identityEquals } from "../../wire/identity.ts";
import { requestFault } from "../../wire/request_fault.ts";
import { RESULT } from "../../wire/result_codes.ts";
import type { Incoming } from "../core/incoming.ts";
import type { GatewayOptions } from "../core/options.ts";
import type { Refusal } from "../core/refusal.ts";
import { LONGEST_MESSAGE, relayedLength } from "./writer.ts";

// Constants of this module: the engine loads what is imported anew each time.
const { common: COMMON, relay: RELAY } = APPLICATION;
const LONGEST = LONGEST_MESSAGE;

/** Checks requests; the routing AVPs of one that stands are in its `avps`. */
export class RequestChecks {
  #self: Identity;
  #relay = false;
  #strict = false;
  /** Routes may give a request its destination: what is missing is told after them. */
  #later = false;

  constructor(options: Pick<GatewayOptions, "originHost" | "mode" | "strictPBit">) {
    this.#self = identity(options.originHost);
    this.configure(options);
  }

  /** Takes what may change while it runs. */
  configure({ mode, strictPBit }: Pick<GatewayOptions, "mode" | "strictPBit">): void {
    this.#relay = mode === "relay";
    this.#strict = strictPBit;
  }

  /**
   * Why the request cannot stand.
   * @param refused new requests are not served on its connection or by this gateway any more
   */
  check(request: Incoming, refused: boolean): Refusal | undefined {
    const { avps, block, word } = request;
    const fault = requestFault(block.bytes, block.view, request.at, request.end, word, avps);
    if (fault !== undefined) return fault;
    if (this.#strict && (word & (FLAG.proxiable << 24)) === 0) return NOT_PROXIABLE;
    const { application } = request;
    if (application === COMMON || application === RELAY) return unroutable(application);
    if (refused) return DRAINING;
    if (this.#relay && avps.firstRouteRecord >= 0 && this.#loops(request)) return LOOP;
    if (avps.destinationRealmStart < 0 || avps.destinationHostStart >= 0) {
      const refusal = this.#later && request.from.link === undefined ? undefined : this.#destination(request);
      if (refusal !== undefined) return refusal;
    }
    return relayedLength(request, this.#relay) > LONGEST ? TOO_LONG : undefined;
  }

  /** Whether {@link checkDestination} is somebody else's to call, when routes have had their say. */
  set checksDestinationLater(later: boolean) {
    this.#later = later;
  }

  /** Why a request cannot go on that stands otherwise: where to, and how long it would be. */
  checkDestination(request: Incoming): Refusal | undefined {
    return this.#destination(request) ??
      (relayedLength(request, this.#relay) > LONGEST ? TOO_LONG : undefined);
  }

  #destination({ avps, block: { bytes } }: Incoming): Refusal | undefined {
    if (avps.destinationHostStart < 0) return avps.destinationRealmStart < 0 ? NO_DESTINATION : undefined;
    if (identityEquals(bytes, avps.destinationHostStart, avps.destinationHostEnd, this.#self)) return FOR_US;
    return avps.destinationRealmStart < 0 ? NO_REALM : undefined;
  }

  /**
   * Own identity in a Route-Record (section 6.1.3). The walk succeeded before, so lengths are good.
   */
  #loops({ avps, block: { view, bytes }, end }: Incoming): boolean {
    for (let at = avps.firstRouteRecord; at < end;) {
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
const TOO_LONG: Refusal = {
  resultCode: RESULT.unableToComply,
  message: `with its Route-Record this request would be longer than a message can be (${LONGEST_MESSAGE} bytes)`,
  reason: "too_long",
};

function unroutable(application: number): Refusal {
  return {
    resultCode: RESULT.applicationUnsupported,
    message: `application ${application} is never routed`,
    reason: "application",
  };
}
