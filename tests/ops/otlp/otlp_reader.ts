/**
 * Reading what a collector is sent, with nothing of the program that made it.
 * @module
 */

/** A span as it arrived. */
export interface ArrivedSpan {
  readonly name: string;
  /** 2 server, 3 client. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  /** "" for none. */
  readonly parentSpanId: string;
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** 0 unset, 2 error. */
  readonly status: number;
  readonly message: string;
}

/** One request: who sent it, and spans. */
export interface ArrivedBatch {
  readonly resource: Readonly<Record<string, string | number>>;
  readonly scope: string;
  readonly spans: readonly ArrivedSpan[];
}

/** Reads an ExportTraceServiceRequest in protobuf. */
export function readProtobuf(body: Uint8Array): ArrivedBatch {
  const [resourceSpans] = fieldsIn(body).messages(1);
  const [resource] = resourceSpans!.messages(1);
  const [scopeSpans] = resourceSpans!.messages(2);
  const [scope] = scopeSpans!.messages(1);
  return {
    resource: attributesIn(resource!, 1),
    scope: scope!.text(1),
    spans: scopeSpans!.messages(2).map((span) => {
      const [status] = span.messages(15);
      return {
        name: span.text(5),
        kind: Number(span.number(6)),
        traceId: span.bytes(1).toHex(),
        spanId: span.bytes(2).toHex(),
        parentSpanId: span.bytes(4).toHex(),
        start: span.number(7),
        end: span.number(8),
        attributes: attributesIn(span, 9),
        status: Number(status?.number(3) ?? 0),
        message: status?.text(2) ?? "",
      };
    }),
  };
}

interface JsonAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string; readonly doubleValue?: number };
}

/** Reads one in JSON. */
export function readJson(body: Uint8Array): ArrivedBatch {
  // deno-lint-ignore no-explicit-any
  const whole = JSON.parse(new TextDecoder().decode(body)) as any;
  const [{ resource, scopeSpans: [{ scope, spans }] }] = whole.resourceSpans;
  const attributes = (list: readonly JsonAttribute[]) =>
    Object.fromEntries(list.map(({ key, value: { stringValue, intValue, doubleValue } }) => {
      return [key, stringValue ?? Number(intValue ?? doubleValue)];
    }));
  return {
    resource: attributes(resource.attributes),
    scope: scope.name,
    // deno-lint-ignore no-explicit-any
    spans: spans.map((span: any) => ({
      name: span.name,
      kind: span.kind,
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId ?? "",
      start: BigInt(span.startTimeUnixNano),
      end: BigInt(span.endTimeUnixNano),
      attributes: attributes(span.attributes),
      status: span.status.code ?? 0,
      message: span.status.message ?? "",
    })),
  };
}

function attributesIn(message: Fields, field: number): Record<string, string | number> {
  return Object.fromEntries(
    message.messages(field).map((pair) => {
      const [value] = pair.messages(2);
      return [
        pair.text(1),
        value!.has(1) ? value!.text(1) : Number(value!.has(3) ? value!.number(3) : value!.double(4)),
      ];
    }),
  );
}

/** The fields of one message, by number. */
class Fields {
  readonly #fields = new Map<number, (bigint | Uint8Array)[]>();

  add(field: number, value: bigint | Uint8Array): void {
    this.#fields.set(field, [...this.#fields.get(field) ?? [], value]);
  }

  has(field: number): boolean {
    return this.#fields.has(field);
  }

  bytes(field: number): Uint8Array {
    return (this.#fields.get(field)?.[0] ?? new Uint8Array()) as Uint8Array;
  }

  text(field: number): string {
    return new TextDecoder().decode(this.bytes(field));
  }

  number(field: number): bigint {
    return (this.#fields.get(field)?.[0] ?? 0n) as bigint;
  }

  double(field: number): number {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, this.number(field));
    return view.getFloat64(0);
  }

  messages(field: number): Fields[] {
    return (this.#fields.get(field) ?? []).map((bytes) => fieldsIn(bytes as Uint8Array));
  }
}

function fieldsIn(bytes: Uint8Array): Fields {
  const fields = new Fields();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    switch (tag & 7) {
      case 0:
        fields.add(tag >> 3, varint());
        break;
      case 1:
        fields.add(tag >> 3, view.getBigUint64(at, true));
        at += 8;
        break;
      case 2: {
        const length = Number(varint());
        fields.add(tag >> 3, bytes.subarray(at, at + length));
        at += length;
        break;
      }
      case 5:
        fields.add(tag >> 3, BigInt(view.getUint32(at, true)));
        at += 4;
        break;
      default:
        throw new Error(`Wire type ${tag & 7} at byte ${at}`);
    }
  }
  return fields;
}
