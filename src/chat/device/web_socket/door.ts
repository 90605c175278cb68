/**
 * From an HTTP request to an open WebSocket, or to a refusal that says why.
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { errorHeaders, errorJson, FULL, gatewayHeaders, readHandshake, refuseOrigin } from "../handshake.ts";
import type { DeviceHost, Handshake } from "../host.ts";
import { headersOf, peerOf, targetOf } from "../http_message.ts";
import type { RpcError } from "../rpc_error.ts";
import type { Shared } from "../queued_transport.ts";
import type { Streams } from "../streams.ts";
import { DEFLATE_TERMS } from "./deflate.ts";
import { readUpgrade } from "./upgrade.ts";
import { WebSocketTransport } from "./web_socket.ts";

/** RFC 6455 section 1.3. */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** ms that a refused peer gets to read why. */
const LINGER = 1_000;

/** Lets devices in. */
export class WebSocketDoor<Who> {
  readonly #host: DeviceHost<Who>;
  readonly #shared: Shared;
  readonly #streams: Streams;

  constructor(host: DeviceHost<Who>, shared: Shared, streams: Streams) {
    this.#host = host;
    this.#shared = shared;
    this.#streams = streams;
  }

  /** Takes a request for an upgrade to WebSocket. */
  async enter(request: IncomingMessage, socket: Socket, early: Uint8Array, secure: boolean): Promise<void> {
    const { options } = this.#shared;
    const headers = headersOf(request);
    const upgrade = readUpgrade(request.method ?? "", headers);
    if ("status" in upgrade) {
      const { status, message } = upgrade;
      return this.refuse(socket, status, { code: "invalid_argument", message }, { "sec-websocket-version": "13" });
    }
    const foreign = refuseOrigin(headers, options);
    if (foreign !== undefined) return this.refuse(socket, foreign.status, foreign);
    if (!this.#streams.begin(options.maxConnections)) return this.refuse(socket, FULL.status, FULL);

    const { query } = targetOf(request);
    const read = readHandshake("websocket", peerOf(socket), headers, query, options);
    const handshake = read.token === undefined ? { ...read, token: upgrade.token } : read;
    let admission;
    try {
      admission = await this.#host.admit(handshake);
    } catch (error) {
      this.#streams.giveUp();
      this.#host.failed?.(error);
      return this.refuse(socket, 500, { code: "internal", message: "internal error" });
    }
    if ("refused" in admission) {
      this.#streams.giveUp();
      return this.refuse(socket, admission.refused.status, admission.refused);
    }
    if (!socket.writable) return this.#streams.giveUp(); // It has left.
    const compressed = options.compression && upgrade.offersDeflate;
    const answer = head(101, {
      upgrade: "websocket",
      connection: "Upgrade",
      "sec-websocket-accept": acceptKey(headers["sec-websocket-key"]!),
      ...(upgrade.protocol === undefined ? {} : { "sec-websocket-protocol": upgrade.protocol }),
      ...(compressed ? { "sec-websocket-extensions": DEFLATE_TERMS } : {}),
      ...gatewayHeaders(options, secure),
    });
    socket.write(Buffer.from(answer, "latin1"));
    socket.setTimeout(0);
    socket.setNoDelay(true);
    const { encoding } = upgrade;
    const transport = new WebSocketTransport(socket, this.#shared, { encoding, remote: handshake.remote }, compressed);
    this.#streams.opened(transport);
    this.#open(transport, admission.who, handshake, early);
  }

  #open(transport: WebSocketTransport, who: Who, handshake: Handshake, early: Uint8Array): void {
    try {
      transport.start(this.#host.opened(transport, who, handshake), early);
    } catch (error) {
      this.#host.failed?.(error);
      transport.cut();
    }
  }

  /** Answers a handshake with an error in Connect's form, and ends the connection. */
  refuse(socket: Socket, status: number, error: RpcError, extra: Record<string, string> = {}): void {
    this.#host.refused?.("websocket", error.code);
    refuse(socket, status, error, extra);
  }
}

function refuse(socket: Socket, status: number, error: RpcError, extra: Record<string, string>): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify(errorJson(error));
  socket.end(
    head(status, {
      "content-type": "application/json",
      "content-length": String(new TextEncoder().encode(body).length),
      connection: "close",
      ...errorHeaders(error),
      ...extra,
    }) + body,
  );
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER);
  socket.once("close", () => clearTimeout(timer));
}

function head(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines}\r\n`;
}

function acceptKey(key: string): string {
  return createHash("sha1").update(key + KEY_SUFFIX).digest("base64");
}
