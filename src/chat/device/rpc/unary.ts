/**
 * The body of a unary call, to its one message.
 * @module
 */
import { Buffer } from "node:buffer";
import type { Mortal, Patience } from "../patience.ts";
import type { RpcError } from "../rpc_error.ts";
import type { Exchange } from "./exchange.ts";
import type { Protocol } from "./protocol.ts";

const PREFIX = 5;

/**
 * Reads it.
 * @param largest bytes of the message
 * @param bodies ends those whose body does not come
 * @param leaving aborted when the device leaves, then or later; nothing comes back then
 * @returns the message, or what is wrong with it
 */
export function readUnary(
  exchange: Exchange,
  { enveloped }: Protocol,
  largest: number,
  bodies: Patience,
  leaving: AbortController,
): Promise<{ readonly message: Uint8Array } | RpcError> {
  const { promise, resolve } = Promise.withResolvers<{ readonly message: Uint8Array } | RpcError>();
  const most = enveloped ? largest + PREFIX : largest;
  let pieces: Uint8Array[] = [];
  let size = 0;
  const late: Mortal = {
    cut: () => resolve({ code: "deadline_exceeded", message: "the request did not arrive in time" }),
  };
  bodies.await(late);
  exchange.start({
    data(bytes) {
      size += bytes.length;
      if (size <= most) return void pieces.push(Buffer.from(bytes));
      pieces = [];
      bodies.forget(late);
      resolve({ code: "resource_exhausted", message: `message too big: at most ${largest} bytes` });
    },
    end() {
      bodies.forget(late);
      const body = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
      resolve(enveloped ? messageOf(body) : { message: body });
    },
    lost() {
      bodies.forget(late);
      leaving.abort();
      resolve({ code: "canceled", message: "the device has left" });
    },
    drained() {},
    finished() {},
  });
  return promise;
}

/** The one message in an enveloped body. */
function messageOf(body: Uint8Array): { readonly message: Uint8Array } | RpcError {
  if (body.length < PREFIX) return { code: "invalid_argument", message: "expected a message, got none" };
  const length = new DataView(body.buffer, body.byteOffset).getUint32(1);
  if (body[0] !== 0) return { code: "unimplemented", message: "expected a message without compression" };
  if (length !== body.length - PREFIX) {
    return {
      code: "invalid_argument",
      message: `expected one message, got ${body.length - PREFIX} bytes of ${length}`,
    };
  }
  return { message: body.subarray(PREFIX) };
}
