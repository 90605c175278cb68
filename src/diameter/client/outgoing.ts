/**
 * What callers want to send, made ready and checked before anything of it reaches a connection.
 * @module
 */
import type { EndToEndIds } from "../peer/end_to_end_ids.ts";
import { encodeMessage, type MessageInput } from "../wire/encode_message.ts";
import { isPeerCommand } from "../wire/command_codes.ts";
import { FLAG, HEADER_LENGTH, MAX_MESSAGE_LENGTH, readHeader, VERSION_1 } from "../wire/header.ts";

/**
 * The bytes of `message`: encoded with the dictionary that comes with the program, under an
 * end-to-end id of its own unless it names one; or as they are given.
 * @param ids where that id comes from (RFC 6733 section 3)
 * @throws EncodeError when it cannot be encoded
 * @throws RangeError when bytes are not one whole message: the length in the header, the version,
 * or the size is wrong
 * @throws TypeError when it is a CER, DWR or DPR or an answer to one, which are the connection's
 * business
 */
export function outgoing(message: MessageInput | Uint8Array, ids: EndToEndIds): Uint8Array {
  if (message instanceof Uint8Array) return checked(message);
  const bytes = encodeMessage({ ...message, endToEnd: message.endToEnd ?? ids.next() });
  checkCommand(readHeader(bytes).command);
  return bytes;
}

/** Bytes that are one whole message for a peer. @throws what {@link outgoing} throws for bytes */
export function checked(message: Uint8Array): Uint8Array {
  if (message.length < HEADER_LENGTH || message.length > MAX_MESSAGE_LENGTH) {
    throw new RangeError(
      `Cannot send ${message.length} bytes: a message has ${HEADER_LENGTH} to ${MAX_MESSAGE_LENGTH} of them`,
    );
  }
  const { version, length, command } = readHeader(message);
  if (version !== VERSION_1) throw new RangeError(`Cannot send a message of version ${version}: expected ${VERSION_1}`);
  if (length !== message.length) {
    throw new RangeError(
      `Cannot send ${message.length} bytes as one message: the length at byte 1, in its header, is ${length}`,
    );
  }
  if (length % 4 !== 0) throw new RangeError(`Cannot send a message of ${length} bytes: expected a multiple of 4`);
  checkCommand(command);
  return message;
}

/** Whether the R flag of a whole message is set. */
export function isRequest(message: Uint8Array): boolean {
  return (message[4]! & FLAG.request) !== 0;
}

function checkCommand(command: number): void {
  if (!isPeerCommand(command)) return;
  throw new TypeError(
    `Cannot send command ${command}: capabilities, watchdogs and leave are the connection's business`,
  );
}
