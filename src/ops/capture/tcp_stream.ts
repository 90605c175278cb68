/**
 * Putting the segments of one direction of a TCP connection into order.
 * @module
 */
import { TCP_FLAG, type TcpSegment } from "./tcp_segment.ts";

/** What a stream gives: bytes in order, or the news that some are missing. */
export type StreamPart<Origin> =
  | {
    readonly kind: "bytes";
    readonly bytes: Uint8Array;
    /** What carried them. */
    readonly origin: Origin;
  }
  | { readonly kind: "gap"; /** Bytes that are missing. */ readonly length: number };

/** Bytes and segments that wait for one before them, at most; then that one is taken for lost. */
const LIMIT = { bytes: 1 << 20, segments: 1024 } as const;

interface Waiting<Origin> {
  readonly sequence: number;
  readonly data: Uint8Array;
  readonly origin: Origin;
}

/**
 * One direction of one connection. Segments may come in any order, more than once and overlapping; what was given out first stays.
 * The stream begins at its SYN, or at the first segment seen.
 */
export class TcpStream<Origin> {
  /** Whether the beginning of the connection was seen. */
  readonly fromStart: boolean;
  /** Of the SYN; undefined when it was not seen. */
  readonly #initial: number | undefined;
  #next: number;
  #waiting: Waiting<Origin>[] = [];
  #waitingBytes = 0;

  /** @param first the first segment seen; it must be given to {@link add} as well */
  constructor(first: TcpSegment) {
    this.fromStart = (first.flags & TCP_FLAG.syn) !== 0;
    this.#initial = this.fromStart ? first.sequence : undefined;
    this.#next = dataStart(first);
  }

  /** Takes a segment and gives what is in order now. */
  *add(segment: TcpSegment, origin: Origin): Generator<StreamPart<Origin>> {
    if (segment.data.length === 0) return;
    this.#insert({ sequence: dataStart(segment), data: segment.data, origin });
    yield* this.#release();
    while (this.#waitingBytes > LIMIT.bytes || this.#waiting.length > LIMIT.segments) yield* this.#skip();
  }

  /** Gives what still waits, gaps told: nothing more is to come. */
  *end(): Generator<StreamPart<Origin>> {
    while (this.#waiting.length > 0) yield* this.#skip();
  }

  /** Whether `segment` begins another connection between the same ports. */
  isRestartedBy(segment: TcpSegment): boolean {
    return (segment.flags & TCP_FLAG.syn) !== 0 && segment.sequence !== this.#initial;
  }

  #insert(segment: Waiting<Origin>): void {
    if (distance(segment.sequence, this.#next) + segment.data.length <= 0) return;
    let at = this.#waiting.length;
    while (at > 0 && distance(segment.sequence, this.#waiting[at - 1]!.sequence) < 0) at--;
    this.#waiting.splice(at, 0, segment);
    this.#waitingBytes += segment.data.length;
  }

  *#release(): Generator<StreamPart<Origin>> {
    for (;;) {
      const first = this.#waiting[0];
      if (first === undefined || distance(first.sequence, this.#next) > 0) return;
      this.#waiting.shift();
      this.#waitingBytes -= first.data.length;
      const bytes = first.data.subarray(-distance(first.sequence, this.#next));
      if (bytes.length === 0) continue;
      this.#next = (this.#next + bytes.length) >>> 0;
      yield { kind: "bytes", bytes, origin: first.origin };
    }
  }

  *#skip(): Generator<StreamPart<Origin>> {
    const first = this.#waiting[0]!;
    yield { kind: "gap", length: distance(first.sequence, this.#next) };
    this.#next = first.sequence;
    yield* this.#release();
  }
}

/** SYN takes a sequence number of its own, before the data. */
function dataStart({ sequence, flags }: TcpSegment): number {
  return (flags & TCP_FLAG.syn) !== 0 ? (sequence + 1) >>> 0 : sequence;
}

/** How far sequence number `a` is ahead of `b`, in arithmetic modulo 2^32 (RFC 9293 section 3.4). */
function distance(a: number, b: number): number {
  return (a - b) | 0;
}
