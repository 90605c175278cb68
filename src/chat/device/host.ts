/**
 * What the transports ask of the gateway: who may come in, who handles a stream, and who answers a
 * call.
 * @module
 */
import type { Encoding } from "../proto/mod.ts";
import type { ErrorCode, RpcError } from "./rpc_error.ts";
import type { Transport, TransportKind, TransportListener } from "./transport.ts";

/** Headers with names in lower case; several of one name are joined by `, `. */
export type Headers = Readonly<Record<string, string>>;

/** What a device said before the first message. */
export interface Handshake {
  /** `call`: a unary method. */
  readonly kind: TransportKind | "call";
  /** The device's address; behind a trusted proxy the one that it names. */
  readonly remote: string;
  /**
   * From `Authorization: Bearer` or the subprotocol `bearer.TOKEN`; undefined when neither came.
   */
  readonly token: string | undefined;
  /** From the header `x-device-id` or the query `device_id`, as it came. */
  readonly deviceId: string | undefined;
  readonly headers: Headers;
}

/** Why a device is not let in. */
export interface Refusal extends RpcError {
  /** The HTTP status of a WebSocket handshake; calls and streams get the one of `code`. */
  readonly status: 400 | 401 | 403 | 429 | 503;
}

/** What the gateway found out about a device: opaque here. */
export type Admission<Who> = { readonly who: Who } | { readonly refused: Refusal };

/** A unary call of a method of ChatService; it may be one that nobody here knows. */
export interface UnaryCall<Who> {
  readonly who: Who;
  /** Without the service: `SendEvent`. */
  readonly method: string;
  readonly encoding: Encoding;
  /** The message as it came, without any frame. */
  readonly body: Uint8Array;
  /** As they came, those of the protocol too. */
  readonly headers: Headers;
  readonly remote: string;
  /** What the device is ready to wait, in ms; undefined when it did not say. */
  readonly timeoutMs: number | undefined;
  /** Aborted when the device leaves. */
  readonly signal: AbortSignal;
}

/** The answer to a call: a message in the call's encoding, or an error. */
export type UnaryAnswer =
  | { readonly body: Uint8Array; readonly headers?: Headers }
  | { readonly error: RpcError; readonly headers?: Headers };

/** The gateway, as the transports see it. */
export interface DeviceHost<Who> {
  /**
   * Judges a handshake, before anything is opened. What it rejects with is an `internal` error.
   * With no token in a stream's handshake it may let the device in: Hello can bring one.
   */
  admit(handshake: Handshake): Promise<Admission<Who>>;
  /** A stream is open. @returns who handles it */
  opened(transport: Transport, who: Who, handshake: Handshake): TransportListener;
  /** Answers a call. What it rejects with is an `internal` error. */
  forward(call: UnaryCall<Who>): Promise<UnaryAnswer>;
  /** Whether the process can serve, for `grpc.health.v1.Health`. */
  serving(): boolean;
  /**
   * A plain request over HTTP/1.1 that is neither a stream nor a call: health, page, metrics.
   * @returns undefined: there is nothing at that path
   */
  page?(request: PageRequest): PageAnswer | undefined | Promise<PageAnswer | undefined>;
  /** A stream was refused, or ended before it was open; for the meters. */
  refused?(kind: TransportKind, code: ErrorCode): void;
  /** Something here threw: its stream was ended with 1011, everything else goes on. */
  failed?(error: unknown): void;
}

/** See {@link DeviceHost.page}. */
export interface PageRequest {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
}

/** See {@link DeviceHost.page}. */
export interface PageAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string | Uint8Array;
}
