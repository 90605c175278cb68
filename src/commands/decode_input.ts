/**
 * Finding Diameter messages in what `decode` is given: a capture, or bytes.
 * @module
 */
import { CaptureError } from "../ops/capture/packet.ts";
import type { Packet } from "../ops/capture/packet.ts";
import { readCapture } from "../ops/capture/capture_file.ts";
import { type Endpoint, type Flow, readTransport, type TransportEvent } from "../ops/capture/transport.ts";
import { HEADER_LENGTH, readHeader } from "../diameter/wire/header.ts";
import { formatIp } from "../diameter/wire/ip_address.ts";
import { type Cut, looksLikeMessage, MessageCutter } from "../diameter/wire/message_cutter.ts";

/** The port of Diameter (RFC 6733 section 2.1). */
export const DIAMETER_PORT = 3868;

/** What SCTP calls Diameter messages, in the clear and within DTLS (RFC 6733 section 2.1.1). */
const SCTP_DIAMETER = 46;
const SCTP_DIAMETER_DTLS = 47;
const SCTP_UNSPECIFIED = 0;

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
  | { readonly kind: "remark"; readonly text: string };

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
 * The messages in a capture.
 * @param ports only what goes to or comes from one of these; empty: port 3868, and whatever else begins like a message
 */
export function* messagesInCapture(bytes: Uint8Array, ports: readonly number[]): Generator<Finding> {
  const followers = new Map<Flow, Follower>();
  const packets = readCapture(bytes);
  let fault: CaptureError | undefined;
  // A damaged end must not hide what stands before it, nor what only the end of the streams brings to light.
  function* whole(): Generator<Packet> {
    try {
      yield* packets;
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      fault = error;
    }
  }
  for (const event of readTransport(whole())) {
    if (event.kind === "note") {
      yield { kind: "remark", text: `frame ${event.packet.number}: ${event.text}` };
      continue;
    }
    let follower = followers.get(event.flow);
    if (follower === undefined) followers.set(event.flow, follower = new Follower(event.flow, ports));
    yield* follower.take(event);
  }
  for (const follower of followers.values()) yield* follower.end();
  if (fault !== undefined) yield { kind: "fault", text: fault.message };
}

type FlowEvent = Exclude<TransportEvent, { kind: "note" }>;

/** Follows one direction of one conversation. */
class Follower {
  readonly #flow: Flow;
  readonly #route: string;
  /** Diameter is expected here, not only looked for. */
  readonly #isExpected: boolean;
  readonly #isWanted: boolean;
  #cutter: MessageCutter<Packet> | undefined;
  #isEncrypted = false;
  #undecided = new Uint8Array();

  constructor(flow: Flow, ports: readonly number[]) {
    this.#flow = flow;
    this.#route = `${endpoint(flow.source)} -> ${endpoint(flow.destination)}`;
    const expected = ports.length === 0 ? [DIAMETER_PORT] : ports;
    this.#isExpected = expected.includes(flow.source.port) || expected.includes(flow.destination.port);
    this.#isWanted = this.#isExpected || ports.length === 0;
    if (this.#isExpected) this.#cutter = new MessageCutter(flow.fromStart);
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
        yield* this.#takeBytes(event.bytes, event.packet);
        break;
    }
  }

  *end(): Generator<Finding> {
    if (this.#cutter !== undefined) yield* this.#findings(this.#cutter.end());
  }

  *#takeBytes(bytes: Uint8Array, packet: Packet): Generator<Finding> {
    if (this.#cutter === undefined) {
      const begun = this.#undecided.length === 0 ? bytes : new Uint8Array([...this.#undecided, ...bytes]);
      const verdict = looksLikeMessage(begun);
      this.#undecided = verdict === undefined ? begun.slice() : new Uint8Array();
      if (verdict !== true) return;
      this.#cutter = new MessageCutter(true);
      bytes = begun;
    } else if (this.#isExpected && isTls(bytes)) {
      this.#isEncrypted = true;
      yield { kind: "remark", text: `frame ${packet.number}: ${this.#route} is encrypted (TLS) from here on` };
      return;
    }
    yield* this.#findings(this.#cutter.add(bytes, packet));
  }

  *#takeMessage({ bytes, payloadProtocol, packet }: FlowEvent & { kind: "message" }): Generator<Finding> {
    if (payloadProtocol === SCTP_DIAMETER_DTLS) {
      this.#isEncrypted = true;
      yield { kind: "remark", text: `frame ${packet.number}: ${this.#route} is encrypted (DTLS)` };
      return;
    }
    const isDiameter = payloadProtocol === SCTP_DIAMETER ||
      (payloadProtocol === SCTP_UNSPECIFIED && (this.#isExpected || looksLikeMessage(bytes) === true));
    if (!isDiameter) return;
    for (const finding of messagesInBytes(bytes)) {
      if (finding.kind === "message") yield { ...finding, captured: this.#captured(packet) };
      else yield { ...finding, text: `frame ${packet.number}: ${this.#route}: ${finding.text}` };
    }
  }

  *#findings(cuts: Iterable<Cut<Packet>>): Generator<Finding> {
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

  #captured(packet: Packet): Captured {
    return {
      frame: packet.number,
      ...(packet.time !== undefined && { time: packet.time }),
      transport: this.#flow.transport,
      source: endpoint(this.#flow.source),
      destination: endpoint(this.#flow.destination),
    };
  }
}

/** A TLS record: its type is a handshake or data, its version 3.x. */
function isTls(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x16 || bytes[0] === 0x17) && bytes[1] === 3;
}

function endpoint({ address, port }: Endpoint): string {
  return address.length === 4 ? `${formatIp(address)}:${port}` : `[${formatIp(address)}]:${port}`;
}
