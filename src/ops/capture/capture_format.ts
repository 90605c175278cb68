import type { Packet } from "./packet.ts";

/** A capture file format as records one behind the other; the header of the file is one of them. */
export interface CaptureFormat {
  /** Bytes of a record that tell how long it is. */
  readonly head: number;
  /** What to say of a file that ends within a record. */
  cutOff(): string;
  /**
   * Bytes of the record that begins at `at`, of which `head` bytes are there.
   * @param offset the place of the record in the file
   * @throws CaptureError when its length cannot be
   */
  measure(view: DataView, at: number, offset: number): number;
  /**
   * The packet in the whole record at `at`, a view of the same memory; undefined when it holds
   * something else.
   * @throws CaptureError when the record cannot be read
   */
  read(bytes: Uint8Array, view: DataView, at: number, length: number, offset: number): Packet | undefined;
}
