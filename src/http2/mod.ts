/**
 * HTTP/2 over any byte connection, server and client (RFC 9113).
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
