/**
 * The metrics of a real gateway: all there from the start, each moves when what it counts happens.
 */
import { assert, assertEquals } from "@std/assert";
import { ERROR_ANSWERS } from "../../src/diameter/relay/core/refusal.ts";
import { AppSimulator, type AppSimulatorOptions } from "../../src/diameter/sim/app.ts";
import { DraSimulator } from "../../src/diameter/sim/dra.ts";
import type { Faults } from "../../src/diameter/sim/faults.ts";
import { DIAMETER_METRICS as METRICS, GRPC_METRICS } from "../deploy/contract.ts";
import { interopTest, program } from "../interop/programs.ts";
import { freeAddress } from "../support/free_port.ts";
import { request } from "../support/raw_message.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { RunningHost } from "./running_host.ts";

/** Every family of the contract with its labels. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(METRICS).map(([name, { labels }]) => [name, Object.keys(labels)]),
);

/** A gateway between two simulated DRAs. */
class Measured implements AsyncDisposable {
  readonly #ends: (() => unknown)[] = [];

  private constructor(readonly host: RunningHost, readonly dras: readonly [DraSimulator, DraSimulator]) {}

  static async start(
    change: { gateway?: object; draPool?: object; policy?: object; faults?: Partial<Faults> } = {},
  ): Promise<Measured> {
    const faults = change.faults ?? {};
    const dras = [
      new DraSimulator({ originHost: "dra-1.core.example.net", listen: freeAddress(), faults }),
      new DraSimulator({ originHost: "dra-2.core.example.net", listen: freeAddress() }),
    ] as const;
    const host = await RunningHost.start({
      gateway: { ...change.gateway },
      dra_pool: {
        reconnect: { initial: "20ms", max: "20ms" },
        reopen_watchdogs: 1,
        dpr_timeout: "200ms",
        ...change.draPool,
        dras: dras.map((dra, i) => ({
          name: `dra-${i + 1}`,
          host: "127.0.0.1",
          port: dra.start().port,
          priority: i + 1,
        })),
      },
      logging: { level: "debug" },
      ...change.policy,
    });
    const measured = new Measured(host, dras);
    await until(() => host.logged("dra_up").length === 2, "both are usable");
    return measured;
  }

  /** A Logic App that ends with this. */
  async app(options: Partial<AppSimulatorOptions> = {}): Promise<AppSimulator> {
    const app = new AppSimulator({ connect: this.host.address, ...options });
    await app.start();
    this.#ends.push(() => app.stop());
    return app;
  }

  /** One whose bytes the test decides, behind its CER. */
  async raw(): Promise<RawPeer> {
    const raw = await this.connect();
    await raw.exchangeCapabilities();
    return raw;
  }

  async connect(): Promise<RawPeer> {
    const raw = await RawPeer.connect(this.host.address.port, { host: "raw.example.net", realm: "example.net" });
    this.#ends.push(() => raw.close());
    return raw;
  }

  /** All series. */
  async series(): Promise<Map<string, number>> {
    const { text } = await this.host.ask("/metrics");
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
    );
  }

  /** Waits until each of these series is above what it was. */
  async rise(before: ReadonlyMap<string, number>, series: readonly string[]): Promise<void> {
    let missing: string[] = [];
    await until(async () => {
      const now = await this.series();
      missing = series.filter((each) => !((now.get(each) ?? 0) > (before.get(each) ?? 0)));
      return missing.length === 0;
    }, "all of them rise").catch((error) => assertEquals(missing, [], String(error)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) await end();
    await this.host[Symbol.asyncDispose]();
    for (const dra of this.dras) dra.kill();
  }
}

/** What happens, and which series rise by it. */
interface Row {
  readonly what: string;
  readonly start?: Parameters<typeof Measured.start>[0];
  readonly series: readonly string[];
  play(measured: Measured): Promise<unknown>;
}

const ask = async (measured: Measured, requests = 20) => await (await measured.app()).run({ requests });
const watchdogs = (...events: string[]) =>
  events.map((event) => `diamgw_watchdog_events_total{dra="dra-1",event="${event}"}`);
const resent = (reason: string) => `diamgw_retransmissions_total{dra="dra-2",reason="${reason}"}`;
const unmatched = (reason: string) => `diamgw_unmatched_answers_total{reason="${reason}"}`;

const TABLE: readonly Row[] = [
  {
    what: "requests of a Logic App are answered by a DRA",
    series: [
      'diamgw_requests_total{direction="app_to_dra",dra="dra-1"}',
      'diamgw_answers_total{direction="app_to_dra",dra="dra-1",result_code="2001"}',
      ...["app", "dra"].flatMap((side) =>
        ["in", "out"].map((direction) => `diamgw_bytes_total{side="${side}",direction="${direction}"}`)
      ),
      'diamgw_connections{side="app",state="open"}',
      'diamgw_request_duration_seconds_count{dra="dra-1"}',
      'diamgw_request_duration_seconds_sum{dra="dra-1"}',
      "diamgw_overhead_seconds_count",
      "process_cpu_seconds_total",
    ],
    play: ask,
  },
  {
    what: "a request of a DRA is answered by a Logic App",
    series: [
      'diamgw_requests_total{direction="dra_to_app",dra="dra-1"}',
      'diamgw_answers_total{direction="dra_to_app",dra="dra-1",result_code="2001"}',
    ],
    async play(measured) {
      await measured.app({ mix: { s13: 1 } });
      await measured.dras[0].request(request({ destinationHost: "app-1.apps.example.net" }));
    },
  },
  {
    what: "result codes that nobody knows are one",
    series: ['diamgw_answers_total{direction="app_to_dra",dra="dra-1",result_code="other"}'],
    async play(measured) {
      measured.dras[0].setFaults({ result: { code: 2999, vendor: 0 } });
      await ask(measured);
      const codes = [...(await measured.series()).keys()].filter((each) => each.includes("2999"));
      assertEquals(codes, []);
    },
  },
  {
    what: "a DRA is late, another one is asked, and is too late",
    start: { gateway: { answer_timeout: "50ms", request_timeout: "200ms" } },
    series: [resent("timeout"), unmatched("late")],
    async play(measured) {
      for (const dra of measured.dras) dra.setFaults({ delay: 400 });
      await ask(measured, 1);
    },
  },
  {
    what: "a DRA answers with an error, twice, or something that nobody asked",
    series: [resent("error_answer"), unmatched("duplicate"), unmatched("unknown")],
    async play(measured) {
      measured.dras[0].setFaults({ busyEvery: 2, duplicateEvery: 3, wrongHopByHopEvery: 5 });
      await (await measured.app({ timeout: 100 })).run({ requests: 30 });
    },
  },
  {
    what: "a Logic App leaves before its answer comes",
    series: [unmatched("gone"), 'diamgw_in_flight{dra="dra-1"}'],
    async play(measured) {
      measured.dras[0].setFaults({ delay: 300 });
      const before = await measured.series();
      const raw = await measured.raw();
      await raw.send(request());
      await measured.rise(before, ['diamgw_in_flight{dra="dra-1"}']);
      await raw.close();
      await measured.rise(before, [unmatched("gone")]);
      await (await measured.raw()).send(request());
    },
  },
  {
    what: "a DRA is lost under requests, and comes back",
    series: [
      resent("lost"),
      'diamgw_connection_attempts_total{dra="dra-1",result="ok"}',
      'diamgw_connection_attempts_total{dra="dra-1",result="failed"}',
      "diamgw_failovers_total",
      "diamgw_failbacks_total",
      ...watchdogs("sent", "answered", "down", "reopen", "okay"),
    ],
    async play(measured) {
      const [dra] = measured.dras;
      dra.setFaults({ delay: 600_000 });
      const raw = await measured.raw();
      const before = await measured.series();
      await raw.send(request());
      await until(() => dra.counters.requests > 0, "it has the request");
      dra.kill();
      await measured.rise(before, ["diamgw_failovers_total", "diamgw_active_priority"]);
      const down = await measured.series();
      assertEquals([down.get('diamgw_dra_usable{dra="dra-1"}'), down.get("diamgw_active_priority")], [0, 2]);
      await raw.nextAnswer();
      await measured.rise(before, ['diamgw_connection_attempts_total{dra="dra-1",result="failed"}']);
      dra.start();
      await measured.rise(down, ['diamgw_dra_usable{dra="dra-1"}', "diamgw_failbacks_total"]);
    },
  },
  {
    what: "a DRA does not answer its watchdog",
    start: { draPool: { watchdog_interval: "50ms", watchdog_jitter: "1ms" }, faults: { noWatchdog: true } },
    series: [resent("suspect"), ...watchdogs("sent", "suspect", "down")],
    async play(measured) {
      const raw = await measured.raw();
      measured.dras[0].setFaults({ delay: 600_000 });
      await until(async () => {
        await raw.send(request());
        return (await measured.series()).get(resent("suspect"))! > 0;
      }, "requests of it go elsewhere");
    },
  },
  {
    what: "somebody sends what cannot be taken",
    series: [
      'diamgw_error_answers_total{code="3001",reason="no_destination"}',
      'diamgw_discarded_total{reason="frame_length"}',
    ],
    async play(measured) {
      const raw = await measured.raw();
      await raw.send(request({ destinationRealm: null }));
      await raw.nextAnswer();
      await raw.send(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
      await raw.nextEnd();
    },
  },
  {
    what: "a connection is not served",
    series: ["silent", "capabilities"].map((reason) => `diamgw_refused_total{listener="LISTENER",reason="${reason}"}`),
    async play(measured) {
      await (await measured.connect()).close();
      const raw = await measured.connect();
      await raw.send(request());
      await raw.nextEnd();
    },
  },
  {
    what: "requests are routed, changed, screened and too many",
    start: {
      policy: {
        routing: {
          allow_proxy_acts: true,
          routes: [
            { name: "group", match: { avps: [{ path: "443/444", exact: "x" }] }, reject: 3003 },
            { name: "long", match: { avps: [{ path: "User-Name", regex: "x" }] }, reject: 3003 },
            { name: "out", pool: "default", rewrite: { destination_host: "a.b" } },
          ],
        },
        limits: [{ name: "few", requests_per_second: 1, burst: 1 }],
        screening: { mode: "log", otherwise: "reject" },
      },
    },
    series: [
      'diamgw_route_requests_total{route="out"}',
      'diamgw_rewrites_total{route="out"}',
      'diamgw_rate_limited_total{limit="few"}',
      'diamgw_screened_total{rule="none",action="would_reject"}',
      'diamgw_policy_faults_total{reason="avp"}',
      'diamgw_policy_faults_total{reason="too_long"}',
      'diamgw_error_answers_total{code="3004",reason="rate_limit"}',
    ],
    async play(measured) {
      const raw = await measured.raw();
      const more = request({ more: (b) => void b.octets(443, new Uint8Array(4)).text(1, "y".repeat(2000)) });
      await raw.send(more, request());
      await raw.nextAnswer();
      await raw.nextAnswer();
    },
  },
  {
    what: "somebody does not read",
    series: ['diamgw_queue_bytes{side="app"}'],
    async play(measured) {
      const raw = await measured.raw();
      raw.pause();
      const before = await measured.series();
      // More than the buffers of the system hold: it does not end before the connection does.
      raw.send(...Array.from({ length: 100_000 }, () => request({ destinationRealm: null }))).catch(() => {});
      await measured.rise(before, ['diamgw_queue_bytes{side="app"}']);
    },
  },
];

for (const { what, start, series, play } of TABLE) {
  Deno.test(`a metric moves: ${what}`, async () => {
    await using measured = await Measured.start(start);
    const { hostname, port } = measured.host.address;
    const named = series.map((each) => each.replace("LISTENER", `${hostname}:${port}`));
    const before = await measured.series();
    await play(measured);
    await measured.rise(before, named);
  });
}

/** What is what it is from the start, or depends on the machine. */
const STEADY = ["process_start_time_seconds", "process_open_fds", "process_max_fds", "process_resident_memory_bytes"];

Deno.test("every metric that counts something is seen to move", () => {
  const moved = TABLE.flatMap(({ series }) => series);
  const steady = [...STEADY, "diamgw_build_info", "diamgw_memory_bytes", "diamgw_event_loop_lag_seconds"];
  // These two within the story of a DRA that is lost.
  const told = ["diamgw_dra_usable", "diamgw_active_priority"];
  // These with the circuit breakers, see operations_test.ts.
  told.push("diamgw_breaker_state", "diamgw_breaker_transitions_total");
  // These where duplicates are looked for, see duplicates_test.ts.
  told.push("diamgw_duplicates_total", "diamgw_duplicate_cache_bytes");
  // These while no DRA is usable, see queue_test.ts.
  told.push("diamgw_waiting_requests", "diamgw_waiting_bytes", "diamgw_wait_seconds");
  const missing = Object.keys(FAMILIES).filter((family) => !moved.some((each) => each.startsWith(family)));
  assertEquals(missing.toSorted(), [...steady, ...told].toSorted());
});

Deno.test("every metric of the contract is there from the start, with its labels, and no other name", async () => {
  await using measured = await Measured.start();
  const { text } = await measured.host.ask("/metrics");
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]));
  assertEquals([...types.keys()].toSorted(), Object.keys(FAMILIES).toSorted());
  for (const [name, type] of types) {
    assertEquals([type, type === "counter"], [METRICS[name]?.kind, name.endsWith("_total")], name);
  }
  for (const series of (await measured.series()).keys()) {
    const family = [...types.keys()].find((name) => new RegExp(`^${name}(_bucket|_sum|_count)?({|$)`).test(series));
    assert(family !== undefined, series);
    const labels = [...series.matchAll(/[{,](\w+)="/g)].map(([, label]) => label!).filter((label) => label !== "le");
    assertEquals(labels, FAMILIES[family], series);
    for (const [, label = "", value = ""] of series.matchAll(/[{,](\w+)="([^"]*)"/g)) {
      const values = METRICS[family]?.labels[label];
      assert(values === undefined || values.includes(value), series);
    }
  }
});

Deno.test("every metric of the gRPC plane is there, with its labels, and no other name", async () => {
  const main = { type: "dynamic", discoverer_url: "http://127.0.0.1:1" };
  await using host = await RunningHost.start({
    grpc: { listen: ["127.0.0.1:0"], routes: [{ prefix: "/", cluster: "main" }], clusters: { main } },
  });
  const { text } = await host.ask("/metrics");
  const types = [...text.matchAll(/^# TYPE (diamgw_grpc_\S+) (\S+)$/gm)].map((
    [, name = "", type = ""],
  ) => [name, type]);
  const promised = Object.entries(GRPC_METRICS).map(([name, { kind }]) => [name, kind]);
  assertEquals(types.toSorted(), promised.toSorted());
  for (const [, family = "", set = ""] of text.matchAll(/^(diamgw_grpc_\w+?)(?:_bucket|_sum|_count)?{([^}]*)}/gm)) {
    const labels = GRPC_METRICS[family]?.labels ?? {};
    const found = [...set.matchAll(/(\w+)="([^"]*)"/g)].filter(([, label]) => label !== "le");
    assertEquals(found.map(([, label]) => label), Object.keys(labels), `${family}{${set}}`);
    for (const [, label = "", value = ""] of found) {
      assert(labels[label] === undefined || labels[label].includes(value), `${family}{${set}}`);
    }
  }
});

Deno.test("what an alarm watches is counted from 0, for every DRA and every reason", async () => {
  await using measured = await Measured.start({ gateway: { timeout_result_code: 3004 } });
  const series = await measured.series();
  const answers = ["app_to_dra", "dra_to_app"].flatMap((direction) =>
    ["dra-1", "dra-2"].flatMap((dra) =>
      ["2001", "3002", "3004", "5012", "other"].map((code) =>
        `diamgw_answers_total{direction="${direction}",dra="${dra}",result_code="${code}"}`
      )
    )
  );
  const errors = Object.entries(ERROR_ANSWERS).flatMap(([reason, codes]) =>
    codes.map((code) => `diamgw_error_answers_total{code="${code}",reason="${reason}"}`)
  );
  const configured = 'diamgw_error_answers_total{code="3004",reason="timeout"}';
  for (const each of [...answers, ...errors, configured]) assertEquals(series.get(each), 0, each);
});

Deno.test("no error answer brings a series that was not there", async () => {
  await using measured = await Measured.start();
  const before = await measured.series();
  const raw = await measured.raw();
  const refused = [
    request({ destinationRealm: null }),
    request({ flags: 0x80 | 0x20 | 0x40 }),
    request({ routeRecords: ["gw.example.net"] }),
  ];
  for (const each of refused) {
    await raw.send(each);
    await raw.nextAnswer();
  }
  const errors = (series: ReadonlyMap<string, number>) =>
    [...series].filter(([name]) => name.startsWith("diamgw_error_answers_total"));
  const after = await measured.series();
  assertEquals(errors(after).map(([name]) => name), errors(before).map(([name]) => name));
  assertEquals(errors(after).reduce((sum, [, value]) => sum + value, 0), refused.length);
});

Deno.test("no label value comes from what a peer sends", async () => {
  await using measured = await Measured.start();
  const raw = await RawPeer.connect(measured.host.address.port, { host: "evil-name.example.net", realm: "evil-realm" });
  await raw.exchangeCapabilities();
  const known = () => measured.series().then((series) => new Set(series.keys()));
  await raw.send(request());
  await raw.nextAnswer();
  await raw.send(request({ destinationRealm: null }));
  await raw.nextAnswer();
  const before = await known();
  for (let i = 0; i < 50; i++) {
    await raw.send(request({ command: 1000 + i, application: 5000 + i, destinationHost: `evil-${i}.example.net` }));
    await raw.next("an answer");
    await raw.send(request({ destinationRealm: null, application: 9000 + i }));
    await raw.nextAnswer();
  }
  const shown = [...await known()];
  assertEquals(shown.filter((series) => series.includes("evil")), []);
  assert(shown.length <= before.size + 2, `${shown.length - before.size} series came with it`);
  await raw.close();
});

interopTest(
  "promtool finds nothing to say about the metrics of a gateway at work",
  [program("promtool", "prometheus")],
  async () => {
    await using measured = await Measured.start();
    await ask(measured);
    const { text } = await measured.host.ask("/metrics");
    const child = new Deno.Command("promtool", {
      args: ["check", "metrics"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    assertEquals([code, decoder.decode(stdout) + decoder.decode(stderr)], [0, ""]);
  },
);
