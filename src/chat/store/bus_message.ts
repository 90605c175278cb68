/**
 * What goes over a room's channel: an event (`e`), a new position (`m`), what nobody keeps (`s`).
 *
 *     eOFFSET:EPOCH:LENGTH:ID BODY     (LENGTH of ID in bytes; nothing between ID and BODY)
 *     mOFFSET:EPOCH
 *     sBODY
 *
 * The scripts write the first two, see `scripts.ts`.
 * @module
 */
import type { Position, StoredEvent } from "./store.ts";

/** A message, read. */
export type BusMessage =
  | { readonly kind: "event"; readonly event: StoredEvent }
  | { readonly kind: "moved"; readonly position: Position }
  | { readonly kind: "message"; readonly body: Uint8Array };

const COLON = 58;
const DECODER = new TextDecoder();

/** Reads a message; undefined for anything else: whoever sends that is no gateway. */
export function readBusMessage(bytes: Uint8Array): BusMessage | undefined {
  switch (bytes[0]) {
    case 101: { // e
      const first = bytes.indexOf(COLON, 1);
      const second = bytes.indexOf(COLON, first + 1);
      const third = bytes.indexOf(COLON, second + 1);
      if (first < 0 || second <= first || third <= second) return undefined;
      const offset = Number(DECODER.decode(bytes.subarray(1, first)));
      const end = third + 1 + Number(DECODER.decode(bytes.subarray(second + 1, third)));
      if (!(Number.isSafeInteger(offset) && offset > 0 && end <= bytes.length)) return undefined;
      const event = {
        id: DECODER.decode(bytes.subarray(third + 1, end)),
        body: bytes.subarray(end),
        offset,
        epoch: DECODER.decode(bytes.subarray(first + 1, second)),
      };
      return { kind: "event", event };
    }
    case 109: { // m
      const [offset, epoch = ""] = DECODER.decode(bytes.subarray(1)).split(":");
      if (epoch === "" || !Number.isSafeInteger(Number(offset))) return undefined;
      return { kind: "moved", position: { offset: Number(offset), epoch } };
    }
    case 115: // s
      return { kind: "message", body: bytes.subarray(1) };
    default:
      return undefined;
  }
}

/** A message that nobody keeps. */
export function spreadMessage(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = 115;
  bytes.set(body, 1);
  return bytes;
}
