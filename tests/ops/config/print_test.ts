import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import { SECTIONS } from "../../../src/host/config.ts";
import { type ConfigOf, defaultConfig, loadConfig, printConfig } from "../../../src/ops/config/mod.ts";

function load(text: string): ConfigOf<typeof SECTIONS> {
  const loaded = loadConfig(SECTIONS, { file: "gw.yaml", text, environment: () => undefined });
  assert(loaded.ok, loaded.ok ? "" : loaded.errors.join("\n"));
  return loaded.config;
}

const CONFIGURATIONS = {
  "all defaults": "",
  "every section": `
gateway: {origin_host: "1234", product_name: "a $\${b} 'c' \\"d\\" # e", applications: [{id: 4}], never_retry: [271], drain_timeout: 0}
server: {listen: ["[::]:3868", "localhost:0"], max_message_size: 65537, write_timeout: 1500ms}
dra_pool:
  reconnect: {initial: 250ms, multiplier: 2, jitter: 0}
  balance: least_pending
  dras:
    - {host: "::1", port: 1, weight: 0, bind: 127.0.0.1, origin_host: dra.example}
    - {name: second, host: h, priority: 2}
logging: {level: debug, format: json, requests: true}
stats: {interval: 0}
`,
  "a short watchdog interval": "server: {watchdog_interval: 500ms}",
};

for (const [name, text] of Object.entries(CONFIGURATIONS)) {
  Deno.test(`what is printed loads to the same configuration: ${name}`, () => {
    const config = load(text);
    assertEquals(load(printConfig(SECTIONS, config)), config);
  });
}

Deno.test("durations and addresses are printed as people write them, and every default is there", () => {
  const plain = parse(printConfig(SECTIONS, defaultConfig(SECTIONS))) as Record<string, Record<string, unknown>>;
  assertEquals(plain["gateway"]?.["request_timeout"], "30s");
  assertEquals(plain["server"]?.["listen"], ["127.0.0.1:3868"]);
  assertEquals(plain["server"]?.["max_message_size"], "64KiB");
  assertEquals(plain["dra_pool"]?.["reconnect"], {
    initial: "5s",
    multiplier: 1.5,
    max: "5m",
    jitter: 0.2,
    after_refusal: "5m",
  });
  assertEquals(plain["stats"], { interval: "60s" });
});
