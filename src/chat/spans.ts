/**
 * Spans of connections and calls (T2), kept until somebody sends them. Where nobody does, nothing
 * is made.
 * @module
 */
import type { ErrorCode } from "../rpc/error.ts";
import type { Headers } from "./device/host.ts";

/** What happened between two moments (OpenTelemetry specification, "Tracing API"). */
export interface Span {
  /** Of few different ones. */
  readonly name: string;
  /** `server`: a device asked this gateway; `client`: this gateway asked the core. */
  readonly kind: "server" | "client";
  /** 16 octets as 32 hexadecimal digits, the same for all that belong together. */
  readonly traceId: string;
  /** 8 octets as 16 hexadecimal digits. */
  readonly spanId: string;
  readonly parentSpanId?: string;
  /** Milliseconds since 1970, with fractions. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  /** What went wrong; absent when nothing did. */
  readonly error?: string;
}

/** Who asked. */
export interface SpanOwner {
  readonly profile: string;
  readonly device: string;
  readonly transport: string;
}

/** Spans that are kept at most. */
const MOST = 4_096;
/** Spans of one batch. */
const BATCH = 256;
const SERVICE = "chat.v1.ChatService";
/** Version, trace, parent, flags (W3C Trace Context section 3.2). */
const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const SAMPLED = 1;

/** A call that is under way. */
export interface OpenCall {
  /** What goes to the core: the device's headers, with this gateway as the parent. */
  readonly headers: Headers;
  /** It is answered. */
  end(code: ErrorCode | "ok"): void;
}

/**
 * Spans that wait to be sent; the oldest go when there are too many. It has the form of a source
 * that is looked at again and again.
 */
export class Spans {
  /** How many were lost because they were not taken in time. */
  missed = 0;
  /** What {@link missed} counts, and why some may be lost: for the log. */
  readonly words = { missed: "spans", cause: "there are too many" };
  readonly #wall: () => number;
  readonly #ids: (octets: 8 | 16) => string;
  readonly #isWanted: () => boolean;
  #kept: Span[] = [];

  /**
   * @param wall milliseconds since 1970, with fractions @param ids random ones in hexadecimal
   * @param isWanted whether a trace that begins here is recorded; asked for each
   */
  constructor(
    wall: () => number = () => performance.timeOrigin + performance.now(),
    ids = randomId,
    isWanted = () => true,
  ) {
    this.#wall = wall;
    this.#ids = ids;
    this.#isWanted = isWanted;
  }

  /** Nothing is looked for: they come by themselves. */
  look(_most: number): void {}

  /** The next ones, oldest first; none for nothing. */
  take(): readonly Span[] {
    return this.#kept.splice(0, BATCH);
  }

  /** A call begins, in the device's trace if it is in one. */
  call(method: string, headers: Headers, owner: SpanOwner): OpenCall {
    const trace = traceOf(headers);
    if (!this.#isRecorded(trace)) return { headers, end: () => {} };
    const traceId = trace?.traceId ?? this.#ids(16);
    const [own, core] = [this.#ids(8), this.#ids(8)];
    const start = this.#wall();
    return {
      headers: { ...headers, traceparent: `00-${traceId}-${core}-01` },
      end: (code) => {
        const end = this.#wall();
        const name = `${SERVICE}/${method}`;
        const rest = {
          name,
          traceId,
          start,
          end,
          attributes: {
            "rpc.service": SERVICE,
            "rpc.method": method,
            "rpc.response.code": code,
            "chat.transport": owner.transport,
            "chat.profile_id": owner.profile,
            "chat.device_id": owner.device === "" ? undefined : owner.device,
          },
          ...(code === "ok" ? {} : { error: code }),
        };
        this.#keep({ ...rest, kind: "client", spanId: core, parentSpanId: own });
        this.#keep({ ...rest, kind: "server", spanId: own, ...parentOf(trace) });
      },
    };
  }

  /** A connection is over. @param start ms since 1970 */
  connection(headers: Headers, owner: SpanOwner, start: number, code: number, reason: string): void {
    const trace = traceOf(headers);
    if (!this.#isRecorded(trace)) return;
    this.#keep({
      name: `${SERVICE}/Connect`,
      kind: "server",
      traceId: trace?.traceId ?? this.#ids(16),
      spanId: this.#ids(8),
      ...parentOf(trace),
      start,
      end: this.#wall(),
      attributes: {
        "rpc.service": SERVICE,
        "rpc.method": "Connect",
        "chat.transport": owner.transport,
        "chat.profile_id": owner.profile === "" ? undefined : owner.profile,
        "chat.device_id": owner.device === "" ? undefined : owner.device,
        "chat.close_code": code,
      },
      // Those of RFC 6455 for a good end, and the drain.
      ...([1000, 1001, 1005, 1012].includes(code) ? {} : { error: `${code} ${reason}`.trimEnd() }),
    });
  }

  /** Where the device's trace is not recorded, no part of it is. */
  #isRecorded(trace: Trace | undefined): boolean {
    return trace === undefined ? this.#isWanted() : trace.sampled;
  }

  #keep(span: Span): void {
    this.#kept.push(span);
    if (this.#kept.length <= MOST) return;
    const lost = Math.floor(this.#kept.length / 2);
    this.missed += lost;
    this.#kept.splice(0, lost);
  }
}

interface Trace {
  readonly traceId: string;
  readonly parentSpanId: string;
  readonly sampled: boolean;
}

function traceOf(headers: Headers): Trace | undefined {
  const [, traceId, parentSpanId, flags] = TRACEPARENT.exec(headers["traceparent"] ?? "") ?? [];
  if (traceId === undefined || parentSpanId === undefined || flags === undefined) return undefined;
  return { traceId, parentSpanId, sampled: (parseInt(flags, 16) & SAMPLED) !== 0 };
}

function parentOf(trace: Trace | undefined) {
  return trace === undefined ? {} : { parentSpanId: trace.parentSpanId };
}

function randomId(octets: 8 | 16): string {
  const bytes = crypto.getRandomValues(new Uint8Array(octets));
  // Zeros alone mean that there is no id.
  bytes[0] ||= 1;
  return bytes.toHex();
}
