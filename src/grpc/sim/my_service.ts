/**
 * The service of `config/grpc/my_service.proto`: its methods and messages.
 *
 * PURE.
 * @module
 */
import { ProtobufFields, ProtobufWriter } from "./protobuf.ts";

const SERVICE = "/my_service.MyServiceAPI";

/** Full names of its methods. */
export const METHOD = {
  login: `${SERVICE}/Login`,
  echo: `${SERVICE}/MyServiceEcho`,
  subscribe: `${SERVICE}/MyServiceSubscribe`,
  shutdown: `${SERVICE}/MyServiceShutdown`,
} as const;

/** A message as bytes and back. Decoding throws ProtobufError. */
export interface Message<T> {
  encode(value: T): Uint8Array<ArrayBuffer>;
  decode(bytes: Uint8Array): T;
}

/** What Login takes. */
export interface LoginRequest {
  readonly username: string;
  readonly password: string;
}

/** What Login gives. */
export interface LoginResponse {
  readonly sessionId: string;
  readonly token: string;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/** What MyServiceEcho takes. */
export interface EchoRequest {
  readonly text: string;
}

/** What MyServiceEcho gives. */
export interface EchoResponse {
  readonly text: string;
  readonly instanceId: string;
  /** The `session-id` that came with the call. */
  readonly sessionId: string;
}

/** What MyServiceSubscribe takes. */
export interface SubscribeRequest {
  readonly intervalMs: number;
  /** 0 for no end. */
  readonly count: number;
}

/** What MyServiceSubscribe sends. */
export interface SubscribedEvent {
  readonly number: number;
  readonly instanceId: string;
}

/** What MyServiceShutdown gives. */
export interface ShutdownResponse {
  readonly instanceId: string;
}

export const LOGIN_REQUEST: Message<LoginRequest> = {
  encode: ({ username, password }) => new ProtobufWriter().string(1, username).string(2, password).finish(),
  decode(bytes) {
    const fields = new ProtobufFields(bytes);
    return { username: fields.string(1), password: fields.string(2) };
  },
};

export const LOGIN_RESPONSE: Message<LoginResponse> = {
  encode: ({ sessionId, token, expiresAt }) =>
    new ProtobufWriter().string(1, sessionId).string(2, token).integer(3, expiresAt).finish(),
  decode(bytes) {
    const fields = new ProtobufFields(bytes);
    return { sessionId: fields.string(1), token: fields.string(2), expiresAt: fields.int64(3) };
  },
};

export const ECHO_REQUEST: Message<EchoRequest> = {
  encode: ({ text }) => new ProtobufWriter().string(1, text).finish(),
  decode: (bytes) => ({ text: new ProtobufFields(bytes).string(1) }),
};

export const ECHO_RESPONSE: Message<EchoResponse> = {
  encode: ({ text, instanceId, sessionId }) =>
    new ProtobufWriter().string(1, text).string(2, instanceId).string(3, sessionId).finish(),
  decode(bytes) {
    const fields = new ProtobufFields(bytes);
    return { text: fields.string(1), instanceId: fields.string(2), sessionId: fields.string(3) };
  },
};

export const SUBSCRIBE_REQUEST: Message<SubscribeRequest> = {
  encode: ({ intervalMs, count }) => new ProtobufWriter().integer(1, intervalMs).integer(2, count).finish(),
  decode(bytes) {
    const fields = new ProtobufFields(bytes);
    return { intervalMs: fields.uint32(1), count: fields.uint32(2) };
  },
};

export const EVENT: Message<SubscribedEvent> = {
  encode: ({ number, instanceId }) => new ProtobufWriter().integer(1, number).string(2, instanceId).finish(),
  decode(bytes) {
    const fields = new ProtobufFields(bytes);
    return { number: fields.int64(1), instanceId: fields.string(2) };
  },
};

export const SHUTDOWN_RESPONSE: Message<ShutdownResponse> = {
  encode: ({ instanceId }) => new ProtobufWriter().string(1, instanceId).finish(),
  decode: (bytes) => ({ instanceId: new ProtobufFields(bytes).string(1) }),
};
