/**
 * The line of a simulated device to a gateway: messages as proto3 JSON, whatever carries them.
 * @module
 */
import { fromBinary, fromJson, type JsonObject, toBinary, toJson } from "@bufbuild/protobuf";
import { DEFAULT_OPTIONS, ERROR_CODE, HeaderList, Http2Connection, Http2Node } from "../../http2/mod.ts";
import { type Endpoint, endpointText } from "../../net/connection.ts";
import { dial } from "../../net/dial.ts";
import { framed, MessageReader } from "../../rpc/messages.ts";
import { ServerEventSchema, StreamRequestSchema } from "../proto/mod.ts";

/** A message as JSON: its payload is the member beside `id` or `replyTo`. */
export type Told = JsonObject;

/** Who reads a line. */
export interface LineListener {
  told(event: Told): void;
  /** Once. @param code of a WebSocket; 0 for others */
  closed(code: number, reason: string): void;
}

/** A line that is open. */
export interface Line {
  say(request: Told): void;
  /** Ends it in order. */
  close(): void;
}

/** How messages are written. */
export type LineEncoding = "json" | "proto";

const CONNECT_TIMEOUT = 5_000;

/** @throws Error when nobody is there, or the gateway refuses */
export function openWebSocket(to: Endpoint, encoding: LineEncoding, listener: LineListener): Promise<Line> {
  const { promise, resolve, reject } = Promise.withResolvers<Line>();
  const socket = new WebSocket(`ws://${endpointText(to)}/ws`, [`chat.v1.${encoding}`]);
  socket.binaryType = "arraybuffer";
  const line: Line = {
    say(request) {
      if (socket.readyState !== WebSocket.OPEN) return;
      socket.send(encoding === "json" ? JSON.stringify(request) : bytesOf(request));
    },
    close: () => socket.close(),
  };
  let isOpen = false;
  socket.onopen = () => {
    isOpen = true;
    resolve(line);
  };
  socket.onmessage = ({ data }) =>
    listener.told(typeof data === "string" ? JSON.parse(data) : eventOf(new Uint8Array(data)));
  socket.onclose = ({ code, reason }) => {
    if (isOpen) listener.closed(code, reason);
    else reject(new Error(`no connection to ${endpointText(to)}${reason === "" ? "" : `: ${reason}`}`));
  };
  return promise;
}

/** @throws Error when nobody is there */
export async function openGrpc(to: Endpoint, token: string, listener: LineListener): Promise<Line> {
  const carrier = await dial(to, undefined, { timeout: CONNECT_TIMEOUT, noDelay: true });
  let isClosed = false;
  const closed = (reason: string) => {
    if (!isClosed) listener.closed(0, reason);
    isClosed = true;
  };
  const connection = Http2Connection.client(carrier, new Http2Node(), DEFAULT_OPTIONS, {
    closed: ({ reason }) => closed(reason),
  });
  const headers = new HeaderList().append(":method", "POST").append(":scheme", "http")
    .append(":path", "/chat.v1.ChatService/Connect").append(":authority", endpointText(to)).append("te", "trailers")
    .append("content-type", "application/grpc").append("authorization", `Bearer ${token}`);
  const reader = new MessageReader();
  const end = (reason: string) => {
    closed(reason);
    connection.close();
  };
  const stream = connection.open(headers, false, {
    headers: (list, isEnd) => isEnd && end(list.get("grpc-message") ?? ""),
    data(bytes, isEnd) {
      reader.add(bytes);
      stream?.consumed(bytes.length);
      for (let message = reader.next(); message !== undefined; message = reader.next()) {
        listener.told(eventOf(message));
      }
      if (isEnd) end("the stream ended");
    },
    trailers: (list) => end(list.get("grpc-message") ?? ""),
    reset: () => end("the stream was reset"),
    drained() {},
  });
  if (stream === undefined) throw new Error(`no stream to ${endpointText(to)}`);
  return {
    say: (request) => stream.sendData(framed(bytesOf(request)), false),
    close() {
      stream.reset(ERROR_CODE.CANCEL);
      end("closed");
    },
  };
}

function bytesOf(request: Told): Uint8Array<ArrayBuffer> {
  return toBinary(StreamRequestSchema, fromJson(StreamRequestSchema, request));
}

function eventOf(bytes: Uint8Array): Told {
  return toJson(ServerEventSchema, fromBinary(ServerEventSchema, bytes)) as Told;
}
