/**
 * The example's worker: echoes, streams events, and ends when it is told to.
 * @module
 */
import { pause } from "../../net/pause.ts";
import { STATUS } from "../../rpc/status.ts";
import { ECHO_REQUEST, ECHO_RESPONSE, EVENT, METHOD, SHUTDOWN_RESPONSE, SUBSCRIBE_REQUEST } from "./my_service.ts";
import { CallError, type Method, type ServerCall } from "../../rpc/server.ts";
import { ProtobufError } from "./protobuf.ts";

/** What a worker is. */
export interface EchoOptions {
  readonly id: string;
  /** ms before each answer. */
  readonly delay: number;
  /** Called once MyServiceShutdown is answered. */
  readonly shutdown: () => void;
}

/** Its methods. */
export function echoMethods({ id, delay, shutdown }: EchoOptions): Readonly<Record<string, Method>> {
  const wait = async (call: ServerCall) => {
    if (delay > 0) await pause(delay, call.signal);
    return !call.signal.aborted;
  };
  return {
    async [METHOD.echo](request, call) {
      const { text } = decoded(() => ECHO_REQUEST.decode(request));
      if (!await wait(call)) return;
      const sessionId = call.metadata.get("session-id") ?? "";
      await call.send(ECHO_RESPONSE.encode({ text, instanceId: id, sessionId }));
      call.end();
    },
    async [METHOD.subscribe](request, call) {
      const { intervalMs, count } = decoded(() => SUBSCRIBE_REQUEST.decode(request));
      if (!await wait(call)) return;
      for (let number = 1; count === 0 || number <= count; number++) {
        await call.send(EVENT.encode({ number, instanceId: id }));
        if (number !== count) await pause(intervalMs, call.signal);
        if (call.signal.aborted) return;
      }
      call.end();
    },
    async [METHOD.shutdown](_request, call) {
      await call.send(SHUTDOWN_RESPONSE.encode({ instanceId: id }));
      call.end();
      shutdown();
    },
  };
}

function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ProtobufError) throw new CallError(STATUS.INTERNAL, error.message);
    throw error;
  }
}
