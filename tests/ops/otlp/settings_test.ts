import { assertEquals, assertStringIncludes } from "@std/assert";
import { otlpSettings } from "../../../src/ops/otlp/settings.ts";

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };

type Env = Readonly<Record<string, string>>;

function read(env: Env) {
  return otlpSettings((name) => env[name]);
}

function good(env: Env) {
  const { settings, errors } = read({ ...ENDPOINT, ...env });
  assertEquals(errors, []);
  return settings!;
}

Deno.test("an endpoint alone is enough, and means what the specification says", () => {
  assertEquals(good({}), {
    url: "http://collector:4318/v1/traces",
    encoding: "protobuf",
    headers: {},
    timeout: 10_000,
    gzip: false,
    tls: {},
    share: 1,
    resource: {},
  });
});

const OFF: readonly Env[] = [
  {},
  { OTEL_SERVICE_NAME: "gw", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
  { OTEL_EXPORTER_OTLP_ENDPOINT: "" },
  { ...ENDPOINT, OTEL_SDK_DISABLED: "true", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
  { ...ENDPOINT, OTEL_TRACES_EXPORTER: "none" },
  { ...ENDPOINT, OTEL_TRACES_SAMPLER: "always_off" },
  { ...ENDPOINT, OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0" },
];

for (const env of OFF) {
  Deno.test(`nothing is sent with ${JSON.stringify(env)}`, () => {
    assertEquals(read(env), { settings: undefined, errors: [] });
  });
}

Deno.test("what is said of traces wins over what is said of everything", () => {
  const of = (what: string, value: string) => ({
    [`OTEL_EXPORTER_OTLP_${what}`]: "nonsense",
    [`OTEL_EXPORTER_OTLP_TRACES_${what}`]: value,
  });
  const settings = good({
    ...of("ENDPOINT", "https://traces.example.com/in"),
    ...of("PROTOCOL", "http/json"),
    ...of("HEADERS", "authorization=Bearer%20a%3Db, x-tenant = 7 "),
    ...of("TIMEOUT", "250"),
    ...of("COMPRESSION", "gzip"),
    ...of("CERTIFICATE", "ca.pem"),
    ...of("CLIENT_CERTIFICATE", "me.pem"),
    ...of("CLIENT_KEY", "me.key"),
  });
  assertEquals(settings.url, "https://traces.example.com/in");
  assertEquals(settings.headers, { authorization: "Bearer a=b", "x-tenant": "7" });
  assertEquals([settings.encoding, settings.timeout, settings.gzip], ["json", 250, true]);
  assertEquals(settings.tls, { ca: "ca.pem", cert: "me.pem", key: "me.key" });
});

Deno.test("an endpoint with a path has the path of traces behind it", () => {
  for (const path of ["/otlp", "/otlp/"]) {
    assertEquals(good({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://c${path}` }).url, "http://c/otlp/v1/traces");
  }
});

Deno.test("a service has its name from OTEL_SERVICE_NAME before OTEL_RESOURCE_ATTRIBUTES", () => {
  const attributes = { OTEL_RESOURCE_ATTRIBUTES: "service.name=b,deployment.environment=lab%2C1" };
  assertEquals(good(attributes).resource, { "service.name": "b", "deployment.environment": "lab,1" });
  assertEquals(good({ ...attributes, OTEL_SERVICE_NAME: "a" }).resource["service.name"], "a");
});

Deno.test("a part of the transactions is asked for by the usual names", () => {
  assertEquals(good({ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25" }).share, 0.25);
  assertEquals(good({ OTEL_TRACES_SAMPLER: "parentbased_always_on" }).share, 1);
});

const WRONG: readonly [name: string, value: string, expected: string][] = [
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "an address such as http://127.0.0.1:4318, got collector:4318"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://collector", "an address"],
  ["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf or http/json, got grpc: spans go over HTTP"],
  ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "toString", "http/protobuf or http/json"],
  ["OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "milliseconds"],
  ["OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "gzip or none"],
  ["OTEL_TRACES_EXPORTER", "zipkin", "otlp or none"],
  ["OTEL_TRACES_SAMPLER", "xray", "always_on, always_off or traceidratio"],
  ["OTEL_RESOURCE_ATTRIBUTES", "lab", "name=value"],
  ["OTEL_EXPORTER_OTLP_CLIENT_KEY", "me.key", "both or none"],
];

for (const [name, value, expected] of WRONG) {
  Deno.test(`${name}=${value} is refused with one line that says what was expected`, () => {
    const { settings, errors } = read({ ...ENDPOINT, [name]: value });
    assertEquals([settings, errors.length], [undefined, 1]);
    assertStringIncludes(errors[0]!, name);
    assertStringIncludes(errors[0]!, expected);
  });
}

Deno.test("no line shows what may be secret", () => {
  for (const value of ["Bearer s3cret", "authorization=s3cret%", "a=s3cret%0d%0ax: y"]) {
    const { errors } = read({ ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: value });
    assertEquals([errors.length, errors[0]!.includes("s3cret")], [1, false]);
  }
  const { errors } = read({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://user:s3cret@collector" });
  assertEquals([errors.length, errors[0]!.includes("s3cret")], [1, false]);
});

Deno.test("all that is wrong is told at once", () => {
  const { errors } = read({
    OTEL_EXPORTER_OTLP_ENDPOINT: "x",
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    OTEL_TRACES_SAMPLER: "traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "2",
  });
  assertEquals(errors.length, 3);
});
