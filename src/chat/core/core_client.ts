/**
 * One way to reach the core: Connect over HTTP/1.1, or gRPC.
 * @module
 */
import type { RpcError } from "../../rpc/error.ts";
import type { Headers } from "./forwarder.ts";

/** One call, ready to be sent. */
export interface CoreRequest {
  /** Without the service. */
  readonly method: string;
  readonly encoding: "json" | "proto";
  /** For Connect: as the device wrote it, where it spoke Connect. */
  readonly contentType: string;
  /** A message without any frame. */
  readonly body: Uint8Array;
  /** Beside those of the protocol. */
  readonly headers: Headers;
  /** ms that the core is told it has. */
  readonly timeoutMs: number;
}

/** What came of it. */
export type Outcome =
  | { readonly body: Uint8Array; readonly headers: Headers }
  | {
    readonly error: RpcError;
    readonly headers?: Headers;
    /**
     * Whether the core was there: `none`, it said this itself; `unavailable`, it or a proxy before
     * it said that it is not (HTTP 502, 503); `connection`, nobody was reached, or the connection
     * went before an answer.
     */
    readonly failure: "none" | "unavailable" | "connection";
    /** Why, for whoever runs the gateway; without it the error's message says all. */
    readonly reason?: string;
  };

/**
 * Ends a call that nobody waits for any more.
 * @param late because the core has not answered in time
 */
export type Cancel = (late: boolean) => void;

/** Makes calls. Sends nothing twice. */
export interface CoreClient {
  /** @param done told once, never within this call; not after {@link Cancel} */
  send(request: CoreRequest, done: (outcome: Outcome) => void): Cancel;
  /** Closes its connections; calls under way fail. */
  close(): Promise<void>;
}

/** Bytes of an answer, at most: more is an error. */
export const LONGEST_ANSWER = 16 * 1024 * 1024;

/** The core cannot be reached. The device is not told where it is looked for, nor why not. */
export function unreachable(reason: string): Outcome {
  return {
    error: { code: "unavailable", message: "the chat service cannot be reached" },
    failure: "connection",
    reason,
  };
}
