/**
 * Spans in the encodings of OTLP.
 * @module
 */
import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { OtlpSettings } from "./settings.ts";
import type { Span } from "./span.ts";

/** Who sends: attributes of the resource, and the program that made the spans. */
export interface SpanSender {
  readonly attributes: Readonly<Record<string, string>>;
  readonly program: { readonly name: string; readonly version: string };
}

/** What the package encodes. */
type EncodableSpan = Parameters<typeof ProtobufTraceSerializer.serializeRequest>[0][number];

const SERIALIZERS = { protobuf: ProtobufTraceSerializer, json: JsonTraceSerializer } as const;
/** Media types (OTLP specification, "OTLP/HTTP Request"). */
export const MEDIA_TYPES = { protobuf: "application/x-protobuf", json: "application/json" } as const;

/** SpanKind and StatusCode as the API numbers them. */
const KIND = { server: 1, client: 2 } as const;
const STATUS = { unset: 0, error: 2 } as const;
/** TraceFlags: it was chosen to be recorded. */
const SAMPLED = 1;

/** Makes bodies of posts, and reads what is answered. */
export class SpanEncoder {
  readonly #encoding: OtlpSettings["encoding"];
  readonly #resource: EncodableSpan["resource"];
  readonly #scope: SpanSender["program"];

  constructor(encoding: OtlpSettings["encoding"], { attributes, program }: SpanSender) {
    this.#encoding = encoding;
    this.#resource = {
      attributes,
      merge: () => this.#resource,
      getRawAttributes: () => Object.entries(attributes),
    };
    this.#scope = program;
  }

  /** One ExportTraceServiceRequest. */
  encode(spans: readonly Span[]): Uint8Array<ArrayBuffer> {
    const body = SERIALIZERS[this.#encoding].serializeRequest(spans.map((span) => this.#encodable(span)));
    return new Uint8Array(body ?? []);
  }

  /** What the receiver says that it did not take, though it took the rest; "" for nothing. */
  rejectedIn(answer: Uint8Array): string {
    try {
      const { partialSuccess } = SERIALIZERS[this.#encoding].deserializeResponse(answer);
      const { rejectedSpans = 0, errorMessage = "" } = partialSuccess ?? {};
      return Number(rejectedSpans) === 0 ? "" : `${rejectedSpans} spans were rejected: ${errorMessage}`;
    } catch {
      return ""; // it was taken; whatever else was said cannot be read
    }
  }

  #encodable(span: Span): EncodableSpan {
    const context = { traceId: span.traceId, spanId: span.spanId, traceFlags: SAMPLED };
    const parent = span.parentSpanId === undefined ? {} : {
      parentSpanContext: { traceId: span.traceId, spanId: span.parentSpanId, traceFlags: SAMPLED },
    };
    return {
      name: span.name,
      kind: KIND[span.kind],
      spanContext: () => context,
      ...parent,
      startTime: hrTimeOf(span.start),
      endTime: hrTimeOf(span.end),
      duration: hrTimeOf(span.end - span.start),
      status: span.error === undefined ? { code: STATUS.unset } : { code: STATUS.error, message: span.error },
      attributes: Object.fromEntries(Object.entries(span.attributes).filter(([, value]) => value !== undefined)),
      links: [],
      events: [],
      ended: true,
      resource: this.#resource,
      instrumentationScope: this.#scope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  }
}

/** Seconds and nanoseconds; finer than a microsecond is not measured. */
function hrTimeOf(milliseconds: number): EncodableSpan["startTime"] {
  const microseconds = Math.round(milliseconds * 1000);
  const seconds = Math.floor(microseconds / 1e6);
  return [seconds, (microseconds - seconds * 1e6) * 1000];
}
