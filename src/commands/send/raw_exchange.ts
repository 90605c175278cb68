/**
 * Bytes to a port and what comes back: no capabilities exchange, no checks.
 * @module
 */
import type { Endpoint } from "../../net/connection.ts";
import { connectTcp } from "../../net/tcp.ts";
import { FLAG, HEADER_LENGTH, readHeader } from "../../diameter/wire/header.ts";
import { MessageCutter } from "../../diameter/wire/message_cutter.ts";

/**
 * Sends each of `messages` as it is and shows each message that comes back, until as many answers
 * have come as requests were sent (bytes that are no message count as one), the other end closes,
 * or `timeout` milliseconds have passed without any.
 * @returns whether that many answers came
 * @throws Error when there is no connection, or it is lost while writing
 */
export async function exchangeRaw(
  to: Endpoint,
  messages: readonly Uint8Array[],
  timeout: number,
  show: (message: Uint8Array) => void,
): Promise<boolean> {
  const connection = await connectTcp(to, { timeout, noDelay: true });
  const cutter = new MessageCutter<null>(true);
  const into = new Uint8Array(64 * 1024);
  let awaited = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (const message of messages) {
      for (let at = 0; at < message.length;) at += await connection.write(message.subarray(at));
      awaited += requestsIn(message);
    }
    while (awaited > 0) {
      timer = setTimeout(() => connection.close(), timeout);
      const count = await connection.read(into).catch(() => null);
      clearTimeout(timer);
      if (count === null) break;
      for (const cut of cutter.add(into.slice(0, count), null)) {
        if (cut.kind !== "message") continue;
        show(cut.bytes.slice());
        if ((readHeader(cut.bytes).flags & FLAG.request) === 0) awaited--;
      }
    }
    return awaited <= 0;
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

/** How many answers `bytes` ask for. */
function requestsIn(bytes: Uint8Array): number {
  let requests = 0;
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < HEADER_LENGTH) return requests + 1;
    const { length, flags } = readHeader(bytes, at);
    if (length < HEADER_LENGTH) return requests + 1;
    if ((flags & FLAG.request) !== 0) requests++;
    at += length;
  }
  return requests;
}
