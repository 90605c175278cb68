/**
 * Reading a capture file piece by piece: no more than one record of it has to be in memory.
 * @module
 */
import type { CaptureFormat } from "./capture_format.ts";
import { CaptureError, type Packet } from "./packet.ts";
import { isPcap, PcapFormat } from "./pcap.ts";
import { isPcapng, PcapngFormat } from "./pcapng.ts";

/** Whether `bytes` begin a capture file: pcap or pcapng. */
export function isCapture(bytes: Uint8Array): boolean {
  return isPcap(bytes) || isPcapng(bytes);
}

/**
 * A capture file, whichever of the two formats it has: pieces of any length go in, packets come
 * out.
 */
export class CaptureReader {
  readonly #format: CaptureFormat;
  /** The place in the file of the next record. */
  #offset = 0;
  /**
   * A record that is not whole yet: as long as it will be, or as its head is while that is all
   * there is to know.
   */
  #record = new Uint8Array();
  #filled = 0;

  /**
   * @param beginning the first bytes of the file, at least four; they must be given to {@link add}
   * as well
   * @throws CaptureError when they begin no capture
   */
  constructor(beginning: Uint8Array) {
    if (isPcapng(beginning)) this.#format = new PcapngFormat();
    else if (isPcap(beginning)) this.#format = new PcapFormat();
    else throw new CaptureError("this is neither a pcap nor a pcapng file", 0);
  }

  /**
   * More of the file; packets are views of it, so nobody may write there afterwards. A record that
   * cannot be read, but is as long as it says, comes out as its error and hides no other.
   * @throws CaptureError where the length of a record cannot be: nothing more can be found behind
   * it
   */
  *add(bytes: Uint8Array): Generator<Packet | CaptureError> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (at < bytes.length) {
      if (this.#filled > 0) {
        const part = bytes.subarray(at, at + this.#record.length - this.#filled);
        this.#record.set(part, this.#filled);
        this.#filled += part.length;
        at += part.length;
        if (this.#filled < this.#record.length) return;
        const whole = this.#record;
        const ofRecord = new DataView(whole.buffer);
        const length = this.#format.measure(ofRecord, 0, this.#offset);
        if (length > whole.length) {
          this.#hold(whole, length);
          continue;
        }
        this.#filled = 0;
        const packet = this.#read(whole, ofRecord, 0, length);
        if (packet !== undefined) yield packet;
        continue;
      }
      const left = bytes.length - at;
      const length = left < this.#format.head ? this.#format.head : this.#format.measure(view, at, this.#offset);
      if (length > left) return this.#hold(bytes.subarray(at), length);
      const packet = this.#read(bytes, view, at, length);
      at += length;
      if (packet !== undefined) yield packet;
    }
  }

  /** The file ends here. @throws CaptureError when it does so within a record */
  end(): void {
    if (this.#filled > 0) throw new CaptureError(this.#format.cutOff(), this.#offset);
  }

  #read(bytes: Uint8Array, view: DataView, at: number, length: number): Packet | CaptureError | undefined {
    const offset = this.#offset;
    this.#offset += length;
    try {
      return this.#format.read(bytes, view, at, length, offset);
    } catch (error) {
      if (error instanceof CaptureError) return error;
      throw error;
    }
  }

  #hold(beginning: Uint8Array, length: number): void {
    this.#record = new Uint8Array(length);
    this.#record.set(beginning);
    this.#filled = beginning.length;
  }
}
