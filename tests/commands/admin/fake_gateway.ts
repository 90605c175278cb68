/**
 * A running gateway whose numbers a test decides, behind a real admin interface.
 * @module
 */
import * as z from "zod";
import { page, PAGING } from "../../../src/ops/admin/paging.ts";
import * as parameter from "../../../src/ops/admin/parameter.ts";
import type { AdminPlane, Readiness } from "../../../src/ops/admin/plane.ts";
import { notFound } from "../../../src/ops/admin/problem.ts";
import { json, type Route, route } from "../../../src/ops/admin/route.ts";
import { type AdminServer, startAdmin } from "../../../src/ops/admin/server.ts";
import type { AppRow, DraRow, StatisticsBlock } from "../../../src/commands/admin/shapes.ts";
import { FakeEvents, FakeHost } from "../../ops/admin/fakes.ts";

/** A DRA that works, unless told otherwise. */
export function draRow(name: string, wish: Partial<DraRow> = {}): DraRow {
  return {
    name,
    host: "10.0.1.100",
    port: 3868,
    priority: 1,
    weight: 100,
    origin_host: `${name}.core.example.net`,
    state: "OPEN",
    watchdog: "okay",
    enabled: true,
    usable: true,
    reason: "",
    in_flight: 3,
    messages_sent: 1_000,
    messages_received: 1_000,
    bytes_sent: 224_000,
    bytes_received: 180_000,
    reconnects: 0,
    latency_ms: { p50: 0.42, p99: 12.5 },
    last_error: "",
    next_attempt_at: null,
    ...wish,
  };
}

/** A Logic App that is connected. */
export function appRow(id: number, wish: Partial<AppRow> = {}): AppRow {
  return {
    id,
    origin_host: `app${id}.apps.example.com`,
    origin_realm: "apps.example.com",
    remote: `10.1.0.${id}:4000${id % 10}`,
    listener: "127.0.0.1:3868",
    tls: false,
    state: "OPEN",
    connected_at: "2026-01-01T00:00:00.000Z",
    applications: [],
    in_flight: 1,
    messages_sent: 500,
    messages_received: 500,
    bytes_sent: 90_000,
    bytes_received: 112_000,
    ...wish,
  };
}

/** Numbers that hold the invariant. */
export function statisticsBlock(wish: Partial<StatisticsBlock> = {}): StatisticsBlock {
  return {
    total_requests: 12_345,
    total_responses: 12_300,
    active_sessions: 42,
    avg_latency_ms: 0.567,
    to_dra: 12_350,
    from_dra: 12_290,
    to_app: 12_300,
    from_app: 12_345,
    timeout_errors: 5,
    routing_errors: 2,
    sessions_created: 12_345,
    sessions_completed: 12_288,
    sessions_expired: 5,
    sessions_rejected: 7,
    sessions_abandoned: 3,
    active_priority: 1,
    active_dras: 1,
    total_dras: 2,
    failover_count: 2,
    failback_count: 1,
    ...wish,
  };
}

const anything = z.looseObject({});
const name = parameter.text("Of a configured DRA");

/** The Diameter plane. What is done to it is written down in `done`. */
export class FakeDiameter implements AdminPlane {
  readonly name = "diameter";
  current: Readiness = { state: "ready", ready: true };
  statistics: StatisticsBlock = statisticsBlock();
  dras: DraRow[] = [
    draRow("dra-east"),
    draRow("dra-west", {
      priority: 2,
      host: "10.0.2.100",
      state: "RECONNECTING",
      watchdog: "down",
      usable: false,
      reason: "connection refused",
      in_flight: 0,
      latency_ms: { p50: null, p99: null },
    }),
  ];
  apps: AppRow[] = [appRow(1), appRow(2)];
  readonly done: string[] = [];
  readonly events = new FakeEvents({ failover: "A worse priority took over.", dra_up: "A DRA is usable." });
  /** What happens between two looks at it. */
  passed: () => void = () => {};
  readonly status = {
    shape: { origin_host: z.string(), origin_realm: z.string(), statistics: anything },
    read: () => {
      this.passed();
      return { origin_host: "gw1.edge.example.com", origin_realm: "edge.example.com", statistics: this.statistics };
    },
  };
  readonly routes: readonly Route[] = [
    route({
      method: "GET",
      path: "/api/v1/dras",
      summary: "All DRAs",
      query: PAGING,
      answer: { description: "In the order of the file.", schema: z.array(anything) },
      handle: (call) => page(call, this.dras, (dra) => this.dras.indexOf(dra)),
    }),
    route({
      method: "GET",
      path: "/api/v1/apps",
      summary: "All Logic Apps",
      query: PAGING,
      answer: { description: "By id.", schema: z.array(anything) },
      handle: (call) => page(call, this.apps, ({ id }) => id),
    }),
    ...["disable", "enable", "reconnect"].map((what) =>
      route({
        method: "POST",
        path: `/api/v1/dras/{name}/${what}`,
        summary: what,
        parameters: { name },
        answer: { description: "The DRA.", schema: anything },
        handle: ({ parameters }) => this.#do(parameters.name, what),
      })
    ),
    route({
      method: "POST",
      path: "/api/v1/dras/{name}/weight",
      summary: "Another weight",
      parameters: { name },
      query: { value: parameter.integer(0, 65_535, "The weight") },
      answer: { description: "The DRA.", schema: anything },
      handle: ({ parameters, query }) => this.#do(parameters.name, `weight ${query.value}`),
    }),
  ];

  readiness(): Readiness {
    return this.current;
  }

  #do(dra: string, what: string) {
    const found = this.dras.find(({ name }) => name === dra);
    if (found === undefined) throw notFound(`no DRA is called ${dra}`);
    this.done.push(`${dra} ${what}`);
    return json(found);
  }
}

/** One that is running. */
export interface FakeGateway extends AsyncDisposable {
  readonly server: AdminServer;
  readonly host: FakeHost;
  readonly plane: FakeDiameter;
  readonly url: string;
}

/** Starts one on a port of its own, or on `port`. */
export async function fakeGateway(
  { token = "", port = 0, plane = new FakeDiameter() }: {
    readonly token?: string;
    readonly port?: number;
    readonly plane?: FakeDiameter;
  } = {},
): Promise<FakeGateway> {
  const host = new FakeHost();
  const server = await startAdmin({ listen: { hostname: "127.0.0.1", port }, token, hosts: [] }, host, [plane]);
  return { server, host, plane, url: server.url, [Symbol.asyncDispose]: () => server.close() };
}
