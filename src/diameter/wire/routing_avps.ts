/**
 * The one walk over a request's top-level AVPs that routing needs (RFC 6733 sections 6.1 and 6.7).
 * @module
 */
import { AVP, AVP_FLAG, AVP_HEADER_LENGTH, AVP_VENDOR_HEADER_LENGTH } from "./avp_codes.ts";
import { HEADER_LENGTH } from "./header.ts";

// What the walk compares with, as constants of this module: the engine loads what is imported anew
// each time, and compiles these into the code.
const MESSAGE_HEADER = HEADER_LENGTH;
const HEADER = AVP_HEADER_LENGTH;
const VENDOR_HEADER = AVP_VENDOR_HEADER_LENGTH;
const VENDOR_BIT = AVP_FLAG.vendor << 24;
const { sessionId, destinationHost, destinationRealm, routeRecord } = AVP;

/**
 * Where the routing AVPs of one request lie. One object is reused for every message of a stage:
 * offsets are data offsets, -1 when the AVP is absent; the first of each kind counts.
 */
export class RoutingAvps {
  sessionIdStart = -1;
  sessionIdEnd = -1;
  destinationHostStart = -1;
  destinationHostEnd = -1;
  destinationRealmStart = -1;
  destinationRealmEnd = -1;
  /** Offset of the header of the first Route-Record. */
  firstRouteRecord = -1;
  /** Offset of the first AVP with an impossible Length (5014), else -1. */
  brokenAt = -1;

  /**
   * Reads the message from `start` to `end`.
   * @returns false when an AVP is broken, see {@link brokenAt}
   */
  scan(view: DataView, start: number, end: number): boolean {
    this.sessionIdStart = -1;
    this.destinationHostStart = -1;
    this.destinationRealmStart = -1;
    this.firstRouteRecord = -1;
    this.brokenAt = -1;
    let at = start + MESSAGE_HEADER;
    while (at < end) {
      if (end - at < HEADER) {
        this.brokenAt = at;
        return false;
      }
      const word = view.getUint32(at + 4);
      const length = word & 0xffffff;
      // `avpHeaderLength` and `vendorOf`, written out: two calls for each AVP cost a quarter of the
      // walk.
      const vendor = (word & VENDOR_BIT) !== 0;
      const headerLength = vendor ? VENDOR_HEADER : HEADER;
      if (length < headerLength || length > end - at) {
        this.brokenAt = at;
        return false;
      }
      if (!vendor || view.getUint32(at + HEADER) === 0) {
        switch (view.getUint32(at)) {
          case sessionId:
            if (this.sessionIdStart < 0) {
              this.sessionIdStart = at + headerLength;
              this.sessionIdEnd = at + length;
            }
            break;
          case destinationRealm:
            if (this.destinationRealmStart < 0) {
              this.destinationRealmStart = at + headerLength;
              this.destinationRealmEnd = at + length;
            }
            break;
          case destinationHost:
            if (this.destinationHostStart < 0) {
              this.destinationHostStart = at + headerLength;
              this.destinationHostEnd = at + length;
            }
            break;
          case routeRecord:
            if (this.firstRouteRecord < 0) this.firstRouteRecord = at;
            break;
        }
      }
      at += (length + 3) & ~3;
    }
    return true;
  }
}
