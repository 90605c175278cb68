/**
 * What a CER or CEA means for the connection that it came over (RFC 6733 section 5.3).
 * @module
 */
import type { PeerEvent } from "./peer_machine.ts";
import {
  type AnswerFault,
  type Capabilities,
  type CapabilitiesFault,
  isFault,
  judgeRequest,
  type LocalIdentity,
  readAnswer,
  readCapabilities,
} from "./capabilities.ts";
import { sameIdentity } from "../wire/identity.ts";

/** What becomes of a CER or CEA. */
export interface Verdict {
  readonly event: Extract<PeerEvent, "cer-accepted" | "cer-refused" | "cea-accepted" | "cea-refused">;
  /** Why the connection ends, for a person; "" when it goes on. */
  readonly reason: string;
  /** Goes into the CEA. */
  readonly fault?: CapabilitiesFault;
}

const CER_ACCEPTED: Verdict = { event: "cer-accepted", reason: "" };
const CEA_ACCEPTED: Verdict = { event: "cea-accepted", reason: "" };

/** The exchange on one connection. */
export class Handshake {
  /** What the peer said of itself; undefined before it did. */
  capabilities: Capabilities | undefined;
  /** The CEA that did not open the connection. */
  fault: AnswerFault | undefined;

  /**
   * The first CER, judged by itself; its owner may still not admit the peer, see
   * {@link refusedCer}.
   * @param secure it came over TLS
   */
  takeCer(bytes: Uint8Array, at: number, end: number, local: LocalIdentity, secure: boolean): Verdict {
    const read = readCapabilities(bytes, at, end);
    if (isFault(read)) return refusedCer(read);
    this.capabilities = read;
    const fault = judgeRequest(read, local, secure);
    return fault === undefined ? CER_ACCEPTED : refusedCer(fault);
  }

  /** Any later CER: it is answered, if it names the same node. */
  takeAnotherCer(bytes: Uint8Array, at: number, end: number): Verdict {
    const read = readCapabilities(bytes, at, end);
    const same = !isFault(read) && this.capabilities !== undefined &&
      sameIdentity(read.originHost, this.capabilities.originHost);
    return same ? CER_ACCEPTED : { event: "cer-refused", reason: "a CER with another identity on an open connection" };
  }

  /** The CEA to our CER. @param expectedHost the identity that it must carry; "" accepts any */
  takeCea(bytes: Uint8Array, at: number, end: number, local: LocalIdentity, expectedHost: string): Verdict {
    const read = readAnswer(bytes, at, end, local, expectedHost);
    if (isFault(read)) {
      this.fault = read;
      return { event: "cea-refused", reason: read.reason };
    }
    this.capabilities = read;
    return CEA_ACCEPTED;
  }
}

/** The verdict on a first CER, after its owner's word: undefined admits the peer. */
export function refusedCer(fault: CapabilitiesFault | undefined): Verdict {
  if (fault === undefined) return CER_ACCEPTED;
  return { event: "cer-refused", reason: `its CER was refused with ${fault.resultCode}: ${fault.reason}`, fault };
}
