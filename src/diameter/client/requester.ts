/**
 * What the typed clients stand on.
 * @module
 */
import type { MessageInput } from "../wire/encode_message.ts";
import type { RequestOptions } from "./call.ts";
import type { Message } from "./message.ts";

/** Whoever can ask and gets answers: a `ConnectionPool`, or one address of an `AddressClient`. */
export interface Requester {
  /** DiameterIdentity of this node. */
  readonly originHost: string;
  /** Its realm. */
  readonly originRealm: string;
  /**
   * A fresh End-to-End Identifier for a request that is given as bytes (RFC 6733 section 3), from
   * where those of its other requests come. Without it a typed client counts for itself.
   */
  nextEndToEnd?(): number;
  /** Sends a request; resolves with its answer. */
  request(message: MessageInput | Uint8Array, options?: RequestOptions): Promise<Message>;
}
