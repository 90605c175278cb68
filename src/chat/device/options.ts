/**
 * How devices are listened to.
 * @module
 */
import type { Endpoint } from "../../net/connection.ts";

/** Names of the files of certificate and key, as PEM. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** What both listeners keep to; all of it may change while they listen. */
export interface DeviceOptions {
  /** Named in the handshake answer, and the value of the affinity cookie. */
  readonly gatewayId: string;
  /** Name of the cookie; "" for none. */
  readonly affinityCookie: string;
  /** Origins beside a request's own host, such as `https://chat.example.com`; `*` is any. */
  readonly allowedOrigins: readonly string[];
  /** Networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Streams that may be open at a time, over all transports. */
  readonly maxConnections: number;
  /** Bytes of one message, and of the body of a call. */
  readonly maxMessageSize: number;
  /** ms for a handshake, the head of a request, and an idle HTTP connection. */
  readonly helloTimeout: number;
  /** Bytes that may wait for one device. */
  readonly sendQueue: number;
  /** permessage-deflate (RFC 7692) for those that offer it. */
  readonly compression: boolean;
  /** Streams that one HTTP/2 connection may have open. */
  readonly maxStreams: number;
}

/** One listener. */
export interface ListenOptions {
  readonly listen: readonly Endpoint[];
  /** Undefined: plain. */
  readonly tls: TlsPair | undefined;
}

/** The options where nothing else is said. */
export const DEFAULT_DEVICE_OPTIONS: Omit<DeviceOptions, "gatewayId"> = {
  affinityCookie: "gateway_id",
  allowedOrigins: [],
  trustedProxies: [],
  maxConnections: 100_000,
  maxMessageSize: 64 * 1024,
  helloTimeout: 10_000,
  sendQueue: 1024 * 1024,
  compression: false,
  maxStreams: 100,
};
