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

/** What a waiting segment costs beside its data, in bytes. */
const WAITING_COST = 256;

interface Waiting<Origin> {
  readonly sequence: number;
  readonly data: Uint8Array;
  readonly origin: Origin;
}

/**
 * One direction of one connection. Segments may come in any order, more than once and overlapping;
 * what was given out first stays. The stream begins at its SYN, or at the first segment seen.
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

  /** Bytes of memory that wait for a segment before them, and what each of them costs. */
  get held(): number {
    return this.#waitingBytes + this.#waiting.length * WAITING_COST;
  }

  /** Takes a segment and gives what is in order now. */
  *add(segment: TcpSegment, origin: Origin): Generator<StreamPart<Origin>> {
    if (segment.data.length === 0) return;
    const sequence = dataStart(segment);
    const ahead = distance(sequence, this.#next);
    if (ahead <= 0) {
      yield* this.#give({ sequence, data: segment.data, origin });
      yield* this.#release();
      return;
    }
    // What waits must not keep the piece of the file that it came in.
    this.#insert({ sequence, data: segment.data.slice(), origin });
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
      yield* this.#give(first);
    }
  }

  /** What is new in a segment that begins where the stream is, or before. */
  *#give({ sequence, data, origin }: Waiting<Origin>): Generator<StreamPart<Origin>> {
    const bytes = data.subarray(-distance(sequence, this.#next));
    if (bytes.length === 0) return;
    this.#next = (this.#next + bytes.length) >>> 0;
    yield { kind: "bytes", bytes, origin };
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

/**
 * How far sequence number `a` is ahead of `b`, in arithmetic modulo 2^32 (RFC 9293 section 3.4).
 */
function distance(a: number, b: number): number {
  return (a - b) | 0;
}
