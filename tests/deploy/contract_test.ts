import { assertEquals } from "@std/assert";
import { faultsIn } from "./contract.ts";

const EXPRESSIONS: [expression: string, faults: string[]][] = [
  ['sum by (dra) (rate(diamgw_requests_total{direction="app_to_dra"}[5m]))', []],
  ["histogram_quantile(0.99, sum by (le) (rate(diamgw_overhead_seconds_bucket[5m])))", []],
  ["diamgw_build_info offset 1h unless on (job, instance) diamgw_build_info", []],
  ["label_values(diamgw_dra_usable, dra)", []],
  ["rate(diamgw_request_total[5m])", ["diamgw_request_total is no metric of the contract"]],
  ["up == 0", ["up is no metric of the contract"]],
  ["diamgw_overhead_seconds > 1", ["diamgw_overhead_seconds is no metric of the contract"]],
  ["diamgw_in_flight_bucket", ["diamgw_in_flight_bucket is no metric of the contract"]],
  ["sum by (host) (diamgw_in_flight)", ["host is no label of what is asked for"]],
  ['diamgw_in_flight{host="a"}', ["diamgw_in_flight has no label host"]],
  ['diamgw_bytes_total{side="dras"}', ["diamgw_bytes_total has no side dras"]],
  ['diamgw_unmatched_answers_total{reason=~"late|soon"}', ["diamgw_unmatched_answers_total has no reason soon"]],
];

for (const [expression, faults] of EXPRESSIONS) {
  Deno.test(`what nobody promised is found in ${expression}`, () => assertEquals(faultsIn(expression), faults));
}
