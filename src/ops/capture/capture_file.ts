import { CaptureError, type Packet } from "./packet.ts";
import { isPcap, readPcap } from "./pcap.ts";
import { isPcapng, readPcapng } from "./pcapng.ts";

/** Whether `bytes` begin a capture file: pcap or pcapng. */
export function isCapture(bytes: Uint8Array): boolean {
  return isPcap(bytes) || isPcapng(bytes);
}

/**
 * The packets of a capture file, whichever of the two formats it has.
 * @throws CaptureError when it is none, or behind the last whole packet when it is cut off or damaged
 */
export function readCapture(bytes: Uint8Array): Generator<Packet> {
  if (isPcapng(bytes)) return readPcapng(bytes);
  if (isPcap(bytes)) return readPcap(bytes);
  throw new CaptureError("this is neither a pcap nor a pcapng file", 0);
}
