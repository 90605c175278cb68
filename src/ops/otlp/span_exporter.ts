/**
 * Posting spans to whoever collects them (OTLP specification, "OTLP/HTTP").
 * @module
 */
import { readPem } from "../../net/pem.ts";
import { reasonOf } from "../../net/reason.ts";
import { MEDIA_TYPES, SpanEncoder, type SpanSender } from "./encode_spans.ts";
import type { OtlpSettings } from "./settings.ts";
import type { Span } from "./span.ts";

/** What became of a post. */
export type Outcome =
  /** They are there; `rejected` says what is not, "" for nothing. */
  | { readonly kind: "taken"; readonly rejected: string }
  /** It may be tried again, not before `after` milliseconds where the receiver said so. */
  | { readonly kind: "later"; readonly reason: string; readonly after: number }
  /** It is of no use to try the same again. */
  | { readonly kind: "refused"; readonly reason: string };

/** HTTP status codes after which the same is posted again (OTLP specification, "Failures"). */
const TRANSIENT: readonly number[] = [429, 502, 503, 504];
/** Bytes of an answer that are read. */
const ANSWER_LIMIT = 16 * 1024;
/** Characters of an answer that a log line repeats. */
const QUOTED = 200;

/** Posts spans, one batch at a time. */
export class SpanExporter {
  readonly #settings: OtlpSettings;
  readonly #encoder: SpanEncoder;
  readonly #client: Deno.HttpClient;
  readonly #headers: Headers;

  private constructor(settings: OtlpSettings, sender: SpanSender, client: Deno.HttpClient) {
    this.#settings = settings;
    this.#encoder = new SpanEncoder(settings.encoding, sender);
    this.#client = client;
    const { name, version } = sender.program;
    this.#headers = new Headers({ "user-agent": `${name}/${version}`, ...settings.headers });
    this.#headers.set("content-type", MEDIA_TYPES[settings.encoding]);
    if (settings.gzip) this.#headers.set("content-encoding", "gzip");
  }

  /** @throws Error when a file of certificates cannot be used */
  static async open(settings: OtlpSettings, sender: SpanSender): Promise<SpanExporter> {
    const { ca, cert, key } = settings.tls;
    const client = Deno.createHttpClient({
      ...(ca === undefined ? {} : { caCerts: [await readPem(ca)] }),
      ...(cert === undefined || key === undefined ? {} : { cert: await readPem(cert), key: await readPem(key) }),
    });
    return new SpanExporter(settings, sender, client);
  }

  /** Where they go. */
  get url(): string {
    return this.#settings.url;
  }

  /** Posts them. Whatever goes wrong is in what comes back. */
  async send(spans: readonly Span[], signal: AbortSignal): Promise<Outcome> {
    const ending = new AbortController();
    const { timeout, url, gzip } = this.#settings;
    const timer = setTimeout(() => ending.abort(new Error(`no answer within ${timeout} ms`)), timeout);
    const stop = () => ending.abort(signal.reason);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    try {
      const body = this.#encoder.encode(spans);
      const response = await fetch(url, {
        method: "POST",
        headers: this.#headers,
        body: gzip ? await compressed(body) : body,
        redirect: "manual",
        signal: ending.signal,
        client: this.#client,
      });
      return this.#judge(response, await beginningOf(response));
    } catch (error) {
      const { aborted, reason } = ending.signal;
      return { kind: "later", reason: clauseOf(aborted ? reason : error), after: 0 };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  }

  /** Lets go of its connections. */
  close(): void {
    this.#client.close();
  }

  #judge({ ok, status, headers }: Response, answer: Uint8Array): Outcome {
    if (ok) return { kind: "taken", rejected: this.#encoder.rejectedIn(answer) };
    const said = headers.get("content-type") === MEDIA_TYPES.protobuf ? "" : quoted(answer);
    const reason = `it answers ${status}${said === "" ? "" : `: ${said}`}`;
    if (!TRANSIENT.includes(status)) return { kind: "refused", reason };
    const seconds = Number(headers.get("retry-after"));
    return { kind: "later", reason, after: seconds > 0 ? seconds * 1000 : 0 };
  }
}

async function compressed(body: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}

/** What of an answer is looked at; the rest is not waited for. */
async function beginningOf({ body }: Response): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop ends the body.
  for await (const part of body) {
    parts.push(part.subarray(0, ANSWER_LIMIT - length));
    if ((length += part.length) >= ANSWER_LIMIT) break;
  }
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

/** What fetch wraps into sentences about itself: the clause that says something. */
function clauseOf(error: unknown): string {
  if (error instanceof Error && error.cause instanceof Error) return clauseOf(error.cause);
  const text = reasonOf(error);
  // Deno's fetch trusts no certificate that is its own authority, also where that one is given.
  if (text.includes("CaUsedAsEndEntity")) {
    return "its certificate is that of an authority: expected one that an authority signed";
  }
  const wrapping = /^error sending request .*?client error \(\w+\): (?:tcp connect error: )?/;
  return reasonOf(text.replace(wrapping, ""));
}

function quoted(answer: Uint8Array): string {
  const text = new TextDecoder().decode(answer).replaceAll(/[\p{C}\s]+/gu, " ").trim();
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}...` : text;
}
