/**
 * A device over a stream of gRPC, gRPC-web or Connect.
 * @module
 */
import { BadMessage, decodeRequest, type Encoded, encoded, type KnownRequest } from "../../proto/mod.ts";
import { CLOSE, type CloseCode, LOST, statusOf } from "../close_codes.ts";
import { QueuedTransport, type Shared, type Terms } from "../queued_transport.ts";
import type { TransportListener } from "../transport.ts";
import { EnvelopeReader, type EnvelopeSink } from "./envelope_reader.ts";
import type { Exchange, ExchangeReceiver } from "./exchange.ts";
import { endOf, FLAG, type Protocol } from "./protocol.ts";

/** The question for a sign of life; made once for all. */
const PING = encoded({ payload: { case: "ping", value: {} } });

/** A stream; see {@link QueuedTransport}. The answer's head has been sent when it begins. */
export class RpcStream extends QueuedTransport implements ExchangeReceiver, EnvelopeSink {
  readonly kind: Protocol["kind"];
  readonly #exchange: Exchange;
  readonly #protocol: Protocol;
  readonly #reader: EnvelopeReader;
  #code: CloseCode = 1000;
  #reason = "";

  constructor(exchange: Exchange, protocol: Protocol, shared: Shared, terms: Terms) {
    super(shared, terms);
    this.kind = protocol.kind;
    this.#exchange = exchange;
    this.#protocol = protocol;
    this.#reader = new EnvelopeReader(this, shared);
  }

  /** Begins to listen. */
  begin(listener: TransportListener): void {
    this.listener = listener;
    this.#exchange.start(this);
  }

  // What the exchange tells.

  data(bytes: Uint8Array): void {
    this.bytesIn += bytes.length;
    if (this.isOpen) this.#reader.take(bytes);
  }

  /** A device that has said all may go on to listen. */
  end(): void {
    if (this.isOpen && this.#reader.isWithin) this.close(4007, "the request ended within a message");
  }

  lost(): void {
    this.goneNow();
  }

  drained(): void {
    this.written();
  }

  finished(): void {
    this.endSession(LOST, "");
    this.goneNow();
  }

  // What the bytes come to.

  envelope(flags: number, bytes: Uint8Array): void {
    if (!this.isOpen) return;
    if (flags !== 0) {
      const what = (flags & FLAG.compressed) !== 0 ? "compressed, which nobody agreed on" : "no message";
      return this.close(4007, `bad message: flags ${flags} say that it is ${what}`);
    }
    let request: KnownRequest;
    try {
      request = decodeRequest(bytes, this.encoding);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      return this.close(4007, error.message);
    }
    // On WebSocket a pong is a frame of its own; here it is a message that says no more.
    if (request.payload.case === "pong" && request.id === "") this.tellAlive();
    else this.told((listener) => listener.message(request, bytes.length));
  }

  tooLarge(): void {
    this.close(1009, `${CLOSE[1009]}: at most ${this.shared.options.maxMessageSize} bytes`);
  }

  protected frameOf(event: Encoded): Uint8Array {
    return event.envelope(this.encoding);
  }

  protected ask(): void {
    this.push(PING.envelope(this.encoding));
  }

  protected sayEnd(code: CloseCode, reason: string): void {
    this.#reader.end();
    this.#code = code;
    this.#reason = reason;
    this.finishSoon();
  }

  protected writeOut(bytes: Uint8Array): number {
    return this.#exchange.write(bytes);
  }

  protected finish(): void {
    const status = statusOf(this.#code);
    const { body, trailers } = endOf(
      this.#protocol,
      status === undefined ? undefined : { code: status, message: this.#reason },
    );
    if (body !== undefined) this.#exchange.write(body);
    this.#exchange.end(trailers);
  }

  protected destroy(): void {
    this.#reader.end();
    this.#exchange.cut();
  }
}
