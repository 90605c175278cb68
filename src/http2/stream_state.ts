/**
 * The states of a stream (RFC 9113 section 5.1). PURE.
 * @module
 */
import { ERROR_CODE } from "./error_code.ts";

/**
 * States as numbers: a stream has one in a plain field. Reserved ones do not exist without push.
 */
export const STATE = { idle: 0, open: 1, halfClosedLocal: 2, halfClosedRemote: 3, closed: 4 } as const;

/** The state after this side has sent END_STREAM. */
export function afterLocalEnd(state: number): number {
  return state === STATE.halfClosedRemote || state === STATE.closed ? STATE.closed : STATE.halfClosedLocal;
}

/** The state after the peer has sent END_STREAM. */
export function afterRemoteEnd(state: number): number {
  return state === STATE.halfClosedLocal || state === STATE.closed ? STATE.closed : STATE.halfClosedRemote;
}

/**
 * Whether DATA or HEADERS may come in this state.
 * @returns NO_ERROR, or the code of the stream error; on an idle stream of the connection error
 */
export function judgeArrival(state: number): number {
  switch (state) {
    case STATE.open:
    case STATE.halfClosedLocal:
      return ERROR_CODE.NO_ERROR;
    case STATE.idle:
      return ERROR_CODE.PROTOCOL_ERROR;
    default:
      return ERROR_CODE.STREAM_CLOSED;
  }
}
