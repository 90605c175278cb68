/**
 * The names of the service and its paths. PURE.
 * @module
 */

/** Full name of the service. */
export const SERVICE = "chat.v1.ChatService";
/** Where its methods are. */
export const SERVICE_PATH: string = `/${SERVICE}/`;
/** The method that is a stream; all others are unary. */
export const STREAM_METHOD = "Connect";
/** The path of the stream over WebSocket. */
export const WEB_SOCKET_PATH = "/ws";
