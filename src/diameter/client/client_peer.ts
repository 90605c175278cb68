/**
 * A peer that was dialled, which remembers how its CEA refused.
 * @module
 */
import { Peer } from "../peer/peer.ts";
import { AVP } from "../wire/avp_codes.ts";
import { findAvp, unsigned32Of } from "../wire/avp.ts";
import { COMMAND } from "../wire/command_codes.ts";
import { FLAG, type Header, HEADER_LENGTH } from "../wire/header.ts";

/** Sees the CEA before the machine does: one that refuses may lack all that makes it readable as a CEA (RFC 6733 section 7.2). */
export class ClientPeer extends Peer {
  /** Result-Code of the CEA. */
  resultCode: number | undefined;
  /** Error-Message of the CEA. */
  errorMessage: string | undefined;

  override take(bytes: Uint8Array, at: number, end: number, header: Header): boolean | Promise<boolean> {
    if (header.command === COMMAND.capabilitiesExchange && (header.flags & FLAG.request) === 0 && !this.live) {
      const result = findAvp(bytes, AVP.resultCode, at + HEADER_LENGTH, end);
      const message = findAvp(bytes, AVP.errorMessage, at + HEADER_LENGTH, end);
      if (result !== undefined) this.resultCode = unsigned32Of(bytes, result);
      if (message !== undefined) {
        this.errorMessage = new TextDecoder().decode(bytes.subarray(message.dataStart, message.dataEnd));
      }
    }
    return super.take(bytes, at, end, header);
  }
}
