/**
 * An admin interface over a gateway that is made up: its numbers move as those of a busy one, and
 * it records what it is told to do.
 * @module
 */
import * as z from "zod";
import { dashboardAssets } from "../../src/dashboard/assets.ts";
import { diameterPage } from "../../src/dashboard/diameter.ts";
import type {
  App,
  Attempt,
  Dra,
  Statistics,
  Transaction,
  TransactionDetail,
} from "../../src/dashboard/page/types.d.ts";
import { decodeMessage } from "../../src/diameter/wire/decode_message.ts";
import { messageJson } from "../../src/diameter/wire/message_json.ts";
import * as parameter from "../../src/ops/admin/parameter.ts";
import { page, PAGING } from "../../src/ops/admin/paging.ts";
import type { AdminPlane, Readiness } from "../../src/ops/admin/plane.ts";
import { notFound } from "../../src/ops/admin/problem.ts";
import { json, type Route, route } from "../../src/ops/admin/route.ts";
import { type AdminServer, startAdmin } from "../../src/ops/admin/server.ts";
import { equipmentAnswer, equipmentRequest } from "../interop/s13.ts";
import { Message } from "../interop/message.ts";
import { FakeEvents, FakeHost } from "../ops/admin/fakes.ts";

/** ms between two transactions that are recorded. */
const SLOT = 40;
/** Transactions that there were before the test began. */
const HISTORY = 5_000;
const S13 = 16777252;
const ECR = 324;

/** What can be changed of a DRA. */
export type Changeable = { -readonly [Name in keyof Dra]: Dra[Name] };

/** How big it is. */
export interface Size {
  readonly dras: number;
  readonly apps: number;
}

/** The made-up gateway. */
export class Scene implements AdminPlane {
  readonly name = "diameter";
  readonly events = new FakeEvents({
    dra_up: "A DRA is up.",
    dra_down: "A DRA is down.",
    failover: "Another priority.",
  });
  readonly dras: Changeable[];
  readonly apps: App[];
  /** `POST` and `PUT` that came, as `weight dra-1 5`. */
  readonly asked: string[] = [];
  readonly routes: readonly Route[];
  current: Readiness = { state: "ready", ready: true };
  failovers = 1;
  /** Whether messages are kept. */
  hasBodies = true;
  readonly #began = Date.now() - HISTORY * SLOT;
  /** Messages by DRA, counted until then. */
  readonly #counted = new Map<string, number>();
  #countedAt = this.#began;

  constructor({ dras, apps }: Size) {
    this.dras = Array.from({ length: dras }, (_, nth) => dra(nth, dras));
    this.apps = Array.from({ length: apps }, (_, nth) => app(nth));
    this.routes = routesOf(this);
  }

  readonly status = {
    shape: { origin_host: z.string(), origin_realm: z.string(), statistics: z.looseObject({}) },
    read: () => ({
      origin_host: "gw1.edge.example.com",
      origin_realm: "edge.example.com",
      statistics: this.#statistics(),
    }),
  };

  readiness(): Readiness {
    return this.current;
  }

  /** A DRA by its name. @throws Problem 404 */
  dra(name: string): Changeable {
    const found = this.dras.find((one) => one.name === name);
    if (found === undefined) throw notFound(`no DRA is called ${name}`);
    return found;
  }

  /** As they are now: counters have gone on. */
  drasNow(): Dra[] {
    const now = Date.now();
    const seconds = (now - this.#began) / 1000;
    const passed = (now - this.#countedAt) / 1000;
    this.#countedAt = now;
    return this.dras.map((one, nth) => {
      const share = one.usable && one.enabled ? 1200 / (1 + nth % 5) : 0;
      // Busier and less busy, each DRA at its own pace.
      const wave = Math.sin(seconds / (5 + nth % 4) + nth);
      const counted = (this.#counted.get(one.name) ?? 0) + passed * share * (1 + 0.3 * wave);
      this.#counted.set(one.name, counted);
      const messages = Math.floor(counted);
      const load = share === 0 ? 0 : 1 + 0.3 * wave;
      return {
        ...one,
        in_flight: Math.round(share / 60 * load),
        messages_sent: messages,
        messages_received: messages,
        bytes_sent: messages * 224,
        bytes_received: messages * 180,
        latency_ms: share === 0 ? { p50: null, p99: null } : { p50: 1.1 + nth % 3, p99: (4 + 2 * (nth % 5)) * load },
      };
    });
  }

  #statistics(): Statistics {
    const dras = this.drasNow();
    const usable = dras.filter((one) => one.usable && one.enabled);
    const total = dras.reduce((sum, one) => sum + one.messages_sent, 0);
    const pending = dras.reduce((sum, one) => sum + one.in_flight, 0);
    return {
      total_requests: total,
      total_responses: total - pending,
      active_sessions: pending,
      avg_latency_ms: 1.2,
      to_dra: total,
      from_dra: total,
      to_app: total,
      from_app: total,
      sessions_created: total,
      sessions_completed: total - pending - 15,
      sessions_expired: 12,
      sessions_abandoned: 0,
      dras: [],
      timeout_errors: 12,
      routing_errors: 3,
      sessions_rejected: 15,
      active_priority: usable.length === 0 ? null : Math.min(...usable.map(({ priority }) => priority)),
      active_dras: usable.length,
      total_dras: dras.length,
      failover_count: this.failovers,
      failback_count: 1,
    };
  }

  /** Recent ones, newest first. */
  *transactions(): Generator<Transaction> {
    const newest = Math.floor((Date.now() - this.#began) / SLOT);
    for (let nth = newest; nth > Math.max(0, newest - HISTORY); nth--) yield this.transaction(nth);
  }

  /** The one of that number. */
  transaction(nth: number): Transaction {
    const at = this.#began + nth * SLOT;
    const [first, second] = [this.dras[nth % 2], this.dras[2]].map((one) => one?.name ?? "");
    const app = this.apps[(nth * 7) % this.apps.length]?.origin_host ?? "app";
    const iso = (ms: number) => new Date(at + ms).toISOString();
    const one = {
      id: nth,
      at: iso(0),
      app,
      dra: first ?? null,
      direction: "app_to_dra" as const,
      application: S13,
      command: ECR,
      session_id: `${app};${at};${nth};1`,
      app_hop_by_hop: 0x1000_0000 + nth,
      dra_hop_by_hop: 0x7f00_0000 + nth,
      end_to_end: 0xa5c0_0000 + nth,
      route: "eir",
      pool: "default",
      attempts: [{ dra: first ?? "", at: iso(0), outcome: "answered" }] as Attempt[],
      choice: { why: "priority 1, round robin among 2 DRAs", left_out: [] } as Transaction["choice"],
      reason: null as string | null,
      explanation: null as string | null,
      result_code: 2001,
      duration_ms: 1.2 + nth % 7,
    };
    switch (nth % 20) {
      case 3:
        return {
          ...one,
          dra: second ?? null,
          attempts: [
            { dra: first ?? "", at: iso(0), outcome: "timeout" },
            { dra: second ?? "", at: iso(1000), outcome: "answered" },
          ],
          duration_ms: 1004.6,
        };
      case 8:
        return {
          ...one,
          dra: null,
          dra_hop_by_hop: null,
          attempts: [],
          choice: {
            why: "no DRA could be asked",
            left_out: this.dras.map(({ name }) => ({ dra: name, reason: "did not advertise application 16777252" })),
          },
          reason: "no_route",
          explanation: "no route: no DRA advertised application 16777252",
          result_code: 3002,
        };
      case 12:
        return { ...one, result_code: 5422 };
      case 16:
        return { ...one, direction: "dra_to_app", attempts: [{ dra: app, at: iso(0), outcome: "answered" }] };
      default:
        return one;
    }
  }

  /** With its messages. */
  detail(one: Transaction): TransactionDetail {
    if (!this.hasBodies) throw notFound("this transaction is not recorded");
    if (one.direction === "dra_to_app") return { ...one, messages: [] };
    const realm = "edge.example.com";
    const start = Date.parse(one.at);
    const request = (hopByHop: number) =>
      equipmentRequest({
        sessionId: one.session_id,
        from: { host: one.app ?? "", realm },
        destinationRealm: "core.example.net",
        ids: { hopByHop, endToEnd: one.end_to_end },
      });
    const answer = (to: Uint8Array<ArrayBuffer>) =>
      equipmentAnswer(new Message(to), { host: `${one.dra}.example.net`, realm: "example.net" });
    const shown = (ms: number, peer: string, side: "app" | "dra", sent: boolean, bytes: Uint8Array) => ({
      at: new Date(start + ms).toISOString(),
      peer,
      side,
      sent,
      hex: bytes.toHex(),
      decoded: messageJson(decodeMessage(bytes)),
    });
    const near = request(one.app_hop_by_hop ?? 0);
    const far = request(one.dra_hop_by_hop ?? 0);
    const end = one.duration_ms ?? 0;
    const app = one.app ?? "";
    return {
      ...one,
      messages: [
        shown(0, app, "app", false, near),
        ...one.attempts.map((attempt) => shown(Date.parse(attempt.at) - start, attempt.dra, "dra", true, far)),
        ...(one.dra === null ? [] : [shown(end, one.dra, "dra", false, answer(far))]),
        shown(end, app, "app", true, answer(near)),
      ],
    };
  }
}

const DOWN = "cannot be reached: connection refused (10.0.3.100:3868)";

function dra(nth: number, all: number): Changeable {
  const many = all > 10;
  const isDown = many ? nth % 17 === 16 : nth === all - 1;
  const isReopening = many && nth % 23 === 22;
  const region = many ? `r${Math.floor(nth / 10) + 1}` : nth < 2 ? "east" : "west";
  const name = `dra-${region}-${many ? nth % 10 + 1 : nth % 2 + 1}`;
  return {
    name,
    host: `10.${Math.floor(nth / 10)}.${nth % 10}.100`,
    port: 3868,
    priority: nth < all / 2 ? 1 : 2,
    weight: 100,
    weight_overridden: false,
    origin_host: isDown ? "" : `${name}.core.example.net`,
    state: isDown ? "RECONNECTING" : "OPEN",
    watchdog: isDown ? "down" : isReopening ? "reopen" : "okay",
    enabled: true,
    usable: !isDown && !isReopening,
    reason: isDown ? DOWN : isReopening ? "is connected, 1 of 3 watchdogs answered" : "",
    in_flight: 0,
    messages_sent: 0,
    messages_received: 0,
    bytes_sent: 0,
    bytes_received: 0,
    reconnects: isDown ? 14 : nth % 3,
    latency_ms: { p50: null, p99: null },
    last_error: isDown ? DOWN : "",
    next_attempt_at: isDown ? new Date(Date.now() + 127_000).toISOString() : null,
    breaker: {
      state: nth === 2 ? "half_open" : "closed",
      error_ratio: nth === 2 ? 0.31 : 0,
      consecutive_failures: 0,
      next_probe_at: null,
    },
  };
}

function app(nth: number): App {
  return {
    id: String(nth + 1),
    origin_host: `mme${nth + 1}.apps.example.com`,
    origin_realm: "apps.example.com",
    remote: `10.20.${nth >> 8}.${nth & 255}:${40_000 + nth}`,
    listener: "0.0.0.0:3868",
    tls: nth % 9 === 4,
    state: "open",
    applications: [{ id: S13, vendor: 10415, type: "auth" }],
    connected_at: new Date(Date.now() - (nth + 3) * 61_000).toISOString(),
    in_flight: nth % 4,
    messages_sent: nth * 1000,
    messages_received: nth * 1000,
    bytes_sent: nth * 180_000,
    bytes_received: nth * 224_000,
  };
}

const anything = z.looseObject({});
const list = { description: "All.", schema: z.array(anything) };
const answer = { description: "It.", schema: anything };
const name = parameter.text("Of a DRA");

function routesOf(scene: Scene): Route[] {
  const action = (what: string, change: (one: Changeable) => void) =>
    route({
      method: "POST",
      path: `/api/v1/dras/{name}/${what}`,
      summary: what,
      parameters: { name },
      answer,
      handle({ parameters }) {
        const one = scene.dra(parameters.name);
        scene.asked.push(`${what} ${one.name}`);
        change(one);
        return json(one);
      },
    });
  return [
    route({ method: "GET", path: "/api/v1/dras", summary: "DRAs", answer: list, handle: () => json(scene.drasNow()) }),
    action(
      "disable",
      (one) =>
        Object.assign(one, { enabled: false, usable: false, state: "CLOSING", reason: "is disabled by its operator" }),
    ),
    action("enable", (one) => Object.assign(one, { enabled: true, usable: true, state: "OPEN", reason: "" })),
    action("reconnect", (one) => Object.assign(one, { state: "CONNECTING", next_attempt_at: null })),
    action("breaker/reset", (one) => Object.assign(one, { breaker: { state: "closed" } })),
    route({
      method: "POST",
      path: "/api/v1/dras/{name}/weight",
      summary: "weight",
      parameters: { name },
      query: { value: parameter.integer(0, 65_535, "The weight") },
      answer,
      handle({ parameters, query }) {
        const one = Object.assign(scene.dra(parameters.name), { weight: query.value, weight_overridden: true });
        scene.asked.push(`weight ${one.name} ${query.value}`);
        return json(one);
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/apps",
      summary: "Logic Apps",
      query: PAGING,
      answer: list,
      handle: (call) => page(call, scene.apps, ({ id }) => id),
    }),
    route({
      method: "GET",
      path: "/api/v1/transactions",
      summary: "Transactions",
      query: {
        ...PAGING,
        session: parameter.text("A Session-Id").optional(),
        app: parameter.text("A Logic App").optional(),
        dra: parameter.text("A DRA").optional(),
        code: parameter.integer(0, 2 ** 32 - 1, "A Result-Code").optional(),
      },
      answer: list,
      handle(call) {
        const { session, app, dra, code } = call.query;
        const found = scene.transactions().filter((one) =>
          (session === undefined || one.session_id === session) && (app === undefined || one.app === app) &&
          (dra === undefined || one.dra === dra || one.attempts.some((attempt) => attempt.dra === dra)) &&
          (code === undefined || one.result_code === code)
        );
        return page(call, found, ({ id }) => -Number(id));
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/transactions/{id}",
      summary: "One transaction",
      parameters: { id: parameter.integer(0, 2 ** 32, "Of a transaction") },
      answer,
      handle: ({ parameters }) => json(scene.detail(scene.transaction(parameters.id))),
    }),
  ];
}

/** What a test holds. */
export interface Stage extends AsyncDisposable {
  readonly scene: Scene;
  readonly host: FakeHost;
  readonly url: string;
  readonly server: AdminServer;
}

/** Starts it; on a port that was had before, when a gateway comes back. */
export async function stage(size: Size, port = 0): Promise<Stage> {
  const scene = new Scene(size);
  const host = new FakeHost();
  const options = {
    listen: { hostname: "127.0.0.1", port },
    token: "",
    hosts: [],
    assets: dashboardAssets([diameterPage()]),
  };
  const server = await startAdmin(options, host, [scene]);
  return { scene, host, server, url: server.url, [Symbol.asyncDispose]: () => server.close() };
}
