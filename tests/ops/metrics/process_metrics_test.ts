import { assert, assertEquals } from "@std/assert";
import { PERMISSIONS } from "../../../src/build/run_flags.ts";
import { addProcessMetrics, maxOpenFilesIn } from "../../../src/ops/metrics/process_metrics.ts";
import { Registry } from "../../../src/ops/metrics/registry.ts";
import { addLagMetric, addMemoryMetrics } from "../../../src/ops/metrics/runtime_metrics.ts";
import { LagMeter } from "../../../src/ops/metrics/lag_meter.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const USAGE = { cpu: 1.25, memory: 4096, startTime: 1.7e9, openFiles: 12, maxOpenFiles: Infinity };

Deno.test("the process is shown under the names that everybody uses", async () => {
  const registry = new Registry();
  addProcessMetrics(registry, () => USAGE);
  await registry.refresh();
  assertEquals(registry.text().split("\n").filter((line) => !line.startsWith("#")), [
    "process_cpu_seconds_total 1.25",
    "process_resident_memory_bytes 4096",
    "process_start_time_seconds 1700000000",
    "process_open_fds 12",
    "process_max_fds +Inf",
    "",
  ]);
});

Deno.test("what a machine does not tell has no series, but its family is declared", async () => {
  const registry = new Registry();
  addProcessMetrics(registry, () => ({ ...USAGE, openFiles: undefined, maxOpenFiles: undefined }));
  await registry.refresh();
  const lines = registry.text().split("\n");
  assertEquals(lines.filter((line) => line.startsWith("process_")).length, 3);
  assertEquals(lines.filter((line) => line.startsWith("# TYPE process_")).length, 5);
});

Deno.test("processor time, start and open files agree with what Linux says", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  // Of a process of its own: other tests that run meanwhile open and close files in this one.
  const { before, after, stat } = await inOwnProcess(
    `const files = Array.from({ length: 50 }, () => Deno.openSync("/dev/null"));
const before = await processUsage();
for (const file of files) file.close();
const stat = Deno.readTextFileSync("/proc/self/stat");
console.log(JSON.stringify({ before, after: await processUsage(), stat }));`,
    ["--allow-all"],
  );
  assertEquals(before.openFiles - after.openFiles, 50);
  assert(after.maxOpenFiles > 50);
  // utime and stime are fields 14 and 15, in hundredths of a second; the name of the program may
  // hold blanks.
  const fields = stat.replace(/^.*\) /s, "").split(" ");
  const cpu = (Number(fields[11]) + Number(fields[12])) / 100;
  assert(Math.abs(after.cpu - cpu) < 1, `${after.cpu} s of processor time, Linux says ${cpu}`);
  assert(after.startTime * 1000 < Date.now() && after.startTime * 1000 > Date.now() - 3_600_000);
});

Deno.test("with the program's own permissions, what it may not see is left out without an error", async () => {
  const { cpu, memory, startTime, openFiles, maxOpenFiles } = await inOwnProcess(
    "console.log(JSON.stringify(await processUsage()));",
    PERMISSIONS,
  );
  assert(cpu > 0 && memory > 1_000_000 && startTime > 1.6e9);
  assertEquals([openFiles, maxOpenFiles], [undefined, undefined]);
});

/** What a program that has `processUsage` prints as JSON. */
async function inOwnProcess(program: string, permissions: readonly string[]) {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const module = new URL("../../../src/ops/metrics/process_metrics.ts", import.meta.url);
    await Deno.writeTextFile(file, `import { processUsage } from ${JSON.stringify(module.href)};\n${program}`);
    const command = new Deno.Command(Deno.execPath(), { args: ["run", ...permissions, file], stderr: "inherit" });
    const { code, stdout } = await command.output();
    assertEquals(code, 0);
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(file);
  }
}

for (
  const [text, limit] of [
    ["Limit  Soft Limit\nMax open files            1024                 524288               files\n", 1024],
    ["Max open files            unlimited            unlimited            files\n", Infinity],
    ["Max processes             1024                 1024                 processes\n", undefined],
    ["", undefined],
  ] as const
) {
  Deno.test(`the limit of open files in ${JSON.stringify(text)} is ${limit}`, () => {
    assertEquals(maxOpenFilesIn(text), limit);
  });
}

Deno.test("memory is shown by kind, and further kinds can be added", () => {
  const registry = new Registry();
  addMemoryMetrics(registry, () => ({ rss: 4, heapTotal: 3, heapUsed: 2, external: 1 }))
    .from(() => [[{ kind: "trace" }, 9]]);
  assertEquals(registry.text().split("\n").filter((line) => !line.startsWith("#")), [
    'diamgw_memory_bytes{kind="resident"} 4',
    'diamgw_memory_bytes{kind="heap"} 3',
    'diamgw_memory_bytes{kind="heap_used"} 2',
    'diamgw_memory_bytes{kind="external"} 1',
    'diamgw_memory_bytes{kind="trace"} 9',
    "",
  ]);
});

/** A clock whose alarms go off late, as those of an event loop that is busy do. */
class BusyClock extends FakeClock {
  late = 0;

  override setTimeout(callback: () => void, delay: number): number {
    return super.setTimeout(callback, delay + this.late);
  }
}

Deno.test("the worst delay of the event loop is shown for half a minute, and then forgotten", () => {
  const clock = new BusyClock();
  const registry = new Registry();
  using meter = new LagMeter(clock);
  addLagMetric(registry, meter);
  const shown = () => registry.text().split("\n")[2];
  clock.advance(1_000);
  assertEquals(shown(), "diamgw_event_loop_lag_seconds 0");
  clock.late = 250;
  clock.advance(1_000);
  clock.late = 40;
  clock.advance(1_000);
  assertEquals(meter.worst, 0.25);
  clock.advance(20_000);
  assertEquals(shown(), "diamgw_event_loop_lag_seconds 0.25");
  clock.advance(12_000);
  assertEquals(meter.worst, 0.04);
  clock.late = 0;
  clock.advance(3_600_000);
  assertEquals(meter.worst, 0);
});

Deno.test("a lag meter that is disposed of looks no more", () => {
  const clock = new FakeClock();
  new LagMeter(clock)[Symbol.dispose]();
  assertEquals(clock.alarms, 0);
});
