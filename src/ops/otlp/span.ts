/**
 * A span as whoever makes one writes it down.
 * @module
 */

/** What happened between two moments (OpenTelemetry specification, "Tracing API"). */
export interface Span {
  /** Of few different ones. */
  readonly name: string;
  /** `server`: something was asked of this node; `client`: by it. */
  readonly kind: "server" | "client";
  /** 16 octets as 32 hexadecimal digits, the same for all that belong together. */
  readonly traceId: string;
  /** 8 octets as 16 hexadecimal digits. */
  readonly spanId: string;
  /** The one that it is a part of. */
  readonly parentSpanId?: string;
  /** Milliseconds since 1970, with fractions. */
  readonly start: number;
  readonly end: number;
  /** Undefined values are left out. */
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  /** What went wrong; absent when nothing did. */
  readonly error?: string;
}

/** Makes ids of so many octets, in hexadecimal digits; never all zero. */
export type SpanIds = (octets: 8 | 16) => string;

/** Random ones. */
export const randomIds: SpanIds = (octets) => {
  const bytes = crypto.getRandomValues(new Uint8Array(octets));
  // Zeros alone mean that there is no id.
  bytes[0] ||= 1;
  return bytes.toHex();
};
