import { assert, assertEquals } from "@std/assert";
import { stringify } from "yaml";
import { temporaryDirectory } from "../interop/child.ts";
import { interopTest, program } from "../interop/programs.ts";
import { faultsIn } from "./contract.ts";
import { ALERTS_FILE, anchorsOf, expressionsOf, readAlerts, readDashboard, readOperations } from "./files.ts";

const PROMTOOL = [program("promtool", "prometheus")];

Deno.test("alerts and dashboard ask for nothing but metrics and labels of the contract", async () => {
  const asked: [string, string][] = [
    ...(await readAlerts()).map(({ alert, expr }): [string, string] => [alert, expr]),
    ...expressionsOf(await readDashboard()),
  ];
  assert(asked.length > 40);
  assertEquals(asked.flatMap(([what, expr]) => faultsIn(expr).map((fault) => `${what}: ${fault}`)), []);
});

Deno.test("every alert has a name of its own, and a place in the runbook", async () => {
  const alerts = await readAlerts();
  assertEquals(new Set(alerts.map(({ alert }) => alert)).size, alerts.length);
  const anchors = anchorsOf(await readOperations());
  const places = alerts.map(({ annotations }) => annotations.runbook);
  const unknown = places.filter((place) => {
    const [file, anchor = ""] = place.split("#");
    return file !== "docs/OPERATIONS.md" || !anchors.includes(anchor);
  });
  assertEquals(unknown, []);
});

Deno.test("the panels of the dashboard do not overlap, and say what they show", async () => {
  const { panels } = await readDashboard();
  assertEquals(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Map<string, string>();
  for (const { title, type, description, gridPos: { x, y, w, h } } of panels) {
    assert(x + w <= 24, title);
    if (type !== "row") assert(description !== undefined && description !== "", `${title} has no description`);
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        const cell = `${column},${row}`;
        assertEquals(taken.get(cell), undefined, `${title} is drawn over another one`);
        taken.set(cell, title);
      }
    }
  }
});

/** Runs promtool; what it says when it is not content. */
async function promtool(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("promtool", { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  return success ? "" : `${decoder.decode(stdout)}${decoder.decode(stderr)}`;
}

interopTest("promtool is content with the alerts, and with every expression of the dashboard", PROMTOOL, async () => {
  assertEquals(await promtool("check", "rules", "--lint-fatal", ALERTS_FILE), "");
  await using directory = await temporaryDirectory();
  const rules = expressionsOf(await readDashboard())
    .filter(([what]) => !what.startsWith("variable "))
    .map(([, expr], nth) => ({ record: `panel:${nth}`, expr: expr.replaceAll("$__rate_interval", "5m") }));
  const file = `${directory.path}/panels.yaml`;
  await Deno.writeTextFile(file, stringify({ groups: [{ name: "panels", rules }] }));
  assertEquals(await promtool("check", "rules", "--lint-fatal", file), "");
});

/** A series from its beginning on, a value each minute, in promtool's notation. */
type Series = readonly [series: string, values: string];

const GATEWAY = 'job="diam-gw", instance="gw1"';
const BUILD: Series = [`diamgw_build_info{${GATEWAY}, version="1"}`, "1x60"];

/** What is seen, and which alerts of which severity are up after half an hour. */
const SCENES: [scene: string, series: Series[], alerts: string[]][] = [
  ["all is well", [
    BUILD,
    [`diamgw_dra_usable{${GATEWAY}, dra="a"}`, "1x60"],
    [`diamgw_dra_usable{${GATEWAY}, dra="b"}`, "1x60"],
    [`diamgw_requests_total{${GATEWAY}, direction="app_to_dra", dra="a"}`, "0+60000x60"],
    [`diamgw_answers_total{${GATEWAY}, direction="app_to_dra", dra="a", result_code="2001"}`, "0+59000x60"],
    [`diamgw_answers_total{${GATEWAY}, direction="app_to_dra", dra="a", result_code="3002"}`, "0+1000x60"],
    [`diamgw_error_answers_total{${GATEWAY}, code="3002", reason="timeout"}`, "0+60x60"],
    [`diamgw_failovers_total{${GATEWAY}}`, "0x60"],
    [`diamgw_refused_total{${GATEWAY}, listener="l", reason="silent"}`, "0+600x60"],
    [`diamgw_unmatched_answers_total{${GATEWAY}, reason="gone"}`, "0+6000x60"],
    [`process_open_fds{${GATEWAY}}`, "100x60"],
    [`process_max_fds{${GATEWAY}}`, "1000x60"],
    [`process_start_time_seconds{${GATEWAY}}`, "5x60"],
    [`process_resident_memory_bytes{${GATEWAY}}`, "70000000x60"],
    ['process_resident_memory_bytes{job="other", instance="db"}', "70000000000x60"],
  ], []],
  ["no DRA", [BUILD, [`diamgw_dra_usable{${GATEWAY}, dra="a"}`, "1x20 0x40"]], ["DiamGwDraUnusable", "DiamGwNoDra"]],
  ["one DRA of two", [
    BUILD,
    [`diamgw_dra_usable{${GATEWAY}, dra="a"}`, "1x10 0x50"],
    [`diamgw_dra_usable{${GATEWAY}, dra="b"}`, "1x60"],
  ], ["DiamGwDraUnusable", "DiamGwLastDra"]],
  ["one DRA of one", [BUILD, [`diamgw_dra_usable{${GATEWAY}, dra="a"}`, "1x60"]], []],
  ["failing over again and again", [BUILD, [`diamgw_failovers_total{${GATEWAY}}`, "0+1x60"]], ["DiamGwFlapping"]],
  ["own error answers", [
    BUILD,
    [`diamgw_requests_total{${GATEWAY}, direction="app_to_dra", dra="a"}`, "0+6000x60"],
    [`diamgw_error_answers_total{${GATEWAY}, code="3004", reason="dra_full"}`, "0+600x60"],
  ], ["DiamGwOwnErrorAnswers"]],
  ["nothing but own error answers", [
    BUILD,
    [`diamgw_requests_total{${GATEWAY}, direction="app_to_dra", dra="a"}`, "0x60"],
    [`diamgw_error_answers_total{${GATEWAY}, code="3002", reason="no_route"}`, "0+600x60"],
  ], ["DiamGwOwnErrorAnswers"]],
  ["a DRA that is too busy, slow and loses requests", [
    BUILD,
    [`diamgw_requests_total{${GATEWAY}, direction="app_to_dra", dra="a"}`, "0+6000x60"],
    [`diamgw_answers_total{${GATEWAY}, direction="app_to_dra", dra="a", result_code="2001"}`, "0+5000x60"],
    [`diamgw_answers_total{${GATEWAY}, direction="app_to_dra", dra="a", result_code="3004"}`, "0+1000x60"],
    [`diamgw_retransmissions_total{${GATEWAY}, dra="b", reason="timeout"}`, "0+300x60"],
    [`diamgw_unmatched_answers_total{${GATEWAY}, reason="late"}`, "0+300x60"],
    [`diamgw_request_duration_seconds_bucket{${GATEWAY}, dra="a", le="1"}`, "0+100x60"],
    [`diamgw_request_duration_seconds_bucket{${GATEWAY}, dra="a", le="5"}`, "0+6000x60"],
    [`diamgw_request_duration_seconds_bucket{${GATEWAY}, dra="a", le="+Inf"}`, "0+6000x60"],
  ], ["DiamGwAnswersMissing", "DiamGwDraErrorAnswers", "DiamGwSlowAnswers", "DiamGwUnmatchedAnswers"]],
  ["a process at its limits", [
    BUILD,
    [`diamgw_event_loop_lag_seconds{${GATEWAY}}`, "1x60"],
    [`diamgw_queue_bytes{${GATEWAY}, side="app"}`, "50000000x60"],
    [`diamgw_refused_total{${GATEWAY}, listener="l", reason="limit"}`, "0+60x60"],
    [`process_open_fds{${GATEWAY}}`, "900x60"],
    [`process_max_fds{${GATEWAY}}`, "1000x60"],
    [`process_resident_memory_bytes{${GATEWAY}}`, "5000000000x60"],
  ], ["DiamGwBusy", "DiamGwConnectionsRefused", "DiamGwFiles", "DiamGwMemory", "DiamGwQueues"]],
  ["a gRPC gateway that is well", [
    BUILD,
    [`diamgw_grpc_instances{${GATEWAY}, cluster="a", state="ready"}`, "2x60"],
    [`diamgw_grpc_instances{${GATEWAY}, cluster="a", state="failed"}`, "1x60"],
    [`diamgw_grpc_calls_total{${GATEWAY}, route="/", cluster="a", status="OK"}`, "0+6000x60"],
    [`diamgw_grpc_gateway_errors_total{${GATEWAY}, reason="no_route"}`, "0+600x60"],
    [`diamgw_grpc_gateway_errors_total{${GATEWAY}, reason="token"}`, "0+60x60"],
    [`diamgw_grpc_gateway_errors_total{${GATEWAY}, reason="busy"}`, "0+6x60"],
    [`diamgw_grpc_instance_failures_total{${GATEWAY}, cluster="a"}`, "0x20 1x40"],
    [`diamgw_grpc_violations_total{${GATEWAY}, kind="resets"}`, "0x20 1x40"],
  ], []],
  ["a cluster without instances", [
    BUILD,
    [`diamgw_grpc_instances{${GATEWAY}, cluster="a", state="ready"}`, "0x60"],
    [`diamgw_grpc_instances{${GATEWAY}, cluster="a", state="failed"}`, "2x60"],
    [`diamgw_grpc_calls_total{${GATEWAY}, route="/", cluster="a", status="UNAVAILABLE"}`, "0+600x60"],
    [`diamgw_grpc_gateway_errors_total{${GATEWAY}, reason="backend"}`, "0+600x60"],
    [`diamgw_grpc_instance_failures_total{${GATEWAY}, cluster="a"}`, "0+4x60"],
    [
      `diamgw_grpc_discoverer_requests_total{${GATEWAY}, cluster="a", operation="instances", result="error"}`,
      "0+12x60",
    ],
  ], ["DiamGwGrpcCallsFail", "DiamGwGrpcDiscoverer", "DiamGwGrpcInstancesFail", "DiamGwGrpcNoInstance"]],
  ["gRPC clients that should not be trusted", [
    BUILD,
    [`diamgw_grpc_calls_total{${GATEWAY}, route="/", cluster="a", status="UNAUTHENTICATED"}`, "0+600x60"],
    [`diamgw_grpc_gateway_errors_total{${GATEWAY}, reason="token"}`, "0+600x60"],
    [`diamgw_grpc_violations_total{${GATEWAY}, kind="resets"}`, "0+60x60"],
  ], ["DiamGwGrpcTokens", "DiamGwGrpcViolations"]],
  ["a restart", [BUILD, [`process_start_time_seconds{${GATEWAY}}`, "5x25 1000x35"]], ["DiamGwRestarted"]],
];

interopTest("each alert is up when it should be, and no other", PROMTOOL, async () => {
  await using directory = await temporaryDirectory();
  const alerts = (await readAlerts()).map(({ alert }) => alert);
  const seen = new Set(SCENES.flatMap(([, , expected]) => expected));
  assertEquals(alerts.filter((alert) => !seen.has(alert)), ["DiamGwGone"], "alerts that no scene raises");
  for (const [scene, series, expected] of SCENES) {
    const found = await raised(directory.path, series, alerts, "30m");
    assertEquals(found, expected, scene);
  }
  const gone: Series[] = [[BUILD[0], "1x30 stale"]];
  assertEquals(await raised(directory.path, gone, alerts, "65m"), ["DiamGwGone"]);
});

/**
 * The alerts that are up at `time`, by name: those of which promtool says that they should not be.
 */
async function raised(
  directory: string,
  series: readonly Series[],
  alerts: readonly string[],
  time: string,
): Promise<string[]> {
  const file = `${directory}/scene.yaml`;
  const tests = [{
    interval: "1m",
    input_series: series.map(([name, values]) => ({ series: name, values })),
    alert_rule_test: alerts.map((alertname) => ({ alertname, eval_time: time, exp_alerts: [] })),
  }];
  await Deno.writeTextFile(file, stringify({ rule_files: [ALERTS_FILE], evaluation_interval: "30s", tests }));
  const said = await promtool("test", "rules", file);
  return [...new Set([...said.matchAll(/alertname: (\w+)/g)].map(([, name = ""]) => name))].sort();
}
