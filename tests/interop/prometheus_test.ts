import { assert, assertEquals } from "@std/assert";
import {
  addLagMetric,
  addMemoryMetrics,
  addProcessMetrics,
  CONTENT_TYPE,
  CounterFamily,
  formatFor,
  HistogramFamily,
  LagMeter,
  Readings,
  Registry,
  scrape,
  type TextFormat,
} from "../../src/ops/metrics/mod.ts";
import { SYSTEM_CLOCK } from "../../src/net/clock.ts";
import { freePort } from "../support/free_port.ts";
import { Child, temporaryDirectory } from "./child.ts";
import { interopTest, program } from "./programs.ts";

const PROMTOOL = [program("promtool", "prometheus")];
const PROMETHEUS = [program("prometheus", "prometheus")];
/**
 * How long Prometheus may take to start and to scrape, on a machine that is busy, in milliseconds.
 */
const PATIENCE = 30_000;

/** A name that needs every escape there is. */
const ODD_NAME = 'a "quoted"\\name\nof two lines';

/**
 * One family of each kind, with series and without, and everything that the process says of itself.
 */
function registryOf(meter: LagMeter): Registry {
  const registry = new Registry((family, error) => {
    throw new Error(`Cannot read ${family}`, { cause: error });
  });
  const requests = registry.add(
    new CounterFamily("diamgw_requests_total", "Requests relayed.", ["direction", "dra"]),
  ).declare({ direction: ["app_to_dra", "dra_to_app"], dra: ["dra-1"] });
  requests.of({ direction: "app_to_dra", dra: "dra-1" }).value = 41;
  requests.of({ direction: "app_to_dra", dra: ODD_NAME }).value = 1;
  registry.add(new CounterFamily("diamgw_screened_total", "Requests that a rule screened.", ["rule", "action"]));
  registry.add(new CounterFamily("diamgw_failovers_total", 'Failovers, "now"\\ever\nsince.'));
  registry.add(new Readings("gauge", "diamgw_active_priority", "Priority that carries traffic."))
    .from(() => [[{}, NaN]]);
  registry.add(new Readings("gauge", "diamgw_build_info", "What runs.", ["version", "deno"]))
    .from(() => [[{ version: "1.2.3", deno: Deno.version.deno }, 1]]);
  registry.add(new Readings("counter", "diamgw_bytes_total", "Bytes.", ["side", "direction"]))
    .from(() => [[{ side: "app", direction: "in" }, 2 ** 53]]);
  const durations = registry.add(
    new HistogramFamily("diamgw_request_duration_seconds", "From request to answer.", ["dra"]),
  );
  for (let i = 0; i < 1000; i++) durations.of({ dra: "dra-1" }).observe(i * 1000);
  registry.add(new HistogramFamily("diamgw_overhead_seconds", "Our share of it."));
  addMemoryMetrics(registry);
  addLagMetric(registry, meter);
  addProcessMetrics(registry);
  return registry;
}

async function textOf(registry: Registry, format: TextFormat): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of scrape(registry, format)) text += decoder.decode(chunk, { stream: true });
  return text;
}

interopTest("promtool finds nothing to say about the metrics", PROMTOOL, async () => {
  using meter = new LagMeter(SYSTEM_CLOCK);
  const process = new Deno.Command("promtool", {
    args: ["check", "metrics"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(await textOf(registryOf(meter), "prometheus")));
  await writer.close();
  const { code, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  assertEquals({ code, said: decoder.decode(stdout) + decoder.decode(stderr) }, { code: 0, said: "" });
});

interopTest("Prometheus scrapes a server of these metrics, in both formats", PROMETHEUS, async () => {
  using meter = new LagMeter(SYSTEM_CLOCK);
  const registry = registryOf(meter);
  const asked = new Set<TextFormat>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    // Prometheus prefers OpenMetrics: to see the other format read too, the path decides.
    asked.add(formatFor(request.headers.get("accept")));
    const format = request.url.endsWith("/openmetrics") ? "openmetrics" : "prometheus";
    return new Response(await textOf(registry, format), { headers: { "content-type": CONTENT_TYPE[format] } });
  });
  await using directory = await temporaryDirectory();
  const jobs = ["prometheus", "openmetrics"].map((job) =>
    `  - {job_name: ${job}, metrics_path: /${job}, static_configs: [{targets: ["127.0.0.1:${server.addr.port}"]}]}`
  );
  await Deno.writeTextFile(
    `${directory.path}/prometheus.yml`,
    ["global: {scrape_interval: 500ms, scrape_timeout: 500ms}", "scrape_configs:", ...jobs, ""].join("\n"),
  );
  const port = freePort();
  await using prometheus = new Child("prometheus", "prometheus", {
    args: [
      `--config.file=${directory.path}/prometheus.yml`,
      `--storage.tsdb.path=${directory.path}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    cwd: directory.path,
  });
  await prometheus.line(/ready to receive web requests/, PATIENCE);
  const query = async (expression: string): Promise<Record<string, string>[]> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { data } = await response.json();
    return data.result.map((one: { metric: Record<string, string>; value: [number, string] }) => {
      const { job: _job, instance: _instance, __name__: _name, ...labels } = one.metric;
      return { ...labels, value: one.value[1] };
    });
  };
  for (const job of ["prometheus", "openmetrics"]) {
    const up = `up{job="${job}"} == 1`;
    // A scrape is stored as a whole: once this is there, everything is.
    const deadline = performance.now() + PATIENCE;
    while ((await query(up)).length === 0) {
      assert(performance.now() < deadline, `no ${up}${prometheus.log}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const series = (name: string, labels = "") => query(`${name}{job="${job}"${labels}}`);
    assertEquals(await series("diamgw_requests_total", ',direction="app_to_dra"'), [
      { direction: "app_to_dra", dra: ODD_NAME, value: "1" },
      { direction: "app_to_dra", dra: "dra-1", value: "41" },
    ]);
    assertEquals(await series("diamgw_active_priority"), [{ value: "NaN" }]);
    const buckets = await series("diamgw_request_duration_seconds_bucket", ',le=~"0.25|1|1.0"');
    assertEquals(buckets.map(({ value }) => value), ["251", "1000"]);
    assertEquals(await series("diamgw_request_duration_seconds_sum"), [{ dra: "dra-1", value: "499.5" }]);
    const [memory] = await series("process_resident_memory_bytes");
    assert(Number(memory?.["value"]) > 1_000_000);
  }
  assertEquals([...asked], ["openmetrics"]);
});
