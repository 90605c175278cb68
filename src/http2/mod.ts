/**
 * HTTP/2 over any byte connection, server and client (RFC 9113), with HPACK of its own (RFC 7541).
 * @module
 */
export { HeaderList } from "./hpack/header_list.ts";
export { ERROR_CODE, errorName } from "./error_code.ts";
export type { ConnectionEnd, ConnectionListener, StreamEnd, StreamListener, ViolationKind } from "./listeners.ts";
export { DEFAULT_OPTIONS, type Http2Options, type KeepaliveOptions, type Rate } from "./options.ts";
export { Http2Node, type Http2NodeParts } from "./node.ts";
export { PeerSettings } from "./settings.ts";
export { Http2Stream } from "./stream.ts";
export { Http2Connection, type Http2Listener } from "./connection.ts";
// What it runs over.
export type { Connection, Endpoint, TlsFacts } from "../net/connection.ts";
export { dial } from "../net/dial.ts";
export { type AcceptOptions, type ListenAddress, type Listener, listenTcp } from "../net/listener.ts";
export type { ConnectOptions } from "../net/tcp.ts";
export type { TlsClientFiles } from "../net/tls.ts";
export type { ByteReader } from "../net/tap.ts";
export type { ByteWriter } from "../net/out_queue.ts";
export type { Alarm, Clock } from "../net/clock.ts";
