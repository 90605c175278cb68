/**
 * Finding Diameter messages in what `decode` is given: a capture, or bytes.
 * @module
 */
import { CaptureReader } from "../../ops/capture/capture_reader.ts";
import { Holders } from "../../ops/capture/holders.ts";
import { CaptureError, type Frame } from "../../ops/capture/packet.ts";
import { type Endpoint, type Flow, Transport, type TransportEvent } from "../../ops/capture/transport.ts";
import { HEADER_LENGTH, readHeader } from "../../diameter/wire/header.ts";
import { DIAMETER_PORT } from "../../diameter/wire/ports.ts";
import { formatIp } from "../../diameter/wire/ip_address.ts";
import { type Cut, looksLikeMessage, MessageCutter } from "../../diameter/wire/message_cutter.ts";

/**
 * What SCTP calls Diameter messages, in the clear and within DTLS (RFC 6733 section 2.1.1). Some
 * write these numbers in the order of their machine.
 */
const SCTP_DIAMETER: readonly number[] = [46, 0x2e000000];
const SCTP_DIAMETER_DTLS: readonly number[] = [47, 0x2f000000];
const SCTP_UNSPECIFIED = 0;

/** Bytes of the data of a TLS record, its overhead included (RFC 5246 section 6.2.3). */
const LONGEST_TLS_RECORD = (1 << 14) + 2048;

/** Payload protocols of one association that are told apart. */
const MOST_REASONS = 8;

/** Bytes of messages that are not whole yet, in all conversations. */
const MOST_HELD = 64 << 20;

/** Where a message was captured. */
export interface Captured {
  /** Number of the packet that completed it, from 1. */
  readonly frame: number;
  /** Nanoseconds since 1970. */
  readonly time?: bigint;
  readonly transport: "tcp" | "sctp";
  readonly source: string;
  readonly destination: string;
}

/** What is found. */
export type Finding =
  | { readonly kind: "message"; readonly bytes: Uint8Array; readonly captured?: Captured }
  /** Something that cannot be so: the exit code tells of it. */
  | { readonly kind: "fault"; readonly text: string }
  /** Something a reader should know. */
  | { readonly kind: "remark"; readonly text: string }
  /** What was left out of the whole, with its count. */
  | { readonly kind: "summary"; readonly text: string }
  /** What else there is: worth a line where no message is. */
  | { readonly kind: "other"; readonly text: string };

/** The messages in bytes that are nothing but messages. */
export function* messagesInBytes(bytes: Uint8Array): Generator<Finding> {
  let at = 0;
  while (at < bytes.length) {
    const rest = bytes.subarray(at);
    if (rest.length < HEADER_LENGTH) {
      const text = `${rest.length} bytes at byte ${at} are fewer than the ${HEADER_LENGTH} of a message's header`;
      yield { kind: "fault", text };
      return;
    }
    const { length } = readHeader(rest);
    const end = length < HEADER_LENGTH || length > rest.length ? rest.length : length;
    yield { kind: "message", bytes: rest.subarray(0, end) };
    at += end;
  }
}

/**
 * The messages in a capture. No more of it is in memory than what is not whole yet, and that is
 * bounded.
 * @param pieces of the file, in their order
 * @param ports only what goes to or comes from one of these; empty: port 3868, and whatever else
 * begins like a message
 * @param signal where it fired, the pieces end anywhere, and that is no fault of the capture
 */
export async function* messagesInCapture(
  pieces: AsyncIterable<Uint8Array>,
  ports: readonly number[],
  signal?: AbortSignal,
): AsyncGenerator<Finding> {
  const transport = new Transport();
  const search = new Search(ports);
  let reader: CaptureReader | undefined;
  try {
    for await (const piece of pieces) {
      reader ??= new CaptureReader(piece);
      for (const packet of reader.add(piece)) {
        if (packet instanceof CaptureError) yield { kind: "fault", text: packet.message };
        else for (const event of transport.take(packet)) yield* search.take(event);
      }
    }
    if (signal?.aborted !== true) reader?.end();
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    // A damaged end must not hide what stands before it, nor what only the end of the streams
    // brings to light.
    yield* search.end(transport.end());
    yield { kind: "fault", text: error.message };
    return;
  }
  yield* search.end(transport.end());
}

/** Looks for messages in all conversations. */
class Search {
  readonly #ports: readonly number[];
  readonly #followers = new Map<Flow, Follower>();
  readonly #holders = new Holders<Follower>();

  constructor(ports: readonly number[]) {
    this.#ports = ports;
  }

  *take(event: TransportEvent): Generator<Finding> {
    if (event.kind === "note" || event.kind === "other") {
      yield { kind: event.kind === "note" ? "summary" : "other", text: event.text };
      return;
    }
    let follower = this.#followers.get(event.flow);
    if (event.kind === "end") {
      if (follower === undefined) return;
      this.#followers.delete(event.flow);
      this.#holders.set(follower, 0);
      yield* follower.end();
      return;
    }
    if (follower === undefined) {
      this.#followers.set(event.flow, follower = new Follower(event.flow, this.#ports));
    }
    yield* follower.take(event);
    this.#holders.set(follower, follower.held);
    while (this.#holders.total > MOST_HELD) {
      const oldest = this.#holders.oldest!;
      yield* oldest.giveUp();
      this.#holders.set(oldest, oldest.held);
    }
  }

  *end(events: Iterable<TransportEvent>): Generator<Finding> {
    for (const event of events) yield* this.take(event);
  }
}

type FlowEvent = Extract<TransportEvent, { kind: "bytes" | "gap" | "message" }>;

/** Follows one direction of one conversation. */
class Follower {
  readonly #flow: Flow;
  /** Diameter is expected here, not only looked for. */
  readonly #isExpected: boolean;
  readonly #isWanted: boolean;
  #cutter: MessageCutter<Frame> | undefined;
  #isEncrypted = false;
  #undecided = new Uint8Array();
  /** Messages that were left out, by why. */
  readonly #leftOut = new Map<string, { count: number; readonly first: number }>();

  constructor(flow: Flow, ports: readonly number[]) {
    this.#flow = flow;
    const expected = ports.length === 0 ? [DIAMETER_PORT] : ports;
    this.#isExpected = expected.includes(flow.source.port) || expected.includes(flow.destination.port);
    this.#isWanted = this.#isExpected || ports.length === 0;
    if (this.#isExpected) this.#cutter = new MessageCutter(flow.fromStart);
  }

  /** Bytes of memory that a message takes which is not whole yet. */
  get held(): number {
    return this.#cutter?.held ?? 0;
  }

  get #route(): string {
    return `${endpoint(this.#flow.source)} -> ${endpoint(this.#flow.destination)}`;
  }

  *take(event: FlowEvent): Generator<Finding> {
    if (!this.#isWanted || this.#isEncrypted) return;
    switch (event.kind) {
      case "message":
        yield* this.#takeMessage(event);
        break;
      case "gap":
        this.#undecided = new Uint8Array();
        if (this.#cutter !== undefined) yield* this.#findings(this.#cutter.gap());
        break;
      case "bytes":
        yield* this.#takeBytes(event.bytes, event.frame);
        break;
    }
  }

  /** Waits no more for the rest of a message. */
  *giveUp(): Generator<Finding> {
    if (this.#cutter !== undefined) yield* this.#findings(this.#cutter.gap());
  }

  *end(): Generator<Finding> {
    if (this.#cutter !== undefined) yield* this.#findings(this.#cutter.end());
    for (const [what, { count, first }] of this.#leftOut) {
      yield { kind: "remark", text: `${this.#route}: left out: ${what} (${count}, the first in frame ${first})` };
    }
  }

  *#takeBytes(bytes: Uint8Array, frame: Frame): Generator<Finding> {
    if (this.#cutter === undefined) {
      const begun = this.#undecided.length === 0 ? bytes : new Uint8Array([...this.#undecided, ...bytes]);
      const verdict = looksLikeMessage(begun);
      this.#undecided = verdict === undefined ? begun.slice() : new Uint8Array();
      if (verdict !== true) return;
      this.#cutter = new MessageCutter(true);
      bytes = begun;
    } else if (this.#isExpected && this.#cutter.held === 0 && isTls(bytes)) {
      this.#isEncrypted = true;
      yield { kind: "remark", text: `frame ${frame.number}: ${this.#route} is encrypted (TLS) from here on` };
      return;
    }
    yield* this.#findings(this.#cutter.add(bytes, frame));
  }

  *#takeMessage({ bytes, payloadProtocol, frame }: FlowEvent & { kind: "message" }): Generator<Finding> {
    // The number is what the sender should say (RFC 6733 section 2.1.1), and what is in the message
    // decides.
    if (!this.#isDiameter(bytes, payloadProtocol)) {
      if (SCTP_DIAMETER_DTLS.includes(payloadProtocol)) this.#leaveOut("what is encrypted (DTLS)", frame);
      else if (this.#isExpected) this.#leaveOut(`messages of payload protocol ${payloadProtocol}`, frame);
      return;
    }
    for (const finding of messagesInBytes(bytes)) {
      if (finding.kind === "message") yield { ...finding, captured: this.#captured(frame) };
      else yield { ...finding, text: `frame ${frame.number}: ${this.#route}: ${finding.text}` };
    }
  }

  #isDiameter(bytes: Uint8Array, payloadProtocol: number): boolean {
    return SCTP_DIAMETER.includes(payloadProtocol) || looksLikeMessage(bytes) === true ||
      (payloadProtocol === SCTP_UNSPECIFIED && this.#isExpected);
  }

  #leaveOut(what: string, { number }: Frame): void {
    const known = this.#leftOut.get(what);
    if (known !== undefined) known.count++;
    else if (this.#leftOut.size < MOST_REASONS) this.#leftOut.set(what, { count: 1, first: number });
  }

  *#findings(cuts: Iterable<Cut<Frame>>): Generator<Finding> {
    for (const cut of cuts) {
      if (cut.kind === "message") {
        yield { kind: "message", bytes: cut.bytes, captured: this.#captured(cut.origin) };
      } else if (this.#isExpected) {
        const where = `frame ${cut.origin.number}: ${this.#route}: ${cut.length} bytes`;
        yield cut.why === "lost"
          ? { kind: "remark", text: `${where} belong to a message that was not captured whole` }
          : { kind: "fault", text: `${where} are no Diameter message` };
      }
    }
  }

  #captured({ number, time }: Frame): Captured {
    return {
      frame: number,
      ...(time !== undefined && { time }),
      transport: this.#flow.transport,
      source: endpoint(this.#flow.source),
      destination: endpoint(this.#flow.destination),
    };
  }
}

/**
 * The header of a TLS record, a handshake or data (RFC 8446 section 5.1), or as much of it as there
 * is.
 */
function isTls(bytes: Uint8Array): boolean {
  const isRecord = (bytes[0] === 0x16 || bytes[0] === 0x17) && bytes[1] === 3 && (bytes[2] ?? 0) <= 4;
  return isRecord && (bytes[3] ?? 0) <= LONGEST_TLS_RECORD >> 8;
}

function endpoint({ address, port }: Endpoint): string {
  return address.length === 4 ? `${formatIp(address)}:${port}` : `[${formatIp(address)}]:${port}`;
}
