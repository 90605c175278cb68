import { assert, assertEquals, assertThrows } from "@std/assert";
import { CounterFamily } from "../../../src/ops/metrics/counter.ts";
import { CountersByNumber } from "../../../src/ops/metrics/counters_by_number.ts";
import { Readings } from "../../../src/ops/metrics/readings.ts";

Deno.test("a counter is the same object for the same labels, in whatever order they are written", () => {
  const family = new CounterFamily("diamgw_sent_total", "Sent.", ["dra", "reason"]);
  const one = family.of({ dra: "east", reason: "lost" });
  assert(family.of({ reason: "lost", dra: "east" }) === one);
  one.value += 2;
  family.of({ dra: "west", reason: "lost" }).value++;
  assertEquals([...family], [[{ dra: "east", reason: "lost" }, 2], [{ dra: "west", reason: "lost" }, 1]]);
});

Deno.test("label values that run together are still two counters", () => {
  const family = new CounterFamily("diamgw_sent_total", "Sent.", ["a", "b"]);
  family.of({ a: 'x","y', b: "z" }).value = 1;
  family.of({ a: "x", b: 'y","z' }).value = 2;
  assertEquals([...family].map(([, value]) => value), [1, 2]);
});

Deno.test("what is above the bound of label sets counts together, and nothing is lost", () => {
  const family = new CounterFamily("diamgw_sent_total", "Sent.", ["app"], 3);
  for (let i = 0; i < 10; i++) family.of({ app: `app-${i}` }).value++;
  family.of({ app: "app-1" }).value++;
  assertEquals([...family].map(([{ app }, value]) => [app, value]), [
    ["app-0", 1],
    ["app-1", 2],
    ["app-2", 1],
    ["other", 7],
  ]);
});

Deno.test("a series that is called other takes no place from the others", () => {
  const family = new CounterFamily("diamgw_sent_total", "Sent.", ["code"], 2);
  for (const code of ["other", "2001", "3002", "3004"]) family.of({ code }).value++;
  assertEquals([...family].map(([{ code }, value]) => [code, value]), [["other", 2], ["2001", 1], ["3002", 1]]);
});

Deno.test("declared label sets are there with 0 before anything happened, and a family without labels always", () => {
  const family = new CounterFamily("diamgw_retransmissions_total", "Again.", ["dra", "reason"])
    .declare({ dra: ["east", "west"], reason: ["lost", "timeout"] });
  assertEquals([...family.lines()], [
    'diamgw_retransmissions_total{dra="east",reason="lost"} 0\n',
    'diamgw_retransmissions_total{dra="east",reason="timeout"} 0\n',
    'diamgw_retransmissions_total{dra="west",reason="lost"} 0\n',
    'diamgw_retransmissions_total{dra="west",reason="timeout"} 0\n',
  ]);
  assertEquals([...new CounterFamily("diamgw_failovers_total", "Failovers.").lines()], ["diamgw_failovers_total 0\n"]);
});

Deno.test("the counters of a DRA that is gone are shown no more, and make room", () => {
  const family = new CounterFamily("diamgw_sent_total", "Sent.", ["dra", "code"], 2);
  family.declare({ dra: ["east"], code: ["1", "2"] });
  family.forget({ dra: "east" });
  family.of({ dra: "west", code: "1" }).value++;
  assertEquals([...family], [[{ dra: "west", code: "1" }, 1]]);
});

Deno.test("counters by number: known numbers have their own, all others share one", () => {
  const family = new CounterFamily("diamgw_answers_total", "Answers.", ["result_code"]);
  const asked: number[] = [];
  const counters = new CountersByNumber(
    (code) => (asked.push(code), code < 6000),
    (label) => family.of({ result_code: label }),
  );
  for (const code of [2001, 2001, 5012, 99999, 2001, 4242424242, 99999, 0]) counters.of(code).value++;
  assertEquals([...family].map(([{ result_code }, value]) => [result_code, value]), [
    ["2001", 3],
    ["5012", 1],
    ["other", 3],
    ["0", 1],
  ]);
  assertEquals(asked, [2001, 5012, 99999, 4242424242, 99999, 0]);
});

Deno.test("readings ask their sources for each scrape", () => {
  let bytes = 5;
  const source = () => [[{ side: "dra" }, bytes]] as const;
  const family = new Readings("gauge", "diamgw_queue_bytes", "Waiting.", ["side"]).from(source);
  assertEquals([...family.lines()], ['diamgw_queue_bytes{side="dra"} 5\n']);
  bytes = 7;
  family.from(() => [[{ side: "app" }, 1]]);
  assertEquals([...family.lines()], ['diamgw_queue_bytes{side="dra"} 7\n', 'diamgw_queue_bytes{side="app"} 1\n']);
  family.forget(source);
  assertEquals([...family], [[{ side: "app" }, 1]]);
});

for (
  const [name, labels, help, reason] of [
    ["http_requests_total", [], "Requests.", "diamgw_"],
    ["diamgw_Requests_total", [], "Requests.", "small letters"],
    ["diamgw_requests", [], "Requests.", "_total"],
    ["diamgw_requests_total", ["le"], "Requests.", "le cannot be a label"],
    ["diamgw_requests_total", ["a-b"], "Requests.", "a-b cannot be a label"],
    ["diamgw_requests_total", [], "", "help"],
  ] as const
) {
  Deno.test(`a counter ${name} with labels [${labels}] and help "${help}" is refused`, () => {
    assertThrows(() => new CounterFamily(name, help, labels), TypeError, reason);
  });
}
