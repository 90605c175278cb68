/**
 * Calls to a core, and cores that do what a test says.
 * @module
 */
import type { CoreCall, ForwarderOptions } from "../../../src/chat/core/forwarder.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Bytes of a text. */
export const bytes = (text: string): Uint8Array<ArrayBuffer> => ENCODER.encode(text);
/** The text of bytes. */
export const text = (from: Uint8Array): string => DECODER.decode(from);

/** A call of `ann` on her phone. */
export function callOf(parts: Partial<CoreCall> = {}): CoreCall {
  return {
    caller: { profileId: "ann", deviceId: "phone", token: "t-ann" },
    method: "SendEvent",
    encoding: "json",
    body: bytes("{}"),
    headers: {},
    remote: "192.0.2.1",
    timeoutMs: undefined,
    ...parts,
  };
}

/** As the contract has it where nothing else is set. */
export const OPTIONS: ForwarderOptions = {
  uri: "127.0.0.1:7010",
  gatewayId: "g-1",
  timeout: 10_000,
  maxInFlight: 1024,
  breaker: { failures: 5, open: 5_000 },
};

/** `ok: BODY`, or `CODE: MESSAGE`. */
export function told(answer: { readonly body: Uint8Array } | { readonly error: { code: string; message: string } }) {
  return "error" in answer ? `${answer.error.code}: ${answer.error.message}` : `ok: ${text(answer.body)}`;
}
