/**
 * Where spans go and how, from the environment that every program with OpenTelemetry reads
 * (OpenTelemetry specification, "Environment Variable Specification" and "OTLP Exporter").
 * @module
 */

/** Where spans go, and how. */
export interface OtlpSettings {
  /** The whole address that they are posted to. */
  readonly url: string;
  readonly encoding: "protobuf" | "json";
  /** Headers that the receiver asks for, by name; they may be secret. */
  readonly headers: Readonly<Record<string, string>>;
  /** ms that one post may take. */
  readonly timeout: number;
  readonly gzip: boolean;
  /** Files in PEM: whom to trust, and who this is. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** What share of the recorded transactions is sent, above 0 to 1. */
  readonly share: number;
  /** Of whoever sends; `service.name` is among them only if it is set. */
  readonly resource: Readonly<Record<string, string>>;
}

/** What was read: settings, or undefined for off; and what is wrong, a line each. */
export interface ReadSettings {
  readonly settings: OtlpSettings | undefined;
  readonly errors: readonly string[];
}

const TRACES_PATH = "/v1/traces";
const DEFAULT_TIMEOUT = 10_000;
/** `grpc` and `http/json` are the others that the specification has. */
const PROTOCOLS = { "http/protobuf": "protobuf", "http/json": "json" } as const;
/** RFC 9110 section 5.1. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Reads it. Off without an endpoint, and where OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER or
 * OTEL_TRACES_SAMPLER say so: then nothing else is looked at. A value that cannot be obeyed is an
 * error; none is shown that may be secret.
 * @param env the value of a variable; an empty one is as good as none
 */
export function otlpSettings(env: (name: string) => string | undefined): ReadSettings {
  const reader = new Reader(env);
  const endpoint = reader.given("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
  const off = { settings: undefined, errors: [] };
  if (endpoint === undefined || reader.given("OTEL_SDK_DISABLED")?.value.toLowerCase() === "true") return off;
  const exporter = reader.given("OTEL_TRACES_EXPORTER");
  if (exporter?.value === "none") return off;
  if (exporter !== undefined && exporter.value !== "otlp") reader.expected(exporter, "otlp or none");
  const share = reader.share();
  if (share === 0) return off;
  const url = reader.url(endpoint);
  const settings = {
    url,
    encoding: reader.encoding(),
    headers: reader.headers(),
    timeout: reader.timeout(),
    gzip: reader.gzip(),
    tls: reader.tls(url),
    share,
    resource: reader.resource(),
  };
  const { errors } = reader;
  return { settings: errors.length === 0 ? settings : undefined, errors };
}

/** A variable that is set. */
interface Given {
  readonly name: string;
  readonly value: string;
}

class Reader {
  readonly errors: string[] = [];
  readonly #env: (name: string) => string | undefined;

  constructor(env: (name: string) => string | undefined) {
    this.#env = env;
  }

  /** The first of these that is set. */
  given(...names: readonly string[]): Given | undefined {
    for (const name of names) {
      const value = this.#env(name)?.trim();
      if (value !== undefined && value !== "") return { name, value };
    }
    return undefined;
  }

  expected({ name, value }: Given, what: string, more = ""): void {
    this.errors.push(`${name}: expected ${what}, got ${value}${more}`);
  }

  url(given: Given): string {
    const url = URL.parse(given.value);
    if (url === null || !["http:", "https:"].includes(url.protocol) || url.hostname === "") {
      this.expected(given, "an address such as http://127.0.0.1:4318");
      return "";
    }
    if (url.username !== "" || url.password !== "") {
      this.errors.push(
        `${given.name}: expected an address without user and password: OTEL_EXPORTER_OTLP_HEADERS has them`,
      );
    }
    url.hash = "";
    // The general one is where all signals begin; the one for traces is used as it stands.
    if (given.name === "OTEL_EXPORTER_OTLP_ENDPOINT") url.pathname = url.pathname.replace(/\/$/, "") + TRACES_PATH;
    return url.href;
  }

  encoding(): OtlpSettings["encoding"] {
    const given = this.#ofTraces("PROTOCOL");
    if (given === undefined) return "protobuf";
    if (Object.hasOwn(PROTOCOLS, given.value)) return PROTOCOLS[given.value as keyof typeof PROTOCOLS];
    const more = given.value === "grpc" ? ": spans go over HTTP, which collectors take on port 4318" : "";
    this.expected(given, "http/protobuf or http/json", more);
    return "protobuf";
  }

  headers(): Record<string, string> {
    const given = this.#ofTraces("HEADERS");
    const pairs = given === undefined ? {} : pairsIn(given.value, (name) => HEADER_NAME.test(name));
    if (pairs !== undefined) return pairs;
    this.errors.push(
      `${given!.name}: expected name=value,name=value with values in percent-encoding, got something else`,
    );
    return {};
  }

  timeout(): number {
    const given = this.#ofTraces("TIMEOUT");
    if (given === undefined) return DEFAULT_TIMEOUT;
    const timeout = Number(given.value);
    if (Number.isInteger(timeout) && timeout > 0 && timeout <= 2 ** 31 - 1) return timeout;
    this.expected(given, "milliseconds, at least 1");
    return DEFAULT_TIMEOUT;
  }

  gzip(): boolean {
    const given = this.#ofTraces("COMPRESSION");
    if (given !== undefined && given.value !== "gzip" && given.value !== "none") this.expected(given, "gzip or none");
    return given?.value === "gzip";
  }

  tls(url: string): OtlpSettings["tls"] {
    const ca = this.#ofTraces("CERTIFICATE")?.value;
    const cert = this.#ofTraces("CLIENT_CERTIFICATE")?.value;
    const key = this.#ofTraces("CLIENT_KEY")?.value;
    if ((cert === undefined) !== (key === undefined)) {
      this.errors.push(
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY: expected both or none",
      );
    }
    if (!url.startsWith("https:")) return {};
    return {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    };
  }

  /** What is sent of what is recorded. A transaction has no parent here: only the root counts. */
  share(): number {
    const given = this.given("OTEL_TRACES_SAMPLER");
    switch (given?.value.replace(/^parentbased_/, "")) {
      case undefined:
      case "always_on":
        return 1;
      case "always_off":
        return 0;
      case "traceidratio":
        return this.#ratio();
    }
    this.expected(given!, "always_on, always_off or traceidratio, with or without parentbased_");
    return 1;
  }

  #ratio(): number {
    const given = this.given("OTEL_TRACES_SAMPLER_ARG");
    if (given === undefined) return 1;
    const ratio = Number(given.value);
    if (ratio >= 0 && ratio <= 1) return ratio;
    this.expected(given, "a share from 0 to 1");
    return 1;
  }

  resource(): Record<string, string> {
    const given = this.given("OTEL_RESOURCE_ATTRIBUTES");
    const attributes = given === undefined ? {} : pairsIn(given.value, (name) => name !== "");
    if (attributes === undefined) this.expected(given!, "name=value,name=value with values in percent-encoding");
    const service = this.given("OTEL_SERVICE_NAME");
    return { ...attributes, ...(service === undefined ? {} : { "service.name": service.value }) };
  }

  #ofTraces(what: string): Given | undefined {
    return this.given(`OTEL_EXPORTER_OTLP_TRACES_${what}`, `OTEL_EXPORTER_OTLP_${what}`);
  }
}

/** `a=1,b=2`; undefined when it is something else. */
function pairsIn(text: string, isName: (name: string) => boolean): Record<string, string> | undefined {
  const pairs: Record<string, string> = {};
  for (const part of text.split(",")) {
    if (part.trim() === "") continue;
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(0, at)).trim();
    if (!isName(name) || at < 0) return undefined;
    try {
      pairs[name] = decodeURIComponent(part.slice(at + 1).trim());
    } catch {
      return undefined;
    }
    if (/[\r\n\0]/.test(pairs[name])) return undefined;
  }
  return pairs;
}
